// What a candidate is made of: blocks that it drops, calls that images skip, numbers of its own, and where it came from.
import { useEffect, useState } from "preact/hooks";
import { drawMask } from "../charts/masks";
import { SkipMask } from "../samplers";
import { Chart, Plain } from "../tables";
import { candidatePath, get, Masks, Run, Steps, Table } from "./api";
import { Scored } from "./live";
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
  return <section class="wide" id="skips"><h2>Network calls per image</h2><SkipMask images={masks.images} first={masks.firstSample} /></section>;
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
