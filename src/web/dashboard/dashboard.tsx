// The dashboard: which page the address names, and what is the same on all of them.
import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { readKey, Service, writeKey } from "./api";
import { CandidatePage } from "./candidate";
import { ComparePage } from "./compare";
import "./dashboard.css";
import { useAway, usePolling } from "./live";
import { ModelPage, ModelsPage } from "./models";
import { FileLink, Orderable } from "./parts";
import { RunPage } from "./run";
import { RunsPage } from "./runs";
import { StartPage } from "./start";

// What is no escape is taken as it stands.
const decoded = (text: string) => { try { return decodeURIComponent(text); } catch { return text; } };
const parts = () => location.hash.replace(/^#\/?/, "").split("/").map(decoded);

function Page({ path: [first, second, third, fourth] }: { path: string[] }) {
  if (first === "runs" && second && third === "candidates" && fourth) return <CandidatePage key={second + fourth} run={second} id={fourth} />;
  if (first === "runs" && second) return <RunPage key={second} id={second} />;
  if (first === "compare" && second) return <ComparePage key={second} ids={second.split(",")} />;
  if (first === "new") return <StartPage key={second} from={second} candidate={third} />;
  if (first === "models" && second) return <ModelPage key={second} name={second} />;
  if (first === "models") return <ModelsPage />;
  return <RunsPage />;
}

function KeyForm() {
  const [key, set] = useState("");
  return <form class="key" onSubmit={e => { e.preventDefault(); writeKey(key); location.reload(); }}>
    <p>This service asks for a key. It is kept in this tab only and sent with every request.</p>
    <label>Function key <input type="password" autocomplete="off" value={key} onInput={e => set(e.currentTarget.value)} /></label> <button type="submit">Use it</button>
  </form>;
}

function App() {
  const [path, go] = useState(parts);
  const main = useRef<HTMLElement>(null);
  const away = useAway();
  const service = usePolling<Service>("/api/service", 30_000);
  const orderable = service.value && !service.value.readOnly;
  useEffect(() => {
    const moved = () => { go(parts()); scrollTo(0, 0); main.current?.focus({ preventScroll: true }); };
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, []);
  useEffect(() => { document.title = path[0] ? `${path.filter(Boolean).slice(1).join(" ") || path[0]} – BatchEval` : "BatchEval runs"; }, [path]);
  const link = (address: string, name: string, here: boolean) => <a href={address} aria-current={here ? "page" : undefined}>{name}</a>;
  return <>
    <a class="skip" href="#main" onClick={e => { e.preventDefault(); main.current?.focus(); }}>To the content</a>
    <header class="top"><nav aria-label="Pages"><b>BatchEval</b>
      {link("#/", "Runs", !path[0] || path[0] === "runs")}{orderable && link("#/new", "New run", path[0] === "new")}{link("#/models", "Models", path[0] === "models")}
    </nav>
      <p class="away" role="status">{away && `No answer since ${away.toLocaleTimeString()}; trying again.`}</p></header>
    <main ref={main} id="main" tabIndex={-1}>{service.error?.status === 401 && <KeyForm />}<Orderable.Provider value={orderable}><Page path={path} /></Orderable.Provider></main>
    <footer><p class="note">{readKey() && <button type="button" class="link" onClick={() => { sessionStorage.clear(); location.reload(); }}>Forget the key</button>} <a href="assets/licences.txt">Licences</a> <FileLink path="/api/openapi.json" name="openapi.json">OpenAPI</FileLink></p></footer>
  </>;
}

const host = document.getElementById("app")!;
host.textContent = "";
render(<App />, host);
