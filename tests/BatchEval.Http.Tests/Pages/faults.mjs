// The pages over a server that is made up here: answers that fail, come late or never, and what each must look like then.
// Arguments: folder of the bundled pages. Environment: CHROMIUM, NODE_MODULES, ONLY (part of a name: only these).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.NODE_MODULES, "x.js"));
const { chromium } = require("playwright-core");
const files = process.argv[2];
const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+M8AAAICAQCqzvYmAAAAAElFTkSuQmCC", "base64");
const time = "2026-01-01T00:00:00Z";

const runOf = (id, more = {}) => ({
  id, state: "finished", stage: "done", round: 2, best: { id: "aaaaaaaaaaaa", name: "searched" }, started: time, updated: time, error: null, statusUrl: `/api/runs/${id}`, objective: "fid", model: "digits", seed: 1,
  generation: null, generations: 2, units: null, unitsDone: null, counts: { computed: 1, reused: 0, samples: 1, networkCalls: 1 }, cost: { deviceSeconds: 1, amount: null, currency: null, deviceSecondsLeft: null, amountLeft: null },
  share: 1, secondsLeft: 0, links: { self: `/api/runs/${id}`, pause: "", resume: "", stop: "", leaderboard: null, report: null, best: null, model: null }, ...more,
});
const row = (id, values, more = {}) => ({ id, name: "searched", role: "searched", solver: "ddim", times: [900, 500], dropped: 0, reused: 0, calls: 2, macs: null, milliseconds: null, values, errors: {}, failure: null, parents: null, genes: null, ...more });
const fid = { key: "fid", label: "FID", unit: "", higherIsBetter: false }, psnr = { key: "psnr", label: "PSNR", unit: " dB", higherIsBetter: true };
const round = (number, stage, rows) => ({ round: number, stage, generation: number, rung: 0, samples: 10, validates: false, scored: time, genes: null, rows });
const tableOf = (rounds, metrics = [fid], history = []) => ({ next: rounds.length, objective: metrics[0].key, metrics, rounds, history, genes: [] });
const final = [row("aaaaaaaaaaaa", { fid: 3 }), row("bbbbbbbbbbbb", { fid: 4 }, { name: "trailing", role: "baseline" })];

const finals = tableOf([{ ...round(0, "final", final), generation: null }]);

/** What the server does with a path: a value is JSON, a function answers by itself. The first entry whose pattern fits counts. */
let rules = [];
const server = createServer((request, response) => {
  const path = request.url.split("?")[0];
  if (!path.startsWith("/api/")) {
    const file = path === "/" ? "index.html" : path.replace("/assets/", "");
    try {
      const content = readFileSync(join(files, file));
      response.writeHead(200, { "Content-Type": { html: "text/html", js: "text/javascript", css: "text/css" }[file.split(".").at(-1)] ?? "text/plain" });
      response.end(content);
    } catch { response.writeHead(404); response.end(); }
    return;
  }
  const rule = rules.find(([pattern]) => pattern.test(path));
  if (!rule) { response.writeHead(404, { "Content-Type": "application/problem+json" }); response.end('{"title":"Not found","status":404,"detail":"There is none."}'); return; }
  if (typeof rule[1] === "function") { rule[1](response, request); return; }
  response.writeHead(200, { "Content-Type": "application/json" });
  response.end(JSON.stringify(rule[1]));
});
await new Promise(ready => server.listen(0, "127.0.0.1", ready));
const base = `http://127.0.0.1:${server.address().port}`;

