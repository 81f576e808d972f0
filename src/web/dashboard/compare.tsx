// Several runs beside each other: curves, fronts, schedules of the winners, differences of the specifications, what the genes are worth.
import { useEffect, useMemo, useState } from "preact/hooks";
import { drawCurves } from "../charts/lines";
import { drawPoints, paretoFront } from "../charts/points";
import { drawSchedules, Schedule } from "../charts/schedules";
import { Chart, Plain } from "../tables";
import { ApiError, candidatePath, get, Metric, Run, runPath, Steps, storedSpecification, Table } from "./api";
import { latestScores, Scored } from "./live";
import { Genes } from "./genes";
import { State } from "./parts";
import { dotsOf } from "./run";
import { isRaw } from "./schema";
import { big, short, titled, withError } from "./text";

interface Loaded { run: Run; table: Table; specification: unknown; steps: Steps | null; scores: Scored[]; color: string }

const base = ["var(--win)", "var(--c1)", "var(--c3)", "var(--c4)", "var(--c5)", "var(--c6)"];
// Twelve that differ: those of the pages, and each half way to the text's.
const colors = [...base, ...base.map(color => `color-mix(in oklab, ${color}, var(--ink) 50%)`)];

async function load(id: string, index: number): Promise<Loaded> {
  const [run, table, specification] = await Promise.all([get<Run>(runPath(id)), get<Table>(`${runPath(id)}/scores`), storedSpecification(id)]);
  const steps = run.best ? await get<Steps>(`${candidatePath(id, run.best.id)}/steps`).catch(() => null) : null;
  return { run, table, specification, steps, scores: latestScores(table), color: colors[index % colors.length] };
}

export function ComparePage({ ids }: { ids: string[] }) {
  const [loaded, set] = useState<Loaded[] | null>(null);
  const [lost, lose] = useState<{ id: string; error: ApiError }[]>([]);
  const [read, mark] = useState(new Date());
  const [key, choose] = useState<string | null>(null);
  const [turn, again] = useState(0);
  useEffect(() => {
    Promise.allSettled(ids.map(load)).then(all => {
      lose(all.flatMap((a, i) => (a.status === "rejected" ? [{ id: ids[i], error: a.reason as ApiError }] : [])));
      set(all.flatMap(a => (a.status === "fulfilled" ? [a.value] : [])));
      mark(new Date());
    });
  }, [turn]);
  // What any of them has a score by, the objectives first.
  const metrics = useMemo(() => [...new Map([...(loaded ?? []).map(l => l.table.metrics[0]), ...(loaded ?? []).flatMap(l => l.table.metrics)].filter(m => m).map(m => [m.key, m])).values()], [loaded]);
  const losses = lost.map(l => <p key={l.id} class="error" role="alert">{l.id}: {l.error.status === 404 ? "this run is not there (any more)." : l.error.message}</p>);
  if (!loaded) return <><h1>Compare {ids.length} runs</h1><p class="note">Asking the server.</p></>;
  const metric = metrics.find(m => m.key === key) ?? metrics[0];
  if (loaded.length === 0 || !metric) return <><h1>Compare {ids.length} runs</h1>{losses}{loaded.length > 0 && <p class="note">None of these runs has scored anything yet.</p>}</>;
  return <>
    <h1>Compare {loaded.length} {loaded.length === 1 ? "run" : "runs"}</h1>
    {losses}
    <p class="controls">
      {metrics.length > 1 && <label>Metric <select value={metric.key} onChange={e => choose(e.currentTarget.value)}>{metrics.map(m => <option key={m.key} value={m.key}>{titled(m)}</option>)}</select></label>}
      <button type="button" onClick={() => again(turn + 1)}>Read again</button>
      <span class="note" role="status">As of {read.toLocaleTimeString()}{loaded.some(l => l.run.state === "running" || l.run.state === "pending") ? "; some of these runs go on" : ""}.</span>
    </p>
    <section class="wide"><h2>At a glance</h2>
      <Plain name="Runs" head={["Run", "State", "Best", "Network calls of the best", "Candidates", "Device time (s)"]} rows={loaded.map(l => {
        const best = l.scores.find(s => s.id === l.run.best?.id);
        return [<a href={`#/runs/${l.run.id}`}><span class="swatch" style={{ background: l.color }} aria-hidden="true" />{l.run.id}</a>, <State state={l.run.state} />, best ? `${l.table.metrics[0].label} ${withError(best.value, best.error)} ${l.table.metrics[0].unit}` : "–", short(best?.calls), l.scores.length, short(l.run.cost.deviceSeconds)];
      })} /></section>
    <Curves loaded={loaded} metric={metric} />
    <Fronts loaded={loaded} metric={metric} />
    <Winners loaded={loaded} />
    <Differences loaded={loaded} />
    <Genes runs={loaded} />
  </>;
}

