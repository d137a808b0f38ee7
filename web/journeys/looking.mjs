// Journeys of looking inside: one step on a drawn digit, the space of a wide layer, the phases of a step, activations.

import assert from "node:assert/strict";

import { judged } from "./manners.mjs";

export const journeys = {
  async "one step on a drawn digit goes forward to the loss and back to the pixels, and says what it would change"({
    open,
  }) {
    const page = await open("R=digits&De=1");
    await page.getByText("109,386 weights").waitFor({ timeout: 30_000 });
    await page.getByRole("tab", { name: "One step" }).click();
    await page.getByText("Draw a digit, or take").waitFor();
    const box = await page.locator(".pad").boundingBox();
    await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.15);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.47, box.y + box.height * 0.85, { steps: 12 });
    await page.mouse.up();
    await page.getByLabel("It is to be a").selectOption("7");
    const moment = page.getByRole("heading", { level: 3 }).first();
    await page.getByRole("button", { name: "One moment on" }).click();
    await page.keyboard.press("ArrowRight");
    assert.match(await moment.innerText(), /2 of 17\s*Forward: layer 1, sums/);
    await page.keyboard.press("ArrowLeft");
    assert.match(await moment.innerText(), /1 of 17\s*Forward: the pixels/);
    await page.getByRole("button", { name: "loss", exact: true }).click();
    assert.match(await moment.innerText(), /8 of 17\s*the loss/);
    const loss = Number(/= ([\d.]+)$/.exec(await page.locator(".card p").first().innerText())[1]);
    await page.keyboard.press("b");
    assert.match(await moment.innerText(), /14 of 17\s*Backward, at the pixels/);
    await page.locator('.card canvas[data-picture="moment"]').waitFor();
    await page.getByText("784 slopes").waitFor(); // the figures of the room follow
    await page.getByRole("button", { name: "update", exact: true }).click();
    await page.getByRole("heading", { name: "What this one step would change" }).waitFor();
    const after = page.locator(".card p").filter({ hasText: "→" });
    const [before, then] = (await after.innerText()).match(/[\d.]+/g).map(Number);
    assert.ok(Math.abs(before - loss) < 0.01 && then < before, await after.innerText());
    const [, was, is] = (await page.locator("table.after tr.on").innerText()).match(/[\d.]+/g).map(Number);
    assert.ok(is > was, `7: ${was} % before, ${is} % after`);
    await page.getByText("109,386 weights; untrained").waitFor(); // nothing was changed by it
    await judged(page, "one step on a digit");
  },

  async "a step on a test image is counted from its own label, and another rate is another step"({ open }) {
    const page = await open("R=digits");
    await page.getByRole("tab", { name: "One step" }).click();
    await page.getByRole("button", { name: "The next test image" }).click();
    await page.getByText("in truth a 7").waitFor();
    assert.equal(await page.getByLabel("It is to be a").inputValue(), "7");
    await page.getByRole("button", { name: "update", exact: true }).click();
    const after = page.locator(".card p").filter({ hasText: "→" });
    const small = await after.innerText();
    await page.getByRole("region", { name: "Answer" }).locator("select").nth(1).selectOption("1");
    await page.waitForFunction((text) => !document.querySelector(".card")?.textContent.includes(text), small);
  },

  async "a layer of many neurons is seen along its two principal components, while it learns"({ open }) {
    const page = await open("d=moons&h=6,3&a=tanh&ns=0.1");
    await page.getByRole("tab", { name: "Space" }).click();
    const told = page.getByText("The two directions hold");
    await told.waitFor();
    const shares = (text) => text.match(/[\d.]+(?= %)/g).map(Number);
    const [both, first, second] = shares(await told.innerText());
    assert.ok(Math.abs(both - first - second) < 0.11 && first >= second && both <= 100.1, await told.innerText());
    const picture = () => page.locator('canvas[data-picture="space"]').evaluate((c) => c.toDataURL());
    const flat = await picture();
    await page.getByLabel("From the plane to the hidden layer").fill("1");
    await page.waitForFunction(
      (before) => document.querySelector('[data-picture="space"]').toDataURL() !== before,
      flat,
    );
    const before = await told.innerText();
    await page.getByRole("button", { name: "Train", exact: true }).click();
    await page.waitForFunction(
      (text) => ![...document.querySelectorAll("p")].some((p) => p.textContent.includes(text)),
      /[\d.]+ %/.exec(before)[0],
    );
    await page.getByRole("button", { name: "Pause", exact: true }).click();
    await page.getByLabel("Seen by").selectOption("pair");
    await told.waitFor({ state: "detached" });
    await page.getByLabel("Across").waitFor();
    await page.getByLabel("Seen by").selectOption("pca");
    await page.getByLabel("Layer", { exact: false }).first().waitFor();
    await told.waitFor();
  },

  async "a training step goes from phase to phase, and again for the next batch"({ open }) {
    const page = await open("d=moons&h=3&a=relu");
    await page.keyboard.press("1");
    const phases = page.getByRole("group", { name: "Phases of a training step" });
    const operation = page.locator(".why p").first();
    const epoch = () => page.evaluate(() => document.querySelector("footer .epoch b").textContent);
    for (const turn of [1, 2]) {
      for (const [name, words] of [
        ["forward", "forward"],
        ["loss", "the loss"],
        ["backward", "backward"],
        ["update", "the update"],
      ]) {
        await phases.getByRole("button", { name, exact: true }).click();
        await operation.filter({ hasText: `, ${words}:` }).waitFor();
        assert.equal(await phases.locator("[aria-pressed=true]").innerText(), name);
      }
      await page.getByRole("tab", { name: "Scores" }).click();
      await page.getByText("steps", { exact: true }).waitFor();
      const steps = page.locator("dt:text-is('steps') + dd");
      await steps.filter({ hasText: String(turn) }).waitFor();
      await page.getByRole("tab", { name: "Output" }).click();
    }
    assert.equal(await epoch(), "0");
  },

  async "activations and weights are histograms that follow the training"({ open }) {
    const page = await open("d=moons&h=8,4");
    await page.getByRole("button", { name: "Train", exact: true }).click();
    await page.getByRole("button", { name: "histograms" }).click();
    const bars = page.getByRole("img", { name: /Layer 1: 2000 activations|Layer 1: [\d,]+ activations/ });
    await bars.waitFor();
    assert.equal(await page.getByRole("img", { name: /activations/ }).count(), 3);
    const drawn = () => bars.evaluate((svg) => svg.innerHTML);
    const before = await drawn();
    await page.waitForFunction(
      (text) => document.querySelector("dialog tbody svg, [role=dialog] tbody svg")?.innerHTML !== text,
      before,
    );
  },

  async "Space trains after a click on a button, and presses the button that was reached by Tab"({ open }) {
    const page = await open("S=moons-line");
    await page.getByRole("button", { name: "about one in eight" }).click();
    await page.keyboard.press("Space");
    await page.getByRole("button", { name: "Pause", exact: true }).waitFor();
    await page.keyboard.press("Space");
    await page.getByRole("button", { name: "Train", exact: true }).waitFor();
    await page.getByRole("button", { name: "Answer", exact: true }).focus();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Space");
    await page.getByText("what only weighs and adds cannot bend").waitFor();
    await page.getByRole("button", { name: "Train", exact: true }).waitFor();
  },

  async "features of a deeper layer are shown, with what they do not show"({ open }) {
    const page = await open("R=digits");
    await page.getByText("109,386 weights").waitFor({ timeout: 30_000 });
    const wall = page.locator('canvas[data-picture="weights"]');
    const before = await wall.evaluate((c) => c.toDataURL());
    await page.getByRole("button", { name: "layer 2", exact: true }).click();
    await page.getByText("What pixels speak for layer 2").waitFor();
    await page.getByText("were found in convolutional networks on photographs").waitFor();
    await page.waitForFunction(
      (old) => document.querySelector('canvas[data-picture="weights"]').toDataURL() !== old,
      before,
    );
    await page.getByRole("button", { name: "scores", exact: true }).click();
    await page.getByText("10 images of slopes").waitFor({ state: "attached" });
  },

  async "before a projector the figures and the way from the pixels are seen without scrolling"({ open }) {
    const page = await open("S=moons-three", { width: 1280, height: 720 });
    const foot = async () => (await page.locator("footer").boundingBox()).y;
    for (const figure of await page.locator(".figures div").all()) {
      const box = await figure.boundingBox();
      assert.ok(box.y + box.height <= (await foot()), JSON.stringify(box));
    }
    const digits = await open("S=digits", { width: 1280, height: 720 });
    await digits.getByText("From pixels to the answer").waitFor();
    const box = await digits.locator(".flow").boundingBox();
    assert.ok(box.y + box.height <= (await digits.locator("footer").boundingBox()).y, JSON.stringify(box));
  },

  async "a page fills its window, and no more"({ open }) {
    for (const height of [560, 600, 650, 900]) {
      const page = await open("S=moons-three", { width: 1366, height });
      assert.equal(await page.evaluate(() => document.scrollingElement.scrollHeight), height);
      const deck = await page.locator("footer").boundingBox();
      assert.ok(deck.y + deck.height <= height, JSON.stringify(deck));
    }
  },

  async "a step that was cut says so, and marks nothing on the tape"({ context, base }) {
    const page = await context.newPage();
    let last;
    await page.routeWebSocket(/\/ws$/, (socket) => {
      last = socket;
      socket.connectToServer();
    });
    await page.goto(`${base}#d=xor`);
    await page.locator(".app[data-standing=open]").waitFor();
    const text = "The step was cut after a second: 12 of its 25 batches are done.";
    const rest = { epoch: 0.5, where: "", hint: "Step again to go on, or press play.", fixes: {} };
    last.send(JSON.stringify({ type: "stopped", reason: "time", text, ...rest }));
    await page.getByText(text).waitFor();
    await page.getByText("Step again to go on").waitFor();
  },
};
