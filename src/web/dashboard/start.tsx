// Starts a run: a form made from the schema, checked as one types.
import { createContext } from "preact";
import { useContext, useEffect, useId, useRef, useState } from "preact/hooks";
import { ApiError, candidatePath, Card, Checked, FieldProblem, get, post, Schemas, send, specificationOf } from "./api";
import { modelPath } from "./models";
import { Problem, useOrderable } from "./parts";
import { Json, kindOf, parse, read, resolve, Schema, shown, typed, write } from "./schema";
import { clock, count } from "./text";

interface Template { name: string; specification: Json }

/** The specifications that come with models. One that cannot be read is no template, and hides no other. */
async function templates(): Promise<Template[]> {
  const { models } = await get<{ models: string[] }>("/api/models");
  const cards = await Promise.allSettled(models.map(m => get<Card>(modelPath(m))));
  return cards.flatMap(card => (card.status === "rejected" ? [] : Object.entries(card.value.templates).flatMap(([file, text]) => {
    try { return [{ name: `${card.value.name}:${file}`, specification: { ...parse(text) as Json, $schema: undefined, model: card.value.name } }]; } catch { return []; }
  })));
}

/** What a page that leads here starts from: a template, another run, or one of its candidates. */
async function begin(all: Template[], from?: string, candidate?: string): Promise<Json> {
  const given = all.find(t => t.name === from);
  if (given || !from || from.includes(":")) return (given ?? all[0])?.specification ?? {};
  const named = await specificationOf(from);
  if (!candidate) return named;
  const score = await get<{ candidate: unknown }>(candidatePath(from, candidate));
  const final = named.final as { samples?: number } | undefined;
  return { ...named, name: `more-${String(named.name).slice(0, 30)}`, search: { method: "none" }, candidates: [score.candidate], final: { ...final, samples: (final?.samples ?? 1000) * 4 } };
}

export function StartPage({ from, candidate }: { from?: string; candidate?: string }) {
  const [schema, setSchema] = useState<Schema | null>(null);
  const [all, setAll] = useState<Template[]>([]);
  const [value, put] = useState<Json | null>(null);
  const [error, fail] = useState<ApiError | null>(null);
  // Fields begin anew with each template; text that is no JSON yet keeps a run from being started with what it stood for before.
  const [loaded, count] = useState(0);
  const [unread, note] = useState<string[]>([]);
  const set = (next: Json) => { fail(null); put(next); };
  const load = (next: Json) => { set(next); note([]); count(n => n + 1); };
  useEffect(() => {
    Promise.all([get<Schema>("/api/specification.schema.json"), templates()]).then(async ([s, t]) => { setSchema(s); setAll(t); load(await begin(t, from, candidate)); }).catch(fail);
  }, []);
  const check = useCheck(value);
  const start = async () => {
    try { location.hash = `#/runs/${(await post<Schemas["StartedRun"]>("/api/runs", JSON.stringify(value))).id}`; } catch (problem) { fail(problem as ApiError); }
  };
  if (useOrderable() === false) return <><h1>New run</h1><p class="note">This server only reads; it starts nothing.</p></>;
  if (!schema || !value) return <><h1>New run</h1><Problem error={error} /></>;
  const template = all.findIndex(t => t.specification === value);
  const general = check.problems.filter(p => p.field === "");
  return <><h1>New run</h1>
    <form class="start" onSubmit={e => { e.preventDefault(); start(); }}>
      <section class="wide forecast" aria-live="polite">
        <p class="controls"><label>Template <select value={template} onChange={e => { const chosen = all[Number(e.currentTarget.value)]; if (chosen) load(chosen.specification); }}>{template < 0 && <option value={-1}>none, or changed</option>}{all.map((t, i) => <option key={t.name} value={i}>{t.name}</option>)}</select></label>
          <button type="submit" class="primary" disabled={!check.result || unread.length > 0}>Start</button></p>
        {unread.length > 0 ? <p class="error">{unread.length} {unread.length === 1 ? "field holds" : "fields hold"} text that is not JSON yet.</p> : <Forecast check={check} />}
        {general.map(p => <p key={p.detail} class="error">{p.detail}</p>)}
        <Problem error={error} />
      </section>
      <Unread.Provider value={(id, bad) => note(all => (bad === all.includes(id) ? all : bad ? [...all, id] : all.filter(other => other !== id)))}>
        <Fields key={loaded} schema={schema} root={schema} path={[]} value={value} set={set} problems={check.problems} />
        <details class="wide"><summary>As JSON</summary><JsonField key={loaded} label="The whole specification" value={value} set={v => v !== undefined && set(v as Json)} rows={24} /></details>
      </Unread.Provider>
    </form></>;
}

interface Check { result: Checked | null; problems: FieldProblem[]; error: ApiError | null }

/** Asks the server what it thinks of a specification once the typing pauses. */
function useCheck(value: Json | null): Check {
  const [check, set] = useState<Check>({ result: null, problems: [], error: null });
  const text = value === null ? null : JSON.stringify(value);
  useEffect(() => {
    if (text === null) return;
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const answer = await send("/api/runs/check", { method: "POST", body: text, headers: { "Content-Type": "application/json" }, signal: stop.signal });
        set({ result: await answer.json() as Checked, problems: [], error: null });
      } catch (problem) {
        if (stop.signal.aborted) return;
        const refusal = problem as ApiError;
        set({ result: null, problems: refusal.problems, error: refusal });
      }
    }, 300);
    return () => { clearTimeout(timer); stop.abort(); };
  }, [text]);
  return check;
}

