// Pause, resume, stop and delete.
import { useState } from "preact/hooks";
import { ApiError, Checked, post, Run, RunSummary, runPath, send, specificationOf } from "./api";
import { Confirm, Problem, useOrderable } from "./parts";

const possible: Record<string, string[]> = {
  pending: ["pause", "stop"], running: ["pause", "stop"], paused: ["resume", "stop"], failed: ["resume", "delete"], finished: ["delete"], stopped: ["start", "delete"],
};
const asked: Record<string, string> = { stop: "Stop this run? What it has computed stays.", delete: "Delete this run? Its results, images and report are lost; results that other runs share stay." };

/** A stopped run goes on when its specification is sent again. */
async function goOn(run: string) {
  const text = JSON.stringify(await specificationOf(run));
  if ((await post<Checked>("/api/runs/check", text)).id !== run) throw new ApiError(409, "The model of that name here is not the one that this run began with, or this is another version of the program; it would be another run.");
  await post("/api/runs", text);
}

export function Orders({ run, done }: { run: Run | RunSummary; done?: (verb: string) => void }) {
  const [question, ask] = useState<string | null>(null);
  const [busy, work] = useState<string | null>(null);
  const [error, fail] = useState<ApiError | null>(null);
  const order = async (verb: string) => {
    ask(null); work(verb); fail(null);
    try {
      if (verb === "delete") await send(runPath(run.id), { method: "DELETE" });
      else if (verb === "start") await goOn(run.id);
      else await post(`${runPath(run.id)}/${verb}`);
      done?.(verb);
    } catch (problem) { fail(problem as ApiError); }
    work(null);
  };
  if (!useOrderable()) return null;
  return <div class="controls orders">
    {(possible[run.state] ?? []).map(verb => <button key={verb} type="button" class={verb === "delete" ? "danger" : ""} disabled={busy !== null}
      onClick={() => (asked[verb] ? ask(verb) : order(verb))}>{busy === verb ? "…" : verb === "start" ? "Go on" : verb[0].toUpperCase() + verb.slice(1)}<span class="hidden"> run {run.id}</span></button>)}
    <Problem error={error} />
    {question && <Confirm question={asked[question]} yes={question === "stop" ? "Stop" : "Delete"} onYes={() => order(question)} onNo={() => ask(null)} />}
  </div>;
}
