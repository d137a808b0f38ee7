// Runs the journeys: `npm run journeys`, or with a part of a title only those.

import { house } from "./house.mjs";
import { journeys as digits } from "./digits.mjs";
import { journeys as manners } from "./manners.mjs";
import { journeys as playground } from "./playground.mjs";
import { journeys as runs } from "./runs.mjs";
import { journeys as scenes } from "./scenes.mjs";

const MOST = 120_000; // ms for one of them
const wanted = process.argv.slice(2).join(" ").toLowerCase();
const chosen = Object.entries({ ...playground, ...scenes, ...digits, ...runs, ...manners }).filter(([title]) =>
  title.toLowerCase().includes(wanted),
);
const began = performance.now();
const place = await house();
let failed = 0;

for (const [title, journey] of chosen) {
  const start = performance.now();
  place.problems.length = 0;
  try {
    let timer;
    const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error("took too long")), MOST)));
    await Promise.race([journey(place), late]).finally(() => clearTimeout(timer));
    if (place.problems.length) throw new Error(`the page complained: ${place.problems.join("; ")}`);
    console.log(`✓ ${title} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  } catch (problem) {
    failed += 1;
    console.log(
      `✗ ${title}\n  ${String(problem.stack ?? problem)
        .split("\n")
        .slice(0, 12)
        .join("\n  ")}`,
    );
    if (process.env.SHOTS) {
      const pages = place.context.pages();
      await pages
        .at(-1)
        ?.screenshot({ path: `${process.env.SHOTS}/${title.replace(/\W+/g, "-")}.png` })
        .catch(() => {});
    }
  }
  for (const page of place.context.pages()) await page.close();
}
await place.end();
console.log(
  `${chosen.length - failed} of ${chosen.length} journeys, ${((performance.now() - began) / 1000).toFixed(0)} s`,
);
process.exit(failed || !chosen.length ? 1 : 0);
