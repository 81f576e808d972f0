// One candidate: scores, steps on the noise axis, images, files.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { comparePictures } from "../charts/images";
import { drawSchedules, Schedule } from "../charts/schedules";
import { Chart, Plain } from "../tables";
import { SamplerNumbers } from "../samplers";
import { Blocks, Family, Skips } from "./anatomy";
import { ApiError, candidatePath, get, imageAddress, Prompts, Run, runPath, save, send, Steps, Table } from "./api";
import { latestScores, Scored, useRun } from "./live";
import { Download, Fact, Image, Problem, useImage, useOrderable } from "./parts";
import { big, count, csv, short, stageName, titled, withError } from "./text";

export function CandidatePage({ run: runId, id }: { run: string; id: string }) {
  const live = useRun(runId);
  const orderable = useOrderable();
  const scores = useMemo(() => (live.table ? latestScores(live.table) : []), [live.table]);
  const score = scores.find(s => s.id === id);
  const up = <p class="eyebrow"><a href={`#/runs/${runId}`}>{runId}</a></p>;
  if (live.gone) return <><h1>Candidate {id}</h1><p class="note">Run {runId} was deleted. <a href="#/">All runs</a></p></>;
  if (!live.run || !live.table) return <>{up}<h1>Candidate {id}</h1><Problem error={live.error} />{!live.error && <p class="note">Asking the server.</p>}</>;
  if (!score) return <>{up}<h1>Candidate {id}</h1><p class="note">This run has scored no such candidate.</p></>;
  return <>
    {up}
    <h1>{score.name} <code>{id}</code></h1>
    <Problem error={live.error} />
    <Scores score={score} table={live.table} />
    <nav aria-label="Files of the candidate">
      {orderable && !score.failure && <a href={`#/new/${runId}/${id}`}>Evaluate on more samples</a>}
      <Download path={candidatePath(runId, id)} name={`${id}.json`}>Download scores and candidate</Download>
      {live.run.state === "finished" && score.stage === "final" && <Download path={`${candidatePath(runId, id)}/grid`} name={`${id}.png`}>Download contact sheet</Download>}
    </nav>
    <Exports run={live.run} id={id} />
    <Axis run={runId} score={score} others={scores} />
    <Skips run={live.run} id={id} />
    <Rounds id={id} table={live.table} />
    <Family run={runId} id={id} table={live.table} scores={scores} />
    <Images run={live.run} id={id} failed={!!score.failure} others={scores.filter(s => s.stage === "final" && s.id !== id)} />
    <p class="note">{live.run.state === "finished" && <Download path={`${runPath(runId)}/archive`} name={`${runId}.zip`}>Download the whole run as one archive</Download>}</p>
  </>;
}

function Scores({ score, table }: { score: Scored; table: Table }) {
  return <dl class="cards">
    {table.metrics.filter(m => score.values[m.key] !== undefined).map((m, i) => <Fact key={m.key} name={m.label} kind={i === 0 ? "win" : ""} note={m.direction}>
      {withError(score.values[m.key], score.errors[m.key])} {m.unit}</Fact>)}
    <Fact name="Network calls per sample" note={score.solver}>{short(score.calls)}</Fact>
    {score.macs != null && <Fact name="Multiply-adds per sample">{big(score.macs)}</Fact>}
    {score.milliseconds != null && <Fact name="Milliseconds per sample" note="inside the network">{short(score.milliseconds)}</Fact>}
    <Fact name="Samples" note={`${stageName(score.stage)}${score.generation !== null ? `, generation ${score.generation}` : ""}`}>{score.samples === null ? "–" : count(score.samples)}</Fact>
    {score.failure && <Fact name="Failure"><span class="error small">{score.failure}</span></Fact>}
  </dl>;
}

/** The forms that people paste or load. Those of the winner lie in the store; those of others are made on request. */
function Exports({ run, id }: { run: Run; id: string }) {
  const winner = run.best?.id === id ? run.links.best : null;
  const path = winner ?? `${candidatePath(run.id, id)}/exports`;
  const [files, set] = useState<string[] | null>(null);
  const [error, fail] = useState<ApiError | null>(null);
  const list = () => { fail(null); get<{ files: string[] }>(path, undefined, Infinity).then(found => set(found.files)).catch(fail); };
  useEffect(() => { set(null); if (winner) list(); }, [path]);
  return <nav aria-label="Exports">
    {files ? files.map(file => <Download key={file} path={`${path}/${file}`} name={winner ? file : `${id}-${file}`}>Download {file}</Download>)
      : !winner && <button type="button" class="link" onClick={list}>Export for diffusers, ComfyUI, k-diffusion and Python</button>}
    <Problem error={error} /></nav>;
}