const event = (name, data) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
const json = value => response => { response.writeHead(200, { "Content-Type": "application/json" }); response.end(JSON.stringify(value)); };
const refuse = (status, detail) => response => { response.writeHead(status, { "Content-Type": "application/problem+json" }); response.end(JSON.stringify({ title: "No", status, detail })); };
const image = response => { response.writeHead(200, { "Content-Type": "image/png" }); response.end(png); };
const inTurn = (...answers) => { let n = 0; return (response, request) => answers[Math.min(n++, answers.length - 1)](response, request); };
/** A stream that says one thing and stays open. */
const stream = run => response => { response.writeHead(200, { "Content-Type": "text/event-stream" }); response.write(event("status", run)); };
const service = [/\/api\/service$/, { readOnly: false }], nobody = [/\/api\/workers$|\/work$/, { workers: [], processes: [] }];
const onRun = (id, run, scores, ...more) => [...more, [new RegExp(`/runs/${id}/events$`), typeof run === "function" ? run : stream(run)], [new RegExp(`/runs/${id}/scores$`), typeof scores === "function" ? scores : json(scores)],
  [new RegExp(`/runs/${id}$`), typeof run === "function" ? {} : run], service, nobody];

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
const open = async () => { const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage(); page.setDefaultTimeout(20_000); return page; };
const failures = [];
const only = process.env.ONLY;
async function test(name, run) {
  if (only && !name.includes(only)) return;
  const page = await open();
  try { await run(page); console.log(`passed: ${name}`); } catch (error) { failures.push(`${name}: ${error.message}`); console.log(`FAILED: ${name}: ${error.message}`); }
  await page.context().close();
}

await test("scores are asked for again after a failed request", async page => {
  rules = onRun("r", runOf("r"), inTurn(refuse(503, "The storage is away."), json(tableOf([round(0, "search", final)]))));
  await page.goto(`${base}/#/runs/r`);
  await page.getByText("The storage is away.").waitFor();
  await page.locator("#candidates tbody tr").nth(1).waitFor();
  assert.equal(await page.getByText("The storage is away.").count(), 0);
});

await test("scores are asked for beside the run, and once", async page => {
  let asked = 0, told;
  const running = runOf("r", { state: "running", stage: "search", best: null });
  rules = onRun("r", response => { told = () => stream(running)(response); }, (response, request) => { asked++; json(tableOf(request.url.endsWith("since=0") ? [round(0, "search", final), round(1, "search", [row("cccccccccccc", { fid: 2 })])] : []))(response); });
  await page.goto(`${base}/#/runs/r`);
  for (let n = 0; n < 100 && !(asked && told); n++) await new Promise(r => setTimeout(r, 100));
  assert.equal(asked, 1, "before the run has said anything");
  await new Promise(r => setTimeout(r, 300));
  told();
  await page.locator("#candidates tbody tr").nth(2).waitFor();
  await new Promise(r => setTimeout(r, 300));
  assert.equal(asked, 1, "the scores hold all rounds of the run");
});

await test("every point that is drawn is in the chart's table", async page => {
  const many = Array.from({ length: 60 }, (_, i) => row(`${String(i).padStart(2, "0")}aaaaaaaaaa`, { fid: 3 + i }, { calls: 2 + (i % 3) }));
  rules = onRun("r", runOf("r"), tableOf([round(0, "search", many)]));
  await page.goto(`${base}/#/runs/r`);
  await page.locator("#points .chart svg[role=img]").waitFor();
  assert.equal(await page.locator("#points tbody tr").count(), 0, "made when somebody looks");
  await page.locator("#points summary").click();
  await page.locator("#points").getByText("60 points").waitFor();
  assert.deepEqual((await page.locator("#points tbody tr").first().locator("th, td").allInnerTexts()).slice(1), ["2", "3", "searched", "yes"]);
  await page.locator("#points").getByRole("button", { name: "Filter" }).click();
  await page.getByLabel("Filter On the Pareto front").fill("yes");
  await page.locator("#points").getByText("1 of 60 points").waitFor();
});

await test("columns of costs appear once candidates have them", async page => {
  let told;
  const running = runOf("r", { state: "running", stage: "search", round: 1, best: null, share: null });
  const later = round(1, "search", [row("cccccccccccc", { fid: 2 }, { macs: 2e9, milliseconds: 4 })]);
  rules = onRun("r", response => { told = response; stream(running)(response); }, (response, request) => json(request.url.endsWith("since=0") ? tableOf([round(0, "search", final)]) : { ...tableOf([later]), next: 2 })(response));
  await page.goto(`${base}/#/runs/r`);
  await page.locator("#candidates tbody tr").first().waitFor();
  told.write(event("status", { ...running, round: 2 }));
  await page.locator("#candidates th", { hasText: "Multiply-adds" }).waitFor();
  await page.locator("#candidates th", { hasText: "Milliseconds" }).waitFor();
  assert.equal(await page.getByText("% done").count(), 0, "the share is not known");
});

