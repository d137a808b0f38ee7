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
const line = "train moons --epochs 1000000 --time-budget 12 --output run --live";
const child = spawn(program, [...first, ...line.split(" ")], {
  cwd: place,
  // a browser that opens nothing: the training waits for the page, which comes from here
  env: { ...process.env, OPENBLAS_NUM_THREADS: "1", PYTHONUNBUFFERED: "1", BROWSER: "true" },
  stdio: ["ignore", "pipe", "pipe"],
});
const ended = new Promise((resolve) => child.on("exit", resolve));
process.once("exit", () => child.kill("SIGKILL"));
const browser = await chromium.launch({
  executablePath: browserPath(),
  args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
});

/** What the program says, up to an address. */
function address() {
  let said = "";
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (data) => {
        const match = /http:\/\/\S+/.exec((said += data));
        if (match) resolve(match[0]);
      });
    child.on("exit", () => reject(new Error(`it ended: ${said}`)));
  });
}

let failed = 0;
try {
  const page = await browser.newPage();
  const problems = [];
  page.on("pageerror", (problem) => problems.push(problem.message));
  await page.goto(await address());
  await page.getByText("learning now").waitFor({ timeout: 60_000 });
  const loss = page.locator(".figures dd").first();
  const before = await loss.innerText();
  await page.waitForFunction((text) => document.querySelector(".figures dd")?.textContent !== text, before, {
    timeout: 30_000,
  });
  await page.locator("section canvas").first().waitFor(); // the weights come while it learns
  await page.locator("footer .live").waitFor();
  await page.getByText("run is stopped").waitFor({ timeout: 60_000 });
  await page.locator("footer .live").waitFor({ state: "detached" });
  await page.close();
  assert.equal(await ended, 0);
  assert.deepEqual(problems, []);
  console.log("✓ a training is watched while it runs, and ends with its page");
} catch (problem) {
  failed = 1;
  console.log(`✗ a training is watched while it runs\n  ${problem.stack}`);
} finally {
  await browser.close();
  child.kill("SIGKILL");
  rmSync(place, { recursive: true, force: true });
}
process.exit(failed);
