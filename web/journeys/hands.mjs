// Journeys of other hands than the usual ones: files let fall anywhere, a thumb, keys alone, a voice that reads.

import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";

const unit = (page, name) => page.locator(".net").getByRole("button", { name: `Unit ${name}`, exact: true });
const at = (page, n) =>
  page.waitForFunction((n) => document.querySelector(".epoch b").textContent === String(n), n, { timeout: 20_000 });
const picture = (page) => page.locator("canvas[data-picture=output]").evaluate((canvas) => canvas.toDataURL());

/** A file let fall onto something; whether the browser would have left the page for it. */
function letFall(page, selector, name, bytes) {
  return page.evaluate(
    ([selector, name, bytes]) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([Uint8Array.from(bytes)], name));
      const told = ["dragover", "drop"].map((type) =>
        document
          .querySelector(selector)
          .dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true })),
      );
      return told.some((kept) => kept); // dispatchEvent says false where the page has taken it
    },
    [selector, name, [...bytes]],
  );
}

/** Wait until a field holds these words: files are read, and answers come, in their own time. */
async function held(field, words) {
  await field.page().waitForFunction(([box, text]) => box.value === text, [await field.elementHandle(), words]);
}

/** As np.save writes an array of doubles. */
function npy(rows) {
  const head = `{'descr': '<f8', 'fortran_order': False, 'shape': (${rows.length}, ${rows[0].length}), }`.padEnd(117);
  const numbers = Buffer.from(new Float64Array(rows.flat()).buffer);
  return Buffer.concat([Buffer.from([0x93]), Buffer.from("NUMPY\x01\x00\x76\x00"), Buffer.from(`${head}\n`), numbers]);
}

