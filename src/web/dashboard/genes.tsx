// What made the candidates of a run good: parallel coordinates over their genes and scores, and rank correlations.
import { useMemo, useState } from "preact/hooks";
import { drawBars, drawParallel, Genome, rankCorrelation } from "../charts/genes";
import { Chart, Plain } from "../tables";
import { Run, Table } from "./api";
import { lastRung, Scored } from "./live";
import { Column, DataTable } from "./parts";
import { short, titled } from "./text";

const MOST_LINES = 500;
const MOST_BARS = 30;

/** A value for every candidate by name: times, then what the search varies beyond them, then what follows from both. */
export function genesOf(scores: Scored[]): { names: string[]; of: (score: Scored) => (number | null)[] } {
  const steps = Math.min(...scores.map(s => s.times.length));
  const usual = new Map(scores.flatMap(s => s.columns ?? []).map(c => [c.name, c.usual]));
  const own = (score: Scored) => new Map(score.columns?.map((c, i) => [c.name, score.genes?.[i]]));
  const times = Number.isFinite(steps) ? Array.from({ length: steps }, (_, i) => `time ${i + 1}`) : [];
  return {
    names: [...times, ...usual.keys(), "steps", "all blocks dropped", "all reused", "calls"],
    of: score => {
      const values = own(score);
      return [...times.map((_, i) => score.times[i]), ...[...usual].map(([name, value]) => values.get(name) ?? value), score.times.length, score.dropped, score.reused, score.calls ?? null];
    },
  };
}

export function Genes({ runs }: { runs: { run: Run; table: Table; scores: Scored[] }[] }) {
  const [at, choose] = useState(0);
  const { table, scores, run } = runs[at];
  const metric = table.metrics[0];
  const { axes, genomes, bars } = useMemo(() => {
    const samples = lastRung(scores);
    const bred = scores.filter(s => s.value !== null && s.stage === "search" && s.samples === samples).sort((a, b) => (metric.higherIsBetter ? -1 : 1) * (a.value! - b.value!));
    const { names, of } = genesOf(bred);
    const all = bred.map((s): Genome => ({ id: s.id, name: s.name, values: [...of(s), s.value] }));
    const varied = names.map((_, i) => i).filter(i => new Set(all.map(g => g.values[i])).size > 1);
    const genomes = all.map(g => ({ ...g, values: [...varied.map(i => g.values[i]), g.values.at(-1)!] }));
    const bars = varied.map((gene, i) => ({ label: names[gene], value: rankCorrelation(genomes.map(g => g.values[i] ?? 0), genomes.map(g => g.values.at(-1)!)) }));
    return { axes: [...varied.map(i => names[i]), titled(metric)], genomes, bars: genomes.length >= 5 ? bars : [] };
  }, [at, runs]);
  // Evenly from the best to the worst.
  const drawn = genomes.length <= MOST_LINES ? genomes : Array.from({ length: MOST_LINES }, (_, i) => genomes[Math.floor(i * genomes.length / MOST_LINES)]);
  const described = table.genes.filter(kind => axes.some(axis => axis === kind.name || axis.replace(/ \d+$/, "") === kind.name)).map(kind => [kind.name, kind.description]);
  const strongest = [...bars].sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const columns: Column<Genome>[] = [{ key: "id", label: "Candidate", head: true, text: g => <a href={`#/runs/${run.id}/candidates/${g.id}`}><code>{g.id}</code></a>, value: g => g.id },
    ...axes.map((label, i): Column<Genome> => ({ key: String(i), label, numeric: true, text: g => short(g.values[i]), value: g => g.values[i] }))];
  return <section class="wide" id="genes"><h2>Genes and scores</h2>
    <p class="controls"><label>Run <select value={at} onChange={e => choose(Number(e.currentTarget.value))}>{runs.map((l, i) => <option key={l.run.id} value={i}>{l.run.id}</option>)}</select></label></p>
    <p>Candidates of the last rung of {run.id}; the best tenth stands out.{drawn.length < genomes.length ? ` ${drawn.length} of ${genomes.length} are drawn, evenly from the best to the worst.` : ""} As many genes are drawn as have room, those that the score follows most; the table has all of them.</p>
    <Chart label="Parallel coordinates over genes and scores" watch={[at, runs]} draw={width => drawParallel(axes, drawn, metric.higherIsBetter, width, strongest.map(b => b.label))}>
      <DataTable key={run.id} rows={genomes} columns={columns} name="candidates" first={String(axes.length - 1)} down={metric.higherIsBetter} />
    </Chart>
    <h3>How far the score follows a gene</h3>
    <p>Spearman's rank correlation of each gene with the score, one gene at a time: no more than that, and no cause.{bars.length > MOST_BARS ? ` The strongest ${MOST_BARS} of ${bars.length} are drawn.` : ""} Numbers behind a name count steps.</p>
    {described.length > 0 && <details><summary>What the genes are</summary><Plain name="Genes" head={["Gene", "What it is"]} rows={described} /></details>}
    <Chart label="Rank correlation of each gene with the score" watch={[at, runs]} draw={width => drawBars(strongest.slice(0, MOST_BARS), width)}>
      <Plain name="Rank correlations" head={["Gene", "Rank correlation"]} rows={strongest.map(b => [b.label, b.value.toFixed(2)])} />
    </Chart></section>;
}
