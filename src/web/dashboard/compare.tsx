// Several runs beside each other: curves, fronts, schedules of the winners, differences of the specifications, what the genes are worth.
import { useEffect, useState } from "preact/hooks";
import { drawCurves } from "../charts/lines";
import { drawPoints, paretoFront } from "../charts/points";
import { drawSchedules, Schedule } from "../charts/schedules";
import { Chart, Plain } from "../tables";
import { ApiError, candidatePath, get, Run, runPath, Steps, Table } from "./api";
import { latestScores, Scored } from "./live";
import { Genes } from "./genes";
import { Problem, State } from "./parts";
import { dotsOf } from "./run";
import { big, short, titled, withError } from "./text";

interface Loaded { run: Run; table: Table; specification: unknown; steps: Steps | null; scores: Scored[]; color: string }

const colors = ["var(--win)", "var(--c1)", "var(--c3)", "var(--c4)", "var(--c5)", "var(--c6)"];

async function load(id: string, index: number): Promise<Loaded> {
  const [run, table, specification] = await Promise.all([get<Run>(runPath(id)), get<Table>(`${runPath(id)}/scores`), get<unknown>(`${runPath(id)}/specification`)]);
  const steps = run.best ? await get<Steps>(`${candidatePath(id, run.best.id)}/steps`).catch(() => null) : null;
  return { run, table, specification, steps, scores: latestScores(table), color: colors[index % colors.length] };
}

export function ComparePage({ ids }: { ids: string[] }) {
  const [loaded, set] = useState<Loaded[] | null>(null);
  const [error, fail] = useState<ApiError | null>(null);
  useEffect(() => { Promise.all(ids.map(load)).then(set).catch(fail); }, []);
  if (!loaded) return <><h1>Compare {ids.length} runs</h1><Problem error={error} />{!error && <p class="note">Asking the server.</p>}</>;
  return <>
    <h1>Compare {ids.length} runs</h1>
    <section class="wide"><h2>At a glance</h2>
      <Plain name="Runs" head={["Run", "State", "Best", "Network calls of the best", "Candidates", "Device time (s)"]} rows={loaded.map(l => {
        const best = l.scores.find(s => s.id === l.run.best?.id);
        return [<a href={`#/runs/${l.run.id}`}><span class="swatch" style={{ background: l.color }} aria-hidden="true" />{l.run.id}</a>, <State state={l.run.state} />, best ? `${l.table.metrics[0].label} ${withError(best.value, best.error)} ${l.table.metrics[0].unit}` : "–", short(best?.calls), l.scores.length, short(l.run.cost.deviceSeconds)];
      })} /></section>
    <Curves loaded={loaded} />
    <Fronts loaded={loaded} />
    <Winners loaded={loaded} />
    <Differences loaded={loaded} />
    <Genes runs={loaded} />
  </>;
}

function Curves({ loaded }: { loaded: Loaded[] }) {
  const metric = loaded[0].table.metrics[0];
  const points = (l: Loaded) => l.table.history.filter(h => h.stage === "search" && h.best != null);
  const curves = loaded.map(l => ({ label: l.run.id, color: l.color, dashed: false, points: points(l).map(h => ({ x: h.generation, value: h.best!, title: `${l.run.id}\ngeneration ${h.generation}\nbest ${metric.label} ${short(h.best)}` })) }));
  const mixed = new Set(loaded.map(l => l.table.objective)).size > 1;
  return <section class="wide" id="curve"><h2>Best so far of each search</h2>
    {mixed && <p class="error">These runs have different objectives; their curves cannot be compared.</p>}
    <Chart label="Best so far of each run by generation" watch={[loaded]} draw={width => drawCurves(curves, { x: "generation", y: titled(metric), xFormat: "d", fromZero: false }, width)}>
      <Plain name="Best so far" head={["Run", "Generation", titled(metric)]} rows={loaded.flatMap(l => points(l).map(h => [l.run.id, h.generation, short(h.best)]))} />
    </Chart></section>;
}

function Fronts({ loaded }: { loaded: Loaded[] }) {
  const metric = loaded[0].table.metrics[0];
  // Final scores only: those of the search come from few samples, and not from as many in every run.
  const groups = loaded.map(l => ({ label: l.run.id, color: l.color, dots: dotsOf(l.scores.filter(s => s.stage === "final"), metric, s => s.calls) }));
  return <section class="wide" id="points"><h2>Final scores against network calls</h2>
    <Chart label="Final scores of all runs against network calls" watch={[loaded]} draw={width => drawPoints(groups.filter(g => g.dots.length > 0), { x: "network calls per sample", y: titled(metric), higherIsBetter: metric.higherIsBetter }, width)}>
      <Plain name="Fronts" head={["Run", "Candidate on the front", "Network calls", titled(metric)]} rows={groups.flatMap(g => paretoFront(g.dots, metric.higherIsBetter).map(d => [g.label, `${d.name} ${d.id}`, big(d.x), short(d.y)]))} />
    </Chart></section>;
}

function Winners({ loaded }: { loaded: Loaded[] }) {
  const schedules: Schedule[] = loaded.filter(l => l.steps).map((l, i) => ({ name: l.run.id, winner: i === 0, steps: l.steps!.steps.map(p => ({ time: short(p.time), ratio: p.ratio, dropped: p.dropped.length, reused: p.reused })) }));
  return <section class="wide" id="steps"><h2>Schedules of the best candidates</h2>
    <Chart label="Schedules of the best candidates on the noise axis" watch={[loaded]} draw={width => drawSchedules(schedules, width)}>
      <Plain name="Schedules" head={["Run", "Times"]} rows={loaded.filter(l => l.steps).map(l => [l.run.id, l.steps!.steps.map(s => s.time).join(", ")])} />
    </Chart></section>;
}

/** Members of a document by path. */
export function flatten(value: unknown, path = ""): Map<string, string> {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return new Map([[path, JSON.stringify(value)]]);
  return new Map(Object.entries(value).flatMap(([key, member]) => [...flatten(member, path ? `${path}.${key}` : key)]));
}

function Differences({ loaded }: { loaded: Loaded[] }) {
  const flat = loaded.map(l => flatten(l.specification));
  const rows = [...new Set(flat.flatMap(f => [...f.keys()]))].filter(key => new Set(flat.map(f => f.get(key))).size > 1);
  return <section class="wide" id="differences"><h2>Differences of the specifications</h2>
    {rows.length === 0 ? <p class="note">There are none.</p> : <Plain name="Differences" head={["Field", ...loaded.map(l => l.run.id)]} rows={rows.map(key => [<code>{key}</code>, ...flat.map(f => <code>{f.get(key) ?? "–"}</code>)])} />}
  </section>;
}
