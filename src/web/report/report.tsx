// Draws the charts and tables of a report from the page's own data. Headline, images, the winner's schedule and how to reproduce it stand in the page already.
import { format } from "d3";
import { render } from "preact";
import { drawCalls } from "../charts/calls";
import { make, Metric, mount, OTHER, WIN } from "../charts/frame";
import { comparePictures } from "../charts/images";
import { drawCurves } from "../charts/lines";
import { drawSchedules, Schedule } from "../charts/schedules";
import { drawScores, pointsOf, Score } from "../charts/scores";
import { Call } from "../charts/sampler";
import { count, short } from "../dashboard/text";
import { SamplerNumbers, SkipMask } from "../samplers";
import { Plain } from "../tables";

interface ReportData {
  metrics: Metric[];
  scores: Score[];
  history: { random: boolean; generation: number; best: number | null; median: number | null; spent: number }[];
  schedules: Schedule[];
  sampler: { solver: string; startScale: number; calls: Call[] } | null;
  masks: { name: string; candidate: string; firstSample: number; calls: number; images: string[] }[];
}

const element = (id: string) => document.getElementById(id)!;
const data = JSON.parse(element("report-data").textContent!) as ReportData;

let shown = 0;
function chooser(again: () => void): Element | null {
  return data.metrics.length < 2 ? null : make("div", { class: "choose", role: "group", "aria-label": "Metric of the chart" },
    ...data.metrics.map((metric, i) => {
      const button = make("button", { type: "button", "aria-pressed": String(i === shown) }, metric.label);
      button.addEventListener("click", () => {
        shown = i; again();
        document.querySelector<HTMLButtonElement>(`#chart-scores button:nth-child(${i + 1})`)?.focus();
      });
      return button;
    }));
}

mount(element("chart-scores"),
  () => `${data.metrics[shown].label} of every schedule with its standard error: ${pointsOf(data.scores, shown).map(p => `${p.name} ${p.text}`).join("; ")}`,
  (width, again) => [chooser(again), drawScores(data.scores, data.metrics, shown, width)].flat());
mount(element("chart-calls"),
  () => `${data.metrics[0].label} against network calls: ${pointsOf(data.scores, 0).map(p => `${p.name} ${p.calls} calls, ${p.text}${p.pareto ? ", Pareto" : ""}`).join("; ")}`,
  width => drawCalls(data.scores, data.metrics[0], width));

const curve = (key: "best" | "median", random: boolean, label: string) => ({
  label, color: random ? OTHER : WIN, dashed: key === "median",
  points: data.history.filter(h => h.random === random && h[key] !== null).map(h => ({
    x: h.spent, value: h[key]!, title: `${label}\ngeneration ${h.generation}\n${data.metrics[0].label} ${format(".4~g")(h[key]!)}\n${format(",")(h.spent)} spent`,
  })),
});
mount(element("chart-search"),
  () => `Best and median ${data.metrics[0].label} of each generation against network calls times samples spent, for the search and random search; the numbers are in the table below.`,
  width => drawCurves(
    [curve("best", false, "search, best so far"), curve("median", false, "search, median of the generation"), curve("best", true, "random search, best so far"), curve("median", true, "random search, median")],
    { x: "network calls × samples spent", y: data.metrics[0].label, xFormat: "~s", fromZero: true }, width));
mount(element("chart-schedules"),
  () => `Schedules on the noise axis: ${data.schedules.map(r => `${r.name} at ${r.steps.map(s => s.time).join(", ")}`).join("; ")}`,
  width => drawSchedules(data.schedules, width));

const dash = "–";
const Value = ({ value }: { value: number | null }) => <>{value === null ? "failed" : short(value)}</>;

