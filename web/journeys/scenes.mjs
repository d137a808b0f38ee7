// Journeys through the scenes, and through what a teacher shows by hand: lines, folds, spaces, dials, files.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const LONG = 60_000;
const number = (text) => Number(text.replace("−", "-").replaceAll(",", ""));
const unit = (page, name) => page.locator(".net").getByRole("button", { name: `Unit ${name}`, exact: true });
const picture = (page, name) => page.locator(`canvas[data-picture=${name}]`).evaluate((canvas) => canvas.toDataURL());
const changed = (page, name, before) =>
  page.waitForFunction(
    ([name, before]) => document.querySelector(`canvas[data-picture=${name}]`).toDataURL() !== before,
    [name, before],
  );
const epochs = (page, least) =>
  page.waitForFunction(
    (least) => Number(document.querySelector(".epoch b").textContent.replaceAll(",", "")) >= least,
    least,
    { timeout: LONG },
  );
const tasks = (page) => page.locator(".tasks li").evaluateAll((all) => all.map((li) => li.dataset.done === "true"));
const done = (page, i) => page.locator(`.tasks li:nth-child(${i + 1})[data-done=true]`).waitFor({ timeout: LONG });

/** Own points have arrived. */
const ownPoints = (page) => page.locator(".tile[aria-label='your own points'][aria-pressed=true]").waitFor();

async function drag(page, from, to) {
  const box = await from.boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + to[0], y + to[1], { steps: 30 });
}

