// Runs the journeys: `npm run journeys`, or with a part of a title only those.

import { house } from "./house.mjs";
import { journeys as digits } from "./digits.mjs";
import { journeys as hands } from "./hands.mjs";
import { journeys as looking } from "./looking.mjs";
import { journeys as manners } from "./manners.mjs";
import { journeys as playground } from "./playground.mjs";
import { journeys as runs } from "./runs.mjs";
import { journeys as scenes } from "./scenes.mjs";

const MOST = 120_000; // ms for one of them
const wanted = process.argv.slice(2).join(" ").toLowerCase();
const chosen = Object.entries({
  ...playground,
  ...scenes,
  ...digits,
  ...looking,
  ...hands,
  ...runs,
  ...manners,
}).filter(([title]) => title.toLowerCase().includes(wanted));
const began = performance.now();
const place = await house();
let failed = 0;

const tries = 1 + Number(process.env.RETRIES ?? 0); // a machine that does other things may need a second one
let unsteady = 0;

/** One journey from a clean start; what was wrong, or nothing. */
async function walked(journey) {
  place.problems.length = 0;
  let timer;
  try {
    const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error("took too long")), MOST)));
    await Promise.race([journey(place), late]);
    if (place.problems.length) throw new Error(`the page complained: ${place.problems.join("; ")}`);
  } catch (problem) {
    return problem;
  } finally {
    clearTimeout(timer);
  }
}

for (const [title, journey] of chosen) {
  const start = performance.now();
  for (let left = tries; left > 0; left--) {
    const problem = await walked(journey);
    if (problem) {
      const lines = String(problem.stack ?? problem).split("\n");
      console.log(`✗ ${title}\n  ${lines.slice(0, 12).join("\n  ")}`);
      if (process.env.SHOTS) {
        const path = `${process.env.SHOTS}/${title.replace(/\W+/g, "-")}.png`;
        const pages = place.context.pages();
        await pages
          .at(-1)
          ?.screenshot({ path })
          .catch(() => {});
      }
      if (left > 1) unsteady += 1;
      else failed += 1;
    } else console.log(`✓ ${title} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
    for (const page of place.context.pages()) await page.close();
    if (!problem) break;
  }
}
await place.end();
console.log(
  `${chosen.length - failed} of ${chosen.length} journeys, ${unsteady} at the second try, ${((performance.now() - began) / 1000).toFixed(0)} s`,
);
process.exit(failed || !chosen.length ? 1 : 0);
