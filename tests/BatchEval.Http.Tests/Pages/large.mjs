// Measures the pages over a large store: node large.mjs BASE RUN. Prints one line of JSON.
import { createRequire } from "node:module";
import { join } from "node:path";

const { CHROMIUM, NODE_MODULES } = process.env;
const [base, run] = process.argv.slice(2);
const { chromium } = createRequire(join(NODE_MODULES, "x.js"))("playwright-core");
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Milliseconds of processor time that the page's main thread has taken: the same whatever else the machine does. */
async function mainThread(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  return async () => 1000 * (await session.send("Performance.getMetrics")).metrics.find(m => m.name === "TaskDuration").value;
}

try {
  // Each from an empty cache: when the first text is painted, and when the frame with the last row of the table is.
  const open = async (hash, row) => {
    const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
    await page.addInitScript(row => {
      const look = () => (document.querySelector(row) ? requestAnimationFrame(() => setTimeout(() => { window.shownAt = performance.now(); })) : requestAnimationFrame(look));
      requestAnimationFrame(look);
    }, row);
    const work = await mainThread(page);
    await page.goto(`${base}/${hash}`);
    await page.waitForFunction(() => window.shownAt);
    return { page, work, ...await page.evaluate(() => ({ shown: window.shownAt, paint: performance.getEntriesByName("first-contentful-paint")[0].startTime })) };
  };
  const [lists, runs] = [[], []];
  for (let i = 0; i < 5; i++) {
    lists.push(await open("", "table.runs tbody tr:nth-child(25)"));
    await lists.at(-1).page.context().close();
    runs.push(await open(`#/runs/${run}`, "#candidates tbody tr:nth-child(50)"));
    await runs.at(-1).page.locator("#points .chart svg[role=img]").waitFor();
    runs.at(-1).charts = await runs.at(-1).page.evaluate(() => performance.now());
    runs.at(-1).took = await runs.at(-1).work();
    // A page asks the server again and again, so one is open at a time.
    if (i < 4) await runs.at(-1).page.context().close();
  }

  const page = runs.at(-1).page;

  await page.getByRole("button", { name: "Filter" }).click();
  // From the key to the frame that shows the result.
  const filters = [], before = await runs.at(-1).work();
  for (const text of ["< 20", "< 12", "< 30", "> 5", "< 15", "< 25"]) {
    filters.push(await page.evaluate(text => new Promise(done => {
      const input = document.querySelector("input[aria-label='Filter FID']");
      const began = performance.now();
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(input, text);
      input.dispatchEvent(new Event("input", { bubbles: true }));
      requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(performance.now() - began))));
    }), text));
  }

  const filterWork = (await runs.at(-1).work() - before) / filters.length;
  const shown = await page.locator("#candidates [role=status]").innerText();
  console.log(JSON.stringify({ firstPaint: median([...lists, ...runs].map(o => o.paint)), list: median(lists.map(o => o.shown)), candidates: median(runs.map(o => o.shown)), charts: median(runs.map(o => o.charts)), work: median(runs.map(o => o.took)), filter: median(filters), worstFilter: Math.max(...filters), filterWork, shown }));
} finally {
  await browser.close();
}
