// What a page knows about runs while they go on, and whether the server answers.
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, get, Row, Round, Run, runPath, Table, watch } from "./api";
import { LogLine, readChanges, writeChanges } from "./log";
import { parse } from "./schema";

type Listener = (away: Date | null) => void;
let away: Date | null = null;
const listeners = new Set<Listener>();

/** Notes that the server answered, or did not. */
export function heard(answered: boolean) {
  const next = answered ? null : away ?? new Date();
  if (next === away) return;
  away = next;
  listeners.forEach(listener => listener(away));
}

/** Since when the server has not answered, or null. */
export function useAway(): Date | null {
  const [since, set] = useState(away);
  useEffect(() => { listeners.add(set); return () => { listeners.delete(set); }; }, []);
  return since;
}

/** Asks again and again, slower while there is no answer. */
export function usePolling<T>(path: string, pace: number): { value: T | null; error: ApiError | null; again: () => void } {
  const [value, set] = useState<T | null>(null);
  const [error, fail] = useState<ApiError | null>(null);
  const [turn, next] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    let timer = 0, wait = pace;
    const ask = async () => {
      try {
        set(await get<T>(path, stop.signal));
        fail(null); heard(true);
        wait = pace;
      } catch (problem) {
        if (stop.signal.aborted) return;
        const refusal = problem as ApiError;
        heard(refusal.status !== 0);
        if (refusal.status !== 0) fail(refusal);
        wait = Math.min(wait * 1.5, 10_000);
      }
      timer = window.setTimeout(ask, document.hidden ? wait * 5 : wait);
    };
    ask();
    return () => { stop.abort(); clearTimeout(timer); };
  }, [path, pace, turn]);
  return { value, error, again: () => next(t => t + 1) };
}

export interface Live { run: Run | null; gone: boolean; error: ApiError | null; table: Table | null; changes: LogLine[] }

/** Follows a run by server-sent events; asks again when they end or the server comes back. */
export function useRun(id: string): Live {
  const [run, setRun] = useState<Run | null>(null);
  const [state, setState] = useState<{ gone: boolean; error: ApiError | null }>({ gone: false, error: null });
  const [changes, setChanges] = useState<LogLine[]>([]);
  const before = useRef<Run | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    before.current = null;
    setRun(null); setChanges(readChanges(id)); setState({ gone: false, error: null });
    const note = (text: string) => setChanges(all => { const next = [...all, { at: new Date(), text }]; writeChanges(id, next); return next; });
    const follow = async () => {
      for (let wait = 1000; !stop.signal.aborted;) {
        try {
          let gone = false;
          await watch(`${runPath(id)}/events`, stop.signal, (event, data) => {
            heard(true);
            wait = 1000;
            if (event === "gone") { gone = true; return; }
            if (event !== "status") return;
            const now = parse(data) as Run;
            const last = before.current;
            if (last && last.state !== now.state) note(`${last.state} → ${now.state}${now.error ? `: ${now.error}` : ""}`);
            before.current = now;
            setRun(now);
            setState({ gone: false, error: null });
          });
          if (gone) { setState({ gone: true, error: null }); return; }
        } catch (problem) {
          if (stop.signal.aborted) return;
          const refusal = problem as ApiError;
          heard(refusal instanceof ApiError && refusal.status !== 0);
          if (final(refusal)) { setState({ gone: false, error: refusal }); return; }
          if (refusal.status >= 500) setState({ gone: false, error: refusal });
          wait = Math.min(wait * 1.5, 10_000);
        }
        await new Promise(done => setTimeout(done, wait));
      }
    };
    follow();
    return () => stop.abort();
  }, [id]);
  const { table, error } = useScores(id, run);
  return { run, gone: state.gone, error: state.error ?? error, table, changes };
}

const AGAIN = 3000;
/** Whether asking again is of no use: the server understood and refuses. */
const final = ({ status }: ApiError) => status >= 400 && status < 500 && status !== 408 && status !== 429;

/** The scores of all rounds: asked for at once, beside the run itself. Only new ones are asked for as the run goes on, and again where that fails. */
export function useScores(id: string, run: Run | null): { table: Table | null; error: ApiError | null } {
  const [table, set] = useState<Table | null>(null);
  const [error, fail] = useState<ApiError | null>(null);
  const told = useRef<(round: number) => void>(() => {});
  useEffect(() => {
    set(null); fail(null);
    const stop = new AbortController();
    let kept: Table | null = null, wanted = 0, asking = false, stale = false, known = false, timer = 0;
    const ask = async () => {
      clearTimeout(timer);
      if (asking) { stale = true; return; }
      asking = true; stale = false;
      const since = kept?.next ?? 0;
      try {
        const fresh: Table = await get<Table>(`${runPath(id)}/scores?since=${since}`, stop.signal);
        kept = kept ? { ...fresh, rounds: [...kept.rounds, ...fresh.rounds] } : fresh;
        stale ||= since < kept.next && kept.next < wanted;
        fail(null); set(kept);
      } catch (problem) {
        if (stop.signal.aborted) return;
        const refusal = problem as ApiError;
        heard(refusal.status !== 0);
        if (refusal.status !== 0) fail(refusal);
        if (known || !final(refusal)) timer = window.setTimeout(ask, AGAIN);
      }
      asking = false;
      if (stale) ask();
    };
    // The first word of the run tells nothing new where the scores hold its rounds already.
    told.current = round => { wanted = round; if (known || (!asking && (kept?.next ?? 0) < round)) ask(); known = true; };
    ask();
    return () => { stop.abort(); clearTimeout(timer); };
  }, [id]);
  useEffect(() => { if (run) told.current(run.round); }, [id, run?.round, run?.state]);
  return { table, error };
}

export interface Scored extends Row { columns: Round["genes"]; validates: boolean; round: number; stage: string; generation: number | null; rung: number | null; samples: number | null; value: number | null; error: number | null }

/** The last score of every candidate: the one from the most samples. */
export function latestScores(table: Table): Scored[] {
  const latest = new Map<string, Scored>();
  for (const round of table.rounds) for (const row of round.rows) {
    // A schedule may stand in one round under several names; the one that the search gave it goes first.
    const known = latest.get(row.id);
    if (known?.round !== round.round || known.role !== "searched") latest.set(row.id, scored(round, row, table.objective));
  }
  return [...latest.values()];
}

const scored = (round: Round, row: Row, objective: string): Scored => ({
  ...row, columns: round.genes, validates: round.validates, round: round.round, stage: round.stage, generation: /earch|rivals/.test(round.stage) ? round.generation ?? null : null, rung: round.rung ?? null, samples: round.samples ?? null,
  value: row.values[objective] ?? null, error: row.errors[objective] ?? null,
});

/** Number of samples behind the scores that a search decides by at present: the most of its last two generations, as a race of the last one may be under way. */
export function lastRung(scores: Scored[]): number | null {
  const searched = scores.filter(s => s.stage === "search" && !s.validates && s.samples !== null && s.generation !== null);
  const last = Math.max(...searched.map(s => s.generation!));
  const sizes = searched.filter(s => s.generation! >= last - 1).map(s => s.samples!);
  return sizes.length > 0 ? Math.max(...sizes) : null;
}
