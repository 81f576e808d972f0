// Measures the pages over a large store: node large.mjs BASE RUN. Prints one line of JSON.
import { createRequire } from "node:module";
import { join } from "node:path";

const { CHROMIUM, NODE_MODULES } = process.env;
const [base, run] = process.argv.slice(2);
const { chromium } = createRequire(join(NODE_MODULES, "x.js"))("playwright-core");
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

try {
  const [paints, lists, tables] = [[], [], []];
  let page;
  for (let i = 0; i < 3; i++) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    page = await context.newPage();
    const began = Date.now();
    await page.goto(`${base}/`);
    await page.locator("table.runs tbody tr").nth(24).waitFor();
    lists.push(Date.now() - began);
    paints.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime));
    const opened = Date.now();
    await page.goto(`${base}/#/runs/${run}`);
    await page.locator("#candidates tbody tr").nth(49).waitFor();
    tables.push(Date.now() - opened);
  }

  await page.getByRole("button", { name: "Filter" }).click();
  // From the key to the frame that shows the result.
  const filters = [];
  for (const text of ["< 20", "< 12", "< 30", "> 5", "< 15", "< 25"]) {
    filters.push(await page.evaluate(text => new Promise(done => {
      const input = document.querySelector("input[aria-label='Filter FID']");
      const began = performance.now();
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(input, text);
      input.dispatchEvent(new Event("input", { bubbles: true }));
      requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(performance.now() - began))));
    }), text));
  }

  const shown = await page.locator("#candidates [role=status]").innerText();
  console.log(JSON.stringify({ firstPaint: median(paints), list: median(lists), table: median(tables), filter: median(filters), worstFilter: Math.max(...filters), shown }));
} finally {
  await browser.close();
}
