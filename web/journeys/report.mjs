// A journey through a report: `node journeys/report.mjs`. It trains two small runs, and opens their files from disk.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

import { browserPath } from "./house.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const [program, ...first] = (process.env.GLASSNET ?? "glassnet").split(" ");
const HOSTILE = "</script><script>window.hurt=1</script>";
const place = mkdtempSync(join(tmpdir(), "glassnet-report-"));
const glassnet = (...words) =>
  execFileSync(program, [...first, ...words], { cwd: place, env: { ...process.env, OPENBLAS_NUM_THREADS: "1" } });
const browser = await chromium.launch({
  executablePath: browserPath(),
  args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
});

/** A report as a reader sees it; what it asked for and complained of is kept. */
async function opened(run, width = 1440, colorScheme = "light") {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  const [asked, said] = [[], []];
  page.on("request", (request) => asked.push(request.url()));
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (problem) => said.push(problem.message));
  const address = pathToFileURL(join(place, run, "report.html")).href;
  await page.goto(address);
  await page.locator("#curves svg").first().waitFor();
  return { page, asked: asked.filter((url) => url !== address && url !== "data:,"), said };
}

/** All pixels of the canvases in a part of the page, as one text. */
const drawn = (page, part) => page.locator(`${part} canvas`).evaluateAll((all) => all.map((c) => c.toDataURL()).join());

const journeys = {
  async "asks nobody for anything, and runs no other program than its own"() {
    const { page, asked, said } = await opened("kinds");
    assert.deepEqual([asked, said], [[], []]);
    assert.equal(await page.evaluate(() => globalThis.hurt), undefined);
    assert.ok((await page.locator("#confusion").innerText()).includes("</script>"));
    await page.evaluate(() => {
      document.body.insertAdjacentHTML("beforeend", '<img src="x" onerror="window.hurt=2">');
      const script = document.createElement("script");
      script.textContent = "window.hurt=3";
      document.body.append(script);
      fetch("https://example.org/").catch(() => (globalThis.refused = true));
    });
    await page.waitForFunction(() => globalThis.refused);
    assert.equal(await page.evaluate(() => globalThis.hurt), undefined);
  },
  async "another theme draws every picture anew"() {
    const { page } = await opened("points");
    for (const part of ["#boundary", "#weights"]) {
      const before = await drawn(page, part);
      await page.getByRole("button", { name: "Dark", exact: true }).click();
      assert.notEqual(await drawn(page, part), before, part);
      await page.getByRole("button", { name: "Light", exact: true }).click();
      assert.equal(await drawn(page, part), before, part);
    }
  },
  async "is printed on white from a dark screen, and whole"() {
    const { page } = await opened("points", 1440, "dark");
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "light");
    const closed = () => page.locator("details:not([open])").count();
    assert.equal(await closed(), 0); // all settings and packages are on the paper
    await page.evaluate(() => dispatchEvent(new Event("afterprint")));
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
    assert.ok((await closed()) > 0);
  },
  async "curves are read and weights are wound back by the keyboard"() {
    const { page } = await opened("points");
    const curve = page.getByRole("slider", { name: "loss, by epoch" });
    await curve.focus();
    await page.keyboard.press("End");
    assert.match(await curve.getAttribute("aria-valuetext"), /^epoch 5: training [\d.]+, test [\d.]+$/);
    const last = await drawn(page, "#weights");
    await page.locator("#weights").getByRole("slider", { name: "Epoch", exact: true }).focus();
    await page.keyboard.press("Home");
    assert.equal(await page.locator("#weights .epoch").innerText(), "epoch 0, before the first step");
    assert.notEqual(await drawn(page, "#weights"), last);
  },
  async "shows how the border came about, epoch by epoch"() {
    const { page } = await opened("points");
    const ended = await drawn(page, "#boundary");
    await page.getByText("wrong:").waitFor();
    await page.locator("#boundary").getByRole("slider", { name: "Epoch" }).focus();
    await page.keyboard.press("Home");
    assert.equal(await page.locator("#boundary .epoch").innerText(), "epoch 0, before the first step");
    assert.notEqual(await drawn(page, "#boundary"), ended);
    await page.keyboard.press("End");
    assert.equal(await drawn(page, "#boundary"), ended);
    await page.getByText("wrong:").waitFor();
  },
  async "a cell of the confusion matrix chooses its mistakes, and lets them go"() {
    const { page } = await opened("kinds");
    const cell = page.locator("#confusion td button:not(:disabled)").first();
    const times = Number(await cell.innerText());
    const rows = page.locator("#mistakes tbody tr");
    const all = await rows.count();
    await cell.click();
    assert.equal(await rows.count(), Math.min(times, 20));
    await page.getByRole("button", { name: "Show all" }).click();
    assert.equal(await rows.count(), all);
  },
  async "fits a phone, and axe finds nothing"() {
    for (const [run, width, theme] of [
      ["points", 390, "dark"],
      ["kinds", 390, "light"],
      ["kinds", 1440, "dark"],
      ["points", 1024, "light"],
    ]) {
      const { page } = await opened(run, width, theme);
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, `${run} at ${width}`);
      const devtools = await page.context().newCDPSession(page); // which the page's own policy does not bind
      const expression = `${axe}; axe.run().then((r) => JSON.stringify(r.violations.map((v) => [v.id, v.nodes[0].html])))`;
      const { result } = await devtools.send("Runtime.evaluate", {
        expression,
        awaitPromise: true,
        returnByValue: true,
      });
      assert.equal(result.value, "[]", `${run} at ${width}, ${theme}`);
    }
  },
};

let failed = 0;
try {
  const rows = Array.from({ length: 90 }, (_, i) => `${i % 7},${(i * i) % 5},"${i % 3 ? HOSTILE : "plain"}"`);
  writeFileSync(join(place, "t.csv"), ["a,<b>,kind", ...rows].join("\n"));
  glassnet("train", "moons", "--n", "200", "--epochs", "5", "--quiet", "--output", "points");
  glassnet("train", "t.csv", "--target", "kind", "--epochs", "2", "--quiet", "--output", "kinds");
  for (const run of ["points", "kinds"]) glassnet("report", run);
  for (const [title, journey] of Object.entries(journeys)) {
    await journey().then(
      () => console.log(`✓ a report ${title}`),
      (problem) => console.log(`✗ a report ${title}\n  ${problem.stack}`, (failed += 1)),
    );
  }
} finally {
  await browser.close();
  rmSync(place, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
