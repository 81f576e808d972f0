// One run, while it goes on and after.
import { useMemo, useState } from "preact/hooks";
import { OTHER, WIN } from "../charts/frame";
import { Curve, drawCurves } from "../charts/lines";
import { Dot, drawPoints, paretoFront } from "../charts/points";
import { Chart, Plain } from "../tables";
import { Metric, Run, runPath, Table, Work } from "./api";
import { lastRung, latestScores, Scored, usePolling, useRun } from "./live";
import { Log } from "./log";
import { Orders } from "./orders";
import { Column, DataTable, Download, Fact, FileLink, Problem, State, useOrderable } from "./parts";
import { shown } from "./schema";
import { big, clock, count, day, hour, moment, percent, short, stageName, titled, withError } from "./text";

export const costs = [
  { key: "calls", label: "network calls per sample", of: (s: Scored) => s.calls },
  { key: "macs", label: "multiply-adds per sample", of: (s: Scored) => s.macs },
  { key: "ms", label: "milliseconds per sample in the network", of: (s: Scored) => s.milliseconds },
] as const;

export function RunPage({ id }: { id: string }) {
  const live = useRun(id);
  const { run, table } = live;
  const scores = useMemo(() => (table ? latestScores(table) : []), [table]);
  if (live.gone) return <><h1>{id}</h1><p class="note">This run was deleted. <a href="#/">All runs</a></p></>;
  if (!run) return <><h1>{id}</h1><Problem error={live.error} />{!live.error && <p class="note">Asking the server.</p>}</>;
  const metric = table?.metrics[0];
  return <>
    <header class="run-head">
      <h1>{run.id} <State state={run.state} /></h1>
      <Orders run={run} done={verb => { if (verb === "delete") location.hash = "#/"; }} />
    </header>
    {run.error && <p class="error" role="alert">{run.error}</p>}
    <Problem error={live.error} />
    <Progress run={run} />
    <Facts run={run} metric={metric} scores={scores} />
    <Links run={run} />
    {table && metric && <>
      <Curves table={table} metric={metric} />
      <Points run={run.id} scores={scores} metric={metric} />
      <section class="wide" id="candidates"><h2>Candidates</h2><Candidates run={run.id} scores={scores} table={table} /></section>
      <Failures run={run.id} scores={scores} />
    </>}
    <Workers run={run} />
    <Log started={run.started} table={table} changes={live.changes} />
  </>;
}

function Progress({ run }: { run: Run }) {
  if (run.state === "finished") return null;
  const generation = run.generations > 0 && run.generation !== null && /earch/.test(run.stage) ? `, generation ${Math.min(run.generation + 1, run.generations)} of ${run.generations}` : "";
  return <div class="progress">
    <progress max={1} value={run.share ?? undefined} aria-label="Share of the work that is done" />
    <p>{stageName(run.stage)}{generation}{run.unitsDone !== null && run.units ? `, ${run.unitsDone} of ${run.units} units of the round` : ""}{run.share !== null && <>; {percent(run.share)} done</>}
      {run.state === "running" && run.secondsLeft !== null ? `, about ${clock(run.secondsLeft)}${run.cost.amountLeft != null ? ` and ${run.cost.amountLeft} ${run.cost.currency}` : ""} left` : ""}</p>
  </div>;
}

