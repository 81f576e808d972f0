// Draws the charts of a report from the page's own data. Tables and figures stand in the page already; nothing here is needed to read it.
import { format } from "d3";
import { drawCalls } from "../charts/calls";
import { make, Metric, mount, OTHER, WIN } from "../charts/frame";
import { comparePictures } from "../charts/images";
import { drawCurves } from "../charts/lines";
import { drawSchedules, Schedule } from "../charts/schedules";
import { drawScores, pointsOf, Score } from "../charts/scores";

interface ReportData {
  metrics: Metric[];
  scores: Score[];
  history: { random: boolean; generation: number; best: number | null; median: number | null; spent: number }[];
  schedules: Schedule[];
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
