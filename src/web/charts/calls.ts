// Quality against network calls of a few schedules. Points with the same calls are spread sideways; labels are pushed apart.
import * as Plot from "@observablehq/plot";
import { max, min, range, Scale, scaleLinear, scaleLog } from "d3";
import { axisFor, CARD, clampTo, Drawn, LINE, measure, Metric, note, shorten, SOFT, ticks } from "./frame";
import { colorOf, Point, pointsOf, Score, spans } from "./scores";

type Spread = Point & { calls: number; shift: number };
interface Label { p: Spread; x: number; y: number; to: number; at: number }

function byCalls<T>(items: T[], calls: (item: T) => number): Iterable<T[]> {
  const groups = new Map<number, T[]>();
  for (const item of items) groups.set(calls(item), [...(groups.get(calls(item)) ?? []), item]);
  return groups.values();
}

function spread(points: Spread[], y: Scale, gap: number) {
  const offsets = [0, ...range(1, 40).flatMap(i => [i * gap, -i * gap])];
  for (const group of byCalls(points, p => p.calls)) {
    const placed: Spread[] = [];
    for (const p of [...group].sort((a, b) => Number(b.winner) - Number(a.winner) || a.value - b.value || Number(a.key) - Number(b.key))) {
      p.shift = offsets.find(o => placed.every(q => Math.abs(y(q.value) - y(p.value)) >= 13 || Math.abs(q.shift - o) >= gap)) ?? 0;
      placed.push(p);
    }
  }
}

function placeLabels(points: Spread[], x: Scale, y: Scale, height: number): Label[] {
  const labels = points.map(p => ({ p, x: x(p.calls) + p.shift, y: y(p.value), to: 0, at: 0 }));
  for (const group of byCalls(labels, l => l.p.calls)) {
    group.sort((a, b) => a.y - b.y);
    const edge = max(group, l => l.x) + 14;
    group.forEach((l, i) => { l.to = edge; l.at = Math.max(l.y, i > 0 ? group[i - 1].at + 14 : 8); });
    const over = group[group.length - 1].at - height;
    if (over > 0) for (let i = group.length - 1, limit = height; i >= 0; i--, limit -= 14) group[i].at = Math.min(group[i].at, limit);
  }
  return labels;
}

export function drawCalls(scores: Score[], metric: Metric, width: number): Drawn {
  const points = pointsOf(scores, 0).filter(p => p.calls !== null).map(p => ({ ...p, shift: 0 }) as Spread);
  if (points.length === 0) return note("No schedule has a score.");
  const height = 400, margin = { left: 52, right: 14, top: 16, bottom: 44 };
  const calls = [...new Set(points.map(p => p.calls))].sort((a, b) => a - b);
  const widest = Math.min(170, max(points, p => measure(p.name, "600 12px system-ui, sans-serif")));
  const few = calls.length <= 3;
  const yAxis = axisFor(spans(points), min(spans(points)));
  const y = (yAxis.type === "log" ? scaleLog : scaleLinear)(yAxis.domain, [height - margin.bottom, margin.top]);
  spread(points, y, few ? 14 : 8);
  const half = max(points, p => Math.abs(p.shift)) + 10;
  const x = scaleLinear(calls.length > 1 ? [calls[0], calls[calls.length - 1]] : [calls[0] - 0.5, calls[0] + 0.5],
    [margin.left + half, width - margin.right - (few ? widest + 24 : 30) - half]);
  const clamp = clampTo(yAxis);
  // With few columns every point has its name at the right; with many, names stand on the empty side of the Pareto points.
  const labels = few ? placeLabels(points, x, y, height - margin.bottom - 4) : [];
  const named = few ? [] : points.filter(p => p.pareto || p.winner).map(p => {
    const half = measure(shorten(p.name, widest)) / 2 + 4;
    return { p, x: Math.max(margin.left + half, Math.min(width - margin.right - half, x(p.calls) + p.shift)) };
  });
  const at = (p: Spread) => x(p.calls) + p.shift;
  const front = points.filter(p => p.pareto).sort((a, b) => a.calls - b.calls);
  return Plot.plot({
    width, height, marginLeft: margin.left, marginRight: margin.right, marginTop: margin.top, marginBottom: margin.bottom,
    x: { type: "identity", axis: null }, y: { ...yAxis, ...ticks(yAxis, height), range: [height - margin.bottom, margin.top], grid: true, label: null },
    r: { type: "identity" }, symbol: { type: "identity" }, color: { type: "identity" },
    marks: [
      Plot.ruleY([yAxis.domain[0]], { stroke: LINE }),
      Plot.axisX(calls, { anchor: "bottom", x, tickFormat: (_, i) => String(calls[i]), label: null, tickSize: 5 } as Plot.AxisXOptions),
      Plot.text(["network calls per sample"], { frameAnchor: "bottom", dy: 36, fill: SOFT }),
      front.length > 1 ? Plot.line(front, { x: at, y: "value", curve: "step-after", stroke: SOFT, strokeDasharray: "3 4" }) : null,
      Plot.link(labels, { x1: (l: Label) => l.x + 8, x2: (l: Label) => l.to - 3, y1: (l: Label) => l.p.value, y2: (l: Label) => y.invert(l.at), stroke: LINE }),
      Plot.ruleX(points, { x: at, y1: (p: Spread) => clamp(p.value - (p.error ?? 0)), y2: (p: Spread) => clamp(p.value + (p.error ?? 0)), stroke: colorOf, strokeWidth: 2 }),
      Plot.dot(front, { x: at, y: "value", r: 10, stroke: colorOf, strokeWidth: 1.5 }),
      Plot.dot(points, { x: at, y: "value", fill: colorOf, r: (p: Spread) => (p.winner ? 6 : 4.5), symbol: (p: Spread) => (p.winner ? "diamond" : "circle"), stroke: CARD, strokeWidth: 1 }),
      Plot.text(labels, { x: "to", y: (l: Label) => y.invert(l.at), text: (l: Label) => shorten(l.p.name, widest), textAnchor: "start", fill: (l: Label) => colorOf(l.p), stroke: CARD, strokeWidth: 4 }),
      Plot.text(named, { x: "x", y: l => l.p.value, dy: metric.higherIsBetter ? -18 : 18, text: l => shorten(l.p.name, widest), fill: l => colorOf(l.p) }),
      Plot.tip(points, Plot.pointer({ x: at, y: "value", title: (p: Spread) => `${p.name}${p.pareto ? " (Pareto)" : ""}\n${metric.label} ${p.text}\nnetwork calls ${p.calls}` })),
    ],
  });
}