function Facts({ run, metric, scores }: { run: Run; metric?: Metric; scores: Scored[] }) {
  const best = run.best && metric ? scores.find(s => s.id === run.best!.id) : undefined;
  return <dl class="cards">
    {run.best && <Fact name={`Best ${metric?.label ?? run.objective}`} kind="win" note={<><a href={`#/runs/${run.id}/candidates/${run.best.id}`}>{run.best.name} {run.best.id}</a></>}>
      {best ? `${withError(best.value, best.error)} ${metric!.unit}` : "–"}</Fact>}
    <Fact name="Images scored" note={`${count(run.counts.networkCalls)} network calls`}>{count(run.counts.samples)}</Fact>
    <Fact name="Results computed" note={`${count(run.counts.reused)} found in the store`}>{count(run.counts.computed)}</Fact>
    <Fact name="Device time" note={[run.cost.amount != null ? `${run.cost.amount} ${run.cost.currency}` : "", run.state !== "finished" && run.cost.deviceSecondsLeft != null ? `about ${clock(run.cost.deviceSecondsLeft)} more` : ""].filter(Boolean).join("; ")}>{clock(run.cost.deviceSeconds)}</Fact>
    <Fact name="Model" note={`seed ${shown(run.seed)}`}>{run.links.model ? <a href={`#/models/${encodeURIComponent(run.model)}`}>{run.model}</a> : run.model}</Fact>
    <Fact name="Started" note={<>{day(run.started)}; changed {hour(run.updated)}</>}>{hour(run.started)}</Fact>
  </dl>;
}

function Links({ run }: { run: Run }) {
  const orderable = useOrderable();
  const files = [["spec.json", `${runPath(run.id)}/specification`], ...(run.links.leaderboard ? [["leaderboard.csv", `${run.links.leaderboard}?format=csv`], ["leaderboard.json", run.links.leaderboard], ["report.html", run.links.report!], ["schedule.json", `${run.links.best}/schedule.json`], [`${run.id}.zip`, `${runPath(run.id)}/archive`]] : [])];
  return <nav aria-label="Parts of the run">
    {run.links.report && <FileLink path={run.links.report} name={`${run.id}.html`}>Report</FileLink>}
    {orderable && <a href={`#/new/${run.id}`}>Copy and vary</a>}
    {files.map(([name, path]) => <Download key={name} path={path} name={name}>Download {name}</Download>)}
  </nav>;
}

// Each in a colour for the samples that it searches on, and one for those that choose the winner.
const searches: [string, string, string, string][] = [["search", "search", WIN, "var(--c4)"], ["randomSearch", "random search", OTHER, "var(--c6)"], ["rivals", "searches of parts", "var(--c3)", "var(--c5)"]];
const kinds = [["best", "best so far", false, false], ["median", "median of the generation", true, false], ["validationBest", "best so far on validation", false, true], ["validationMedian", "median on validation", true, true]] as const;

function Curves({ table, metric }: { table: Table; metric: Metric }) {
  const curves: Curve[] = searches.flatMap(([stage, label, color, validated]) => kinds.map(([key, name, dashed, validates]) => ({
    label: `${label}, ${name}`, color: validates ? validated : color, dashed,
    points: table.history.filter(h => h.stage === stage && h[key] != null).map(h => ({ x: h.generation, value: h[key]!, title: `${label}, generation ${h.generation}\n${name}: ${metric.label} ${short(h[key])} ${metric.unit}` })),
  })));
  const looked = table.history.some(h => h.validationBest != null);
  return <section class="wide" id="curve"><h2>Best and median of each generation</h2>
    <p>{metric.label} ({metric.higherIsBetter ? "higher" : "lower"} is better) on the samples that the search affords{looked ? ", and on those that choose the winner (validation), where FID is lower by itself if they are more" : ""}; the final scores come from fresh ones.</p>
    <Chart label={`Best and median ${metric.label} of each generation`} watch={[table]} draw={width => drawCurves(curves, { x: "generation", y: titled(metric), xFormat: "d", fromZero: false }, width, "No generation is finished yet.")}>
      <Plain name="Generations" head={["Search", "Generation", `Best ${titled(metric)}`, `Median ${titled(metric)}`, ...(looked ? ["Best on validation", "Median on validation"] : [])]} rows={table.history.map(h => [stageName(h.stage), h.generation, short(h.best), short(h.median), ...(looked ? [short(h.validationBest), short(h.validationMedian)] : [])])} />
    </Chart>
  </section>;
}

