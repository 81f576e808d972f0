// A dot and a bar of one standard error to each side per schedule.
import * as Plot from "@observablehq/plot";
import { max, min } from "d3";
import { axisFor, axisLabel, CARD, clampTo, Drawn, INK, measure, Metric, note, OTHER, shorten, ticks, WIN } from "./frame";

export interface Score {
  id: string; name: string; role: string; winner: boolean; pareto: boolean; calls: number | null; failure?: string | null; samples: number | null; paired: number | null;
  against: { kind: string; word: string; number: string } | null; values: { value: number | null; error: number | null; text: string; best: boolean }[];
}
export interface Point extends Omit<Score, "values"> { value: number; error: number | null; text: string; best: boolean; key: string }

export const colorOf = (d: { winner: boolean }) => (d.winner ? WIN : OTHER);

export const pointsOf = (scores: Score[], metric: number): Point[] =>
  scores.map((s, i) => ({ ...s, ...s.values[metric], key: String(i) })).filter((s): s is Point & Score => s.value !== null);
export const spans = (points: Point[]) => points.flatMap(p => [p.value - (p.error ?? 0), p.value + (p.error ?? 0)]);

export function drawScores(scores: Score[], metrics: Metric[], shown: number, width: number): Drawn {
  const metric = metrics[shown];
  const points = pointsOf(scores, shown);
  if (points.length === 0) return note("No schedule has a score.");
  points.sort((a, b) => (metric.higherIsBetter ? b.value - a.value : a.value - b.value) || Number(a.key) - Number(b.key));
  const narrow = width < 560;
  const left = narrow ? 6 : Math.min(width * 0.3, 18 + max(points, p => measure(p.name, "bold 13px system-ui, sans-serif")));
  const right = 16 + max(points, p => measure(p.text, "600 12px system-ui, sans-serif"));
  const x = axisFor(spans(points), min(spans(points)));
  const clamp = clampTo(x);
  const low = (p: Point) => clamp(p.value - (p.error ?? 0)), high = (p: Point) => clamp(p.value + (p.error ?? 0));
  const winner = points.find(p => p.winner);
  const title = (p: Point) => `${p.name} (${p.winner ? "winner" : p.role})\n${metric.label} ${p.text}\nnetwork calls ${p.calls}`;
  return Plot.plot({
    width, height: 62 + points.length * (narrow ? 46 : 32), marginLeft: left, marginRight: right, marginTop: 8, marginBottom: 42,
    x: { ...x, ...ticks(x, width - left - right), grid: true, label: axisLabel(metric, x), labelAnchor: "center", labelArrow: "none" },
    y: { type: "band", domain: points.map(p => p.key), axis: null, padding: 0.1 },
    marks: [
      winner ? Plot.rect([winner], { x1: low, x2: high, fill: WIN, fillOpacity: 0.14 }) : null,
      Plot.ruleY(points, { y: "key", x1: low, x2: high, stroke: colorOf, strokeWidth: 2.5, strokeLinecap: "round" }),
      Plot.dot(points, { y: "key", x: (p: Point) => clamp(p.value), fill: colorOf, r: (p: Point) => (p.winner ? 6.5 : 5), symbol: (p: Point) => (p.winner ? "diamond" : "circle"), stroke: CARD, strokeWidth: 1 }),
      Plot.text(points, { y: "key", x: high, text: "text", stroke: CARD, strokeWidth: 4, dx: 10, textAnchor: "start", fill: INK }),
      Plot.text(points, narrow
        ? { y: "key", frameAnchor: "left", dy: -15, text: (p: Point) => shorten(p.name, width - 20), textAnchor: "start", fill: colorOf }
        : { y: "key", frameAnchor: "left", dx: -12, text: (p: Point) => shorten(p.name, left - 16), textAnchor: "end", fontSize: 13, fill: (p: Point) => (p.winner ? WIN : INK) }),
      Plot.tip(points, Plot.pointerY({ y: "key", x: (p: Point) => clamp(p.value), title })),
    ],
    r: { type: "identity" }, symbol: { type: "identity" }, color: { type: "identity" },
  });
}