export const journeys = {
  async "a scene is guessed, done step by step, answered, and found again by its link"({ open }) {
    const page = await open("v=10");
    await page.getByRole("button", { name: "Try" }).click();
    await page
      .getByRole("dialog")
      .getByRole("button", { name: /Three ReLU neurons/ })
      .click();
    await page.getByRole("region", { name: "Scene: Three ReLU neurons on the moons" }).waitFor();
    assert.deepEqual(await tasks(page), [false, false, false]);
    await page.getByRole("button", { name: "from some starts" }).click();
    await page.getByRole("button", { name: "Train", exact: true }).click();
    await done(page, 0);
    await unit(page, "h₁,₁").hover({ force: true });
    await done(page, 1);
    await page.getByRole("button", { name: "New weights", exact: true }).click();
    await done(page, 2); // it goes on training, from the new start
    await page.getByText("You guessed: from some starts.").waitFor();
    await page.getByText("46 reach 95 %").waitFor();
    const other = await open("S=moons-three&th=dark");
    await other.getByRole("region", { name: "Scene: Three ReLU neurons on the moons" }).waitFor();
    await unit(other, "h₁,₃").waitFor();
    assert.equal(await other.getByRole("combobox", { name: "Activation", exact: true }).inputValue(), "relu");
    await other.getByRole("button", { name: "Leave the scene" }).click();
    await other.locator(".scene").waitFor({ state: "detached" });
    await unit(other, "h₁,₃").waitFor();
  },

  async "the workshop leads from a line to digits"({ open }) {
    const page = await open("S=moons-line");
    for (const title of [
      "Three ReLU neurons on the moons",
      "Ten neurons",
      "Spirals",
      "Spirals by better inputs",
      "Digits",
    ]) {
      await page.getByRole("button", { name: "Next", exact: true }).click();
      await page.getByRole("region", { name: `Scene: ${title}` }).waitFor();
    }
    await page.getByText("draw a digit, or take", { exact: false }).waitFor();
    await page.getByRole("button", { name: "The scene before" }).click();
    await unit(page, "h₁,₆").waitFor();
    assert.equal(await page.locator(".chip[aria-pressed=true]", { hasText: "sin" }).count(), 2);
  },

  async "a line is dragged over XOR, and never has all four points right"({ open }) {
    const page = await open("S=xor-line");
    await ownPoints(page);
    const says = page.locator("p.line");
    await page.getByText("of 4 training points").waitFor();
    const seen = new Set();
    const look = async () => seen.add(/(\d) of 4/.exec(await says.textContent())[1]);
    const before = await says.textContent();
    for (const [grip, to] of [
      ["Shift the line", [70, 30]],
      ["Turn the line", [60, 90]],
      ["Shift the line", [-40, 100]],
      ["Turn the line", [-120, 20]],
    ]) {
      await drag(page, page.getByRole("button", { name: grip }), to);
      await page.mouse.up();
      await look();
    }
    assert.notEqual(await says.textContent(), before);
    const shift = page.getByRole("button", { name: "Shift the line" });
    await shift.focus();
    const biasOf = async () => /([+−] \S+) = 0/.exec(await says.textContent())[1];
    const weightsOf = async () => /^(.*x₁.*x₂)/.exec(await says.textContent())[1];
    for (let i = 0; i < 12; i++) {
      const [bias, weights] = [await biasOf(), await weightsOf()];
      await page.keyboard.press("ArrowUp");
      await page.waitForFunction((bias) => !document.querySelector("p.line").textContent.includes(`${bias} = 0`), bias);
      assert.equal(await weightsOf(), weights);
      await look();
    }
    assert.ok(!seen.has("0"), "XOR was solved by a line");
  },

  async "a slider gives a curve more folds, and the old ones keep their weights"({ open }) {
    const page = await open("S=folds");
    await unit(page, "h₁,₁").waitFor();
    await page.keyboard.press("ArrowRight");
    await epochs(page, 1);
    await unit(page, "h₁,₁").click({ force: true });
    const bias = await page.locator(".edit input[type=number]").inputValue();
    await page.getByRole("slider", { name: "Neurons 1" }).fill("9");
    await unit(page, "h₁,₉").waitFor();
    assert.deepEqual((await tasks(page))[1], true);
    await unit(page, "h₁,₁").click({ force: true });
    await page.waitForFunction((bias) => document.querySelector(".edit input[type=number]")?.value === bias, bias);
    assert.equal(await page.locator(".epoch b").textContent(), "1");
    await page.getByRole("slider", { name: "Neurons 9" }).focus();
    await page.keyboard.press("Space"); // a slider leaves Space to the deck
    await epochs(page, 3);
  },

  async "a neuron that is pointed at shows where it folds the plane"({ open }) {
    const page = await open("d=circle&h=4,3&a=relu");
    await unit(page, "h₂,₁").waitFor();
    await page.waitForFunction(() => Number(document.documentElement.dataset.drawn ?? 0) > 0);
    await page.mouse.move(0, 0);
    const plain = await picture(page, "output");
    await unit(page, "h₁,₂").hover({ force: true });
    await changed(page, "output", plain);
    const folded = await picture(page, "output");
    await unit(page, "h₂,₁").hover({ force: true });
    await changed(page, "output", folded);
    await page.mouse.move(0, 0);
    await page.waitForFunction(
      (plain) => document.querySelector("canvas[data-picture=output]").toDataURL() === plain,
      plain,
    );
  },

  async "the points move from the plane to the hidden layer and back"({ open }) {
    const page = await open("S=xor-folds");
    await ownPoints(page);
    await page.getByRole("tab", { name: "Space" }).click();
    const slider = page.getByRole("slider", { name: "From the plane to the hidden layer" });
    const pictures = [];
    for (const share of ["0", "0.5", "1"]) {
      await slider.fill(share);
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
      pictures.push(await picture(page, "space"));
    }
    assert.equal(new Set(pictures).size, 3);
    await page.getByRole("button", { name: "Fold back" }).click();
    await page.getByRole("button", { name: "Unfold" }).waitFor();
    await page.waitForFunction(() => document.querySelector(".way input").value === "0");
  },

  async "one step turns all dials, and a dial opens its weight"({ open }) {
    const page = await open("d=gauss&h=3");
    await page.getByRole("tab", { name: "Dials" }).click();
    await page.getByText("13 dials").waitFor();
    await page.waitForFunction(() => Number(document.documentElement.dataset.drawn ?? 0) > 0);
    const before = await picture(page, "dials");
    await page.keyboard.press("3");
    await page.keyboard.press("ArrowRight");
    await changed(page, "dials", before);
    await page.locator("canvas[data-picture=dials]").click({ position: { x: 26, y: 24 } });
    await page.getByText("weight from x₁").waitFor();
  },

  async "points are painted, dragged, relabelled and erased, and the network learns what is there"({ open }) {
    const page = await open("S=xor-line&s=0.9");
    await page.getByRole("button", { name: "Paste a table" }).click();
    await page.getByLabel("The table").fill("x1,x2,kind\n-3,-3,a\n-3,3,a\n3,3,b\n3,-3,b");
    await page.getByRole("button", { name: "Learn this" }).click();
    await page.locator(".legend", { hasText: "b" }).waitFor();
    const box = await page.locator(".picture").first().boundingBox();
    const at = (x1, x2) => [box.x + (box.width * (x1 + 6)) / 12, box.y + (box.height * (6 - x2)) / 12];
    const totals = async (wanted) => {
      await page.waitForFunction((wanted) => {
        const rows = [...document.querySelectorAll("section[aria-label=Output] table")]
          .at(-1)
          ?.querySelectorAll("tbody tr");
        if (!rows) return false;
        const sums = [...rows].map((row) =>
          [...row.cells].slice(1, 3).reduce((n, cell) => n + Number(cell.textContent), 0),
        );
        return JSON.stringify(sums) === JSON.stringify(wanted);
      }, wanted);
    };
    const tool = (name) => page.getByRole("group", { name: "What a click on the output does" }).getByText(name).click();
    const tab = (name) => page.getByRole("tab", { name }).click();
    const here = async (wanted) => {
      await tab("Scores");
      await totals(wanted);
      await tab("Output");
    };
    await here([2, 2]);
    await tool("Add");
    await page.getByRole("group", { name: "Class of painted points" }).getByText("b").click();
    await page.mouse.click(...at(0, 0));
    await here([2, 3]);
    await tool("Label");
    await page.getByRole("group", { name: "Class of painted points" }).getByText("a").click();
    await page.mouse.click(...at(0, 0));
    await here([3, 2]);
    await tool("Move");
    await page.mouse.move(...at(0, 0));
    await page.mouse.down();
    await page.mouse.move(...at(4.5, 0), { steps: 8 });
    await page.mouse.up();
    await page.waitForFunction(
      ([x, y]) => {
        const canvas = document.querySelector("canvas[data-picture=output]");
        const box = canvas.getBoundingClientRect();
        const ratio = canvas.width / box.width;
        const ink = canvas.getContext("2d").getImageData((x - box.x) * ratio, (y - box.y) * ratio, 1, 1).data;
        return ink.join() === "180,95,6,255"; // the colour of class a: the point has come
      },
      at(4.5, 0),
    );
    await tool("Erase");
    await page.mouse.click(...at(0, 0)); // nothing is there any more
    await page.mouse.click(...at(4.5, 0)); // here it is
    await here([2, 2]);
    await page.keyboard.press("Control+z");
    await here([3, 2]);
  },

  async "a formula as an input solves XOR without a hidden layer"({ open }) {
    const page = await open("d=xor&h=&lr=0.1&v=10");
    await page.getByText("no line gets all of them right").waitFor();
    await page.getByLabel("An input of your own").fill("x1 * x2");
    await page.getByRole("button", { name: "Add", exact: true }).last().click();
    await page.getByTitle("Take it away").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("body").press("Space");
    await page.waitForFunction(() => parseFloat(document.querySelectorAll(".figures b")[2].textContent) >= 97, null, {
      timeout: LONG,
    });
  },

  async "all is kept in a file and comes back: settings, weights, own points"({ open }) {
    const page = await open("h=3&a=relu");
    await page.getByRole("button", { name: "Paste a table" }).click();
    await page.getByLabel("The table").fill("x1,x2,kind\n1,2,cat\n-3,-1,dog\n2,2,cat\n-2,-2,dog\n1,1,cat\n-1,-2,dog");
    await page.getByRole("button", { name: "Learn this" }).click();
    await page.locator(".legend", { hasText: "cat" }).waitFor();
    await page.locator("body").press("ArrowRight");
    await epochs(page, 1);
    const figures = (one) => one.locator(".figures b").allTextContents();
    const before = await figures(page);
    await page.getByRole("button", { name: "Share" }).click();
    const waiting = page.waitForEvent("download");
    await page.getByRole("button", { name: "Keep all" }).click();
    const file = await (await waiting).path();
    const other = await open("d=spiral");
    await other.getByRole("button", { name: "Share" }).click();
    await other.getByLabel("Open a file of the Playground").setInputFiles({
      name: "broken.json",
      mimeType: "application/json",
      buffer: Buffer.from("{}"),
    });
    await other.getByText("The file is not one of the Playground").waitFor();
    await other.getByRole("button", { name: "Share" }).click();
    await other.getByLabel("Open a file of the Playground").setInputFiles({
      name: "kept.json",
      mimeType: "application/json",
      buffer: readFileSync(file),
    });
    await other.getByText("The network of epoch 1 is back").waitFor();
    await other.waitForFunction(
      (before) =>
        JSON.stringify([...document.querySelectorAll(".figures b")].map((b) => b.textContent)) ===
        JSON.stringify(before),
      before,
    );
    await other.locator(".legend", { hasText: "dog" }).waitFor();
  },

  async "a replay is one page that needs nothing else"({ open, context }) {
    const page = await open("d=gauss&h=2&v=1");
    for (let i = 1; i <= 4; i++) {
      await page.locator("body").press("ArrowRight");
      await epochs(page, i);
    }
    await page.getByRole("button", { name: "Share" }).click();
    const waiting = page.waitForEvent("download");
    await page.getByRole("button", { name: "Replay as HTML" }).click();
    const path = `${await (await waiting).path()}.html`;
    await (await waiting).saveAs(path);
    const replay = await context.newPage();
    const [asked, said] = [[], []];
    replay.on("request", (request) => asked.push(request.url()));
    replay.on("pageerror", (problem) => said.push(problem.message));
    await replay.goto(pathToFileURL(path).href);
    await replay.getByText("epoch 0: training loss").waitFor();
    const first = await replay.locator("#picture").evaluate((canvas) => canvas.toDataURL());
    await replay.getByRole("slider", { name: "Epoch" }).fill("4");
    await replay.getByText("epoch 4: training loss").waitFor();
    assert.notEqual(await replay.locator("#picture").evaluate((canvas) => canvas.toDataURL()), first);
    assert.deepEqual([asked.filter((url) => !url.startsWith("file:")), said], [[], []]);
  },

  async "an expression is stepped through, forward and back, by keys and by its numbers"({ open }) {
    const page = await open("R=graph");
    await page.getByRole("img", { name: "Graph of sigmoid(w*x + b): 6 boxes" }).waitFor();
    const at = (n) => page.waitForFunction((n) => document.querySelector(".epoch b").textContent === String(n), n);
    const slopes = () =>
      page.locator("section[aria-label='Values and slopes'] tbody td:nth-child(3)").allTextContents();
    await at(0);
    await page.keyboard.press("f");
    await at(6);
    assert.deepEqual(await slopes(), ["·", "·", "·", "·", "·", "·"]);
    await page.getByText("u = squash u₂ between 0 and 1 = 0.5").waitFor();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await page.getByText("du/du₂ = du/du · du/du₂ = 1 · 0.25 = 0.25").waitFor();
    await page.getByText("because du/du₂ = u·(1 − u)").waitFor();
    await page.keyboard.press("ArrowLeft");
    await at(7);
    await page.keyboard.press("b");
    await at(12);
    assert.deepEqual(await slopes(), ["0.5000", "0.1250", "0.2500", "0.2500", "0.2500", "1.0000"]);
    await page.keyboard.press("Home");
    await at(0);
    await page.getByLabel("w", { exact: true }).fill("-0.5");
    await page.getByLabel("w", { exact: true }).press("Enter");
    await page.getByRole("button", { name: "Backward" }).click();
    await page.getByText("0.1192").first().waitFor(); // sigmoid(-2)
    await page.getByLabel("Expression").fill("w*(");
    await page.getByLabel("Expression").press("Enter");
    await page.getByRole("alert").getByText("cannot be read").waitFor();
    await page.getByRole("button", { name: "two paths" }).click();
    await page.getByRole("img", { name: "Graph of x*x + 3*x" }).waitFor();
    await page.getByRole("button", { name: "Backward" }).click();
    await page.locator("tbody td", { hasText: "7.0000" }).waitFor();
    const other = await open("R=graph&X=a*b&G=a%3D3%2Cb%3D4");
    await other.getByRole("img", { name: "Graph of a*b: 3 boxes" }).waitFor();
    await other.getByRole("button", { name: "Play", exact: true }).click();
    await other.waitForFunction(() => Number(document.querySelector(".epoch b").textContent) >= 3);
  },

  async "what is wrong with a network is said beneath its settings"({ open }) {
    for (const [id, words] of [
      ["symmetry", "Symmetry: the 4 neurons of layer 1 are all alike"],
      ["dead-relu", "are 0 everywhere"],
      ["saturation", "say nearly the same everywhere"],
    ]) {
      const page = await open(`S=${id}`);
      await page.locator(".trouble", { hasText: words }).waitFor();
    }
  },

  async "every control says what it is for"({ open }) {
    for (const hash of ["S=depth-2", "R=digits", "R=graph"]) {
      const page = await open(hash);
      await page
        .locator("main section")
        .nth(hash === "R=graph" ? 1 : 2)
        .waitFor();
      for (const summary of await page.locator("summary").all()) await summary.click();
      const silent = await page.evaluate(() =>
        [...document.querySelectorAll("main, footer, header")].flatMap((part) =>
          [...part.querySelectorAll("button, select, input")]
            .filter((control) => !control.closest("[title]"))
            .map((control) => control.getAttribute("aria-label") ?? (control.textContent.trim() || control.outerHTML)),
        ),
      );
      assert.deepEqual(silent, [], hash);
    }
  },

  async "a digit's softmax has a knob, and the way from its pixels to the answer is drawn"({ open }) {
    const page = await open("R=digits");
    await page.getByText("109,386 weights").waitFor({ timeout: 30_000 });
    await page.getByRole("button", { name: "The next test image" }).click();
    await page.getByText("confidence").waitFor();
    assert.deepEqual(await page.locator(".flow figcaption").allTextContents(), [
      "784 pixels",
      "128 × ReLU",
      "64 × ReLU",
      "10 scores",
    ]);
    const most = async () =>
      Math.max(...(await page.locator(".share").allTextContents()).map((text) => parseFloat(text)));
    const knob = page.getByRole("slider", { name: /Temperature/ });
    const usual = await most();
    await knob.fill("1");
    const warm = await most();
    await knob.fill("-1");
    const cold = await most();
    assert.ok(warm < usual && usual < cold, `${warm} < ${usual} < ${cold}`);
    const sum = (await page.locator(".share").allTextContents()).reduce((n, text) => n + number(text.slice(0, -2)), 0);
    assert.ok(Math.abs(sum - 100) < 0.6, `the probabilities add up to ${sum}`);
  },
};