function Scores() {
  const { metrics, scores } = data;
  if (scores.length === 0) return <p class="note">No candidate was scored.</p>;
  return <Plain name="Leaderboard" kind="scores" rowKinds={scores.map(s => (s.failure ? "failed" : s.winner ? "winner" : ""))}
    head={["Name", "Role", { label: "Network calls", numeric: true }, ...metrics.map(m => ({ label: m.label, note: m.direction, numeric: true })), `${metrics[0].label} against the winner`, { label: "Samples", note: "paired", numeric: true }]}
    rows={scores.map(s => [<>{s.name}<small><code>{s.id}</code></small></>, <span class={s.winner ? "chip win" : "chip"}>{s.winner ? "winner" : s.role}</span>, s.calls === null ? dash : String(Number(s.calls.toFixed(2))),
      ...(s.failure ? [{ text: <><strong>Failed:</strong> {s.failure}</>, span: metrics.length + 2 }]
        : [...s.values.map(v => ({ text: v.text, kind: v.best ? "best" : "" })),
          s.against ? <><span class="nowrap">{s.against.number}</span> <span class={`stand ${s.against.kind}`}>{s.against.word}</span></> : dash,
          <>{s.samples === null ? dash : count(s.samples)}<small>{s.paired === null ? dash : count(s.paired)}</small></>])])} />;
}

const History = () => (data.history.length === 0 ? <p class="note">Nothing was searched.</p>
  : <Plain name="Search history" head={["Stage", { label: "Generation", numeric: true }, { label: `Best ${data.metrics[0].label}`, numeric: true }, { label: `Median ${data.metrics[0].label}`, numeric: true }, { label: "Network calls × samples", numeric: true }]}
    rows={data.history.map(h => [h.random ? "random search" : "search", h.generation, <Value value={h.best} />, <Value value={h.median} />, count(h.spent)])} />);

const blocks = (dropped: number) => (dropped === 1 ? ", 1 block dropped" : dropped > 1 ? `, ${dropped} blocks dropped` : "");
const Schedules = () => <Plain name="Schedules" head={["Schedule", "Steps: time (noise-to-signal ratio)"]}
  rows={data.schedules.map(s => [s.name, <>{s.steps.map((p, i) => <span key={i} class="step"><b>{p.exact ?? p.time}</b> ({p.ratio === null ? "∞" : short(p.ratio)}){p.reused ? ", reused" : blocks(p.dropped)} </span>)}</>])} />;

const More = () => <>
  {data.sampler && <SamplerNumbers {...data.sampler} />}
  {data.masks.length > 0 && <section id="masks" class="wide"><h2>Network calls per image</h2>
    {data.masks.map(m => <figure key={m.candidate} data-name={m.name}><SkipMask images={m.images} first={m.firstSample} /><figcaption><strong>{m.name}</strong> {m.candidate}: {m.calls} calls on average over all images</figcaption></figure>)}</section>}
</>;

render(<Scores />, element("table-scores"));
render(<History />, element("table-history"));
render(<Schedules />, element("table-schedules"));
render(<More />, element("more"));

const figures = [...document.querySelectorAll<HTMLElement>("figure.grid")];
if (figures.length >= 2) {
  const pictures = figures.map(f => ({ name: f.dataset.name!, source: f.querySelector("img")!.src, alt: f.querySelector("img")!.alt }));
  // Winner beside the first baseline; the unaccelerated sampler stands between them.
  element("compare").append(...comparePictures(pictures, 0, Math.min(figures.length - 1, pictures[1].name === "unaccelerated" ? 2 : 1)));
  element("compare").hidden = false;
}

// Copy buttons, where the browser offers a clipboard.
if (navigator.clipboard) {
  for (const pre of document.querySelectorAll<HTMLElement>("pre[data-copy]")) {
    const button = make("button", { type: "button" }, "Copy");
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(pre.textContent!);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    const box = make("div", { class: "copyable" });
    pre.replaceWith(box);
    box.append(pre, button);
  }
}

// Paper cannot be clicked: everything is open while printing.
let closed: HTMLDetailsElement[] = [];
addEventListener("beforeprint", () => { closed = [...document.querySelectorAll<HTMLDetailsElement>("details:not([open])")]; for (const d of closed) d.open = true; });
addEventListener("afterprint", () => { for (const d of closed) d.open = false; });
