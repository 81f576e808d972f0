// Schedules on the noise axis: noise to the left, image to the right.
import * as Plot from "@observablehq/plot";
import { format, max, min, Scale, scaleLog } from "d3";
import { CARD, Drawn, INK, legend, LINE, Mark, measure, note, OTHER, shorten, SOFT, WIN } from "./frame";
import { colorOf as byRole } from "./scores";

export interface Schedule { name: string; winner: boolean; color?: string; steps: { time: string; exact?: string; ratio: number | null; dropped: number; reused: boolean }[] }
type Row = Schedule & { key: number };
type Step = Schedule["steps"][number] & { row: Row; at: number; level: number; label: number };

const colorOf = (row: { winner: boolean; color?: string }) => row.color ?? byRole(row);

function stagger(steps: Step[], x: Scale, low: number, high: number) {
  const ends = [-Infinity, -Infinity];
  for (const step of steps) {
    const half = measure(step.time) / 2 + 3;
    const middle = Math.max(low + half, Math.min(high - half, x(step.at)));
    step.level = ends.findIndex(end => middle - half >= end);
    if (step.level >= 0) { ends[step.level] = middle + half; step.label = middle; }
  }
}

export function drawSchedules(schedules: Schedule[], width: number): Drawn {
  const rows: Row[] = schedules.map((s, i) => ({ ...s, key: i }));
  const ratios = rows.flatMap(r => r.steps.map(s => s.ratio)).filter((v): v is number => v !== null && v > 0);
  if (ratios.length === 0) return note("No schedule to draw.");
  const narrow = width < 640;
  const rowHeight = narrow ? 74 : 58;
  const left = narrow ? 8 : Math.min(width * 0.26, 24 + max(rows, r => measure(r.name, "bold 13px system-ui, sans-serif")));
  const [low, high] = [min(ratios) / 1.5, max(ratios) * 1.5];
  const x = scaleLog([high, low], [left, width - 14]);
  const center = (r: Row) => 34 + r.key * rowHeight + (narrow ? 36 : 22);
  const height = 34 + rows.length * rowHeight + 44;
  // No noise at all and nothing but noise have no place on a logarithmic axis; they stand at its ends.
  const steps: Step[] = rows.flatMap(r => {
    const own = r.steps.map(s => ({ ...s, row: r, at: s.ratio === null ? high : s.ratio > 0 ? s.ratio : low, level: -1, label: 0 }));
    stagger(own, x, left - 4, width - 2);
    return own;
  });
  const stroke = (s: Step) => colorOf(s.row);
  const winner = steps.filter(s => s.row.winner);
  const kinds: [Mark[], string][] = [[[["circle", { cx: "13", cy: "7", r: "5", fill: OTHER }]], "network call"]];
  if (steps.some(s => s.dropped > 0)) kinds.push([[["rect", { x: "8", y: "2", width: "10", height: "10", fill: OTHER }]], "call with blocks dropped, their number above"]);
  if (steps.some(s => s.reused)) kinds.push([[["circle", { cx: "13", cy: "7", r: "5", fill: "none", stroke: OTHER, "stroke-width": "2" }]], "last output reused, no call"]);
  const svg = Plot.plot({
    width, height, marginLeft: left, marginRight: 14, marginTop: 34, marginBottom: 44,
    x: { type: "log", domain: [high, low], range: [left, width - 14], label: "noise-to-signal ratio σ/α", labelAnchor: "center", labelArrow: "none", tickFormat: "~g", ticks: narrow ? 4 : 8 },
    y: { type: "identity", axis: null }, r: { type: "identity" }, symbol: { type: "identity" }, color: { type: "identity" },
    marks: [
      Plot.text(["◂ noise"], { frameAnchor: "top-left", dy: -26, fill: SOFT, textAnchor: "start" }),
      Plot.text(["image ▸"], { frameAnchor: "top-right", dy: -26, fill: SOFT, textAnchor: "end" }),
      Plot.ruleX(winner, { x: "at", stroke: WIN, strokeOpacity: 0.35, strokeDasharray: "2 4" }),
      Plot.ruleY(rows, { y: center, stroke: LINE, strokeWidth: 2 }),
      Plot.dot(steps, { x: "at", y: (s: Step) => center(s.row), r: (s: Step) => (s.row.winner ? 7 : 5.5), symbol: (s: Step) => (s.dropped > 0 && !s.reused ? "square" : "circle"), fill: (s: Step) => (s.reused ? CARD : stroke(s)), stroke, strokeWidth: 2 }),
      Plot.text(steps.filter(s => s.level >= 0), { x: (s: Step) => x.invert(s.label), y: (s: Step) => center(s.row) + 17 + 12 * s.level, text: "time", fill: INK, fontSize: 11 }),
      Plot.text(steps.filter(s => s.dropped > 0), { x: "at", y: (s: Step) => center(s.row) - 14, text: (s: Step) => `−${s.dropped}`, fill: stroke, fontSize: 11, fontWeight: 600 }),
      Plot.text(rows, narrow
        ? { x: () => high, y: (r: Row) => center(r) - 26, text: (r: Row) => shorten(r.name, width - 20), textAnchor: "start", fill: colorOf }
        : { x: () => high, y: center, dx: -12, text: (r: Row) => shorten(r.name, left - 18), textAnchor: "end", fontSize: 13, fill: (r: Row) => (r.winner ? WIN : INK) }),
      Plot.tip(steps, Plot.pointer({ x: "at", y: (s: Step) => center(s.row), title: (s: Step) => `${s.row.name}\nt = ${s.time}\nσ/α ${s.ratio === null ? "∞" : format(".4~g")(s.ratio)}${s.reused ? "\nreused" : s.dropped ? `\nblocks dropped ${s.dropped}` : ""}` })),
    ],
  });
  return [kinds.length > 1 ? legend(kinds) : null, svg];
}
