// What a candidate is made of: blocks that it drops, calls that images skip, numbers of its own, and where it came from.
import { useEffect, useState } from "preact/hooks";
import { drawMask } from "../charts/masks";
import { coefficient, coefficients, drawSampler } from "../charts/sampler";
import { candidatePath, get, Masks, Run, Steps, Table } from "./api";
import { Scored } from "./live";
import { Chart, Plain } from "./parts";
import { short, stageName, withError } from "./text";

export function Blocks({ steps }: { steps: Steps }) {
  if (!steps.steps.some(s => s.dropped.length > 0 || s.reused)) return null;
  const known = Math.max(steps.blocks?.length ?? 0, ...steps.steps.flatMap(s => s.dropped.map(d => d + 1)), 1);
  const names = Array.from({ length: known }, (_, i) => `${i} ${steps.blocks?.[i] ?? ""}`.trim());
  const columns = steps.steps.map(s => short(s.time));
  const ran = names.map((_, block) => steps.steps.map(s => !s.reused && !s.dropped.includes(block)));
  return <section class="wide" id="blocks"><h2>Blocks</h2>
    <p>Filled where a block runs, by step from noise on the left to the image on the right. A step that reuses the last output runs none.</p>
    <Chart label={`Blocks that run at each of ${columns.length} steps`} watch={[steps]} draw={width => drawMask(names, columns, ran, width)}>
      <Plain name="Blocks" head={["Block", ...columns]} rows={names.map((name, i) => [name, ...ran[i].map(r => (r ? "runs" : "–"))])} />
    </Chart></section>;
}

export function Skips({ run, id }: { run: Run; id: string }) {
  const [masks, set] = useState<Masks | null>(null);
  useEffect(() => { set(null); if (run.state === "finished") get<Masks>(`${candidatePath(run.id, id)}/masks`).then(set).catch(() => {}); }, [run.id, run.state, id]);
  if (!masks || masks.images.length === 0) return null;
  const names = masks.images.map((_, i) => `image ${masks.firstSample + i}`);
  const columns = Array.from(masks.images[0], (_, i) => String(i + 1));
  const ran = masks.images.map(m => Array.from(m, c => c === "1"));
  const calls = ran.reduce((sum, row) => sum + row.filter(Boolean).length, 0) / ran.length;
  return <section class="wide" id="skips"><h2>Network calls per image</h2>
    <p>One line per image, one column per call of the whole schedule, filled where the network was called: {short(calls)} calls on average over these {names.length} images.</p>
    <Chart label={`Network calls of ${names.length} images`} watch={[masks]} draw={width => drawMask(names, columns, ran, width)}>
      <Plain name="Network calls per image" head={["Image", ...columns]} rows={names.map((name, i) => [name, ...ran[i].map(r => (r ? "called" : "–"))])} />
    </Chart></section>;
}

export function Sampler({ steps }: { steps: Steps }) {
  const calls = steps.sampler;
  if (!calls || calls.length === 0) return null;
  const width = coefficients(calls);
  return <section class="wide" id="sampler"><h2>The sampler's own numbers</h2>
    <p>After each network call the next state is a combination of the state x, of this call's data prediction D0 and of earlier ones (D1, D2). Beside each coefficient stands that of <code>{steps.solver}</code> alone at the same times.</p>
    <Chart label={`Coefficients of ${calls.length} network calls, the solver's and the candidate's`} watch={[steps]} draw={pixels => drawSampler(calls, pixels)}>
      <Plain name="Numbers per network call" head={["Time", "Network is told", "Output times", ...Array.from({ length: width }, (_, j) => `${coefficient(j)} (solver's)`)]}
        rows={calls.map(c => [short(c.time), short(c.networkTime), short(c.outputScale), ...Array.from({ length: width }, (_, j) => `${short(c.own[j] ?? 0)} (${short(c.base[j] ?? 0)})`)])} />
    </Chart></section>;
}

/** Those that it was bred from, and those that were bred from it. */
export function Family({ run, id, table, scores }: { run: string; id: string; table: Table; scores: Scored[] }) {
  const bred = table.rounds.flatMap(r => r.rows.filter(row => row.parents != null).map(row => ({ id: row.id, parents: row.parents!, stage: r.stage, generation: r.generation })));
  const known = new Map(scores.map(s => [s.id, s]));
  const line = (other: string, relation: string) => {
    const s = known.get(other);
    return [<a href={`#/runs/${run}/candidates/${other}`}><code>{other}</code></a>, relation, s ? withError(s.value, s.error) : "–", s ? `${stageName(s.stage)}${s.generation === null ? "" : `, generation ${s.generation}`}` : "–"];
  };
  const parents = [...new Set(bred.filter(b => b.id === id).flatMap(b => b.parents))];
  const children = [...new Set(bred.filter(b => b.parents.includes(id)).map(b => b.id))];
  if (parents.length + children.length === 0) return null;
  return <section class="wide" id="family"><h2>Parents and children</h2>
    <Plain name="Parents and children" head={["Candidate", "Relation", table.metrics[0].label, "Last scored in"]} rows={[...parents.map(p => line(p, "parent")), ...children.slice(0, 50).map(c => line(c, "child"))]} />
    {children.length > 50 && <p class="note">{children.length - 50} more children are not listed.</p>}</section>;
}
