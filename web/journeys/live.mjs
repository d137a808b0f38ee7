// A journey beside a training: `node journeys/live.mjs`. `glassnet train … --live` is watched from its first step to its
// last, and ends when its page is closed.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

import { browserPath } from "./house.mjs";

const [program, ...first] = (process.env.GLASSNET ?? "glassnet").split(" ");
const place = mkdtempSync(join(tmpdir(), "glassnet-live-"));
const browser = await chromium.launch({
  executablePath: browserPath(),
  args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
});

/** A training that is to be watched: its address, how it ends, and the way to end it. */
function trained(line) {
  const child = spawn(program, [...first, ...line.split(" ")], {
    cwd: place,
    // a browser that opens nothing: the training waits for the page, which comes from here
    env: { ...process.env, OPENBLAS_NUM_THREADS: "1", PYTHONUNBUFFERED: "1", BROWSER: "true" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  process.once("exit", () => child.kill("SIGKILL"));
  const ended = new Promise((resolve) => child.on("exit", resolve));
  let said = "";
  const address = new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (data) => {
        const match = /http:\/\/\S+/.exec((said += data));
        if (match) resolve(match[0]);
      });
    child.on("exit", () => reject(new Error(`it ended: ${said}`)));
  });
  return { address, ended, end: () => child.kill("SIGKILL") };
}

const journeys = {
  async "a training is watched while it runs, and ends with its page"(page) {
    const { address, ended } = trained("train moons --epochs 1000000 --time-budget 12 --output run --live");
    await page.goto(await address);
    await page.getByText("learning now").waitFor({ timeout: 60_000 });
    const loss = page.locator(".figures dd").first();
    const before = await loss.innerText();
    await page.waitForFunction((text) => document.querySelector(".figures dd")?.textContent !== text, before, {
      timeout: 30_000,
    });
    await page.locator('section[aria-label="First layer\'s weights"] canvas').first().waitFor();
    await page.locator('section[aria-label="Decision boundary"] canvas').first().waitFor(); // both come while it learns
    await page.locator("footer .live").waitFor();
    await page.getByText("run is stopped").waitFor({ timeout: 60_000 });
    await page.locator("footer .live").waitFor({ state: "detached" });
    await page.close();
    assert.equal(await ended, 0);
  },

  async "in a long epoch the weights are seen before it is over"(page) {
    const line = "train mnist --hidden 64 --batch-size 1 --epochs 1 --lr 0.001 --output long --live";
    const { address, ended, end } = trained(line);
    await page.goto(await address);
    await page.getByText(/0\.weight at epoch 0\.\d+/).waitFor({ timeout: 60_000 });
    end();
    await ended;
  },
};

let failed = 0;
for (const [title, journey] of Object.entries(journeys)) {
  const page = await browser.newPage();
  const problems = [];
  page.on("pageerror", (problem) => problems.push(problem.message));
  try {
    await journey(page);
    assert.deepEqual(problems, []);
    console.log(`✓ ${title}`);
  } catch (problem) {
    failed += 1;
    console.log(`✗ ${title}\n  ${problem.stack}`);
  }
}
await browser.close();
rmSync(place, { recursive: true, force: true });
process.exit(failed ? 1 : 0);
