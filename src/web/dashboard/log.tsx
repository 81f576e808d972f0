// What happened in a run: rounds from the store, changes of its state as far as this tab has seen them.
import { useMemo } from "preact/hooks";
import { Table } from "./api";
import { count, short, stageName } from "./text";

export interface LogLine { at: Date; text: string }
const MOST = 500;
const key = (run: string) => `batcheval-changes-${run}`;

/** Changes of state that this tab has seen before; they outlive a reload. */
export const readChanges = (run: string): LogLine[] =>
  (JSON.parse(sessionStorage.getItem(key(run)) ?? "[]") as { at: string; text: string }[]).map(l => ({ at: new Date(l.at), text: l.text }));
export const writeChanges = (run: string, lines: LogLine[]) => sessionStorage.setItem(key(run), JSON.stringify(lines.slice(-100)));

/** The newest first. */
function linesOf(started: string, table: Table | null, changes: LogLine[]): LogLine[] {
  const lines: LogLine[] = [{ at: new Date(started), text: "submitted" }, ...changes];
  const metric = table?.metrics[0];
  let stage = "", best: number | null = null;
  for (const round of table?.rounds ?? []) {
    // Scores of different stages come from different samples.
    if (round.stage !== stage || round.generation === 0) best = null;
    stage = round.stage;
    const scored = round.rows.filter(r => r.values[metric!.key] !== undefined).sort((a, b) => (metric!.higherIsBetter ? -1 : 1) * (a.values[metric!.key] - b.values[metric!.key]));
    const failed = round.rows.filter(r => r.failure).length, top = scored[0];
    const value = top?.values[metric!.key] ?? null;
    const better = value !== null && (best === null || (metric!.higherIsBetter ? value > best : value < best));
    if (better) best = value;
    if (!round.scored) continue;
    const where = `${stageName(round.stage)}${round.generation != null && /earch|rivals/.test(round.stage) ? `, generation ${round.generation}` : ""}${round.validates ? ", validation" : ""}`;
    lines.push({ at: new Date(round.scored), text: `round ${round.round} (${where}): ${count(round.rows.length)} scored${failed > 0 ? `, ${failed} of them failed` : ""}${top ? `, best ${metric!.label} ${short(value)} ${metric!.unit}`.trimEnd() + ` of ${top.id}${better ? "" : ", no better than before"}` : ""}` });
  }
  return lines.sort((a, b) => b.at.getTime() - a.at.getTime());
}

export function Log({ started, table, changes }: { started: string; table: Table | null; changes: LogLine[] }) {
  const lines = useMemo(() => linesOf(started, table, changes), [started, table, changes]);
  const today = new Date().toDateString();
  return <section class="wide" id="log"><h2>Events</h2>
    <p>Rounds as they were scored; pauses and other changes of state as far as this tab has seen them.{lines.length > MOST ? ` The last ${MOST} of ${count(lines.length)}.` : ""}</p>
    <ol class="log" tabIndex={0} aria-label="Events">{lines.slice(0, MOST).map((l, i) => <li key={lines.length - i}><time dateTime={l.at.toISOString()}>{l.at.toDateString() === today ? l.at.toLocaleTimeString() : l.at.toLocaleString()}</time> {l.text}</li>)}</ol>
  </section>;
}