/** Candidates that have a value of a metric, with what they cost. */
export const dotsOf = (scores: Scored[], metric: Metric, of: (s: Scored) => number | null | undefined): Dot[] => scores.filter(s => s.values[metric.key] != null && of(s) != null).map(s => ({
  id: s.id, name: s.name, x: of(s)!, y: s.values[metric.key], kind: s.role === "baseline" || s.role === "reference" ? "baseline" : "searched",
  text: `${metric.label} ${withError(s.values[metric.key], s.errors[metric.key])} ${metric.unit}\n${s.calls} network calls`,
}));

function Points({ run, scores, metric }: { run: string; scores: Scored[]; metric: Metric }) {
  const [cost, setCost] = useState<(typeof costs)[number]>(costs[0]);
  const sizes = [...new Set(scores.map(s => s.samples).filter((n): n is number => n !== null))].sort((a, b) => a - b);
  const [picked, pick] = useState<string | null>(null);
  // Scores from different numbers of samples are not comparable: FID falls with them. The last rung of the search is shown first.
  const size = picked ?? String(lastRung(scores) ?? "");
  const dots = useMemo(() => dotsOf(size ? scores.filter(s => String(s.samples) === size) : scores, metric, cost.of), [scores, cost, size]);
  const known = costs.filter(c => scores.some(s => c.of(s) != null));
  return <section class="wide" id="points"><h2>Every candidate: quality against cost</h2>
    <p>Each point is a candidate with its latest score; the front joins those that no other one beats in both.</p>
    {sizes.length > 1 && <p class="controls"><label>Samples behind a score <select value={size} onChange={e => pick(e.currentTarget.value)}>{sizes.map(n => <option key={n} value={n}>{count(n)}</option>)}<option value="">any (not comparable)</option></select></label></p>}
    {known.length > 1 && <div class="choose" role="group" aria-label="Cost">{known.map(c => <button key={c.key} type="button" aria-pressed={c.key === cost.key} onClick={() => setCost(c)}>{c.label}</button>)}</div>}
    <Chart label={`${metric.label} against ${cost.label} of ${dots.length} candidates`} watch={[dots]}
      draw={width => drawPoints([{ label: "searched", color: WIN, dots: dots.filter(d => d.kind === "searched") }, { label: "baselines", color: OTHER, dots: dots.filter(d => d.kind === "baseline") }].filter(g => g.dots.length > 0).slice(0, 2), { x: cost.label, y: titled(metric), higherIsBetter: metric.higherIsBetter }, width, dot => { location.hash = `#/runs/${run}/candidates/${dot.id}`; })}>
      {() => <PointTable run={run} dots={dots} cost={cost.label} metric={metric} />}
    </Chart>
  </section>;
}

function PointTable({ run, dots, cost, metric }: { run: string; dots: Dot[]; cost: string; metric: Metric }) {
  const columns = useMemo((): Column<Dot>[] => {
    const front = new Set(paretoFront(dots, metric.higherIsBetter));
    return [
      { key: "id", label: "Candidate", head: true, text: d => <a href={`#/runs/${run}/candidates/${d.id}`}>{d.name} <code>{d.id}</code></a>, value: d => `${d.name} ${d.id}` },
      { key: "x", label: cost, numeric: true, text: d => big(d.x), value: d => d.x }, { key: "y", label: titled(metric), numeric: true, text: d => short(d.y), value: d => d.y },
      { key: "kind", label: "Drawn as", text: d => d.kind, value: d => d.kind }, { key: "front", label: "On the Pareto front", text: d => (front.has(d) ? "yes" : "no"), value: d => (front.has(d) ? "yes" : "no") },
    ];
  }, [run, dots, cost, metric]);
  return <DataTable rows={dots} columns={columns} name="points" first="y" down={metric.higherIsBetter} />;
}

