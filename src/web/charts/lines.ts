// Curves over a search: best so far and median of searches, or of several runs.
import * as Plot from "@observablehq/plot";
import { max, min } from "d3";
import { axisFor, CARD, Drawn, legend, Mark, note, ticks } from "./frame";

export interface Curve { label: string; color: string; dashed: boolean; points: { x: number; value: number; title: string }[] }
export interface CurveAxes { x: string; y: string; xFormat: string; fromZero: boolean }

export function drawCurves(curves: Curve[], axes: CurveAxes, width: number, nothing = "Nothing was searched."): Drawn {
  const lines = curves.filter(c => c.points.length > 0);
  const all = lines.flatMap(l => l.points);
  if (all.length === 0) return note(nothing);
  const y = axisFor(all.map(p => p.value), min(all, p => p.value), 4);
  const most = max(all, p => p.x);
  const sample = (l: Curve): Mark[] => [["line", { x1: "1", x2: "25", y1: "7", y2: "7", stroke: l.color, "stroke-width": "2", "stroke-dasharray": l.dashed ? "2 4" : "none" }],
    ...(l.dashed ? [] : [["circle", { cx: "13", cy: "7", r: "3.5", fill: l.color }] as Mark])];
  return [
    legend(lines.map(l => [sample(l), l.label])),
    Plot.plot({
      width, height: 360, marginLeft: 52, marginRight: 18, marginTop: 14, marginBottom: 44, color: { type: "identity" },
      x: { label: axes.x, labelAnchor: "center", labelArrow: "none", tickFormat: axes.xFormat, ticks: Math.min(width < 500 ? 4 : 7, axes.fromZero ? 7 : Math.max(1, most)), nice: axes.fromZero, domain: [0, most || 1] },
      y: { ...y, ...ticks(y, 360), grid: true, label: `${axes.y}${y.type === "log" ? ", log scale" : ""}`, labelArrow: "none" },
      marks: [
        ...lines.map(l => Plot.line(l.points, { x: "x", y: "value", stroke: l.color, strokeWidth: l.dashed ? 1.5 : 2.5, strokeDasharray: l.dashed ? "2 4" : undefined, sort: "x" })),
        ...lines.map(l => Plot.dot(l.points, { x: "x", y: "value", fill: l.dashed ? CARD : l.color, stroke: l.color, r: l.dashed ? 2.5 : 3.5 })),
        Plot.tip(all, Plot.pointer({ x: "x", y: "value", title: "title" })),
      ],
    }),
  ];
}
