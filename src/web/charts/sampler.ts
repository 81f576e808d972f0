// A candidate's own numbers: the coefficients of each network call beside those of its solver alone.
import * as Plot from "@observablehq/plot";
import { Drawn, INK, legend, LINE, OTHER, WIN } from "./frame";

export interface Call {
  time: number; networkTime: number; outputScale: number; own: number[]; base: number[];
  numbers: { firstDifference?: number; secondDifference?: number; state?: number; data?: number };
}

/** Name of a coefficient: x for the state, D0, D1 and so on for this call's data prediction and those before it. */
export const coefficient = (index: number) => (index === 0 ? "x" : `D${index - 1}`);
export const coefficients = (calls: Call[]) => Math.max(...calls.map(c => Math.max(c.own.length, c.base.length)));

export function drawSampler(calls: Call[], width: number): Drawn {
  const bars = calls.flatMap((call, i) => Array.from({ length: coefficients(calls) }, (_, j) => [
    { call: i, at: `${j}b`, value: call.base[j] ?? 0, own: false }, { call: i, at: `${j}o`, value: call.own[j] ?? 0, own: true },
  ]).flat());
  const columns = Math.max(1, Math.floor(width / Math.max(110, 30 * coefficients(calls))));
  const svg = Plot.plot({
    width, height: 150 * Math.ceil(calls.length / columns) + 20, marginLeft: 36, marginTop: 34, marginBottom: 26,
    fx: { domain: Array.from({ length: Math.min(columns, calls.length) }, (_, i) => i), axis: null, padding: 0.12 }, fy: { axis: null, padding: 0.24 },
    x: { type: "band", padding: 0.1, tickSize: 0, tickFormat: (at: string) => (at.endsWith("b") ? coefficient(Number(at.slice(0, -1))) : ""), label: null },
    y: { label: null, nice: true, ticks: 4 }, color: { type: "identity" }, style: { color: INK },
    marks: [
      Plot.ruleY([0], { stroke: LINE }),
      Plot.barY(bars, { fx: b => b.call % columns, fy: b => Math.floor(b.call / columns), x: "at", y: "value", fill: b => (b.own ? WIN : OTHER) }),
      Plot.text(calls.map((c, call) => ({ call, text: `t = ${Number(c.time.toPrecision(4))}` })), { fx: c => c.call % columns, fy: c => Math.floor(c.call / columns), text: "text", frameAnchor: "top", dy: -12, fill: INK, fontWeight: 600 }),
    ],
  }) as SVGElement;
  const bar = (fill: string): [string, Record<string, string>] => ["rect", { x: "8", y: "2", width: "10", height: "10", fill }];
  return [svg, legend([[[bar(OTHER)], "the solver's coefficient"], [[bar(WIN)], "the candidate's"]])];
}