function Axis({ run, score, others }: { run: string; score: Scored; others: Scored[] }) {
  const bases = others.filter(s => s.role === "baseline" && s.id !== score.id);
  const [base, choose] = useState<string>("");
  const [steps, set] = useState<Record<string, Steps>>({});
  const [error, fail] = useState<ApiError | null>(null);
  const wanted = base || bases[0]?.id;
  useEffect(() => {
    fail(null);
    for (const id of [score.id, wanted].filter(i => i && !steps[i])) get<Steps>(`${candidatePath(run, id)}/steps`).then(s => set(all => ({ ...all, [id]: s }))).catch(fail);
  }, [run, score.id, wanted]);
  const shown = [score, bases.find(b => b.id === wanted)].filter((s): s is Scored => s !== undefined && steps[s.id] !== undefined);
  const schedules: Schedule[] = shown.map((s, i) => ({ name: s.name, winner: i === 0, steps: steps[s.id].steps.map(p => ({ time: short(p.time), ratio: p.ratio, dropped: p.dropped.length, reused: p.reused })) }));
  const own = steps[score.id];
  const guided = shown.some(s => steps[s.id].steps.some(p => p.guidance != null));
  return <><section class="wide" id="steps"><h2>Steps on the noise axis</h2>
    <p>Where the schedule calls the network, by noise-to-signal ratio σ/α; sampling runs from left to right.</p>
    {bases.length > 0 && <p class="controls"><label>Beside <select value={wanted} onChange={e => choose(e.currentTarget.value)}>{bases.map(b => <option key={b.id} value={b.id}>{b.name} {b.id}</option>)}</select></label></p>}
    <Problem error={error} />
    {shown.length === 0 ? !error && <p class="note">Asking the server.</p> : <Chart label={`Steps of ${shown.map(s => s.name).join(" and ")} on the noise axis`} watch={[steps, wanted]} draw={width => drawSchedules(schedules, width)}>
      <Plain name="Steps" head={["Step", "Time", "σ/α", "Blocks dropped", "Network", ...(guided ? ["Guidance"] : []), "Candidate"]}
        rows={shown.flatMap(s => steps[s.id].steps.map((p, i) => [i + 1, p.time, p.ratio === null ? "∞ or unknown" : short(p.ratio), p.dropped.length ? p.dropped.join(", ") : "none", p.reused ? "earlier output reused" : "called", ...(guided ? [p.reused ? "–" : guidance[p.guidance ?? ""] ?? "–"] : []), `${s.name} ${s.id}`]))} />
    </Chart>}
    {own && <Policy steps={own} />}
  </section>
    {own && <Blocks steps={own} />}
    {own?.sampler && <SamplerNumbers solver={own.solver} calls={own.sampler} />}
  </>;
}

const guidance: Record<string, string> = { full: "both evaluations", positive: "positive evaluation alone", cached: "positive evaluation and the last difference" };

/** What decides while sampling, and which steps are guided: nothing where every step is a whole guided call. */
function Policy({ steps: { steps, skip } }: { steps: Steps }) {
  const called = steps.map((s, i) => ({ ...s, step: i + 1 })).filter(s => !s.reused);
  const kinds = Object.keys(guidance).map(kind => [kind, called.filter(s => s.guidance === kind).map(s => s.step)] as const).filter(([, at]) => at.length > 0);
  const varied = kinds.some(([kind]) => kind !== "full");
  return <>
    {varied && <p id="guidance">Guidance by step: {kinds.map(([kind, at]) => `${guidance[kind]} at ${at.join(", ")}`).join("; ")}.</p>}
    {skip && <p id="skip-policy">Image by image, a call is left out while the criterion <code>{skip.criterion}</code> stays below {short(skip.threshold)}: at most {skip.maxConsecutive} in a row, none of the first {skip.warmup}{skip.guard > 0 ? ` and the last ${skip.guard}` : ""} steps{skip.maxCalls != null ? `, at most ${skip.maxCalls} calls in all` : ""}; in its place {skip.order === 0 ? "the last output is used" : `outputs are extrapolated with order ${skip.order}`}.</p>}
  </>;
}

