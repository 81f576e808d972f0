// What made candidates good: parallel coordinates over genes and scores, and rank correlations.
import * as Plot from "@observablehq/plot";
import { extent } from "d3";
import { Drawn, INK, LINE, note, OTHER, shorten, SOFT, WIN } from "./frame";

export interface Genome { id: string; name: string; values: (number | null)[] }

const ROOM = 72;

/** Lines through the axes; the best tenth stands out. The last axis is the score. Where not all have room, the first of `order` are drawn. */
export function drawParallel(axes: string[], genomes: Genome[], higherIsBetter: boolean, width: number, order: string[] = axes): Drawn {
  const ranges = axes.map((_, i) => extent(genomes.map(g => g.values[i]).filter((v): v is number => v !== null)));
  const fitting = new Set(order.slice(0, Math.max(2, Math.floor((width - 60) / ROOM))));
  const shown = axes.map((_, i) => i).filter(i => ranges[i][0] < ranges[i][1] && (i === axes.length - 1 || fitting.has(axes[i])));
  const whole = genomes.filter(g => shown.every(i => g.values[i] !== null));
  if (shown.length < 2 || whole.length < 3) return note("There are too few different candidates to draw.");
  const last = axes.length - 1;
  const ranked = [...whole].sort((a, b) => (higherIsBetter ? -1 : 1) * (a.values[last]! - b.values[last]!));
  const top = new Set(ranked.slice(0, Math.max(1, Math.ceil(ranked.length / 10))).map(g => g.id));
  const points = [...ranked].reverse().flatMap(g => shown.map(i => ({ id: g.id, name: g.name, axis: i, at: (g.values[i]! - ranges[i][0]) / (ranges[i][1] - ranges[i][0]), top: top.has(g.id) })));
  const label = (value: number) => Number(value.toPrecision(3)).toString();
  return Plot.plot({
    width, height: 320, marginLeft: 44, marginRight: 44, marginTop: 40, marginBottom: 26, color: { type: "identity" },
    x: { type: "point", domain: shown, axis: null }, y: { axis: null, domain: [0, 1] },
    marks: [
      Plot.ruleX(shown, { stroke: LINE }),
      Plot.line(points, { x: "axis", y: "at", z: "id", stroke: p => (p.top ? WIN : OTHER), strokeOpacity: p => (p.top ? 0.9 : 0.2), strokeWidth: 1.2 } as Plot.LineOptions),
      Plot.text(shown, { x: i => i, frameAnchor: "top", dy: -28, text: i => shorten(axes[i], ROOM - 4), fill: INK, fontWeight: 600 }),
      Plot.text(shown, { x: i => i, frameAnchor: "top", dy: -12, text: i => label(ranges[i][1]), fill: SOFT }),
      Plot.text(shown, { x: i => i, frameAnchor: "bottom", dy: 14, text: i => label(ranges[i][0]), fill: SOFT }),
    ],
  });
}

/** Spearman's rank correlation; ties share their mean rank. */
export function rankCorrelation(a: number[], b: number[]): number {
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (a.length + 1) / 2;
  let xy = 0, xx = 0, yy = 0;
  for (let i = 0; i < x.length; i++) {
    xy += (x[i] - mean) * (y[i] - mean); xx += (x[i] - mean) ** 2; yy += (y[i] - mean) ** 2;
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : 0;
}

function ranks(values: number[]): number[] {
  const order = values.map((value, index) => ({ value, index })).sort((a, b) => a.value - b.value);
  const result = new Array<number>(values.length);
  for (let i = 0; i < order.length;) {
    let j = i;
    while (j < order.length && order[j].value === order[i].value) j++;
    for (let k = i; k < j; k++) result[order[k].index] = (i + j + 1) / 2;
    i = j;
  }
  return result;
}

export function drawBars(bars: { label: string; value: number }[], width: number): Drawn {
  if (bars.length === 0) return note("There is nothing to correlate.");
  return Plot.plot({
    width, height: 50 + bars.length * 28, marginLeft: Math.min(200, width * 0.4), marginRight: 46, marginBottom: 40,
    x: { domain: [-1, 1], label: "rank correlation with the score", labelAnchor: "center", labelArrow: "none", grid: true, ticks: 5 },
    y: { type: "band", domain: bars.map(b => b.label), label: null },
    marks: [
      Plot.barX(bars, { y: "label", x: "value", fill: OTHER }), Plot.ruleX([0], { stroke: INK }),
      // Beside the bar, and never among the names.
      Plot.text(bars, { y: "label", x: b => Math.max(0, b.value), text: b => b.value.toFixed(2).replace("-", "\u2212"), dx: 6, textAnchor: "start", fill: INK }),
    ],
  });
}
