// Thousands of candidates as points: quality against a cost, with the Pareto front. All points of a kind are one path.
import * as Plot from "@observablehq/plot";
import { format, max, min, scaleLinear, scaleLog } from "d3";
import { Axis, axisFor, CARD, Drawn, legend, Mark, note, OTHER, SOFT, ticks, WIN } from "./frame";

export interface Dot { id: string; name: string; x: number; y: number; text: string; kind: "searched" | "baseline" }
export interface DotAxes { x: string; y: string; higherIsBetter: boolean }

/** The points that no other one beats in both, by rising cost. */
export function paretoFront<T extends { x: number; y: number }>(dots: T[], higherIsBetter: boolean): T[] {
  const sign = higherIsBetter ? -1 : 1;
  const bestAt = new Map<number, T>();
  for (const d of dots) { const known = bestAt.get(d.x); if (!known || sign * d.y < sign * known.y) bestAt.set(d.x, d); }
  let best = Infinity;
  return [...bestAt.values()].sort((a, b) => a.x - b.x).filter(d => sign * d.y < best && ((best = sign * d.y), true));
}

/** Area that a front dominates, up to the worst quality and 1.1 times the largest cost of all dots: exact, larger is better. */
export function hypervolume(dots: Dot[], all: Dot[], higherIsBetter: boolean): number {
  const sign = higherIsBetter ? -1 : 1;
  const [right, top] = [1.1 * max(all, d => d.x), max(all, d => sign * d.y)];
  let [area, lowest] = [0, top];
  for (const d of paretoFront(dots, higherIsBetter)) { area += (right - d.x) * (lowest - sign * d.y); lowest = sign * d.y; }
  return area;
}

/** The first dot of every place, to half a pixel: no other one can be seen or pointed at there. */
function thinned(dots: Dot[], x: Axis, y: Axis, width: number, height: number): Dot[] {
  const scale = (axis: Axis, pixels: number) => (axis.type === "log" ? scaleLog : scaleLinear)(axis.domain, [0, 2 * pixels]);
  const [across, up] = [scale(x, width), scale(y, height)];
  const seen = new Set<number>();
  return dots.filter(d => { const place = Math.round(across(d.x)) * 1e5 + Math.round(up(d.y)); return !seen.has(place) && seen.add(place); });
}

/** One path for all points: a line of no length with round ends is a dot. */
function cloud(dots: Dot[], color: string, size: number, opacity: string): Plot.Markish {
  return Plot.dot(dots, {
    x: "x", y: "y",
    render: (index, _scales, values) => {
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      const [xs, ys] = [values.x as ArrayLike<number>, values.y as ArrayLike<number>];
      path.setAttribute("d", Array.from(index, i => `M${xs[i].toFixed(1)},${ys[i].toFixed(1)}h0`).join(""));
      path.setAttribute("fill", "none");
      path.setAttribute("stroke-linecap", "round");
      path.setAttribute("stroke-width", String(size));
      path.style.stroke = color;
      path.setAttribute("stroke-opacity", opacity);
      return path;
    },
  });
}

export interface Group { label: string; color: string; dots: Dot[] }

export function drawPoints(groups: Group[], axes: DotAxes, width: number, chosen?: (dot: Dot) => void): Drawn {
  const all = groups.flatMap(g => g.dots);
  if (all.length === 0) return note("No candidate is scored yet.");
  const height = 380;
  const y = axisFor(all.map(d => d.y), min(all, d => d.y));
  const x = axisFor(all.map(d => d.x), min(all, d => d.x));
  const fronts = groups.map(g => { const front = paretoFront(g.dots, axes.higherIsBetter); return { ...g, front, shown: thinned([...front, ...g.dots], x, y, width, height) }; });
  const svg = Plot.plot({
    width, height, marginLeft: 56, marginRight: 16, marginTop: 14, marginBottom: 44, color: { type: "identity" }, r: { type: "identity" },
    x: { ...x, ...(x.type === "log" ? { tickFormat: "~s" } : { tickFormat: "~s" }), ticks: new Set(all.map(d => d.x)).size === 1 ? [all[0].x] : width < 500 ? 4 : 7, label: axes.x, labelAnchor: "center", labelArrow: "none" },
    y: { ...y, ...ticks(y, height), grid: true, label: `${axes.y}${y.type === "log" ? ", log scale" : ""}`, labelArrow: "none" },
    marks: [
      ...fronts.map(g => cloud(g.shown, g.color, all.length > 2000 ? 4 : 7, g.dots.length > 400 ? "0.45" : "0.8")),
      ...fronts.map(g => (g.front.length > 1 ? Plot.line(g.front, { x: "x", y: "y", curve: "step-after", stroke: groups.length > 1 ? g.color : SOFT, strokeDasharray: "3 4" }) : null)),
      ...fronts.map(g => Plot.dot(g.front, { x: "x", y: "y", r: 5, fill: groups.length > 1 ? g.color : WIN, stroke: CARD })),
      Plot.tip(fronts.flatMap(g => g.shown), Plot.pointer({ x: "x", y: "y", title: (d: Dot) => `${d.name} ${d.id}\n${d.text}` })),
    ],
  });
  const sample = (g: Group): Mark[] => [["circle", { cx: "13", cy: "7", r: "4", fill: g.color }]];
  if (chosen) {
    svg.style.cursor = "pointer";
    svg.addEventListener("click", () => { const dot = (svg as unknown as { value: Dot | null }).value; if (dot) chosen(dot); });
  }
  return [legend([...groups.map(g => [sample(g), all.length > 1 ? `${g.label}, hypervolume ${format(".4~g")(hypervolume(g.dots, all, axes.higherIsBetter))}` : g.label] as [Mark[], string]), [[["line", { x1: "1", x2: "25", y1: "7", y2: "7", stroke: SOFT, "stroke-width": "2", "stroke-dasharray": "3 4" }]], "Pareto front"]]), svg];
}

export const kindColor = (kind: Dot["kind"]) => (kind === "searched" ? WIN : OTHER);
