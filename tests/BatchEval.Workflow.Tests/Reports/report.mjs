// Looks at a report in headless Chromium: node report.mjs report.html. Environment: CHROMIUM, NODE_MODULES, SHOTS (folder for screenshots).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const { CHROMIUM, SHOTS, NODE_MODULES } = process.env;
const require = createRequire(join(NODE_MODULES, "x.js"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const address = `file://${process.argv[2]}`;
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
const faults = [];
try {
  for (const [width, colorScheme] of [[1280, "light"], [1280, "dark"], [390, "light"], [390, "dark"]]) {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, reducedMotion: "reduce", offline: true });
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    page.on("pageerror", error => faults.push(error.message));
    page.on("request", request => { if (!/^(file|data|blob):/.test(request.url())) faults.push(`asked for ${request.url()}`); });
    await page.goto(address);
    const rows = page.locator("#table-scores tbody tr");
    await rows.nth(9).waitFor();
    assert.equal(await rows.count(), 10);
    assert.equal(await page.locator("#table-scores tr.winner th").innerText().then(t => t.split("\n")[0]), "searched");
    assert.match(await page.locator("#table-scores tr.failed").innerText(), /Failed: The network returned a value that is not finite at t = 640\./);
    assert.equal(await page.locator("#table-scores td.best").count(), 5);
    assert.match(await page.locator("#table-scores tbody tr", { hasText: "trailing" }).innerText(), /worse/);
    for (const chart of ["#chart-scores svg", "#chart-calls svg", "#chart-search svg", "#chart-schedules svg", "#sampler .chart svg", "#masks .chart svg"]) await page.locator(chart).first().waitFor();
    for (const details of await page.locator("details:not(.screen)").all()) await details.evaluate(d => { d.open = true; });
    assert.match(await page.locator("#table-history tbody").innerText(), /random search/);
    assert.match(await page.locator("#table-schedules tbody tr").first().innerText(), /674 .*431\.5/);
    assert.match(await page.locator("#sampler tbody tr").first().innerText(), /650\s+631\s+1/);
    assert.match(await page.locator("#masks tbody tr").first().innerText(), /image 2000000\s+called\s+–\s+called/);
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] }));
    assert.deepEqual(violations.map(v => `${width} ${colorScheme}: ${v.id}: ${v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(" | ")}`), []);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, `wider than ${width} pixels`);
    if (SHOTS) await page.screenshot({ path: join(SHOTS, `report-${width}-${colorScheme}.png`), fullPage: true });
    await context.close();
  }

  const plain = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
  await plain.goto(address);
  assert.match(await plain.locator("h1").innerText(), /^4 network calls: FID 2\.71/);
  assert.match(await plain.locator("noscript").innerText(), /Tables and charts need JavaScript/);
  assert.equal(await plain.locator("figure.grid img").count(), 10);
  assert.deepEqual(faults, []);
  console.log("done");
} finally {
  await browser.close();
}
