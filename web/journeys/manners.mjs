// Accessibility, small screens, themes: what every room owes to everybody.

import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export async function judged(page, where) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations.filter((v) => v.impact === "serious" || v.impact === "critical");
  const told = serious.map(
    (v) =>
      `${v.id}: ${v.help}\n    ${v.nodes
        .slice(0, 4)
        .map((n) => n.html.slice(0, 160))
        .join("\n    ")}`,
  );
  assert.deepEqual(told, [], where);
}

/** What is asked for by a thumb, and is lower than the 44 pixels that it needs. */
const tooLow = (page) =>
  page
    .locator("button:not(.number), select, input:not([type=checkbox], [type=file]), label:has(> [type=checkbox])")
    .evaluateAll((all) =>
      all
        .map((e) => [e.getBoundingClientRect().height, e.outerHTML.slice(0, 90)])
        .filter(([height]) => height > 0 && height < 43.5),
    );

const BUILT = fileURLToPath(new URL("../../src/glassnet/server/page", import.meta.url));
const MOST_BYTES = 120_000; // of the whole page, compressed

export const journeys = {
  async "the whole page is no larger than it may be, compressed"({ open }) {
    await open(); // it is the page that is served
    const files = readdirSync(BUILT, { recursive: true }).map((name) => join(BUILT, name));
    const sizes = files.filter((path) => statSync(path).isFile()).map((path) => gzipSync(readFileSync(path)).length);
    const all = sizes.reduce((sum, size) => sum + size, 0);
    assert.ok(sizes.length > 3 && all <= MOST_BYTES, `${all} bytes in ${sizes.length} files`);
  },

  async "axe finds nothing serious, in both rooms and both themes"({ open }) {
    for (const theme of ["light", "dark"]) {
      const page = await open(`d=moons&h=4,2&th=${theme}`);
      await page.locator(".net").getByRole("button", { name: "Unit h₁,₁", exact: true }).click({ force: true });
      await page.getByText("Why does").waitFor();
      await judged(page, `Playground, ${theme}`);
      await page.getByRole("tab", { name: "Scores" }).click();
      for (const summary of await page.locator("summary").all()) await summary.click();
      await judged(page, `Scores and more settings, ${theme}`);
      const digits = await open(`R=digits&th=${theme}`);
      await digits.getByText("109,386 weights").waitFor({ timeout: 30_000 });
      await digits.getByRole("button", { name: "The next test image" }).click();
      await digits.getByText("in truth").waitFor();
      await judged(digits, `Digits, ${theme}`);
    }
  },

  async "axe finds nothing serious in scenes, spaces, dials and graphs"({ open }) {
    for (const theme of ["light", "dark"]) {
      const page = await open(`S=xor-line&th=${theme}`);
      await page.getByText("of 4 training points").waitFor();
      await judged(page, `a scene, ${theme}`);
      const other = await open(`S=moons-three&th=${theme}`);
      await other.getByRole("button", { name: "Answer", exact: true }).click();
      for (const name of ["Space", "Dials"]) {
        await other.getByRole("tab", { name }).click();
        await other.locator(`canvas[data-picture=${name.toLowerCase()}]`).waitFor();
        await judged(other, `${name}, ${theme}`);
      }
      const graph = await open(`R=graph&th=${theme}`);
      await graph.getByRole("img", { name: /Graph of/ }).waitFor();
      await graph.keyboard.press("b");
      await graph.getByText("because").waitFor();
      await judged(graph, `Graph, ${theme}`);
    }
  },

  async "axe finds nothing serious on the sheets"({ open }) {
    const page = await open();
    for (const [button, sheet] of [
      ["Share", "Share"],
      ["Help, keys and words", "Keys and words"],
      ["Try", "Things to try"],
      ["Paste a table", "Paste a table"],
      ["histograms", "How the weights are spread"],
    ]) {
      await page.getByRole("button", { name: button, exact: true }).click();
      await page.getByRole("dialog", { name: sheet }).waitFor();
      await page.waitForTimeout(200);
      await judged(page, sheet);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    }
  },

  async "nothing is wider than a phone, and what is touched is large enough"({ open }) {
    for (const hash of ["d=moons", "S=xor-line", "R=digits", "R=graph", "R=runs"]) {
      const page = await open(hash, { width: 390, height: 844 });
      await page.waitForTimeout(400);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= 390, `${hash}: ${wide} pixels wide`);
      if (hash === "R=runs") continue;
      assert.deepEqual(await tooLow(page), [], hash);
      const help = await page.getByRole("button", { name: "Help, keys and words" }).boundingBox();
      assert.ok(help.x + help.width <= 390, `help ends at ${help.x + help.width}`);
      const play = await page
        .getByRole("button", { name: hash === "R=graph" ? "Play" : "Train", exact: true })
        .boundingBox();
      assert.ok(play.height >= 44 && play.y + play.height <= 844, `play is not in reach: ${JSON.stringify(play)}`);
    }
  },

  async "on a tablet, on a phone on its side, and at twice the size nothing covers anything"({ open }) {
    for (const [width, height] of [
      [834, 1112],
      [844, 390],
      [720, 450],
      [961, 600],
    ]) {
      for (const hash of ["h=8,8", "R=digits", "R=graph"]) {
        const page = await open(hash, { width, height });
        await page.locator("main > section").first().waitFor();
        await page.waitForTimeout(400);
        const where = `${hash} at ${width} × ${height}`;
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= width, `${where}: ${wide} pixels wide`);
        const spilt = await page
          .locator("main > section")
          .evaluateAll((all) =>
            all
              .filter((e) => getComputedStyle(e).overflowY === "visible" && e.scrollHeight > e.clientHeight + 1)
              .map((e) => e.getAttribute("aria-label")),
          );
        assert.deepEqual(spilt, [], `${where}: what is larger than its panel`);
        const deck = await page.locator("footer").boundingBox();
        const main = await page.locator("main").boundingBox();
        assert.ok(deck.y + deck.height <= Math.max(height, main.y + main.height + deck.height) + 1, where);
        await page.close();
      }
    }
  },

  async "what is chosen is seen where the system takes the colours away"({ open }) {
    const page = await open("h=4,2");
    await page.emulateMedia({ forcedColors: "active" });
    const ground = (locator) => locator.evaluate((e) => getComputedStyle(e).backgroundColor);
    for (const [chosen, other] of [
      [".chip[aria-pressed=true]", ".chip[aria-pressed=false]"],
      [".tools [aria-pressed=true]", ".tools [aria-pressed=false]"],
      [".tabs [aria-selected=true]", ".tabs [aria-selected=false]"],
      ["nav [aria-current]", "nav a:not([aria-current])"],
    ]) {
      const [one, two] = await Promise.all([chosen, other].map((name) => ground(page.locator(name).first())));
      assert.notEqual(one, two, chosen);
    }
  },

  async "tabs are gone through with the arrows, and the arrows train again after a click"({ open }) {
    const page = await open("d=circle&h=3");
    const chosen = page.locator("[role=tab][aria-selected=true]");
    const epoch = () => page.evaluate(() => document.querySelector(".epoch b").textContent);
    for (let i = 0; i < 120 && (await page.locator("[role=tab]:focus").count()) === 0; i++)
      await page.keyboard.press("Tab");
    for (const [key, name] of [
      ["ArrowRight", "Space"],
      ["End", "Scores"],
      ["ArrowRight", "Output"],
      ["ArrowLeft", "Scores"],
      ["Home", "Output"],
    ]) {
      await page.keyboard.press(key);
      assert.equal(await chosen.innerText(), name, key);
      assert.equal(await page.locator("[role=tab]:focus").innerText(), name, key);
      await page.getByRole("tabpanel", { name }).waitFor();
    }
    assert.equal(await epoch(), "0");
    await page.getByRole("tab", { name: "Scores" }).click();
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction(() => document.querySelector(".epoch b").textContent === "1");
    assert.equal(await chosen.innerText(), "Scores");
  },

  async "every control has a name and the page one main place"({ open }) {
    const page = await open();
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll("button, select, input, textarea")]
        .filter((e) => !(e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.length))
        .map((e) => e.outerHTML.slice(0, 120)),
    );
    assert.deepEqual(nameless, []);
    assert.equal(await page.locator("main").count(), 1);
  },

  async "every picture can be kept"({ open }) {
    const page = await open("d=circle&h=3");
    await page.getByRole("button", { name: "Share" }).click();
    for (const [button, name] of [
      ["Output as PNG", "glassnet-output.png"],
      ["Network as PNG", "glassnet-network.png"],
      ["Network as SVG", "glassnet-network.svg"],
    ]) {
      const waiting = page.waitForEvent("download");
      await page.getByRole("button", { name: button }).click();
      assert.equal((await waiting).suggestedFilename(), name);
    }
  },
};