function Candidates({ run, scores, table }: { run: string; scores: Scored[]; table: Table }) {
  const objective = table.metrics[0];
  const [counted, timed] = [scores.some(s => s.macs != null), scores.some(s => s.milliseconds != null)];
  const columns = useMemo((): Column<Scored>[] => [
    { key: "id", label: "Id", head: true, text: s => <a href={`#/runs/${run}/candidates/${s.id}`}><code>{s.id}</code></a>, value: s => s.id },
    { key: "name", label: "Name", text: s => s.name, value: s => s.name },
    ...table.metrics.map((m): Column<Scored> => ({
      key: m.key, label: titled(m), numeric: true, text: s => withError(s.values[m.key], s.errors[m.key]), value: s => (s.values[m.key] === undefined ? null : s.values[m.key]),
    })),
    { key: "calls", label: "Calls", numeric: true, text: s => short(s.calls), value: s => s.calls },
    ...(counted ? [{ key: "macs", label: "Multiply-adds", numeric: true, text: s => big(s.macs), value: s => s.macs } as Column<Scored>] : []),
    ...(timed ? [{ key: "ms", label: "Milliseconds", numeric: true, text: s => short(s.milliseconds), value: s => s.milliseconds } as Column<Scored>] : []),
    { key: "steps", label: "Steps", numeric: true, text: s => s.times.length, value: s => s.times.length },
    { key: "dropped", label: "Blocks dropped", numeric: true, text: s => s.dropped, value: s => s.dropped },
    { key: "samples", label: "Samples", numeric: true, text: s => (s.samples == null ? "–" : count(s.samples)), value: s => s.samples },
    { key: "stage", label: "Stage", text: s => stageName(s.stage), value: s => stageName(s.stage) },
    { key: "generation", label: "Generation", numeric: true, text: s => s.generation ?? "–", value: s => s.generation },
    { key: "solver", label: "Solver", text: s => s.solver, value: s => s.solver },
  ], [run, table.metrics.map(m => m.key).join(), counted, timed]);
  return <DataTable rows={scores} columns={columns} name="candidates" first={objective.key} down={objective.higherIsBetter} />;
}

function Failures({ run, scores }: { run: string; scores: Scored[] }) {
  const failed = scores.filter(s => s.failure);
  return failed.length === 0 ? null : <section class="wide" id="failures"><h2>Failures</h2>
    <DataTable rows={failed} name="failures" first="id" columns={[
      { key: "id", label: "Candidate", head: true, text: s => <a href={`#/runs/${run}/candidates/${s.id}`}><code>{s.id}</code></a>, value: s => s.id },
      { key: "stage", label: "Stage", text: s => stageName(s.stage), value: s => stageName(s.stage) }, { key: "reason", label: "Reason", wrap: true, text: s => s.failure, value: s => s.failure },
    ]} />
  </section>;
}

function Workers({ run }: { run: Run }) {
  const going = run.state === "running" || run.state === "pending";
  const work = usePolling<Work>(`${runPath(run.id)}/work`, going ? 2000 : 30_000).value?.processes ?? [];
  const { value } = usePolling<{ workers: { id: string; device: string; started: string; seen: string }[] }>("/api/workers", going ? 5000 : 30_000);
  const workers = going ? value?.workers ?? [] : [];
  if (!going && work.length === 0) return null;
  return <section class="wide" id="workers"><h2>{going ? "Who computes" : "Who computed"}</h2>
    {going && !work.some(w => w.units > 0) && <p class="note" role="status">No unit is being computed at this moment.</p>}
    {work.length > 0 && <Plain name="Units by process" head={["Process", ...(going ? ["Units under way"] : []), "Units computed", "Last one finished"]} rows={work.map(w => [w.name, ...(going ? [w.units] : []), w.done, w.last ? moment(w.last) : "–"])} />}
    {workers.length > 0 && <Plain name="Workers" head={["Worker", "Device", "Since", "Last heard of"]} rows={workers.map(w => [w.id, w.device, hour(w.started), new Date(w.seen).toLocaleTimeString()])} />}</section>;
}
