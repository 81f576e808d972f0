// Uses the pages as a person does, in headless Chromium, and prints what it saw, one line a step; ends with an error at the first thing
// that is not as it should be. Environment: CHROMIUM, SERVER (batcheval.dll), BATCHEVAL_STORE, PORT, SHOTS (folder for screenshots).
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const { CHROMIUM, SERVER, PORT, SHOTS, NODE_MODULES } = process.env;
const require = createRequire(join(NODE_MODULES, "x.js"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const base = `http://127.0.0.1:${PORT}`;

const specification = {
  name: "seen", model: "digits", seed: 11, budget: { networkCalls: 3 },
  search: { population: 8, generations: 5, elites: 3, mutants: 3, crossovers: 3, rungs: [16, 48] },
  validation: { samples: 32, elites: 1 }, final: { samples: 96, images: 4 }, reference: { steps: 12, samples: 16 },
  baselines: ["trailing", "leading", "random-search"], execution: { unitEvaluations: 120, cellSamples: 16 },
};

let server;
async function startServer() {
  server = spawn("dotnet", [SERVER, "serve", "--port", PORT, "--parallel", "1"], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  server.stderr.on("data", data => { said += data; });
  await new Promise((ready, failed) => {
    server.stdout.on("data", data => { if (String(data).includes("Listening")) ready(); });
    server.once("exit", code => failed(new Error(`the server ended with ${code}: ${said}`)));
  });
}

const began = Date.now();
const say = text => console.log(`${((Date.now() - began) / 1000).toFixed(1)} s: ${text}`);
await startServer();
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
const faults = [];

async function open(width, colorScheme) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, reducedMotion: "reduce", acceptDownloads: true });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  page.on("pageerror", error => faults.push(error.message));
  page.on("console", message => { if (message.type() === "error" && !/ERR_|Failed to load resource/.test(message.text())) faults.push(message.text()); });
  return page;
}

/** Nothing that axe finds, nothing cut off at the side, a picture for people. */
async function look(page, name) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] }));
  assert.deepEqual(violations.map(v => `${name}: ${v.id}: ${v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(" | ")}`), []);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, `${name} is wider than the window`);
  if (SHOTS) await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: !name.startsWith("image") });
  say(`looked at ${name}`);
}

const state = page => page.locator("h1 .chip").innerText();
const until = async (what, test) => { for (const end = Date.now() + 300_000; !(await test());) { assert.ok(Date.now() < end, `${what} did not happen`); await new Promise(r => setTimeout(r, 100)); } say(what); };

