// Journeys through the room of digits.

import assert from "node:assert/strict";

export const journeys = {
  async "MNIST is learnt, a drawn digit is read and explained, mistakes are shown"({ open }) {
    const page = await open("R=digits&De=1");
    await page.getByText("109,386 weights").waitFor({ timeout: 30_000 });
    await page.keyboard.press("Space");
    await page.getByText(/weights; trained/).waitFor({ timeout: 90_000 });
    const accuracy = parseFloat(await page.locator(".figures b").nth(2).textContent());
    assert.ok(accuracy > 94, `test accuracy ${accuracy}`);
    const box = await page.locator(".pad").boundingBox();
    await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.15);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.47, box.y + box.height * 0.85, { steps: 12 });
    await page.mouse.up();
    await page.locator(".bar.top", { hasText: "1" }).first().waitFor();
    await page.getByText("Why 1?").waitFor();
    const left = /exact: ([\d.]+)(?:·10⁻(\S+))? is left/.exec(
      await page.getByRole("region", { name: "Answer" }).textContent(),
    );
    assert.ok(left && (left[2] || Number(left[1]) < 0.01), "the sum of the contributions is not exact");
    await page.locator(".bar").nth(7).click();
    await page.getByText("Why 7?").waitFor();
    await page.getByRole("tab", { name: "Mistakes" }).click();
    await page.locator(".item").first().click();
    await page.getByText("in truth a").waitFor();
  },

  async "a training on digits goes on after the connection drops"({ context, base }) {
    const page = await context.newPage();
    const sockets = [];
    await page.routeWebSocket(/\/ws$/, (socket) => sockets.push([socket, socket.connectToServer()]));
    await page.goto(`${base}#R=digits&De=2`);
    await page.getByText("109,386 weights").waitFor({ timeout: 30_000 });
    await page.keyboard.press("Space");
    await page.getByText(/training, step/).waitFor();
    const [socket, server] = sockets[0];
    await server.close({ code: 3000 });
    await socket.close({ code: 3001, reason: "" });
    await page.getByText(/weights; trained, step 1,000 of 1,000/).waitFor({ timeout: 60_000 });
  },

  async "an untrained network is the one that is set"({ open }) {
    const page = await open("R=digits&Dh=64");
    await page.getByText("50,890 weights; untrained").waitFor({ timeout: 30_000 });
    await page.getByLabel("Hidden layers").fill("32, 16");
    await page.getByLabel("Hidden layers").press("Enter");
    await page.getByText("25,818 weights; untrained").waitFor();
  },

  async "a digit is drawn by keyboard, and by touch"({ open }) {
    const page = await open("R=digits");
    const pad = page.getByLabel("Pad to draw a digit on", { exact: false });
    await pad.focus();
    await page.keyboard.press("Space");
    for (let i = 0; i < 12; i++) await page.keyboard.press("ArrowDown");
    await page.getByText("centred and scaled").waitFor();
    await page.getByRole("button", { name: "Clear" }).click();
    await page.getByText("Draw a digit, or take").waitFor();
    const box = await pad.boundingBox();
    const touch = await page.context().newCDPSession(page);
    const at = (share) => [{ x: box.x + box.width / 2, y: box.y + box.height * share }];
    await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: at(0.2) });
    for (const share of [0.35, 0.5, 0.65, 0.8])
      await touch.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: at(share) });
    await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
    await page.getByText("centred and scaled").waitFor();
    await page.getByRole("button", { name: "The next test image" }).click();
    await page.getByText("test image 0, in truth a 7").waitFor();
  },
};
