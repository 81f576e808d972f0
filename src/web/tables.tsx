// Tables, and charts with theirs: the one renderer of pages and reports.
import { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Drawn, mount, whenIdle } from "./charts/frame";

/** A chart with its table: everything that is drawn can be read too. Texts and tables are shown first; a large table is made once it is opened. */
export function Chart({ label, draw, watch, children }: { label: string; draw: (width: number) => Drawn; watch: unknown[]; children: ComponentChildren | (() => ComponentChildren) }) {
  const [opened, open] = useState(false);
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const place = host.current;
    let leave = () => {};
    // The page may have been left by then.
    const forget = whenIdle(() => { if (place?.isConnected) leave = mount(place, () => label, draw); });
    return () => { forget(); leave(); };
  }, watch);
  return <><div class="chart" ref={host} /><details onToggle={e => { if (e.currentTarget.open) open(true); }}><summary>The same as a table</summary>{typeof children !== "function" ? children : opened && children()}</details></>;
}

export interface Head { label: string; note?: string; numeric?: boolean }
export interface Cell { text: ComponentChildren; kind?: string; span?: number }
const isCell = (cell: ComponentChildren | Cell): cell is Cell => typeof cell === "object" && cell !== null && "text" in cell;

/** A small table without controls. The first cell of a row is its head. */
export function Plain({ head, rows, name, kind, rowKinds }: { head: (string | Head)[]; rows: (ComponentChildren | Cell)[][]; name: string; kind?: string; rowKinds?: string[] }) {
  const heads = head.map((h): Head => (typeof h === "string" ? { label: h } : h));
  return <div class="scroll" role="region" aria-label={name} tabIndex={0}>
    <table class={kind}><thead><tr>{heads.map(h => <th key={h.label} scope="col" class={h.numeric ? "num" : undefined}>{h.label}{h.note && <small>{h.note}</small>}</th>)}</tr></thead>
      <tbody>{rows.map((row, i) => <tr key={i} class={rowKinds?.[i]}>{row.map((cell, j) => {
        const { text, kind: own, span } = isCell(cell) ? cell : { text: cell, kind: undefined, span: undefined };
        return j === 0 ? <th key={j} scope="row">{text}</th> : <td key={j} colSpan={span} class={[heads[j]?.numeric && !span ? "num" : "", own ?? ""].join(" ").trim() || undefined}>{text}</td>;
      })}</tr>)}</tbody></table>
  </div>;
}