try {
  const page = await open(1280, "light");
  await page.goto(base);
  await page.getByText("There is no run yet").waitFor();
  await look(page, "runs-empty");

  // Start from the form: what is wrong is said where it is.
  await page.getByRole("link", { name: "New run" }).click();
  await page.getByText("As JSON").click();
  await page.getByLabel("The whole specification").fill(JSON.stringify(specification));
  await page.getByText("It will be seen-").waitFor();
  await page.getByLabel("population").fill("1");
  await page.locator("#field-search\\.population-help .error").waitFor();
  await until("it cannot be started", () => page.getByRole("button", { name: "Start" }).isDisabled());
  await look(page, "start-invalid-1280-light");
  await page.getByLabel("population").fill("8");
  await page.getByText("It will be seen-").waitFor();
  await page.getByRole("button", { name: "Start" }).click();
  await page.waitForURL(/#\/runs\/seen-/);
  const run = page.url().split("/").pop();
  say(`started ${run}`);
  await page.getByRole("heading", { name: "Who computes" }).waitFor();

  // A curve that grows, and a filter that keeps focus and text while it does.
  const points = () => page.locator("#curve circle").count();
  await until("the curve begins", async () => (await points()) > 0);
  const before = await points();
  await page.getByRole("button", { name: "Filter" }).click();
  await page.getByLabel("Filter FID", { exact: true }).fill("< 1000");
  const place = () => page.evaluate(() => Math.round(document.activeElement.getBoundingClientRect().top));
  const where = await place();
  await until("the curve grows", async () => (await points()) > before);
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), "Filter FID");
  assert.ok(Math.abs(await place() - where) < 3, "what is looked at moved");
  await look(page, "run-live-1280-light");

  // Hold it, lose the server, get it back, go on.
  await page.getByRole("button", { name: "Pause" }).click();
  await until("paused", async () => (await state(page)) === "paused");

  // Images of a candidate in the midst of the search, and where it came from.
  await page.locator("#candidates tbody a").first().click();
  await page.getByRole("button", { name: "Compute 16 images now" }).click();
  await page.locator("#images img.sheet").waitFor();
  await page.getByRole("button", { name: "Export for diffusers" }).click();
  const exported = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download sampler.json" }).click();
  assert.ok(Array.isArray(JSON.parse(readFileSync(await (await exported).path(), "utf8")).rows));
  await look(page, "candidate-search-1280-light");
  await page.goto(`${base}/#/runs/${run}`);
  await page.getByRole("button", { name: "Resume" }).waitFor();
  server.kill("SIGKILL");
  await page.getByText("No answer since").waitFor();
  say("the page says that the server has gone");
  await startServer();
  await until("the page has noticed that it is back", async () => (await page.getByText("No answer since").count()) === 0);
  await page.getByRole("button", { name: "Resume" }).click();
  await until("finished", async () => (await state(page)) === "finished");
  await page.locator("#curve .legend li", { hasText: "best so far on validation" }).waitFor();
  await page.locator("#workers td").first().waitFor();
  await look(page, "run-1280-light");

  // What happened is still there after a reload; the five best alone, and the same as a file.
  await page.reload();
  await page.locator("#log li", { hasText: "paused → " }).waitFor();
  await page.locator("#log li", { hasText: "round 1 (search, generation 0)" }).waitFor();
  await page.getByLabel("Show").selectOption("5");
  assert.equal(await page.locator("#candidates tbody tr").count(), 5);
  const rows = page.waitForEvent("download");
  await page.getByRole("button", { name: "CSV of the candidates" }).click();
  assert.equal(readFileSync(await (await rows).path(), "utf8").trim().split("\r\n").length, 6);

  // The schedule to take away.
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download schedule.json" }).click();
  const schedule = JSON.parse(readFileSync(await (await download).path(), "utf8"));
  assert.ok(Object.keys(schedule).length > 2);
  say("downloaded the schedule");

  // The report, with the tables and charts of the pages.
  await page.goto(`${base}/api/runs/${run}/report`);
  await page.locator("#table-scores tr.winner").waitFor();
  await page.locator("#chart-schedules svg").first().waitFor();
  await look(page, "report-1280-light");
  await page.goto(`${base}/#/runs/${run}`);
  await page.locator("dl.cards a").first().waitFor();

  // A candidate, an image of it, large.
  await page.locator("dl.cards a").first().click();
  await page.waitForURL(/candidates/);
  const candidate = page.url().split("/").pop();
  await page.locator(".thumbs img").nth(3).waitFor();
  await page.locator("#family a").first().waitFor();
  await look(page, "candidate-1280-light");
  await page.getByRole("button", { name: "Enlarge image 0" }).click();
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("ArrowRight");
  await page.getByText("image 1, 4 in all").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Difference" }).click();
  await page.locator("dialog .pair img").nth(1).waitFor();
  await look(page, "image-1280-light");
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });

  // On a phone, dark: copy and vary, hold it, lose the server, go on. Then compare.
  const phone = await open(390, "dark");
  await phone.goto(`${base}/#/runs/${run}`);
  await phone.getByRole("link", { name: "Copy and vary" }).click();
  await phone.getByLabel("name", { exact: true }).fill("held");
  await phone.locator("#field-seed").fill("12");
  // Long enough not to end before it is paused.
  await phone.getByLabel("generations").fill("200");
  await phone.getByText("It will be held").waitFor();
  await phone.getByRole("button", { name: "Start" }).click();
  await phone.waitForURL(/#\/runs\/held-/);
  await phone.getByRole("button", { name: "Pause" }).click();
  await until("paused on a phone", async () => (await state(phone)) === "paused");
  server.kill("SIGKILL");
  await phone.getByText("No answer since").waitFor();
  await startServer();
  await until("the phone has noticed that it is back", async () => (await phone.getByText("No answer since").count()) === 0);
  await phone.getByRole("button", { name: "Resume" }).click();
  await until("it has scored a generation", async () => (await phone.locator("#curve circle").count()) > 0);
  await phone.getByRole("button", { name: "Stop" }).click();
  await phone.getByRole("dialog").getByRole("button", { name: "Stop" }).click();
  await until("it is stopped", async () => (await state(phone)) === "stopped");
  await phone.getByRole("button", { name: "Go on" }).click();
  await until("the stopped run goes on", async () => (await state(phone)) === "running");
  await phone.getByRole("button", { name: "Stop" }).click();
  await phone.getByRole("dialog").getByRole("button", { name: "Stop" }).click();
  await until("it is stopped again", async () => (await state(phone)) === "stopped");
  await phone.getByRole("button", { name: "Delete" }).click();
  await phone.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await phone.waitForURL(/#\/$/);
  const send = body => fetch(`${base}/api/runs`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }).then(answer => answer.json());
  const varied = (await send({ ...specification, name: "varied", seed: 12, search: { ...specification.search, generations: 2 } })).id;
  await phone.goto(`${base}/#/runs/${varied}`);
  await until("another run is finished", async () => (await phone.locator("h1 .chip").count()) === 1 && (await state(phone)) === "finished");
  await phone.getByRole("link", { name: "Runs" }).click();
  await phone.getByRole("checkbox").nth(1).waitFor();
  for (const box of await phone.getByRole("checkbox").all()) await box.check();
  await phone.getByRole("link", { name: /Compare 2/ }).click();
  await phone.locator("#genes svg").first().waitFor();
  await page.goto(`${base}/#/`);
  await page.getByRole("checkbox").nth(1).waitFor();
  await page.locator("table.runs td.num small", { hasText: "FID" }).first().waitFor();
  for (const box of await page.getByRole("checkbox").all()) await box.check();
  await look(page, "runs-1280-light");
  await page.getByRole("link", { name: /Compare 2/ }).click();
  await page.locator("#differences code", { hasText: "search.generations" }).waitFor();
  await page.locator("#genes svg").first().waitFor();
  await page.locator("#genes details td").first().waitFor({ state: "attached" });
  await look(page, "compare-1280-light");

  // The same pages in the other sizes and colours.
  for (const [width, colours] of [[390, "dark"], [390, "light"], [1280, "dark"]]) {
    const other = await open(width, colours);
    for (const [name, hash, ready] of [["runs", "#/", "table.runs a"], ["run", `#/runs/${run}`, "#curve svg"], ["candidate", `#/runs/${run}/candidates/${candidate}`, ".thumbs img"],
      ["compare", `#/compare/${run},${varied}`, "#genes svg"], ["start", "#/new", ".forecast code, .forecast a"], ["models", "#/models/digits", "pre.card"]]) {
      await other.goto(`${base}/${hash}`);
      await other.locator(ready).first().waitFor();
      await look(other, `${name}-${width}-${colours}`);
      if (name !== "candidate" || width !== 390) continue;
      await other.getByRole("button", { name: "Enlarge image 0" }).click();
      await other.locator("dialog .pair img").nth(1).waitFor();
      await look(other, `image-${width}-${colours}`);
      const image = other.waitForEvent("download");
      await other.getByRole("dialog").getByRole("button", { name: "Download PNG" }).click();
      assert.equal(readFileSync(await (await image).path()).subarray(1, 4).toString(), "PNG");
      await other.keyboard.press("Escape");
    }
  }

  // Behind a host that asks for a key: nothing is asked for without it, links and images included.
  const keyed = await open(1280, "light");
  const without = [];
  await keyed.route(/\/api\//, (route, request) => {
    if (request.headers()["x-functions-key"] === "secret") return route.continue();
    without.push(request.url());
    return route.fulfill({ status: 401, body: "" });
  });
  await keyed.goto(base);
  await keyed.getByLabel("Function key").fill("secret");
  without.length = 0;
  await keyed.getByRole("button", { name: "Use it" }).click();
  await keyed.locator("table.runs a").first().waitFor();
  await keyed.goto(`${base}/#/runs/${run}`);
  const report = keyed.waitForEvent("download");
  await keyed.getByRole("button", { name: "Report", exact: true }).click();
  assert.match(readFileSync(await (await report).path(), "utf8"), /^<!doctype html>/i);
  await keyed.goto(`${base}/#/runs/${run}/candidates/${candidate}`);
  await until("both sheets are drawn with a key", () => keyed.evaluate(() => [...document.querySelectorAll("#compare .stage img")].filter(i => i.naturalWidth > 0).length === 2));
  assert.equal(await keyed.getByRole("link", { name: "OpenAPI" }).count(), 0);
  assert.deepEqual(without, []);

  // A server that only reads: nothing that it would refuse is offered.
  const reader = await open(1280, "light");
  await reader.route(/\/api\/service$/, route => route.fulfill({ json: { readOnly: true } }));
  for (const [hash, ready] of [["#/", "table.runs a"], [`#/runs/${run}`, "#curve svg"], [`#/runs/${run}/candidates/${candidate}`, ".thumbs img"], ["#/models/digits", "pre.card"]]) {
    await reader.goto(`${base}/${hash}`);
    await reader.locator(ready).first().waitFor();
    assert.equal(await reader.getByRole("button", { name: /^(Delete|Pause|Resume|Stop|Go on)/ }).count(), 0, hash);
    assert.equal(await reader.locator("a[href^='#/new']").count(), 0, hash);
  }
  await reader.goto(`${base}/#/new`);
  await reader.getByText("This server only reads").waitFor();

  // A candidate that leaves out blocks is handed over with the networks that lack them.
  const dropping = {
    name: "dropping", model: "digits", seed: 1, budget: { networkCalls: 3 }, search: { method: "none" }, final: { samples: 48, images: 2 }, reference: { steps: 6, samples: 8 }, baselines: ["trailing"],
    candidates: [[2], [3, 5]].map(drop => ({ solver: "ddim", steps: [{ t: 900 }, { t: 600, drop }, { t: 300, drop }] })),
  };
  const sent = await send(dropping);
  await page.goto(`${base}/#/runs/${sent.id}`);
  await until("the run of given candidates is finished", async () => (await page.locator("h1 .chip").count()) === 1 && (await state(page)) === "finished");
  const winner = (await (await fetch(`${base}/api/runs/${sent.id}`)).json()).best.id;
  await page.locator("#candidates tbody tr", { hasText: /candidate [12]/ }).filter({ hasNotText: winner }).first().locator("a").click();
  await page.locator("#blocks svg").first().waitFor();
  await page.getByRole("button", { name: "Export for diffusers" }).click();
  const network = page.waitForEvent("download");
  await page.getByRole("button", { name: /Download .*\.onnx$/ }).first().click();
  assert.ok(readFileSync(await (await network).path()).length > 10_000);
  await look(page, "candidate-blocks-1280-light");

  // A model is checked on request.
  await page.goto(`${base}/#/models/digits`);
  await page.getByRole("button", { name: "Check this model" }).click();
  await page.getByText("Nothing contradicts the manifest.").waitFor();
  await look(page, "model-1280-light");

  // Delete asks once.
  await page.goto(`${base}/#/runs/${varied}`);
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.waitForURL(/#\/$/);
  await until("the varied run is gone", async () => (await page.locator("table.runs tbody tr").count()) === 2);
  assert.deepEqual(faults, []);
  say("done");
} finally {
  await browser.close();
  server.kill("SIGKILL");
}
