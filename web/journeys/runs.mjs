// The Runs room: the table, one run along its tape, runs beside each other, and what is missing or spoilt.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { glassnet } from "./house.mjs";
import { judged } from "./manners.mjs";

const [EARLIER, LATER] = ["moons-20260101-120000", "moons-20260102-120000"];

/** A run with weights and confusions at each of its epochs; trained once. */
function trained(runs, name = "points") {
  const folder = join(runs, name);
  if (!existsSync(folder))
    glassnet(
      "train",
      "moons",
      "--n",
      "200",
      "--hidden",
      "5",
      "--epochs",
      "6",
      "--lr",
      "0.3",
      "--quiet",
      "--output",
      folder,
    );
  return name;
}

/** All pixels of the canvases in a part of the page, as one text. */
const drawn = (page, part) => page.locator(`${part} canvas`).evaluateAll((all) => all.map((c) => c.toDataURL()).join());
const epoch = (page) => page.locator("footer .epoch b").innerText();

export const journeys = {
  async "runs are listed, sorted, filtered and laid beside each other"({ open, runs }) {
    rmSync(join(runs, "points"), { recursive: true, force: true });
    const page = await open("R=runs");
    const names = () => page.locator("section[aria-label=Runs] tbody th").allInnerTexts();
    await page.getByRole("link", { name: LATER }).waitFor();
    assert.deepEqual(await names(), [LATER, EARLIER]);
    for (let i = 0; i < 2; i++) await page.getByRole("button", { name: "accuracy or R²" }).click();
    assert.deepEqual(await names(), [EARLIER, LATER]);
    await page.getByLabel("Filter the runs").fill("learning_rate=0.3");
    await page.getByRole("link", { name: EARLIER }).waitFor({ state: "detached" });
    await page.getByLabel("Filter the runs").fill("");
    for (const name of [EARLIER, LATER]) await page.getByLabel(`Lay ${name} beside the others`).check();
    await page.locator("tbody.settings tr").first().waitFor();
    const rows = await page.locator("tbody.settings tr").allTextContents();
    assert.deepEqual(
      rows.map((row) => row.replace(/\s+/g, " ").trim()),
      ["learning rate0.10.3"],
    );
    assert.equal(await page.locator("tbody.results b").first().innerText(), "97.00 %");
    await page.getByRole("button", { name: `Take ${EARLIER} away` }).click();
    await page.getByRole("heading", { name: LATER }).waitFor();
  },

  async "a run is looked at epoch by epoch, by keys and by its tape"({ open, runs }) {
    const page = await open(`R=runs&N=${trained(runs)}`);
    await page.getByRole("heading", { name: "points" }).waitFor();
    await page.locator("section[aria-label=Confusion] td").first().waitFor();
    assert.equal(await epoch(page), "6");
    const weights = 'section[aria-label="First layer\'s weights"]';
    const border = 'section[aria-label="Decision boundary"]';
    await page.getByText("After epoch 6, with").waitFor();
    const ended = await drawn(page, border);
    const [last, loss] = [await drawn(page, weights), await page.locator(".figures dd").first().innerText()];
    await page.keyboard.press("Home");
    await page.getByText("at epoch 0, before the first step").waitFor();
    assert.equal(await epoch(page), "0");
    assert.notEqual(await drawn(page, weights), last);
    await page.getByText("After epoch 0, before the first step").waitFor();
    assert.notEqual(await drawn(page, border), ended); // the border bends from epoch to epoch
    await page.keyboard.press("ArrowRight");
    await page.getByText("wrong after epoch 1").waitFor();
    assert.notEqual(await page.locator(".figures dd").first().innerText(), loss);
    await page.getByRole("slider", { name: "Epoch", exact: true }).focus();
    await page.keyboard.press("End");
    await page.getByText("wrong after epoch 6").waitFor();
    assert.equal(await drawn(page, weights), last);
    assert.equal(await drawn(page, border), ended);
    await page.getByRole("button", { name: "Play the tape" }).click();
    await page.getByText(/wrong after epoch [1-5]\b/).waitFor();
    await page.getByRole("button", { name: "Play the tape" }).waitFor({ timeout: 20_000 }); // it ends by itself
    assert.equal(await epoch(page), "6");
  },

  async "Space plays the tape after a click on the deck, and a key on the slider counts once"({ open, runs }) {
    const page = await open(`R=runs&N=${trained(runs)}`);
    await page.getByText("wrong after epoch 6").waitFor();
    await page.getByRole("button", { name: "One epoch back" }).click();
    await page.getByText("wrong after epoch 5").waitFor();
    await page.keyboard.press("Space");
    await page.getByText("wrong after epoch 6").waitFor();
    const slider = page.getByRole("slider", { name: "Epoch", exact: true });
    await slider.press("Home");
    await slider.press("ArrowRight");
    assert.equal(await epoch(page), "1");
    await slider.press("Space");
    await page.getByText("wrong after epoch 6").waitFor(); // played, not played and stopped
  },

  async "a page of a class is offered no runs, whatever its link says"({ browser, server }) {
    const { base, said, end } = await server(["--host", "0.0.0.0"]);
    const context = await browser.newContext();
    const pupil = await context.newPage();
    await pupil.goto(`${base}join?code=${/code=(\S+)/.exec(said())[1]}`);
    const rooms = pupil.getByRole("navigation", { name: "Rooms" });
    await rooms.getByRole("link", { name: "Runs" }).waitFor({ state: "detached" });
    assert.deepEqual(await rooms.getByRole("link").allInnerTexts(), ["Playground", "Digits", "Graph"]);
    await pupil.goto(`${base}#R=runs`);
    await pupil.locator("nav [aria-current=page]", { hasText: "Playground" }).waitFor();
    await pupil.keyboard.press("?");
    await pupil.getByRole("dialog", { name: "Keys and words" }).waitFor();
    assert.equal(await pupil.getByText("in Runs:").count(), 0);
    await context.close();
    await end();
  },

  async "a run's report opens in its own closed box"({ open, runs, context }) {
    const page = await open(`R=runs&N=${trained(runs)}`);
    const coming = context.waitForEvent("page");
    await page.getByRole("link", { name: "Report" }).click();
    const report = await coming;
    await report.getByRole("heading", { name: "points" }).waitFor({ timeout: 60_000 });
    await report.locator("#curves svg").first().waitFor();
    assert.equal(await report.evaluate(() => self.origin), "null"); // it is no page of the server's
    assert.equal(await report.evaluate(() => fetch("/").then(String, () => "refused")), "refused");
  },

  async "a run that is spoilt, one that has not begun, and an empty folder say so"({ open, runs }) {
    const spoilt = join(runs, "spoilt");
    mkdirSync(spoilt, { recursive: true });
    writeFileSync(join(spoilt, "config.json"), "{}");
    writeFileSync(join(spoilt, "result.json"), '{"test_accuracy": <b>');
    const page = await open("R=runs&N=spoilt");
    await page.locator(".problem").filter({ hasText: "result.json" }).first().waitFor();
    await page.locator("td .status.failed").waitFor();
    rmSync(spoilt, { recursive: true });
    const other = await open("R=runs&N=tomorrow");
    await other.getByText("Waiting for its first step").waitFor();
    const folder = join(runs, "tomorrow");
    mkdirSync(folder);
    writeFileSync(join(folder, "config.json"), JSON.stringify({ data: { name: "moons" }, settings: { epochs: 9 } }));
    writeFileSync(join(folder, "history.jsonl"), '{"epoch": 1, "loss": 0.5}\n');
    writeFileSync(join(folder, "steps.jsonl"), '{"step": 3, "epoch": 1, "loss": 0.5}\n');
    await other.getByText("learning now").waitFor();
    await other.locator("footer .live").waitFor();
    writeFileSync(join(folder, "history.jsonl"), '{"epoch": 1, "loss": 0.5}\n{"epoch": 2, "loss": 0.25}\n');
    await other.locator("footer .epoch b").filter({ hasText: "2" }).waitFor();
    writeFileSync(join(folder, "result.json"), JSON.stringify({ test_accuracy: 0.75, epochs_done: 2 }));
    await other.getByText("tomorrow is done: 75.00 % right.").waitFor();
    rmSync(folder, { recursive: true });
  },

  async "axe finds nothing serious in the Runs room"({ open, runs }) {
    for (const [hash, theme] of [
      ["", "light"],
      [`&N=${trained(runs)}`, "dark"],
      [`&N=${trained(runs)},${LATER}`, "light"],
    ]) {
      const page = await open(`R=runs${hash}&th=${theme}`);
      await page.getByRole("link", { name: LATER }).first().waitFor();
      if (hash) await page.locator("footer .epoch").waitFor();
      if (hash) await page.locator("section canvas").first().waitFor();
      for (const summary of await page.locator("summary").all()) await summary.click();
      await judged(page, `Runs${hash}, ${theme}`);
    }
  },

  async "a run and two of them fit a phone"({ open, runs }) {
    for (const hash of [`&N=${trained(runs)}`, `&N=${trained(runs)},${LATER}`]) {
      const page = await open(`R=runs${hash}`, { width: 390, height: 844 });
      await page.locator("section canvas").first().waitFor();
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= 390, `${hash}: ${wide} pixels wide`);
      const play = await page.getByRole("button", { name: "Play the tape" }).boundingBox();
      assert.ok(play.height >= 44 && play.y + play.height <= 844, `play is not in reach: ${JSON.stringify(play)}`);
    }
  },
};