await test("a server that hangs is noticed, and so is that it is back", async page => {
  let hanging = false;
  const silent = answer => response => { if (!hanging) answer(response); };
  rules = onRun("r", silent(stream(runOf("r", { state: "running", stage: "search", share: 0.5 }))), tableOf([round(0, "search", final)])).map(([pattern, answer]) => [pattern, typeof answer === "function" ? silent(answer) : silent(json(answer))]);
  await page.clock.install();
  await page.goto(`${base}/#/runs/r`);
  await page.locator("#candidates tbody tr").first().waitFor();
  hanging = true;
  await page.clock.fastForward(25_000);
  assert.equal(await page.getByText("No answer since").count(), 0, "a ping may be late");
  for (let n = 0; n < 10 && await page.getByText("No answer since").count() === 0; n++) { await page.clock.fastForward(10_000); await new Promise(r => setTimeout(r, 200)); }
  await page.getByText("No answer since").waitFor();
  hanging = false;
  for (let n = 0; n < 20 && await page.getByText("No answer since").count() > 0; n++) { await page.clock.fastForward(10_000); await new Promise(r => setTimeout(r, 200)); }
  assert.equal(await page.getByText("No answer since").count(), 0);
});

await test("runs of several objectives are compared by one metric at a time, and a deleted one hides no other", async page => {
  const scores = (objective, a, b) => tableOf([{ ...round(0, "final", [row("aaaaaaaaaaaa", { ...a }), row("bbbbbbbbbbbb", { ...b }, { name: "trailing", role: "baseline" })]), generation: null }], objective === "fid" ? [fid, psnr] : [psnr],
    [{ stage: "search", generation: 0, round: 0, best: a[objective], median: b[objective], validationBest: null, validationMedian: null }]);
  const own = id => [[new RegExp(`/runs/${id}/specification$`), { name: id }], [new RegExp(`/runs/${id}/candidates/.*/steps$`), { solver: "ddim", steps: [{ time: 900, ratio: 2, dropped: [], reused: false }], blocks: null, sampler: null, skip: null }]];
  rules = [...onRun("first", runOf("first"), scores("fid", { fid: 3, psnr: 20 }, { fid: 4, psnr: 19 }), ...own("first")), ...onRun("second", runOf("second", { objective: "psnr" }), scores("psnr", { psnr: 25 }, { psnr: 24 }), ...own("second"))];
  await page.goto(`${base}/#/compare/first,second,gone`);
  await page.getByText("gone: this run is not there (any more).").waitFor();
  await page.locator("#curve").getByText("Not drawn: second, whose search is by another objective than FID.").waitFor();
  await page.locator("#points").getByText("Not drawn: second, without a final score by FID.").waitFor();
  const cells = () => page.locator("#points tbody tr").allTextContents();
  assert.deepEqual((await cells()).map(t => [/first/.test(t), /yes/.test(t)]), [[true, true], [true, false]], "all that is drawn is in the table");
  await page.getByLabel("Metric").selectOption("psnr");
  await page.locator("#points tbody tr").nth(3).waitFor({ state: "attached" });
  assert.deepEqual((await cells()).map(t => /20|19|25|24/.test(t)), [true, true, true, true]);
});

await test("a template can be chosen again, takes the place of text that is no JSON, and a broken one hides no other", async page => {
  const schema = { type: "object", properties: { name: { type: "string" }, seed: { type: "integer" }, extra: { description: "Anything." } }, required: ["name"] };
  const posted = [];
  rules = [
    [/\/runs\/check$/, (response, request) => { let body = ""; request.on("data", d => { body += d; }); request.on("end", () => { posted.push(JSON.parse(body)); json({ id: `${JSON.parse(body).name}-1`, exists: false, rounds: 1, networkCalls: 1, deviceSeconds: null, amount: null, currency: null })(response); }); }],
    [/specification\.schema\.json$/, schema], [/\/api\/models$/, { models: ["good", "bad", "broken"] }],
    [/\/api\/models\/good$/, { name: "good", description: "", card: null, templates: { "one.json": '{"name":"one","extra":[1]}', "two.json": '{"name":"two","extra":[2]}' } }],
    [/\/api\/models\/bad$/, { name: "bad", description: "", card: null, templates: { "x.json": '{"name":"x",}' } }], [/\/api\/models\/broken$/, refuse(500, "It cannot be read.")], service,
  ];
  await page.goto(`${base}/#/new`);
  await page.getByText("It will be one-1").waitFor();
  assert.deepEqual(await page.getByLabel("Template").locator("option").allTextContents(), ["good:one.json", "good:two.json"]);
  await page.locator("#field-extra").fill("[1, ");
  await page.getByText("1 field holds text that is not JSON yet.").waitFor();
  assert.ok(await page.getByRole("button", { name: "Start" }).isDisabled());
  await page.getByLabel("Template").selectOption("1");
  await page.getByText("It will be two-1").waitFor();
  assert.equal(await page.locator("#field-extra").inputValue(), "[2]");
  assert.equal(await page.getByText("not JSON yet").count(), 0);
  await page.locator("#field-name").fill("other");
  await page.getByText("It will be other-1").waitFor();
  assert.equal(await page.getByLabel("Template").inputValue(), "-1");
  await page.getByLabel("Template").selectOption("1");
  await page.getByText("It will be two-1").waitFor();
  assert.deepEqual(posted.at(-1).extra, [2]);
});

