// Several runs beside each other: curves, fronts, schedules of the winners, differences of the specifications, what the genes are worth.
import { useEffect, useMemo, useState } from "preact/hooks";
import { drawBars, drawParallel, Genome, rankCorrelation } from "../charts/genes";
import { drawCurves } from "../charts/lines";
import { drawPoints, paretoFront } from "../charts/points";
import { drawSchedules, Schedule } from "../charts/schedules";
import { Chart, Plain } from "../tables";
import { ApiError, candidatePath, get, Run, runPath, Steps, Table } from "./api";
import { latestScores, Scored } from "./live";
import { Problem, State } from "./parts";
import { dotsOf } from "./run";
import { big, short, withError } from "./text";

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
    <Genes loaded={loaded} />
  </>;
}

function Curves({ loaded }: { loaded: Loaded[] }) {
  const metric = loaded[0].table.metrics[0];
  const points = (l: Loaded) => l.table.history.filter(h => h.stage === "search" && h.best != null);
  const curves = loaded.map(l => ({ label: l.run.id, color: l.color, dashed: false, points: points(l).map(h => ({ x: h.generation, value: h.best!, title: `${l.run.id}\ngeneration ${h.generation}\nbest ${metric.label} ${short(h.best)}` })) }));
  const mixed = new Set(loaded.map(l => l.table.objective)).size > 1;
  return <section class="wide" id="curve"><h2>Best so far of each search</h2>
    {mixed && <p class="error">These runs have different objectives; their curves cannot be compared.</p>}
    <Chart label="Best so far of each run by generation" watch={[loaded]} draw={width => drawCurves(curves, { x: "generation", y: metric.label, xFormat: "d", fromZero: false }, width)}>
      <Plain name="Best so far" head={["Run", "Generation", metric.label]} rows={loaded.flatMap(l => points(l).map(h => [l.run.id, h.generation, short(h.best)]))} />
    </Chart></section>;
}

function Fronts({ loaded }: { loaded: Loaded[] }) {
  const metric = loaded[0].table.metrics[0];
  // Final scores only: those of the search come from few samples, and not from as many in every run.
  const groups = loaded.map(l => ({ label: l.run.id, color: l.color, dots: dotsOf(l.scores.filter(s => s.stage === "final"), metric, s => s.calls) }));
  return <section class="wide" id="points"><h2>Final scores against network calls</h2>
    <Chart label="Final scores of all runs against network calls" watch={[loaded]} draw={width => drawPoints(groups.filter(g => g.dots.length > 0), { x: "network calls per sample", y: metric.label, higherIsBetter: metric.higherIsBetter }, width)}>
      <Plain name="Fronts" head={["Run", "Candidate on the front", "Network calls", metric.label]} rows={groups.flatMap(g => paretoFront(g.dots, metric.higherIsBetter).map(d => [g.label, `${d.name} ${d.id}`, big(d.x), short(d.y)]))} />
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

function Genes({ loaded }: { loaded: Loaded[] }) {
  const [at, choose] = useState(0);
  const { table, scores, run } = loaded[at];
  const metric = table.metrics[0];
  const { axes, genomes, bars } = useMemo(() => {
    const samples = Math.max(...scores.filter(s => s.stage === "search").map(s => s.samples ?? 0), 0);
    const bred = scores.filter(s => s.value !== null && s.role !== "baseline" && s.samples === samples);
    const steps = Math.min(8, ...bred.map(s => s.times.length));
    const names = Number.isFinite(steps) ? Array.from({ length: steps }, (_, i) => `time ${i + 1}`) : [];
    const axes = [...names, "steps", "blocks dropped", "reused", "calls", metric.label];
    const genomes: Genome[] = bred.map(s => ({ id: s.id, name: s.name, values: [...names.map((_, i) => s.times[i] ?? null), s.times.length, s.dropped, s.reused, s.calls ?? null, s.value] }));
    const bars = axes.slice(0, -1).map((label, i) => ({ label, value: rankCorrelation(genomes.map(g => g.values[i] ?? 0), genomes.map(g => g.values.at(-1)!)), varies: new Set(genomes.map(g => g.values[i])).size > 1 })).filter(b => b.varies && genomes.length >= 5);
    return { axes, genomes: genomes.slice(0, 500), bars };
  }, [at, loaded]);
  return <section class="wide" id="genes"><h2>Genes and scores</h2>
    <p class="controls"><label>Run <select value={at} onChange={e => choose(Number(e.currentTarget.value))}>{loaded.map((l, i) => <option key={l.run.id} value={i}>{l.run.id}</option>)}</select></label></p>
    <p>Candidates of the last rung of {run.id}; the best tenth stands out.</p>
    <Chart label="Parallel coordinates over genes and scores" watch={[at, loaded]} draw={width => drawParallel(axes, genomes, metric.higherIsBetter, width)}>
      <Plain name="Genes" head={["Candidate", ...axes]} rows={genomes.slice(0, 50).map(g => [g.id, ...g.values.map(v => short(v))])} />
    </Chart>
    <h3>How far the score follows a gene</h3>
    <p>Spearman's rank correlation of each gene with the score, one gene at a time: no more than that, and no cause.</p>
    <Chart label="Rank correlation of each gene with the score" watch={[at, loaded]} draw={width => drawBars(bars, width)}>
      <Plain name="Rank correlations" head={["Gene", "Rank correlation"]} rows={bars.map(b => [b.label, b.value.toFixed(2)])} />
    </Chart></section>;
}
