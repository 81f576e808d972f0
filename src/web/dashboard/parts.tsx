// Small parts that pages are made of.
import { ComponentChildren, createContext } from "preact";
import { useContext, useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import { ApiError, download, imageAddress, readKey, save } from "./api";
import { csv } from "./text";

export interface Column<T> { key: string; label: string; numeric?: boolean; text: (row: T) => ComponentChildren; value: (row: T) => number | string | null | undefined; head?: boolean; wrap?: boolean }

/** Whether a value passes a filter: a comparison for numbers, a part of a text else. */
export function passes(value: number | string | null | undefined, filter: string): boolean {
  const wanted = filter.trim();
  if (wanted === "") return true;
  const compared = /^(<=|>=|<|>|=)\s*(-?[\d.]+(?:e-?\d+)?)$/i.exec(wanted);
  if (!compared) return String(value ?? "").toLowerCase().includes(wanted.toLowerCase());
  if (typeof value !== "number") return false;
  const bound = Number(compared[2]);
  switch (compared[1]) {
    case "<": return value < bound;
    case ">": return value > bound;
    case "<=": return value <= bound;
    case ">=": return value >= bound;
    default: return value === bound;
  }
}

const PAGE = 50;
const TOPS = [5, 10, 20, 50, 100];

/** A table that is sorted, filtered and shown page by page. */
export function DataTable<T extends { id: string }>({ rows, columns, name, first, down = false }: { rows: T[]; columns: Column<T>[]; name: string; first: string; down?: boolean }) {
  const [sort, setSort] = useState<{ key: string; down: boolean }>({ key: first, down });
  const [filters, setFilters] = useState<Record<string, string>>({});
  const [filtering, setFiltering] = useState(false);
  const [page, setPage] = useState(0);
  const [top, setTop] = useState(0);
  const by = columns.find(c => c.key === sort.key) ?? columns[0];
  const sorted = useMemo(() => rows.map(row => ({ row, value: by.value(row) })).sort((a, b) => compare(a.value, b.value, sort.down) || (a.row.id < b.row.id ? -1 : 1)).map(s => s.row), [rows, columns, sort]);
  const filtered = columns.filter(c => (filters[c.key] ?? "").trim() !== "");
  const passing = filtered.length === 0 ? sorted : sorted.filter(row => filtered.every(c => passes(c.value(row), filters[c.key])));
  const kept = top === 0 ? passing : passing.slice(0, top);
  const pages = Math.max(1, Math.ceil(kept.length / PAGE));
  const at = Math.min(page, pages - 1);
  const atWork = columns.filter(c => (filters[c.key] ?? "").trim() !== "").length;
  return <>
    <div class="controls">
      <button type="button" aria-pressed={filtering} onClick={() => setFiltering(!filtering)}>Filter{atWork > 0 && !filtering ? ` (${atWork} at work)` : ""}</button>
      {rows.length > TOPS[0] && <label>Show <select value={top} onChange={e => { setTop(Number(e.currentTarget.value)); setPage(0); }}><option value={0}>all</option>{TOPS.filter(k => k < rows.length).map(k => <option key={k} value={k}>top {k}</option>)}</select></label>}
      <button type="button" onClick={() => save(new Blob([csv([columns.map(c => c.label), ...kept.map(row => columns.map(c => c.value(row)))])], { type: "text/csv" }), `${name}.csv`)}>CSV<span class="hidden"> of the {name}</span></button>
      <span class="note" role="status">{kept.length === rows.length ? `${rows.length} ${name}` : `${kept.length} of ${rows.length} ${name}`}</span>
      {pages > 1 && <span class="pager">
        <button type="button" disabled={at === 0} onClick={() => setPage(at - 1)}>Previous</button>
        <span>page {at + 1} of {pages}</span>
        <button type="button" disabled={at === pages - 1} onClick={() => setPage(at + 1)}>Next</button>
      </span>}
    </div>
    <div class="scroll" role="region" aria-label={`Table of ${name}`} tabIndex={0}>
      <table class="data">
        <thead>
          <tr>{columns.map(c => <th key={c.key} scope="col" class={c.numeric ? "num" : ""} aria-sort={sort.key === c.key ? (sort.down ? "descending" : "ascending") : undefined}>
            <button type="button" class="sort" onClick={() => setSort({ key: c.key, down: sort.key === c.key && !sort.down })}>{c.label}<span aria-hidden="true">{sort.key === c.key ? (sort.down ? " ▼" : " ▲") : ""}</span></button>
          </th>)}</tr>
          {filtering && <tr class="filters">{columns.map(c => <td key={c.key}>
            <input type="text" aria-label={`Filter ${c.label}`} placeholder={c.numeric ? "< 3" : "text"} value={filters[c.key] ?? ""}
              onInput={e => { setFilters({ ...filters, [c.key]: e.currentTarget.value }); setPage(0); }} />
          </td>)}</tr>}
        </thead>
        <tbody>{kept.slice(at * PAGE, (at + 1) * PAGE).map(row => <tr key={row.id}>{columns.map(c => (c.head
          ? <th key={c.key} scope="row">{c.text(row)}</th>
          : <td key={c.key} class={c.numeric ? "num" : c.wrap ? "wrap" : ""}>{c.text(row)}</td>))}</tr>)}</tbody>
      </table>
    </div>
  </>;
}

function compare(a: number | string | null | undefined, b: number | string | null | undefined, down: boolean): number {
  // What has no value stands at the end, whichever way.
  if (a === null || a === undefined) return b === null || b === undefined ? 0 : 1;
  if (b === null || b === undefined) return -1;
  const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
  return down ? -order : order;
}

export const Fact = ({ name, children, note, kind }: { name: string; children: ComponentChildren; note?: ComponentChildren; kind?: string }) =>
  <div class={`fact ${kind ?? ""}`}><dt>{name}</dt><dd>{children}{note && <small>{note}</small>}</dd></div>;

export const State = ({ state }: { state: string }) => <span class={`chip state ${state}`}>{state}</span>;

/** Asks before something is lost. */
export function Confirm({ question, yes, onYes, onNo }: { question: string; yes: string; onYes: () => void; onNo: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  useEffect(() => { dialog.current!.showModal(); }, []);
  return <dialog ref={dialog} aria-labelledby={title} onCancel={onNo} onClose={onNo}>
    <p id={title}>{question}</p>
    <div class="controls"><button type="button" onClick={onNo}>Cancel</button><button type="button" class="danger" onClick={onYes}>{yes}</button></div>
  </dialog>;
}

export const Problem = ({ error }: { error: ApiError | null }) => (error ? <p class="error" role="alert">{error.message}</p> : null);

/** Whether the server takes orders; null until it has said so. */
export const Orderable = createContext<boolean | null>(null);
export const useOrderable = () => useContext(Orderable);

/** Hands a file over, and says so where that fails. */
export function Download({ path, name, children }: { path: string; name: string; children: ComponentChildren }) {
  const [error, fail] = useState<ApiError | null>(null);
  return <><button type="button" class="link" onClick={() => { fail(null); download(path, name).catch(fail); }}>{children}</button><Problem error={error} /></>;
}

/** A link to a document of the interface. Links cannot carry a key: with one the document is downloaded. */
export const FileLink = ({ path, name, children }: { path: string; name: string; children: ComponentChildren }) =>
  (readKey() ? <Download path={path} name={name}>{children}</Download> : <a href={path.slice(1)}>{children}</a>);

export interface Image { source: string | null; missing: boolean; error: ApiError | null }
const AGAIN = 5000;

/** Address of an image, or null as long as there is none. Missing is only what the server says is not there; after any other failure it is asked for again. */
export function useImage(path: string | null): Image {
  const [found, set] = useState<Image>({ source: null, missing: false, error: null });
  useEffect(() => {
    set({ source: null, missing: false, error: null });
    if (!path) return;
    let left = false, timer = 0, made = Promise.resolve("");
    const ask = () => {
      made = imageAddress(path);
      made.then(source => { if (!left) set({ source, missing: false, error: null }); }, (problem: ApiError) => {
        if (left) return;
        set({ source: null, missing: problem.status === 404, error: problem.status === 404 ? null : problem });
        if (problem.status !== 404) timer = window.setTimeout(ask, AGAIN);
      });
    };
    ask();
    return () => { left = true; clearTimeout(timer); made.then(URL.revokeObjectURL, () => {}); };
  }, [path]);
  return found;
}