await test("a seed of 64 bits is copied digit by digit", async page => {
  const bodies = [];
  const check = (response, request) => { let body = ""; request.on("data", d => { body += d; }); request.on("end", () => { bodies.push(body); json({ id: "copy-1", exists: false, rounds: 1, networkCalls: 1, deviceSeconds: null, amount: null, currency: null })(response); }); };
  rules = [
    [/\/runs\/check$/, check], [/specification\.schema\.json$/, { type: "object", properties: { name: { type: "string" }, seed: { type: "integer" } } }], [/\/api\/models$/, { models: [] }],
    [/\/runs\/r\/specification$/, response => { response.writeHead(200, { "Content-Type": "application/json" }); response.end('{"name":"copy","seed":18446744073709551615}'); }],
    ...onRun("r", response => { response.writeHead(200, { "Content-Type": "text/event-stream" }); response.write(event("status", runOf("r", { state: "stopped", seed: "S" })).replace('"S"', "18446744073709551615")); }, finals, [/\/runs\/r$/, runOf("r")]),
  ];
  await page.goto(`${base}/#/new/r`);
  await page.getByText("It will be copy-1").waitFor();
  assert.equal(await page.locator("#field-seed").inputValue(), "18446744073709551615");
  assert.equal(bodies.at(-1), '{"name":"copy","seed":18446744073709551615}');
  await page.locator("#field-seed").fill("18446744073709551614");
  for (let n = 0; n < 50 && bodies.length < 2; n++) await new Promise(r => setTimeout(r, 100));
  assert.equal(bodies.at(-1), '{"name":"copy","seed":18446744073709551614}');
  // A stopped run goes on by the same digits, which its page shows.
  await page.goto(`${base}/#/runs/r`);
  await page.getByText("seed 18446744073709551615").waitFor();
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByText("it would be another run").waitFor();
  assert.equal(bodies.at(-1), '{"name":"copy","seed":18446744073709551615}');
});

await test("a search that is too large to be foreseen says so, and can be started", async page => {
  rules = [[/\/runs\/check$/, { id: "huge-1", exists: false, rounds: null, networkCalls: null, deviceSeconds: null, amount: null, currency: null }],
    [/specification\.schema\.json$/, { type: "object", properties: { name: { type: "string" } } }], [/\/api\/models$/, { models: [] }], service];
  await page.goto(`${base}/#/new`);
  await page.getByText("It will be huge-1: too large for its rounds and network calls to be foreseen while you type.").waitFor();
  assert.ok(await page.getByRole("button", { name: "Start" }).isEnabled());
});

const candidate = [
  [/\/runs\/r\/specification$/, { final: { images: 2 } }],
  [/\/candidates\/.*\/images\/\d+$/, image], [/\/candidates\/(bbbbbbbbbbbb|reference)\/grid$/, image],
  [/\/steps$/, { solver: "ddim", blocks: null, sampler: null, skip: { criterion: "tensor", threshold: 0.01, maxConsecutive: 3, warmup: 4, guard: 0, order: 0, maxCalls: null },
    steps: [{ time: 900, ratio: 2, dropped: [], reused: false, guidance: "full" }, { time: 500, ratio: 1, dropped: [], reused: false, guidance: "cached" }, { time: 400, ratio: 0.9, dropped: [], reused: true, guidance: "full" }] }],
  [/\/runs\/r\/prompts$/, { prompts: [{ prompt: "a red A", negative: "blurred" }, { prompt: "a blue B", negative: null }] }],
];

