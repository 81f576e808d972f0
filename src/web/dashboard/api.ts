// Talks to the HTTP interface. Types come from its description (src/web/api.d.ts).
import type { components } from "../api";
import { Json, parse } from "./schema";

export type Schemas = components["schemas"];
export type Run = Schemas["RunDocument"];
export type RunSummary = Schemas["RunSummary"];
export type Table = Schemas["ScoreTable"];
export type Round = Schemas["ScoredRound"];
export type Row = Schemas["ScoreRow"];
export type Metric = Schemas["MetricColumn"];
export type Prompts = Schemas["PromptList"];
export type Steps = Schemas["CandidateSteps"];
export type Masks = Schemas["CandidateMasks"];
export type ModelChecks = Schemas["ModelCheckDocument"];
export type Work = Schemas["WorkList"];
export type Checked = Schemas["CheckedRun"];
export type Service = Schemas["ServiceDocument"];
export type Card = Schemas["ModelCard"];
export type FieldProblem = NonNullable<Schemas["Problem"]["errors"]>[number];

const KEY = "batcheval-function-key";
export const readKey = () => sessionStorage.getItem(KEY);
export const writeKey = (key: string) => sessionStorage.setItem(KEY, key);

/** A refusal, or no answer at all (status 0). */
export class ApiError extends Error {
  constructor(readonly status: number, message: string, readonly problems: FieldProblem[] = []) { super(message); }
}

/** Sends a request; throws an ApiError unless it succeeds. */
export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  const key = readKey();
  if (key) headers.set("x-functions-key", key);
  let answer: Response;
  try {
    answer = await fetch(path.replace(/^\//, ""), { ...init, headers });
  } catch (error) {
    if ((error as Error).name === "AbortError") throw error;
    throw new ApiError(0, "The server does not answer.");
  }
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({})) as Partial<Schemas["Problem"]>;
  throw new ApiError(answer.status, problem.detail ?? `The server answered ${answer.status}.`, problem.errors ?? []);
}

/** How long an answer may take in milliseconds, and how long a stream may be silent: the server says something every 15 seconds. */
const PATIENCE = 20_000, SILENCE = 40_000;

/** Runs something that can be stopped, and stops it once it has been silent for too long; `heard` begins the time anew. Only the caller's own signal ends it as an abort. */
async function within<T>(limit: number, signal: AbortSignal | undefined, work: (signal: AbortSignal, heard: () => void) => Promise<T>): Promise<T> {
  const late = new AbortController();
  const stop = () => late.abort();
  let timer = 0;
  const heard = () => { clearTimeout(timer); if (Number.isFinite(limit)) timer = window.setTimeout(stop, limit); };
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop);
  heard();
  try {
    return await work(late.signal, heard);
  } catch (error) {
    if (error instanceof ApiError || signal?.aborted) throw error;
    throw new ApiError(0, "The server does not answer.");
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

/** Reads a document. Those that take a network's time have no limit. */
export const get = <T>(path: string, signal?: AbortSignal, limit = PATIENCE): Promise<T> =>
  within(limit, signal, async stop => (await send(path, { signal: stop })).json() as Promise<T>);
export const post = async <T>(path: string, body?: string): Promise<T> =>
  (await send(path, { method: "POST", body, headers: body === undefined ? {} : { "Content-Type": "application/json" } })).json() as Promise<T>;
export const runPath = (id: string) => `/api/runs/${encodeURIComponent(id)}`;
export const candidatePath = (run: string, id: string) => `${runPath(run)}/candidates/${encodeURIComponent(id)}`;

/** A run's specification as it lies in the store. */
export const storedSpecification = async (run: string) => parse(await (await send(`${runPath(run)}/specification`)).text()) as Json;

/** A run's specification with its model named as the service names it: a run of the command line names a folder. */
export async function specificationOf(run: string): Promise<Json> {
  const [specification, { model, links }] = await Promise.all([storedSpecification(run), get<Run>(runPath(run))]);
  return links.model ? { ...specification, model } : specification;
}

/** Address of an image of the interface; with a key, which addresses cannot carry, of its content. */
export async function imageAddress(path: string): Promise<string> {
  const image = await (await send(path)).blob();
  return readKey() ? URL.createObjectURL(image) : path.replace(/^\//, "");
}

/** Hands a file of the interface to the person; with a key, which links cannot carry, too. */
export const download = async (path: string, name: string) => save(await (await send(path)).blob(), name);

/** Hands over what the page has. */
export function save(content: Blob, name: string) {
  const address = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = address; link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Reads server-sent events until they end, the signal stops them, or nothing has come for too long. */
export const watch = (path: string, signal: AbortSignal, told: (event: string, data: string) => void) => within(SILENCE, signal, async (stop, heard) => {
  const answer = await send(path, { signal: stop, headers: { Accept: "text/event-stream" } });
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ;) {
    const { done, value } = await reader.read();
    if (done) return;
    heard();
    const events = (rest + value).split("\n\n");
    rest = events.pop()!;
    for (const event of events) {
      const lines = event.split("\n");
      const of = (field: string) => lines.filter(l => l.startsWith(field + ": ")).map(l => l.slice(field.length + 2)).join("\n");
      told(of("event") || "message", of("data"));
    }
  }
});