function Forecast({ check: { result, problems, error } }: { check: Check }) {
  if (result) {
    return <p>{result.exists ? <>This run exists: <a href={`#/runs/${result.id}`}>{result.id}</a>. Starting it again goes on with it. </> : <>It will be <code>{result.id}</code>: </>}
      {result.rounds == null || result.networkCalls == null ? "too large for its rounds and network calls to be foreseen while you type" : `${count(result.rounds)} rounds, at most ${count(result.networkCalls)} network calls`}{result.deviceSeconds != null ? `, about ${clock(result.deviceSeconds)} of device time by an earlier run of this model` : ""}{result.amount != null ? ` (${result.amount} ${result.currency})` : ""}.</p>;
  }
  return problems.length > 0 ? <p class="error">{problems.length} {problems.length === 1 ? "field needs" : "fields need"} a change.</p> : error ? <p class="error">{error.message}</p> : <p>Checking.</p>;
}

interface FieldsProps { schema: Schema; root: Schema; path: string[]; value: Json; set: (value: Json) => void; problems: FieldProblem[] }

function Fields(props: FieldsProps) {
  const { schema, root, path } = props;
  const members = Object.entries(schema.properties ?? {}).filter(([name, s]) => !["$schema", "formatVersion"].includes(name) && s.const === undefined).map(([name, s]) => [name, resolve(s, root)] as const);
  const flat = members.filter(([, s]) => kindOf(s) !== "object"), nested = members.filter(([, s]) => kindOf(s) === "object");
  return <>
    <fieldset><legend>{path.length === 0 ? "Run" : path.join(".")}</legend>{schema.description && path.length > 0 && <p class="note"><Words text={schema.description} /></p>}
      <div class="fields">{flat.map(([name, s]) => <Field key={name} {...props} schema={s} path={[...path, name]} required={schema.required?.includes(name) ?? false} />)}</div></fieldset>
    {nested.map(([name, s]) => <Fields key={name} {...props} schema={s} path={[...path, name]} />)}
  </>;
}

function Field({ schema, path, value, set, problems, required }: FieldsProps & { required: boolean }) {
  const name = path.join("."), id = `field-${name}`;
  const now = read(value, path);
  const own = problems.filter(p => p.field === name || p.field.startsWith(`${name}.`) || p.field.startsWith(`${name}[`));
  const change = (member: unknown) => set(write(value, path, member));
  const kind = kindOf(schema);
  const help = `${id}-help`;
  const common = { id, "aria-describedby": help, "aria-invalid": own.length > 0 };
  const fallback = schema.default === undefined ? (required ? "required" : "") : JSON.stringify(schema.default);
  return <div class={own.length > 0 ? "field invalid" : "field"}>
    <label for={id}>{path.at(-1)}</label>
    {kind === "choice" ? <select {...common} value={String(now ?? "")} onChange={e => change(e.currentTarget.value === "" ? undefined : e.currentTarget.value)}>
      <option value="">default ({fallback.replace(/"/g, "")})</option>{schema.enum!.map(v => <option key={v} value={String(v)}>{String(v)}</option>)}</select>
      : kind === "flag" ? <input {...common} type="checkbox" checked={Boolean(now ?? schema.default)} onChange={e => change(e.currentTarget.checked)} />
        : kind === "integer" || kind === "number" ? <input {...common} type="number" step={kind === "integer" ? 1 : "any"} min={schema.minimum} max={schema.maximum} placeholder={fallback} value={shown(now)} onInput={e => change(e.currentTarget.value === "" ? undefined : typed(e.currentTarget.value))} />
          : kind === "text" ? <input {...common} type="text" placeholder={fallback} value={String(now ?? "")} onInput={e => change(e.currentTarget.value === "" ? undefined : e.currentTarget.value)} />
            : <JsonField id={id} help={help} value={now} set={change} placeholder={fallback} rows={1} />}
    <small id={help}><Words text={schema.description ?? ""} />{own.map(p => <span key={p.detail} class="error"> {p.field === name ? "" : `${p.field} `}{p.detail}</span>)}</small>
  </div>;
}

/** A description, whose backticks mark code. */
const Words = ({ text }: { text: string }) => <>{text.split("`").map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part))}</>;

/** Takes note of a field whose text is no JSON, and of its end. */
const Unread = createContext<(id: string, bad: boolean) => void>(() => {});

/** A value that is typed as JSON; text that is none yet is kept as it is and said to be so. */
function JsonField({ id, help, label, value, set, placeholder, rows }: { id?: string; help?: string; label?: string; value: unknown; set: (value: unknown) => void; placeholder?: string; rows: number }) {
  const written = value === undefined ? "" : JSON.stringify(value, null, rows > 1 ? 2 : 0);
  const [text, type] = useState<string | null>(null);
  const [bad, setBad] = useState(false);
  const own = useId(), tell = useContext(Unread);
  const last = useRef(written);
  useEffect(() => { tell(own, bad); }, [bad]);
  // A value that comes from elsewhere stands for itself.
  useEffect(() => { if (written !== last.current) { last.current = written; type(null); setBad(false); } }, [written]);
  return <><textarea id={id} aria-describedby={help} aria-label={label} rows={rows} spellcheck={false} placeholder={placeholder} aria-invalid={bad} value={text ?? written}
    onBlur={() => { if (!bad) type(null); }}
    onInput={e => {
      const now = e.currentTarget.value;
      type(now);
      try {
        const value = now.trim() === "" ? undefined : parse(now);
        last.current = value === undefined ? "" : JSON.stringify(value, null, rows > 1 ? 2 : 0);
        set(value); setBad(false);
      } catch { setBad(true); }
    }} />{bad && <span class="error">This is not JSON yet.</span>}</>;
}