await test("an image that fails is asked for again and is not called missing", async page => {
  rules = onRun("r", runOf("r"), finals, [/\/candidates\/aaaaaaaaaaaa\/grid$/, inTurn(refuse(503, "The storage is away."), image)], ...candidate);
  await page.goto(`${base}/#/runs/r/candidates/aaaaaaaaaaaa`);
  await page.locator("#images").getByText("The storage is away.").waitFor();
  assert.equal(await page.getByText("this one was not among them").count(), 0);
  await page.locator("#images img.sheet").waitFor();
});

await test("images stand beside their prompts, steps beside their guidance, charts beside tables of all they draw", async page => {
  rules = onRun("r", runOf("r"), finals, [/\/candidates\/aaaaaaaaaaaa\/grid$/, image], ...candidate);
  await page.goto(`${base}/#/runs/r/candidates/aaaaaaaaaaaa`);
  await page.locator("#prompts tbody tr").nth(1).waitFor();
  assert.deepEqual(await page.locator("#prompts tbody tr").allInnerTexts(), ["0\ta red A\tblurred", "1\ta blue B\t–"]);
  assert.equal(await page.locator("#guidance").innerText(), "Guidance by step: both evaluations at 1; positive evaluation and the last difference at 2.");
  assert.match(await page.locator("#skip-policy").innerText(), /the criterion tensor stays below 0.01: at most 3 in a row, none of the first 4 steps; in its place the last output is used/);
  const steps = await page.locator("#steps tbody tr").allTextContents();
  assert.deepEqual([steps.length, steps.filter(t => t.includes("trailing bbbbbbbbbbbb")).length], [6, 3]);
  await page.getByRole("button", { name: "Enlarge image 1, a blue B" }).click();
  await page.getByRole("dialog").getByText("a blue B").waitFor();
});

await test("arrow keys in a list choose from it and turn no page", async page => {
  rules = onRun("r", runOf("r"), finals, [/\/candidates\/aaaaaaaaaaaa\/grid$/, image], ...candidate);
  await page.goto(`${base}/#/runs/r/candidates/aaaaaaaaaaaa`);
  await page.getByRole("button", { name: /Enlarge image 0/ }).click();
  await page.getByText("image 0, 2 in all").waitFor();
  await page.getByRole("dialog").getByLabel("Beside").focus();
  await page.keyboard.press("ArrowRight");
  await new Promise(r => setTimeout(r, 300));
  assert.equal(await page.getByText("image 0, 2 in all").count(), 1);
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).focus();
  await page.keyboard.press("ArrowRight");
  await page.getByText("image 1, 2 in all").waitFor();
});

await test("a picture that fails late takes away no other", async page => {
  let fail;
  rules = onRun("r", runOf("r"), finals, [/\/candidates\/aaaaaaaaaaaa\/grid$/, image], [/\/candidates\/reference\/grid$/, (response, request) => { if (request.method === "HEAD") image(response); else fail = () => refuse(500, "Lost.")(response); }], ...candidate);
  await page.goto(`${base}/#/runs/r/candidates/aaaaaaaaaaaa`);
  const right = page.locator("#compare").getByLabel("Right");
  await right.locator("option", { hasText: "trailing" }).waitFor({ state: "attached" });
  await right.selectOption({ label: "unaccelerated reference" });
  await right.selectOption({ label: "trailing bbbbbbbbbbbb" });
  const drawn = () => page.evaluate(() => [...document.querySelectorAll("#compare .stage img")].filter(i => i.naturalWidth > 0).length);
  for (let n = 0; n < 50 && await drawn() < 2; n++) await new Promise(r => setTimeout(r, 100));
  assert.equal(await drawn(), 2);
  fail();
  await new Promise(r => setTimeout(r, 500));
  assert.equal(await drawn(), 2);
});

await test("an address that is no address leads to a page", async page => {
  rules = [service, [/\/api\/runs$/, { runs: [], next: null }]];
  await page.goto(`${base}/#/%`);
  await page.getByText("There is no run yet").waitFor();
});

await browser.close();
server.closeAllConnections();
server.close();
assert.deepEqual(failures, []);
console.log("done");
