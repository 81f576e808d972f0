// Pause, resume, stop and delete.
import { useState } from "preact/hooks";
import { ApiError, post, Run, RunSummary, runPath, send } from "./api";
import { Confirm, Problem } from "./parts";

const possible: Record<string, string[]> = {
  pending: ["pause", "stop"], running: ["pause", "stop"], paused: ["resume", "stop"], failed: ["resume", "delete"], finished: ["delete"], stopped: ["start", "delete"],
};
const asked: Record<string, string> = { stop: "Stop this run? What it has computed stays.", delete: "Delete this run? Its results, images and report are lost; results that other runs share stay." };

export function Orders({ run, done }: { run: Run | RunSummary; done?: (verb: string) => void }) {
  const [question, ask] = useState<string | null>(null);
  const [busy, work] = useState<string | null>(null);
  const [error, fail] = useState<ApiError | null>(null);
  const order = async (verb: string) => {
    ask(null); work(verb); fail(null);
    try {
      if (verb === "delete") await send(runPath(run.id), { method: "DELETE" });
      // A stopped run goes on when its specification is sent again; its model is named as the service names it.
      else if (verb === "start") await post("/api/runs", await (await send(`${runPath(run.id)}/specification`)).text());
      else await post(`${runPath(run.id)}/${verb}`);
      done?.(verb);
    } catch (problem) { fail(problem as ApiError); }
    work(null);
  };
  return <div class="controls orders">
    {(possible[run.state] ?? []).map(verb => <button key={verb} type="button" class={verb === "delete" ? "danger" : ""} disabled={busy !== null}
      onClick={() => (asked[verb] ? ask(verb) : order(verb))}>{busy === verb ? "…" : verb === "start" ? "Go on" : verb[0].toUpperCase() + verb.slice(1)}<span class="hidden"> run {run.id}</span></button>)}
    <Problem error={error} />
    {question && <Confirm question={asked[question]} yes={question === "stop" ? "Stop" : "Delete"} onYes={() => order(question)} onNo={() => ask(null)} />}
  </div>;
}