export const journeys = {
  async "a file let fall anywhere is taken, and the page stays"({ open }) {
    const page = await open();
    const table = "x1,x2,kind\n1,2,hen\n-3,-1,fox\n2,2,hen\n-2,-2,fox";
    assert.equal(await letFall(page, "canvas[data-picture=output]", "animals.csv", Buffer.from(table)), false);
    await held(page.getByLabel("The table"), table);
    await page.getByRole("button", { name: "Learn this" }).click();
    await page.locator(".legend", { hasText: "hen" }).waitFor();
    const array = npy([
      [1, 2, 0],
      [-3.5, -1, 1],
      [2, 2.25, 2],
    ]);
    assert.equal(await letFall(page, "footer", "points.npy", array), false);
    await held(page.getByLabel("The table"), "1,2,0\n-3.5,-1,1\n2,2.25,2");
    await page.getByRole("button", { name: "Learn this" }).click();
    await page.locator(".legend .triangle").waitFor();
    await letFall(
      page,
      "main",
      "objects.npy",
      array
        .toString("latin1")
        .replace("<f8", "|O8")
        .split("")
        .map((c) => c.charCodeAt(0)),
    );
    await page.getByRole("alert").getByText("got a NumPy file of |O8").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: "Graph", exact: true }).click();
    await page.getByRole("img", { name: /Graph of/ }).waitFor();
    assert.equal(await letFall(page, "main", "animals.csv", table), false);
  },

  async "a kept file is opened by letting it fall on the page"({ open }) {
    const page = await open("d=moons&h=5");
    await page.keyboard.press("ArrowRight");
    await at(page, 1);
    await page.getByRole("button", { name: "Share" }).click();
    const waiting = page.waitForEvent("download");
    await page.getByRole("button", { name: "Keep all" }).click();
    const { readFileSync } = await import("node:fs");
    const kept = readFileSync(await (await waiting).path());
    const other = await open("d=xor&h=2");
    await unit(other, "h₁,₂").waitFor();
    await letFall(other, "main", "glassnet-playground.json", kept);
    await unit(other, "h₁,₅").waitFor();
    await other.getByText("The network of epoch 1 is back").waitFor();
  },

  async "a formula that cannot be read stays in its field, and is told where it breaks"({ open }) {
    const page = await open("d=formula");
    const height = page.getByLabel("height over x1 and x2");
    await height.fill("sin(x1 * x2");
    await height.press("Enter");
    await page.locator(".notice", { hasText: "expected a closing )" }).waitFor();
    assert.equal(await height.inputValue(), "sin(x1 * x2");
    await height.fill("sin(x1 * x2)");
    await height.press("Enter");
    await page.getByText("your formula sin(x1 * x2)").waitFor();
    const own = page.getByLabel("An input of your own");
    await own.fill("x1 ** ");
    await own.press("Enter");
    await page.locator(".notice", { hasText: "x1 **" }).waitFor();
    assert.equal(await own.inputValue(), "x1 ** ");
    await own.fill("x1 ** 3");
    await own.press("Enter");
    await page.getByTitle("Take it away").waitFor();
    await held(own, "");
  },

  async "a thumb chooses a link, and reads the tape"({ browser, context, base }) {
    const phone = await browser.newContext({
      storageState: await context.storageState(),
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
    });
    const page = await phone.newPage();
    await page.goto(`${base}#h=3`);
    await page.locator(".app[data-standing=open]").waitFor();
    await unit(page, "h₁,₁").scrollIntoViewIfNeeded();
    const from = await page.locator(".net").getByRole("button", { name: "Input x₁", exact: true }).boundingBox();
    const to = await unit(page, "h₁,₁").boundingBox();
    const middle = (a, b, side, size) => (a[side] + a[size] / 2 + b[side] + b[size] / 2) / 2;
    await page.touchscreen.tap(middle(from, to, "x", "width"), middle(from, to, "y", "height") + 9); // thumbs are broad
    await page.locator(".edit").getByText("weight from x₁").waitFor();
    await page.getByRole("button", { name: /One step/ }).tap();
    await page.getByText("epoch 1").first().waitFor({ state: "attached" });
    const tape = await page.locator(".tape canvas").boundingBox();
    await page.touchscreen.tap(tape.x + 20, tape.y + 22);
    await page.locator(".tape .tip", { hasText: "training" }).waitFor();
    await phone.close();
  },

  async "a point is painted, carried and put down by keys alone"({ open }) {
    const page = await open("d=gauss&n=50");
    const plane = page.locator("[role=application]").first();
    const tool = (name) => page.getByRole("button", { name, exact: true }).first();
    await tool("Add").focus();
    await page.keyboard.press("Space");
    await plane.focus();
    for (let i = 0; i < 25; i++) await page.keyboard.press("ArrowUp"); // where nothing is
    await page.keyboard.press("Enter");
    await page.locator("button[title='Undo (Ctrl Z)']:enabled").first().waitFor();
    await tool("Move").focus();
    await page.keyboard.press("Enter");
    await plane.focus();
    await page.keyboard.press("Enter");
    await plane.and(page.getByLabel(/Enter puts the point down at 0.00, 5.00/)).waitFor();
    for (let i = 0; i < 20; i++) await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Enter");
    await plane.and(page.getByLabel(/looking at −4.00, 5.00/)).waitFor();
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 200)));
    const moved = await picture(page);
    await page.keyboard.press("ArrowRight"); // it lies where it was put
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Control+z");
    await page.waitForFunction(
      (moved) => document.querySelector("canvas[data-picture=output]").toDataURL() !== moved,
      moved,
    );
    await page.keyboard.press("Control+z");
    await page.locator("button[title='Undo (Ctrl Z)']:disabled").first().waitFor();
  },

  async "a voice is told how the training stands, and what is done by hand is marked on the tape"({ open }) {
    const page = await open("d=moons&h=3&lr=0.1");
    const told = page.locator(".tape [aria-live=polite]");
    await told.filter({ hasText: "Epoch 0" }).waitFor({ state: "attached" });
    for (const n of [1, 2]) {
      await page.keyboard.press("ArrowRight");
      await at(page, n);
      await told.filter({ hasText: `Epoch ${n}, training loss 0.` }).waitFor({ state: "attached" });
    }
    await page.getByRole("combobox", { name: "Learning rate" }).selectOption("0.3");
    await page.keyboard.press("ArrowRight");
    await at(page, 3);
    await unit(page, "h₁,₁").click({ force: true });
    await page.locator(".edit input[type=number]").fill("4");
    await page.locator(".edit input[type=number]").press("Enter");
    await page.locator(".equation button[title='the bias']", { hasText: "4.00" }).waitFor();
    await page.locator("h2").first().click();
    for (const n of [4, 5]) {
      await page.keyboard.press("ArrowRight");
      await at(page, n);
    }
    const box = await page.locator(".tape canvas").boundingBox();
    const tips = new Set();
    for (let x = 0; x < box.width; x += 4) {
      await page.mouse.move(box.x + x, box.y + 20);
      for (const tip of await page.locator(".tape .tip").allTextContents()) tips.add(tip);
    }
    assert.ok(tips.has("epoch 2: learning rate 0.3"), [...tips].join(" | "));
    assert.ok(tips.has("epoch 3: a weight set by hand"), [...tips].join(" | "));
  },

  async "a weight is typed at leisure while it trains"({ open }) {
    const page = await open("d=gauss&h=3&lr=0.001");
    await unit(page, "h₁,₁").click({ force: true });
    await page.getByRole("button", { name: "Train", exact: true }).click();
    const field = page.locator(".edit input[type=number]");
    await page.waitForFunction(() => Number(document.querySelector(".epoch b").textContent) > 3);
    await field.focus();
    await field.press("ControlOrMeta+a");
    await page.keyboard.type("4.5", { delay: 400 }); // slower than the numbers change
    assert.equal(await field.inputValue(), "4.5");
    await page.keyboard.press("Enter");
    await page.locator(".equation button[title='the bias']", { hasText: /4\.[45]/ }).waitFor();
    await field.fill("");
    await field.blur();
    await page.waitForFunction(() => document.querySelector(".edit input[type=number]").value.startsWith("4."));
  },

  async "without points nothing is called a number, and play says what is missing"({ open }) {
    const page = await open("d=gauss");
    await page.getByRole("button", { name: "Paste a table" }).click();
    await page.getByLabel("The table").fill("x1;x2;kind\n-3,5;-3;a\n-3;3,0;b");
    await page.getByRole("button", { name: "Learn this" }).click();
    await page.locator(".legend", { hasText: "a" }).waitFor();
    await page.getByRole("button", { name: "Erase", exact: true }).click();
    const box = await page.locator("canvas[data-picture=output]").boundingBox();
    const click = (x1, x2) =>
      page.mouse.click(box.x + (box.width * (x1 + 6)) / 12, box.y + (box.height * (6 - x2)) / 12);
    await click(-3.5, -3);
    await click(-3, 3);
    await page.getByText("There is no loss").waitFor();
    await page.waitForFunction(() =>
      [...document.querySelectorAll(".figures b")].every((figure) => figure.textContent === "–"),
    );
    await page.getByRole("button", { name: "Train", exact: true }).click();
    await page.locator(".notice", { hasText: "There are no points to learn" }).waitFor();
    for (let i = 0; i < 2; i++) await page.locator("button[title='Undo (Ctrl Z)']").first().click();
    await page.waitForFunction(() => !document.querySelector("main").textContent.includes("There is no loss"));
  },

  async "a link says what it cannot hold or does not know"({ open }) {
    const own = await open("d=own&h=5");
    await own.getByText("somebody’s own points").waitFor();
    await unit(own, "h₁,₅").waitFor(); // the rest of it was followed
    const scene = await open("S=moons-four&h=2");
    await scene.getByText("a scene “moons-four”").waitFor();
    await unit(scene, "h₁,₂").waitFor();
    const known = await open("d=own&S=xor-line&h=&s=0.9");
    await known.getByText("of 4 training points").waitFor();
    assert.equal(await known.locator(".notice").count(), 0);
  },

  async "a number of the equation that is underlined leads further, the bias too"({ open }) {
    const page = await open("d=gauss&h=3");
    await unit(page, "h₁,₁").click({ force: true });
    await page.locator(".equation button.number").first().click();
    await page.locator(".edit").getByText("weight from").waitFor();
    await page.locator(".equation").getByTitle("the bias").click();
    await page.locator(".edit").getByText("bias", { exact: true }).waitFor();
    assert.equal(await page.locator(".equation span.number").count(), 0);
  },

  async "a replay begins where the training began, whatever was changed on the way, and shows a curve where it is"({
    open,
    context,
  }) {
    const page = await open("d=formula_1d&h=4&z=0.5");
    for (const n of [1, 2, 3, 4]) {
      await page.keyboard.press("ArrowRight");
      await at(page, n);
      if (n === 2) await page.getByRole("combobox", { name: "Optimiser" }).selectOption("adam");
      if (n === 3) await page.getByRole("button", { name: "Layer 1: one neuron more" }).click();
    }
    await page.getByRole("button", { name: "Share" }).click();
    const waiting = page.waitForEvent("download");
    await page.getByRole("button", { name: "Replay as HTML" }).click();
    const path = `${await (await waiting).path()}.html`;
    await (await waiting).saveAs(path);
    const replay = await context.newPage();
    await replay.goto(pathToFileURL(path).href);
    await replay.getByText("epoch 0: training loss").waitFor();
    const run = JSON.parse(await replay.locator("#data").textContent());
    assert.deepEqual(
      run.pictures.map((p) => Math.round(p.epoch)),
      [0, 1, 2, 3, 4],
    );
    const heights = run.points.filter((_, i) => i % 3 === 1);
    assert.ok(run.heights[0] < Math.min(...heights) && Math.max(...heights) < run.heights[1], run.heights.join(" "));
  },

  async "every control says what it is for, on every sheet and tab and while something is chosen"({ open }) {
    const button = (name) => (page) => page.getByRole("button", { name, exact: true }).first().click();
    const tab = (name) => (page) => page.getByRole("tab", { name }).click();
    const chosen = async (page) => {
      await unit(page, "h₁,₁").click({ force: true });
      await page.getByRole("button", { name: "Pin", exact: true }).click();
      await page.getByRole("button", { name: /Unpin/ }).waitFor();
    };
    const digit = async (page) => {
      await page.getByRole("button", { name: "The next test image" }).click();
      await page.getByText("in truth a 7").waitFor();
    };
    for (const [hash, go] of [
      ["d=xor&h=", null],
      ["d=gauss&h=3", button("Add")],
      ["d=plane&h=3", button("Label")],
      ["d=formula_1d", null],
      ["d=circle&h=3,2", chosen],
      ["d=circle&h=3,3", tab("Space")],
      ["d=circle&h=3", tab("Dials")],
      ["d=circle&h=3", tab("Scores")],
      ["S=folds", null],
      ["S=moons-three", button("Answer")],
      ["d=moons&zz=1", null],
      ["", button("Share")],
      ["", button("Help, keys and words")],
      ["", button("Try")],
      ["", button("Paste a table")],
      ["", button("histograms")],
      ["R=digits", digit],
      ["R=graph", null],
    ]) {
      const page = await open(hash);
      await page.locator("main > section").first().waitFor();
      await go?.(page);
      await page.waitForTimeout(150);
      const silent = await page.evaluate(() =>
        [...document.querySelectorAll("button, select, input, textarea")]
          .filter((control) => control.getBoundingClientRect().width && !control.closest("[title]"))
          .map((control) => control.getAttribute("aria-label") ?? (control.textContent.trim() || control.outerHTML)),
      );
      assert.deepEqual(silent, [], `${hash} ${go?.name}`);
      await page.close();
    }
  },
};
