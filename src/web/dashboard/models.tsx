// The models of the service.
import { useEffect, useState } from "preact/hooks";
import { ApiError, Card, get } from "./api";
import { usePolling } from "./live";
import { Problem } from "./parts";

export const modelPath = (name: string) => `/api/models/${name.split("/").map(encodeURIComponent).join("/")}`;

export function ModelsPage() {
  const list = usePolling<{ models: string[] }>("/api/models", 10_000);
  return <><h1>Models</h1><Problem error={list.error} />
    <section class="wide"><ul>{list.value?.models.map(m => <li key={m}><a href={`#/models/${encodeURIComponent(m)}`}>{m}</a></li>)}</ul>{list.value?.models.length === 0 && <p class="note">No model is installed; start the server with --models.</p>}</section></>;
}

export function ModelPage({ name }: { name: string }) {
  const [card, set] = useState<Card | null>(null);
  const [error, fail] = useState<ApiError | null>(null);
  useEffect(() => { get<Card>(modelPath(name)).then(set).catch(fail); }, [name]);
  return <><p class="eyebrow"><a href="#/models">Models</a></p><h1>{name}</h1><Problem error={error} />
    {card && <><section class="wide"><p>{card.description}</p>
      <h2>Bundled specifications</h2><ul>{Object.keys(card.templates).map(t => <li key={t}><a href={`#/new/${encodeURIComponent(`${name}:${t}`)}`}>Start from {t}</a></li>)}</ul></section>
      {card.card && <section class="wide"><h2>Card</h2><pre class="card" tabIndex={0}>{card.card}</pre></section>}</>}</>;
}