/** Names the runs that a chart leaves out. */
const Without = ({ runs, why }: { runs: Loaded[]; why: string }) => (runs.length === 0 ? null : <p class="note">Not drawn: {runs.map(l => l.run.id).join(", ")}, {why}.</p>);

function Curves({ loaded: all, metric }: { loaded: Loaded[]; metric: Metric }) {
  const loaded = all.filter(l => l.table.objective === metric.key);
  const points = (l: Loaded) => l.table.history.filter(h => h.stage === "search" && h.best != null);
  const curves = loaded.map(l => ({ label: l.run.id, color: l.color, dashed: false, points: points(l).map(h => ({ x: h.generation, value: h.best!, title: `${l.run.id}\ngeneration ${h.generation}\nbest ${metric.label} ${short(h.best)}` })) }));
  return <section class="wide" id="curve"><h2>Best so far of each search</h2>
    <Without runs={all.filter(l => !loaded.includes(l))} why={`whose search is by another objective than ${metric.label}`} />
    <Chart label={`Best ${metric.label} so far of each run by generation`} watch={[all, metric]} draw={width => drawCurves(curves, { x: "generation", y: titled(metric), xFormat: "d", fromZero: false }, width)}>
      <Plain name="Best so far" head={["Run", "Generation", titled(metric)]} rows={loaded.flatMap(l => points(l).map(h => [l.run.id, h.generation, short(h.best)]))} />
    </Chart></section>;
}

function Fronts({ loaded, metric }: { loaded: Loaded[]; metric: Metric }) {
  // Final scores only: those of the search come from few samples, and not from as many in every run.
  const groups = loaded.map(l => ({ label: l.run.id, color: l.color, dots: dotsOf(l.scores.filter(s => s.stage === "final"), metric, s => s.calls) }));
  return <section class="wide" id="points"><h2>Final scores against network calls</h2>
    <Without runs={loaded.filter((_, i) => groups[i].dots.length === 0)} why={`without a final score by ${metric.label}`} />
    <Chart label={`Final ${metric.label} of all runs against network calls`} watch={[loaded, metric]} draw={width => drawPoints(groups.filter(g => g.dots.length > 0), { x: "network calls per sample", y: titled(metric), higherIsBetter: metric.higherIsBetter }, width)}>
      <Plain name="Final scores" head={["Run", "Candidate", "Network calls", titled(metric), "On its run's front"]} rows={groups.flatMap(g => {
        const front = paretoFront(g.dots, metric.higherIsBetter);
        return [...g.dots].sort((a, b) => a.x - b.x || a.y - b.y).map(d => [g.label, `${d.name} ${d.id}`, big(d.x), short(d.y), front.includes(d) ? "yes" : "no"]);
      })} />
    </Chart></section>;
}

function Winners({ loaded }: { loaded: Loaded[] }) {
  const schedules: Schedule[] = loaded.filter(l => l.steps).map((l, i) => ({ name: l.run.id, winner: i === 0, color: l.color, steps: l.steps!.steps.map(p => ({ time: short(p.time), ratio: p.ratio, dropped: p.dropped.length, reused: p.reused })) }));
  return <section class="wide" id="steps"><h2>Schedules of the best candidates</h2>
    <Chart label="Schedules of the best candidates on the noise axis" watch={[loaded]} draw={width => drawSchedules(schedules, width)}>
      <Plain name="Schedules" head={["Run", "Times"]} rows={loaded.filter(l => l.steps).map(l => [l.run.id, l.steps!.steps.map(s => s.time).join(", ")])} />
    </Chart></section>;
}

/** Members of a document by path. */
export function flatten(value: unknown, path = ""): Map<string, string> {
  if (value === null || typeof value !== "object" || Array.isArray(value) || isRaw(value)) return new Map([[path, JSON.stringify(value)]]);
  return new Map(Object.entries(value).flatMap(([key, member]) => [...flatten(member, path ? `${path}.${key}` : key)]));
}

function Differences({ loaded }: { loaded: Loaded[] }) {
  const flat = loaded.map(l => flatten(l.specification));
  const rows = [...new Set(flat.flatMap(f => [...f.keys()]))].filter(key => new Set(flat.map(f => f.get(key))).size > 1);
  return <section class="wide" id="differences"><h2>Differences of the specifications</h2>
    {rows.length === 0 ? <p class="note">There are none.</p> : <Plain name="Differences" head={["Field", ...loaded.map(l => l.run.id)]} rows={rows.map(key => [<code>{key}</code>, ...flat.map(f => <code>{f.get(key) ?? "–"}</code>)])} />}
  </section>;
}
