// Which parts ran: rows of blocks or images, columns of network calls.
import * as Plot from "@observablehq/plot";
import { CARD, Drawn, INK, LINE, measure, note, shorten, WIN } from "./frame";

/** Filled where something ran. Columns come in the order of sampling. */
export function drawMask(rows: string[], columns: string[], ran: boolean[][], width: number): Drawn {
  if (rows.length === 0 || columns.length === 0) return note("There is nothing to draw.");
  const widest = Math.min(width * 0.4, 12 + Math.max(...rows.map(r => measure(r))));
  const height = Math.max(8, Math.min(18, 900 / rows.length));
  const cells = rows.flatMap((_, row) => columns.map((_, column) => ({ row, column, ran: ran[row][column] })));
  return Plot.plot({
    width, height: 34 + rows.length * height + 8, marginLeft: widest, marginTop: 30, marginBottom: 8, marginRight: 8,
    x: { type: "band", domain: columns.map((_, i) => i), tickFormat: (i: number) => shorten(columns[i], (width - widest) / columns.length), axis: "top", label: null, tickSize: 0, padding: 0.08 },
    y: { type: "band", domain: rows.map((_, i) => i), tickFormat: (i: number) => (height < 11 ? "" : shorten(rows[i], widest - 8)), label: null, tickSize: 0, padding: 0.12 },
    color: { type: "identity" }, style: { color: INK },
    marks: [Plot.cell(cells, { x: "column", y: "row", fill: (c: { ran: boolean }) => (c.ran ? WIN : CARD), stroke: LINE })],
  });
}
