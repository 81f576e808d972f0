// The models of the service.
import { useEffect, useState } from "preact/hooks";
import { Plain } from "../tables";
import { ApiError, Card, get, ModelChecks } from "./api";
import { usePolling } from "./live";
import { Problem, useOrderable } from "./parts";

const escaped = (name: string) => name.split("/").map(encodeURIComponent).join("/");
export const modelPath = (name: string) => `/api/models/${escaped(name)}`;

export function ModelsPage() {
  const list = usePolling<{ models: string[] }>("/api/models", 10_000);
  return <><h1>Models</h1><Problem error={list.error} />
    <section class="wide"><ul>{list.value?.models.map(m => <li key={m}><a href={`#/models/${encodeURIComponent(m)}`}>{m}</a></li>)}</ul>{list.value?.models.length === 0 && <p class="note">No model is installed; start the server with --models.</p>}</section></>;
}

export function ModelPage({ name }: { name: string }) {
  const [card, set] = useState<Card | null>(null);
  const [error, fail] = useState<ApiError | null>(null);
  const orderable = useOrderable();
  useEffect(() => { get<Card>(modelPath(name)).then(set).catch(fail); }, [name]);
  return <><p class="eyebrow"><a href="#/models">Models</a></p><h1>{name}</h1><Problem error={error} />
    {card && <><section class="wide"><p>{card.description}</p>
      <h2>Bundled specifications</h2><ul>{Object.keys(card.templates).map(t => <li key={t}>{orderable ? <a href={`#/new/${encodeURIComponent(`${name}:${t}`)}`}>Start from {t}</a> : t}</li>)}</ul></section>
      <Checks key={name} name={name} />
      {card.card && <section class="wide"><h2>Card</h2><pre class="card" tabIndex={0}>{card.card}</pre></section>}</>}</>;
}

/** What `batcheval model check` says; a few calls of the network, so only when somebody asks. */
function Checks({ name }: { name: string }) {
  const [found, set] = useState<ModelChecks | null>(null);
  const [busy, work] = useState(false);
  const [error, fail] = useState<ApiError | null>(null);
  const check = async () => {
    work(true); fail(null);
    try { set(await get<ModelChecks>(`/api/model-checks/${escaped(name)}`, undefined, Infinity)); } catch (problem) { fail(problem as ApiError); }
    work(false);
  };
  return <section class="wide" id="checks"><h2>Check</h2>
    {found ? <><p role="status">{found.failed === 0 ? "Nothing contradicts the manifest." : `${found.failed} of ${found.checks.length} checks contradict the manifest.`}</p>
      <Plain name="Checks" head={["What", "Result", "Seen"]} rows={found.checks.map(c => [c.name, c.passed === null ? "unclear" : c.passed ? "ok" : <strong class="error small">failed</strong>, c.seen])} /></>
      : <p class="controls"><button type="button" disabled={busy} onClick={check}>{busy ? "Calling the network" : "Check this model"}</button> <span class="note">A few calls of its network, as <code>batcheval model check</code>.</span></p>}
    <Problem error={error} /></section>;
}