function Rounds({ id, table }: { id: string; table: Table }) {
  const metric = table.metrics[0];
  const sheet = [["round", "stage", "generation", "name", "samples", ...table.metrics.flatMap(m => [m.key, `${m.key} error`])],
    ...table.rounds.flatMap(r => r.rows.filter(s => s.id === id).map(s => [r.round, r.stage, r.generation, s.name, r.samples, ...table.metrics.flatMap(m => [s.values[m.key], s.errors[m.key]])]))];
  const rows = table.rounds.flatMap(r => r.rows.filter(s => s.id === id).map(s => [`${stageName(r.stage)}, round ${r.round}, as ${s.name}`, r.samples == null ? "–" : count(r.samples), withError(s.values[metric.key], s.errors[metric.key])]));
  return <section class="wide"><h2>Scores, round by round</h2><Plain name="Scores by round" head={["Round", "Samples", titled(metric)]} rows={rows} />
    <p class="note"><button type="button" class="link" onClick={() => save(new Blob([csv(sheet)], { type: "text/csv" }), `${id}.csv`)}>Download these scores with all metrics as CSV</button></p></section>;
}

interface Named { id: string; name: string }

function Images({ run, id, failed, others: scored }: { run: Run; id: string; failed: boolean; others: Named[] }) {
  const [unaccelerated, setUnaccelerated] = useState(false);
  // Runs of older versions have no images of the unaccelerated sampler, nor have those that compare with none.
  useEffect(() => { if (run.state === "finished") send(`${candidatePath(run.id, "reference")}/grid`, { method: "HEAD" }).then(() => setUnaccelerated(true)).catch(() => {}); }, [run.id, run.state]);
  const others: Named[] = unaccelerated ? [{ id: "reference", name: "unaccelerated" }, ...scored] : scored;
  const [count, setCount] = useState(0);
  const [prompts, setPrompts] = useState<Prompts["prompts"]>([]);
  useEffect(() => { get<Prompts>(`${runPath(run.id)}/prompts`).then(p => setPrompts(p.prompts)).catch(() => {}); }, [run.id]);
  const [open, setOpen] = useState<number | null>(null);
  const grid = useImage(run.state === "finished" ? `${candidatePath(run.id, id)}/grid` : null);
  useEffect(() => { get<{ final?: { images?: number } }>(`${runPath(run.id)}/specification`).then(s => setCount(s.final?.images ?? 0)).catch(() => {}); }, [run.id]);
  if (run.state !== "finished" || grid.missing) return <section class="wide" id="images"><h2>Images</h2><p class="note">Images are kept of the candidates of the final stage{run.state === "finished" ? "; this one was not among them" : ", which this run has not reached"}.</p>{failed ? <p class="note">It failed, so none can be computed.</p> : <Preview run={run.id} id={id} prompts={prompts} />}</section>;
  return <section class="wide" id="images"><h2>Images</h2>
    <p>Every sheet starts from the same noise: the image in a given place differs only by its schedule.</p>
    <Problem error={grid.error} />
    {grid.source && <img class="sheet" src={grid.source} alt={`Contact sheet of ${id}`} />}
    {count > 0 && <ul class="thumbs">{Array.from({ length: count }, (_, n) => <li key={n}><Thumb run={run.id} id={id} n={n} prompt={prompts[n]?.prompt} open={() => setOpen(n)} /></li>)}</ul>}
    {prompts.length > 0 && <PromptTable prompts={prompts.slice(0, Math.max(count, 1))} />}
    {open !== null && <Viewer run={run.id} id={id} others={others} n={open} prompt={prompts[open]} last={count - 1} move={setOpen} />}
    {others.length > 0 && grid.source && <Sheets run={run.id} id={id} others={others} />}
  </section>;
}

/** Which image is of which prompt, those of one prompt in one line. */
function PromptTable({ prompts }: { prompts: Prompts["prompts"] }) {
  const lines = new Map<string, { prompt: Prompts["prompts"][number]; images: number[] }>();
  prompts.forEach((prompt, n) => { const key = JSON.stringify(prompt); if (!lines.has(key)) lines.set(key, { prompt, images: [] }); lines.get(key)!.images.push(n); });
  return <details open={lines.size <= 16} id="prompts"><summary>Prompts of the images</summary>
    <Plain name="Prompts" head={["Images", "Prompt", "Negative prompt"]} rows={[...lines.values()].map(({ prompt, images }) => [images.join(", "), prompt.prompt, prompt.negative || "–"])} /></details>;
}

/** Images that are computed when somebody asks, also during a search. */
function Preview({ run, id, prompts }: { run: string; id: string; prompts: Prompts["prompts"] }) {
  const path = `${candidatePath(run, id)}/preview`;
  const [turn, again] = useState(0);
  const [busy, work] = useState(false);
  const orderable = useOrderable();
  const [error, fail] = useState<ApiError | null>(null);
  const sheet = useImage(turn === 0 ? path : `${path}?again=${turn}`);
  const make = async () => {
    work(true); fail(null);
    try { await send(path, { method: "POST" }); again(turn + 1); } catch (problem) { fail(problem as ApiError); }
    work(false);
  };
  return <>{sheet.source ? <><p>16 images of the final stage's noise, computed on request.</p><img class="sheet" src={sheet.source} alt={`Images of ${id}, computed on request`} /><p class="note"><Download path={path} name={`${id}-16.png`}>Download PNG</Download></p>{prompts.length > 0 && <PromptTable prompts={prompts.slice(0, 16)} />}</>
    : orderable && <p class="controls"><button type="button" disabled={busy} onClick={make}>{busy ? "Computing 16 images" : "Compute 16 images now"}</button></p>}<Problem error={error ?? sheet.error} /></>;
}

