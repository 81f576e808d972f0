// All runs.
import { useState } from "preact/hooks";
import { RunSummary } from "./api";
import { usePolling } from "./live";
import { Orders } from "./orders";
import { Problem, State, useOrderable } from "./parts";
import { moment, stageName, withError } from "./text";

const PAGE = 25;

export function RunsPage() {
  const [trail, setTrail] = useState<string[]>([]);
  const [chosen, choose] = useState<string[]>([]);
  const after = trail.at(-1);
  const list = usePolling<{ runs: RunSummary[]; next?: string | null }>(`/api/runs?limit=${PAGE}${after ? `&after=${after}` : ""}`, 2000);
  const runs = list.value?.runs;
  const orderable = useOrderable();
  return <>
    <h1>Runs</h1>
    <Problem error={list.error} />
    {runs?.length === 0 && <section class="wide"><p>There is no run yet.{orderable && <> <a href="#/new">Start one</a>, or send a specification to <code>/api/runs</code>.</>}</p></section>}
    {runs && runs.length > 0 && <section class="wide">
      <div class="controls">
        <span class="note" role="status">{runs.filter(r => r.state === "running" || r.state === "pending").length} under way</span>
        <a class="button" aria-disabled={chosen.length < 2} href={chosen.length < 2 ? undefined : `#/compare/${chosen.join(",")}`}>Compare {chosen.length > 0 ? `${chosen.length} chosen` : ""}</a>
        {chosen.length > 0 && <button type="button" onClick={() => choose([])}>Choose none</button>}
        {(trail.length > 0 || list.value?.next) && <span class="pager">
          <button type="button" disabled={trail.length === 0} onClick={() => setTrail(trail.slice(0, -1))}>Newer</button>
          <button type="button" disabled={!list.value?.next} onClick={() => setTrail([...trail, list.value!.next!])}>Older</button>
        </span>}
      </div>
      <div class="scroll" role="region" aria-label="Table of runs" tabIndex={0}>
        <table class="data runs">
          <thead><tr><th scope="col"><span class="hidden">Choose</span></th><th scope="col">Run</th><th scope="col">State</th><th scope="col">Stage</th><th scope="col" class="num">Best</th><th scope="col">Started</th>{orderable && <th scope="col">Orders</th>}</tr></thead>
          <tbody>{runs.map(run => <tr key={run.id}>
            <td><input type="checkbox" aria-label={`Choose ${run.id} to compare`} checked={chosen.includes(run.id)} onChange={e => choose(e.currentTarget.checked ? [...chosen, run.id] : chosen.filter(c => c !== run.id))} /></td>
            <th scope="row"><a href={`#/runs/${run.id}`}>{run.id}</a>{run.error && <small class="error">{run.error}</small>}</th>
            <td><State state={run.state} /></td>
            <td>{stageName(run.stage)}</td>
            <td class="num">{run.best ? `${withError(run.best.value ?? run.best.objective, run.best.objectiveError)} ${run.best.unit ?? ""}` : "–"}{run.best && <small>{run.best.label ?? "objective, lower is better"}</small>}</td>
            <td class="nowrap">{moment(run.started)}</td>
            {orderable && <td><Orders run={run} done={list.again} /></td>}
          </tr>)}</tbody>
        </table>
      </div>
    </section>}
  </>;
}
