// Measures the page in Chromium: `npm run measure`. It prints the table of docs/playground.md.

import { cpus } from "node:os";
import { house } from "./house.mjs";

const NETS = { "4, 2": 60, "8, 8, 8": 55, "8, 8, 8, 8, 8, 8": 44 };
const SECONDS = Number(process.env.SECONDS ?? 8);
const SOAK = Number(process.env.SOAK ?? 60);
const place = await house();

const drawn = (page) => page.evaluate(() => Number(document.documentElement.dataset.drawn ?? 0));
const epochs = (page) =>
  page.evaluate(() => Number(document.querySelector(".epoch b").textContent.replaceAll(",", "")));
const share = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];

async function speed(hidden) {
  const page = await place.open(`h=${hidden.replaceAll(" ", "")}&n=500`);
  await page.keyboard.press("Space");
  await page.waitForTimeout(1500);
  const [e0, d0, t0] = [await epochs(page), await drawn(page), performance.now()];
  await page.waitForTimeout(SECONDS * 1000);
  const [e1, d1, t1] = [await epochs(page), await drawn(page), performance.now()];
  const seconds = (t1 - t0) / 1000;
  await page.close();
  return { epochs: (e1 - e0) / seconds, frames: (d1 - d0) / seconds };
}

/** From the click on a neuron to the words about it, while it trains. */
async function reaction() {
  const page = await place.open("h=4,2&n=500");
  await page.keyboard.press("Space");
  await page.waitForTimeout(1000);
  const waits = await page.evaluate(async () => {
    const units = [...document.querySelectorAll(".unit")].filter((u) =>
      u.getAttribute("aria-label").startsWith("Unit h"),
    );
    const found = [];
    for (let i = 0; i < 120; i++) {
      const unit = units[i % units.length];
      const name = unit.getAttribute("aria-label").slice(5);
      const start = performance.now();
      unit.click();
      await new Promise((resolve) => {
        const look = () =>
          document.querySelector(".why b")?.textContent === name ? resolve() : requestAnimationFrame(look);
        look();
      });
      found.push(performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, 37));
    }
    return found.sort((a, b) => a - b);
  });
  await page.close();
  return waits;
}

async function firstPaint() {
  const page = await place.context.newPage();
  await page.goto(place.base);
  await page.waitForFunction(() => Number(document.documentElement.dataset.drawn ?? 0) > 0);
  const times = await page.evaluate(() => ({
    paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN,
    network: performance.now(),
  }));
  await page.close();
  return times;
}

async function heap() {
  const page = await place.open("h=8,8,8&n=500");
  const inspector = await place.context.newCDPSession(page);
  const used = async () => {
    await inspector.send("HeapProfiler.collectGarbage");
    return (await inspector.send("Runtime.getHeapUsage")).usedSize / 2 ** 20;
  };
  await page.keyboard.press("Space");
  await page.waitForTimeout(10_000);
  const before = await used();
  await page.waitForTimeout(SOAK * 1000);
  const after = await used();
  const frames = await drawn(page);
  await page.close();
  return { before, after, frames };
}

console.log(`${cpus().length} × ${cpus()[0].model}, Chromium ${place.browser.version()}`);
console.log("| hidden | epochs a second, each drawn | frames a second | asked for |\n|---|---|---|---|");
for (const [hidden, least] of Object.entries(NETS)) {
  const { epochs: e, frames } = await speed(hidden);
  console.log(`| ${hidden} | ${e.toFixed(1)} | ${frames.toFixed(1)} | ${least} |`);
}
const paint = await firstPaint();
console.log(`first paint ${paint.paint.toFixed(0)} ms, network drawn ${paint.network.toFixed(0)} ms`);
const waits = await reaction();
console.log(
  `click to words while training: median ${share(waits, 0.5).toFixed(0)} ms, p95 ${share(waits, 0.95).toFixed(0)} ms of ${waits.length}`,
);
const memory = await heap();
console.log(
  `heap ${memory.before.toFixed(1)} MiB after 10 s, ${memory.after.toFixed(1)} MiB ${SOAK} s and ${memory.frames} frames later`,
);
await place.end();
