"use strict";
// Draws the page's charts from its own data. Tables and figures stand in the page already; nothing here is needed to read it.
(() => {
  const data = JSON.parse(document.getElementById("report-data").textContent);
  const WIN = "var(--win)", OTHER = "var(--other)", SOFT = "var(--soft)", INK = "var(--ink)", LINE = "var(--line)", CARD = "var(--card)";
  const roles = { searched: "searched", given: "given", baseline: "baseline", reference: "unaccelerated" };
  const color = d => (d.winner ? WIN : OTHER);

  const make = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key in element && typeof value !== "string") element[key] = value;
      else element.setAttribute(key, value);
    }
    element.append(...children);
    return element;
  };

  const ruler = document.createElement("canvas").getContext("2d");
  const measure = (text, font = "12px system-ui, sans-serif") => { ruler.font = font; return ruler.measureText(text).width; };
  const shorten = (text, width) => {
    if (measure(text) <= width) return text;
    let kept = text;
    while (kept.length > 1 && measure(kept + "…") > width) kept = kept.slice(0, -1);
    return kept + "…";
  };

  // Draws now and whenever the width changes; a chart that cannot be drawn leaves the tables to speak.
  const chart = (id, label, draw) => {
    const host = document.getElementById(id);
    let drawn = 0;
    const redraw = () => {
      const width = Math.floor(host.clientWidth);
      if (width < 1 || width === drawn) return;
      drawn = width;
      try {
        const parts = [draw(width, () => { drawn = 0; redraw(); })].flat().filter(Boolean);
        for (const svg of parts) if (svg instanceof SVGElement) { svg.setAttribute("role", "img"); svg.setAttribute("aria-label", label()); }
        host.replaceChildren(...parts);
      } catch (error) {
        host.replaceChildren(make("p", { class: "note" }, `This chart could not be drawn (${error.message}); the table holds the same numbers.`));
      }
    };
    new ResizeObserver(redraw).observe(host);
    redraw();
  };

  const note = text => make("p", { class: "note" }, text);
  const legend = entries => make("ul", { class: "legend" }, ...entries.map(([mark, text]) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("width", "26"); svg.setAttribute("height", "14"); svg.setAttribute("aria-hidden", "true");
    for (const [name, attributes] of mark) {
      const shape = document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const [key, value] of Object.entries(attributes)) shape.style.setProperty(key, value) , shape.setAttribute(key, value);
      svg.append(shape);
    }
    return make("li", {}, svg, text);
  }));

  // A logarithmic axis where values spread widely, else a linear one.
  const scaleFor = (values, lowest, decade = 10) => {
    const [low, high] = d3.extent(values);
    if (low > 0 && high / low > decade) {
      const floor = Math.max(lowest > 0 ? lowest : low / 1.3, low / 1.6);
      return { type: "log", domain: [Math.min(low / 1.12, floor), high * 1.15] };
    }
    const pad = (high - low || Math.abs(high) || 1) * 0.08;
    return { type: "linear", domain: [Math.min(lowest, low) - pad, high + pad] };
  };
  const axisLabel = (metric, scale) => `${metric.label}${metric.unit ? ` (${metric.unit.trim()})` : ""}, ${metric.direction}${scale.type === "log" ? ", log scale" : ""}`;
  const spans = points => points.flatMap(p => [p.value - (p.error ?? 0), p.value + (p.error ?? 0)]);
  const clampTo = scale => v => Math.max(scale.domain[0], Math.min(scale.domain[1], v));
  const ticks = (scale, pixels) => (scale.type === "log" ? { ticks: Math.max(2, pixels / 75), tickFormat: "~g" } : {});

  const pointsOf = metric => data.scores.map((s, i) => ({ ...s, ...s.values[metric], key: String(i) })).filter(s => s.value !== null);

  // Scores: a dot and a bar per schedule.
  let shown = 0;
  const chooser = redraw => data.metrics.length < 2 ? null : make("div", { class: "choose", role: "group", "aria-label": "Metric of the chart" },
    ...data.metrics.map((metric, i) => {
      const button = make("button", { type: "button", "aria-pressed": String(i === shown) }, metric.label);
      button.addEventListener("click", () => {
        shown = i; redraw();
        document.querySelector(`#chart-scores button:nth-child(${i + 1})`)?.focus();
      });
      return button;
    }));

  const drawScores = (width, redraw) => {
    const metric = data.metrics[shown];
    const points = pointsOf(shown);
    if (points.length === 0) return [chooser(redraw), note("No schedule has a score.")];
    points.sort((a, b) => (metric.higherIsBetter ? b.value - a.value : a.value - b.value) || a.key - b.key);
    const narrow = width < 560;
    const left = narrow ? 6 : Math.min(width * 0.3, 18 + d3.max(points, p => measure(p.name, "bold 13px system-ui, sans-serif")));
    const right = 16 + d3.max(points, p => measure(p.text, "600 12px system-ui, sans-serif"));
    const x = scaleFor(spans(points), d3.min(spans(points)));
    const clamp = clampTo(x);
    const low = p => clamp(p.value - (p.error ?? 0)), high = p => clamp(p.value + (p.error ?? 0));
    const winner = points.find(p => p.winner);
    const title = p => `${p.name} (${p.winner ? "winner" : roles[p.role]})\n${metric.label} ${p.text}\nnetwork calls ${p.calls}`;
    const svg = Plot.plot({
      width, height: 62 + points.length * (narrow ? 46 : 32), marginLeft: left, marginRight: right, marginTop: 8, marginBottom: 42,
      x: { ...x, ...ticks(x, width - left - right), grid: true, label: axisLabel(metric, x), labelAnchor: "center", labelArrow: "none" },
      y: { type: "band", domain: points.map(p => p.key), axis: null, padding: 0.1 },
      marks: [
        winner ? Plot.rect([winner], { x1: low, x2: high, fill: WIN, fillOpacity: 0.14 }) : null,
        Plot.ruleY(points, { y: "key", x1: low, x2: high, stroke: color, strokeWidth: 2.5, strokeLinecap: "round" }),
        Plot.dot(points, { y: "key", x: p => clamp(p.value), fill: color, r: p => (p.winner ? 6.5 : 5), symbol: p => (p.winner ? "diamond" : "circle"), stroke: CARD, strokeWidth: 1 }),
        Plot.text(points, { y: "key", x: high, text: "text", stroke: CARD, strokeWidth: 4, dx: 10, textAnchor: "start", fill: INK }),
        Plot.text(points, narrow
          ? { y: "key", frameAnchor: "left", dy: -15, text: p => shorten(p.name, width - 20), textAnchor: "start", fill: color }
          : { y: "key", frameAnchor: "left", dx: -12, text: p => shorten(p.name, left - 16), textAnchor: "end", fontSize: 13, fill: p => (p.winner ? WIN : INK) }),
        Plot.tip(points, Plot.pointerY({ y: "key", x: p => clamp(p.value), title })),
      ],
      r: { type: "identity" }, symbol: { type: "identity" }, color: { type: "identity" },
    });
    return [chooser(redraw), svg];
  };
  chart("chart-scores", () => `${data.metrics[shown].label} of every schedule with its standard error: ${pointsOf(shown).map(p => `${p.name} ${p.text}`).join("; ")}`, drawScores);

  // Quality against network calls. Points with the same calls are spread sideways; labels are pushed apart.
  const spread = (points, y, gap) => {
    const offsets = [0, ...d3.range(1, 40).flatMap(i => [i * gap, -i * gap])];
    for (const group of d3.group(points, p => p.calls).values()) {
      const placed = [];
      for (const p of d3.sort(group, (a, b) => b.winner - a.winner || a.value - b.value || a.key - b.key)) {
        p.shift = offsets.find(o => placed.every(q => Math.abs(y(q.value) - y(p.value)) >= 13 || Math.abs(q.shift - o) >= gap)) ?? 0;
        placed.push(p);
      }
    }
  };
  const placeLabels = (points, x, y, height) => {
    const labels = points.map(p => ({ p, x: x(p.calls) + p.shift, y: y(p.value) }));
    for (const group of d3.group(labels, l => l.p.calls).values()) {
      group.sort((a, b) => a.y - b.y);
      const edge = d3.max(group, l => l.x) + 14;
      group.forEach((l, i) => { l.to = edge; l.at = Math.max(l.y, i > 0 ? group[i - 1].at + 14 : 8); });
      const over = group[group.length - 1].at - height;
      if (over > 0) for (let i = group.length - 1, limit = height; i >= 0; i--, limit -= 14) group[i].at = Math.min(group[i].at, limit);
    }
    return labels;
  };
  const drawCalls = width => {
    const metric = data.metrics[0];
    const points = pointsOf(0).filter(p => p.calls !== null);
    if (points.length === 0) return note("No schedule has a score.");
    const height = 400, margin = { left: 52, right: 14, top: 16, bottom: 44 };
    const calls = [...new Set(points.map(p => p.calls))].sort((a, b) => a - b);
    const widest = Math.min(170, d3.max(points, p => measure(p.name, "600 12px system-ui, sans-serif")));
    const few = calls.length <= 3;
    const yScale = scaleFor(spans(points), d3.min(spans(points)));
    const y = (yScale.type === "log" ? d3.scaleLog : d3.scaleLinear)(yScale.domain, [height - margin.bottom, margin.top]);
    spread(points, y, few ? 14 : 8);
    const half = d3.max(points, p => Math.abs(p.shift)) + 10;
    const x = d3.scaleLinear(calls.length > 1 ? [calls[0], calls[calls.length - 1]] : [calls[0] - 0.5, calls[0] + 0.5],
      [margin.left + half, width - margin.right - (few ? widest + 24 : 30) - half]);
    const clamp = clampTo(yScale);
    // With few columns every point has its name at the right; with many, names stand on the empty side of the Pareto points.
    const labels = few ? placeLabels(points, x, y, height - margin.bottom - 4) : [];
    const named = few ? [] : points.filter(p => p.pareto || p.winner).map(p => {
      const half = measure(shorten(p.name, widest)) / 2 + 4;
      return { p, x: Math.max(margin.left + half, Math.min(width - margin.right - half, x(p.calls) + p.shift)) };
    });
    const at = p => x(p.calls) + p.shift;
    const front = points.filter(p => p.pareto).sort((a, b) => a.calls - b.calls);
    return Plot.plot({
      width, height, marginLeft: margin.left, marginRight: margin.right, marginTop: margin.top, marginBottom: margin.bottom,
      x: { type: "identity", axis: null }, y: { ...yScale, ...ticks(yScale, height), range: [height - margin.bottom, margin.top], grid: true, label: null },
      r: { type: "identity" }, symbol: { type: "identity" }, color: { type: "identity" },
      marks: [
        Plot.ruleY([yScale.domain[0]], { stroke: LINE }),
        Plot.axisX(calls, { anchor: "bottom", x: x, tickFormat: (d, i) => String(calls[i]), label: null, tickSize: 5 }),
        Plot.text(["network calls per sample"], { frameAnchor: "bottom", dy: 36, fill: SOFT }),
        front.length > 1 ? Plot.line(front, { x: at, y: "value", curve: "step-after", stroke: SOFT, strokeDasharray: "3 4" }) : null,
        Plot.link(labels, { x1: l => l.x + 8, x2: l => l.to - 3, y1: l => l.p.value, y2: l => y.invert(l.at), stroke: LINE }),
        Plot.ruleX(points, { x: at, y1: p => clamp(p.value - (p.error ?? 0)), y2: p => clamp(p.value + (p.error ?? 0)), stroke: color, strokeWidth: 2 }),
        Plot.dot(front, { x: at, y: "value", r: 10, stroke: color, strokeWidth: 1.5 }),
        Plot.dot(points, { x: at, y: "value", fill: color, r: p => (p.winner ? 6 : 4.5), symbol: p => (p.winner ? "diamond" : "circle"), stroke: CARD, strokeWidth: 1 }),
        Plot.text(labels, { x: "to", y: l => y.invert(l.at), text: l => shorten(l.p.name, widest), textAnchor: "start", fill: l => color(l.p), stroke: CARD, strokeWidth: 4 }),
        Plot.text(named, { x: "x", y: l => l.p.value, dy: metric.higherIsBetter ? -18 : 18, text: l => shorten(l.p.name, widest), fill: l => color(l.p) }),
        Plot.tip(points, Plot.pointer({ x: at, y: "value", title: p => `${p.name}${p.pareto ? " (Pareto)" : ""}\n${metric.label} ${p.text}\nnetwork calls ${p.calls}` })),
      ],
    });
  };
  chart("chart-calls", () => `${data.metrics[0].label} against network calls: ${pointsOf(0).map(p => `${p.name} ${p.calls} calls, ${p.text}${p.pareto ? ", Pareto" : ""}`).join("; ")}`, drawCalls);

  // History of the two searches.
  const drawSearch = width => {
    const metric = data.metrics[0];
    const kinds = [["best", false, WIN, null, "search, best so far"], ["median", false, WIN, "2 4", "search, median of the generation"],
      ["best", true, OTHER, null, "random search, best so far"], ["median", true, OTHER, "2 4", "random search, median"]];
    const lines = kinds.map(([key, random, stroke, dash, label]) => ({
      stroke, dash, label, points: data.history.filter(h => h.random === random && h[key] !== null).map(h => ({ ...h, value: h[key], label })),
    })).filter(l => l.points.length > 0);
    const all = lines.flatMap(l => l.points);
    if (all.length === 0) return note("Nothing was searched.");
    const y = scaleFor(all.map(p => p.value), d3.min(all, p => p.value), 4);
    return [
      legend(lines.map(l => [[["line", { x1: "1", x2: "25", y1: "7", y2: "7", stroke: l.stroke, "stroke-width": "2", "stroke-dasharray": l.dash ?? "none" }],
        ...(l.dash ? [] : [["circle", { cx: "13", cy: "7", r: "3.5", fill: l.stroke }]])], l.label])),
      Plot.plot({
        width, height: 360, marginLeft: 52, marginRight: 18, marginTop: 14, marginBottom: 44, color: { type: "identity" },
        x: { label: "network calls × samples spent", labelAnchor: "center", labelArrow: "none", tickFormat: "~s", ticks: width < 500 ? 4 : 7, nice: true, domain: [0, d3.max(all, p => p.spent)] },
        y: { ...y, ...ticks(y, 360), grid: true, label: `${metric.label}${y.type === "log" ? ", log scale" : ""}`, labelArrow: "none" },
        marks: [
          ...lines.map(l => Plot.line(l.points, { x: "spent", y: "value", stroke: l.stroke, strokeWidth: l.dash ? 1.5 : 2.5, strokeDasharray: l.dash, sort: "spent" })),
          ...lines.map(l => Plot.dot(l.points, { x: "spent", y: "value", fill: l.dash ? CARD : l.stroke, stroke: l.stroke, r: l.dash ? 2.5 : 3.5 })),
          Plot.tip(all, Plot.pointer({ x: "spent", y: "value", title: p => `${p.label}\ngeneration ${p.generation}\n${metric.label} ${d3.format(".4~g")(p.value)}\n${d3.format(",")(p.spent)} spent` })),
        ],
      }),
    ];
  };
  chart("chart-search", () => `Best and median ${data.metrics[0].label} of each generation against network calls times samples spent, for the search and random search; the numbers are in the table below.`, drawSearch);

  // Schedules on the noise axis: noise to the left, image to the right.
  const stagger = (steps, x, low, high) => {
    const ends = [-Infinity, -Infinity];
    for (const step of steps) {
      const half = measure(step.time) / 2 + 3;
      const middle = Math.max(low + half, Math.min(high - half, x(step.at)));
      step.level = ends.findIndex(end => middle - half >= end);
      if (step.level >= 0) { ends[step.level] = middle + half; step.label = middle; }
    }
  };
  const drawSchedules = width => {
    const rows = data.schedules.map((s, i) => ({ ...s, key: i }));
    const ratios = rows.flatMap(r => r.steps.map(s => s.ratio)).filter(v => v > 0);
    if (ratios.length === 0) return note("No schedule to draw.");
    const narrow = width < 640;
    const rowHeight = narrow ? 74 : 58;
    const left = narrow ? 8 : Math.min(width * 0.26, 24 + d3.max(rows, r => measure(r.name, "bold 13px system-ui, sans-serif")));
    const [low, high] = [d3.min(ratios) / 1.5, d3.max(ratios) * 1.5];
    const x = d3.scaleLog([high, low], [left, width - 14]);
    const center = r => 34 + r.key * rowHeight + (narrow ? 36 : 22);
    const height = 34 + rows.length * rowHeight + 44;
    // No noise at all and nothing but noise have no place on a logarithmic axis; they stand at its ends.
    const steps = rows.flatMap(r => {
      const own = r.steps.map(s => ({ ...s, row: r, at: s.ratio === null ? high : s.ratio > 0 ? s.ratio : low }));
      stagger(own, x, left - 4, width - 2);
      return own;
    });
    const stroke = s => color(s.row);
    const winner = steps.filter(s => s.row.winner);
    const kinds = [[[["circle", { cx: "13", cy: "7", r: "5", fill: OTHER }]], "network call"]];
    if (steps.some(s => s.dropped > 0)) kinds.push([[["rect", { x: "8", y: "2", width: "10", height: "10", fill: OTHER }]], "call with blocks dropped, their number above"]);
    if (steps.some(s => s.reused)) kinds.push([[["circle", { cx: "13", cy: "7", r: "5", fill: "none", stroke: OTHER, "stroke-width": "2" }]], "last output reused, no call"]);
    const sizes = { width, height, marginLeft: left, marginRight: 14, marginTop: 34, marginBottom: 44 };
    const svg = Plot.plot({
      ...sizes, x: { type: "log", domain: [high, low], range: [left, width - 14], label: "noise-to-signal ratio σ/α", labelAnchor: "center", labelArrow: "none", tickFormat: "~g", ticks: narrow ? 4 : 8 },
      y: { type: "identity", axis: null }, r: { type: "identity" }, symbol: { type: "identity" }, color: { type: "identity" },
      marks: [
        Plot.text(["◂ noise"], { frameAnchor: "top-left", dy: -26, fill: SOFT, textAnchor: "start" }),
        Plot.text(["image ▸"], { frameAnchor: "top-right", dy: -26, fill: SOFT, textAnchor: "end" }),
        Plot.ruleX(winner, { x: "at", stroke: WIN, strokeOpacity: 0.35, strokeDasharray: "2 4" }),
        Plot.ruleY(rows, { y: center, stroke: LINE, strokeWidth: 2 }),
        Plot.dot(steps, { x: "at", y: s => center(s.row), r: s => (s.row.winner ? 7 : 5.5), symbol: s => (s.dropped > 0 && !s.reused ? "square" : "circle"), fill: s => (s.reused ? CARD : stroke(s)), stroke, strokeWidth: 2 }),
        Plot.text(steps.filter(s => s.level >= 0), { x: s => x.invert(s.label), y: s => center(s.row) + 17 + 12 * s.level, text: "time", fill: INK, fontSize: 11 }),
        Plot.text(steps.filter(s => s.dropped > 0), { x: "at", y: s => center(s.row) - 14, text: s => `−${s.dropped}`, fill: stroke, fontSize: 11, fontWeight: 600 }),
        Plot.text(rows, narrow
          ? { x: () => high, y: r => center(r) - 26, text: r => shorten(r.name, width - 20), textAnchor: "start", fill: color }
          : { x: () => high, y: center, dx: -12, text: r => shorten(r.name, left - 18), textAnchor: "end", fontSize: 13, fill: r => (r.winner ? WIN : INK) }),
        Plot.tip(steps, Plot.pointer({ x: "at", y: s => center(s.row), title: s => `${s.row.name}\nt = ${s.time}\nσ/α ${s.ratio === null ? "∞" : d3.format(".4~g")(s.ratio)}${s.reused ? "\nreused" : s.dropped ? `\nblocks dropped ${s.dropped}` : ""}` })),
      ],
    });
    return [kinds.length > 1 ? legend(kinds) : null, svg];
  };
  chart("chart-schedules", () => `Schedules on the noise axis: ${data.schedules.map(r => `${r.name} at ${r.steps.map(s => s.time).join(", ")}`).join("; ")}`, drawSchedules);

  // Two contact sheets on top of each other.
  const figures = [...document.querySelectorAll("figure.grid")];
  const compare = document.getElementById("compare");
  if (figures.length >= 2) {
    const modes = { slide: "Slide", first: "Left only", second: "Right only", difference: "Difference" };
    const choice = (label, start) => {
      const select = make("select", {}, ...figures.map((f, i) => make("option", { value: String(i), selected: i === start }, f.dataset.name)));
      return [make("label", {}, label, select), select];
    };
    // Winner beside the first baseline; the unaccelerated sampler stands between them.
    const [firstLabel, first] = choice("Left", 0);
    const [secondLabel, second] = choice("Right", Math.min(figures.length - 1, figures[1].dataset.name === "unaccelerated" ? 2 : 1));
    const under = make("img", { alt: "" }), over = make("img", { alt: "", class: "over" });
    const slider = make("input", { type: "range", min: "0", max: "100", value: "50", "aria-label": "Share of the left sheet that is shown" });
    const stage = make("div", { class: "stage", "data-mode": "slide" }, under, over, slider);
    const names = [make("span"), make("span")];
    const buttons = Object.entries(modes).map(([mode, label]) => {
      const button = make("button", { type: "button", "aria-pressed": String(mode === "slide") }, label);
      button.addEventListener("click", () => {
        stage.dataset.mode = mode;
        for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      });
      return button;
    });
    const update = () => [[first, under, names[0]], [second, over, names[1]]].forEach(([select, image, name]) => {
      const figure = figures[select.value];
      image.src = figure.querySelector("img").src;
      image.alt = figure.querySelector("img").alt;
      name.textContent = figure.dataset.name;
    });
    slider.addEventListener("input", () => stage.style.setProperty("--cut", `${slider.value}%`));
    first.addEventListener("change", update);
    second.addEventListener("change", update);
    update();
    compare.append(make("div", { class: "controls" }, firstLabel, secondLabel, make("div", { class: "choose", role: "group", "aria-label": "How to compare", style: "margin:0" }, ...buttons)),
      stage, make("div", { class: "names" }, ...names));
    compare.hidden = false;
  }

  // Copy buttons, where the browser offers a clipboard.
  if (navigator.clipboard) {
    for (const pre of document.querySelectorAll("pre[data-copy]")) {
      const button = make("button", { type: "button" }, "Copy");
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(pre.textContent);
        button.textContent = "Copied";
        setTimeout(() => { button.textContent = "Copy"; }, 1500);
      });
      const box = make("div", { class: "copyable" });
      pre.replaceWith(box);
      box.append(pre, button);
    }
  }

  // Paper cannot be clicked: everything is open while printing.
  let closed = [];
  addEventListener("beforeprint", () => { closed = [...document.querySelectorAll("details:not([open])")]; for (const d of closed) d.open = true; });
  addEventListener("afterprint", () => { for (const d of closed) d.open = false; });
})();