function Thumb({ run, id, n, prompt, open }: { run: string; id: string; n: number; prompt?: string; open: () => void }) {
  const image = useImage(`${candidatePath(run, id)}/images/${n}`);
  return image.source ? <button type="button" onClick={open} aria-label={`Enlarge image ${n}${prompt ? `, ${prompt}` : ""}`} title={prompt}><img src={image.source} alt="" /></button> : <span class="note">{image.missing ? "–" : "…"}</span>;
}

/** One image, large, beside the same noise under another schedule. Arrow keys go on. */
function Viewer({ run, id, others, n, prompt, last, move }: { run: string; id: string; others: Named[]; n: number; prompt?: Prompts["prompts"][number]; last: number; move: (n: number | null) => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [chosen, choose] = useState<string | null>(null);
  const beside = chosen ?? others[0]?.id ?? "";
  const [difference, setDifference] = useState(false);
  const own = useImage(`${candidatePath(run, id)}/images/${n}`);
  const other = useImage(beside ? `${candidatePath(run, beside)}/images/${n}` : null);
  useEffect(() => { dialog.current!.showModal(); }, []);
  const step = (by: number) => move(Math.min(last, Math.max(0, n + by)));
  return <dialog class="viewer" ref={dialog} aria-label={`Image ${n} of ${id}`} onClose={() => move(null)}
    onKeyDown={e => {
      // In the list of candidates they choose another one.
      if (e.target instanceof HTMLSelectElement || !["ArrowRight", "ArrowLeft"].includes(e.key)) return;
      step(e.key === "ArrowRight" ? 1 : -1);
      e.preventDefault();
    }}>
    <div class="controls">
      <button type="button" disabled={n === 0} onClick={() => step(-1)}>Previous</button><span role="status">image {n}, {last + 1} in all</span><button type="button" disabled={n === last} onClick={() => step(1)}>Next</button>
      {others.length > 0 && <label>Beside <select value={beside} onChange={e => choose(e.currentTarget.value)}>{others.map(o => <option key={o.id} value={o.id}>{o.name} {o.id}</option>)}</select></label>}
      <Download path={`${candidatePath(run, id)}/images/${n}`} name={`${id}-${n}.png`}>Download PNG</Download>
      {beside && <button type="button" aria-pressed={difference} onClick={() => setDifference(!difference)}>Difference</button>}
      <button type="button" onClick={() => dialog.current!.close()}>Close</button>
    </div>
    {prompt && <p class="prompt">{prompt.prompt}{prompt.negative && <small> not: {prompt.negative}</small>}</p>}
    <div class={difference ? "pair difference" : "pair"}>
      <figure>{own.source ? <img src={own.source} alt={`Image ${n} of ${id}`} /> : <Absent image={own} />}<figcaption>{id}</figcaption></figure>
      {beside && <figure>{other.source ? <img src={other.source} alt={`Image ${n} of ${beside}, from the same noise`} /> : <Absent image={other} />}<figcaption>{others.find(o => o.id === beside)?.name}</figcaption></figure>}
    </div>
  </dialog>;
}

const Absent = ({ image }: { image: Image }) => <p class="note">{image.missing ? "No such image was kept." : image.error ? image.error.message : "Asking the server."}</p>;

function Sheets({ run, id, others }: { run: string; id: string; others: Named[] }) {
  const host = useRef<HTMLDivElement>(null);
  const names = others.map(o => o.id).join();
  useEffect(() => {
    const sheets = new Map<string, Promise<string>>();
    const sheet = (of: string) => { if (!sheets.has(of)) sheets.set(of, imageAddress(`${candidatePath(run, of)}/grid`)); return sheets.get(of)!; };
    const pictures = [{ id, name: id }, ...others].map(s => ({ name: `${s.name} ${s.id === s.name ? "" : s.id}`, source: () => sheet(s.id), alt: `Contact sheet of ${s.name}` }));
    host.current!.replaceChildren(...comparePictures(pictures, 0, 1));
    return () => sheets.forEach(made => made.then(URL.revokeObjectURL, () => {}));
  }, [run, id, names]);
  return <div id="compare" ref={host} />;
}
