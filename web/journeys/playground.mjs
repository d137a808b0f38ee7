// Journeys through the Playground: what its users do, done by a browser on a real server.

import assert from "node:assert/strict";

const LONG = 60_000;
const figure = (page, i) => page.locator(".figures b").nth(i).textContent();
const trainLoss = async (page) => Number((await figure(page, 0)).replace("−", "-"));
const choose = (page, name) => page.locator(".net").getByRole("button", { name, exact: true }).click({ force: true });
const epoch = async (page) => Number((await page.locator(".epoch b").textContent()).replaceAll(",", ""));

// of that link: what TensorFlow Playground's own algorithm draws and loses, which tests/server/test_play_tfp.py checks
// against its golden table to 1e-12; here as the page shows it. The last column is the bias.
const TFP_WEIGHTS = [
  [
    [0.014, 0.433, 0.1],
    [0.344, 0.399, 0.1],
    [-0.173, 0.324, 0.1],
    [-0.285, 0.03, 0.1],
  ],
  [
    [-0.277, 0.062, 0.285, 0.043, 0.1],
    [0.097, 0.148, -0.264, -0.216, 0.1],
  ],
  [[-0.232, -0.199, 0.1]],
];
const TFP_LOSSES = [
  [0, 0.49944, 0.50119],
  [1, 0.49758, 0.49812],
  [10, 0.48627, 0.48422],
];

async function solved(page, least) {
  await page.keyboard.press("Space");
  await page.waitForFunction(
    (least) => parseFloat(document.querySelectorAll(".figures b")[2].textContent) >= least,
    least,
    { timeout: LONG },
  );
  await page.keyboard.press("Space");
  await page.getByRole("button", { name: "Train", exact: true }).waitFor();
}

export const journeys = {
  async "solves XOR"({ open }) {
    await solved(await open("d=xor&h=6,4&lr=0.1&v=10"), 97);
  },

  async "solves moons"({ open }) {
    await solved(await open("d=moons&z=0.1&h=10&a=relu&lr=0.1&v=10"), 97);
  },

  async "solves spirals"({ open }) {
    await solved(await open("d=spiral&i=x1,x2,sin(x1),sin(x2)&h=8,8&op=adam&lr=0.01&v=10"), 96);
  },

  async "an edited weight is answered by the loss, and undone"({ open }) {
    const page = await open("d=gauss&h=3");
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction(() => document.querySelector(".epoch b").textContent === "1");
    const before = await trainLoss(page);
    await choose(page, "Unit h₁,₁");
    const field = page.locator(".edit input[type=number]");
    await field.fill("4");
    await field.press("Enter");
    await page.waitForFunction(
      (before) => Math.abs(parseFloat(document.querySelector(".figures b").textContent) - before) > 0.01,
      before,
    );
    await page.getByRole("button", { name: "Undo" }).first().click();
    await page.waitForFunction(
      (before) => parseFloat(document.querySelector(".figures b").textContent) === before,
      before,
    );
  },

  async "a neuron is frozen, left out and pinned"({ open }) {
    const page = await open("d=circle&h=4");
    await choose(page, "Unit h₁,₂");
    for (const [name, then] of [
      ["Freeze", "Let go"],
      ["Leave out", "Restore"],
    ]) {
      await page.getByRole("button", { name, exact: true }).click();
      await page.getByRole("button", { name: then, exact: true }).waitFor();
    }
    await page.getByRole("button", { name: "Pin", exact: true }).click();
    await page.getByRole("button", { name: "Choose h₁,₂" }).waitFor();
  },

  async "settings change without a new start, and a wider layer keeps its weights"({ open }) {
    const page = await open("d=gauss&h=2&v=1");
    for (let i = 1; i <= 3; i++) {
      await page.keyboard.press("ArrowRight");
      await page.waitForFunction((i) => document.querySelector(".epoch b").textContent === String(i), i);
    }
    await choose(page, "Unit h₁,₁");
    const bias = await page.locator(".edit input[type=number]").inputValue();
    await page.getByRole("combobox", { name: "Activation", exact: true }).selectOption("relu");
    await page.getByRole("combobox", { name: "Learning rate" }).selectOption("0.1");
    await page.getByRole("button", { name: "Layer 1: one neuron more" }).click();
    await page.locator(".net").getByRole("button", { name: "Unit h₁,₃", exact: true }).waitFor();
    assert.equal(await epoch(page), 3);
    await choose(page, "Unit h₁,₁");
    await page.waitForFunction((bias) => document.querySelector(".edit input[type=number]")?.value === bias, bias);
  },

  async "points are painted, erased, and undone"({ open }) {
    const page = await open("d=gauss&n=50");
    await page.getByTitle("a click or a stroke adds points").click();
    const box = await page.locator(".picture").first().boundingBox();
    await page.mouse.click(box.x + box.width * 0.9, box.y + box.height * 0.9);
    await page
      .getByRole("button", { name: "your own points", exact: true })
      .and(page.locator("[aria-pressed=true]"))
      .waitFor();
    await page.getByRole("button", { name: "Erase", exact: true }).click();
    await page.mouse.click(box.x + box.width * 0.9, box.y + box.height * 0.9);
    for (let i = 0; i < 2; i++) await page.getByTitle("Undo (Ctrl Z)").click();
    await page.locator("button[title='Undo (Ctrl Z)']:disabled").waitFor();
    await page.locator("button[title='Redo (Ctrl Shift Z)']:enabled").waitFor();
  },

  async "a table is pasted; a broken one is told where it breaks"({ open }) {
    const page = await open();
    await page.getByRole("button", { name: "Paste a table" }).click();
    const text = page.getByLabel("The table");
    await text.fill("x1,x2,class\n1,2,0\n3,oops,1");
    await page.getByRole("button", { name: "Learn this" }).click();
    const problem = await page.getByRole("alert").textContent();
    assert.match(problem, /oops/);
    assert.match(problem, /3/);
    await text.fill("x1,x2,kind\n1,2,cat\n-3,-1,dog\n2,2,cat\n-2,-2,dog\n1,1,cat\n-1,-2,dog");
    await page.getByRole("button", { name: "Learn this" }).click();
    await page.locator(".legend", { hasText: "cat" }).waitFor();
    await page.getByRole("button", { name: "Paste a table" }).click();
    const buffer = Buffer.from("x1,x2,kind\n1,2,hen\n-3,-1,fox\n2,2,hen\n-2,-2,fox\n1,1,hen\n-1,-2,fox");
    await page.getByLabel("Open a CSV file").setInputFiles({ name: "animals.csv", mimeType: "text/csv", buffer });
    await page.getByRole("button", { name: "Learn this" }).click();
    await page.locator(".legend", { hasText: "hen" }).waitFor();
  },

  async "a TensorFlow Playground link opens with the same first weights"({ open }) {
    const page = await open(
      "activation=tanh&batchSize=10&dataset=circle&regDataset=reg-plane&learningRate=0.03&regularizationRate=0&noise=0" +
        "&networkShape=4,2&seed=0.59704&showTestData=false&discretize=false&percTrainData=50&x=true&y=true&xTimesY=false" +
        "&xSquared=false&ySquared=false&cosX=false&sinX=false&cosY=false&sinY=false&collectStats=false&problem=classification" +
        "&initZero=false&hideText=false",
    );
    await page.getByText("Opened a TensorFlow Playground link").waitFor();
    await page.getByRole("tab", { name: "Scores" }).click();
    await page.getByText("Weights as tables").click();
    const shown = () =>
      page
        .locator("details .scroll table")
        .evaluateAll((tables) =>
          tables.map((table) =>
            [...table.tBodies[0].rows].map((row) =>
              [...row.cells].slice(1).map((cell) => Number(cell.textContent.replace("−", "-"))),
            ),
          ),
        );
    await page.locator("details .scroll table").nth(2).waitFor();
    assert.deepEqual(await shown(), TFP_WEIGHTS);
    const losses = () =>
      page.locator("dl dd").evaluateAll((all) => all.slice(0, 2).map((dd) => Number(dd.textContent)));
    for (const [epochs, train, test] of TFP_LOSSES) {
      while ((await epoch(page)) < epochs) {
        const before = await epoch(page);
        await page.keyboard.press("ArrowRight");
        await page.waitForFunction((n) => document.querySelector(".epoch b").textContent === String(n), before + 1);
      }
      await page.waitForFunction((train) => Number(document.querySelector("dl dd").textContent) === train, train);
      assert.deepEqual(await losses(), [train, test]);
    }
  },

  async "a curve has one input, and only formulas of it are offered"({ open }) {
    const page = await open("d=sine&i=x1,x2,sin(x2)&h=3");
    await page.locator("h2", { hasText: /^Inputs 1$/ }).waitFor();
    assert.deepEqual(await page.locator(".chips .chip").allTextContents(), ["x₁", "x₁²", "sin x₁", "cos x₁"]);
    await page.getByRole("button", { name: "sin x₁" }).click();
    await page.locator("h2", { hasText: /^Inputs 2$/ }).waitFor();
    await page.locator(".net").getByRole("button", { name: "Input sin x₁", exact: true }).waitFor();
  },

  async "a shared link gives the same state and the same training"({ open }) {
    const page = await open("d=moons&z=0.2&h=5,3&lr=0.1&op=adam&r=77");
    await page.getByRole("button", { name: "Share" }).click();
    const link = await page.getByLabel("Link to this state").inputValue();
    const other = await open(new URL(link).hash.slice(1));
    await page.keyboard.press("Escape");
    for (const one of [page, other]) {
      for (let i = 1; i <= 5; i++) {
        await one.locator("body").press("ArrowRight");
        await one.waitForFunction((i) => document.querySelector(".epoch b").textContent === String(i), i);
      }
    }
    await page.getByRole("tab", { name: "Scores" }).click();
    await other.getByRole("tab", { name: "Scores" }).click();
    assert.equal(
      await page.locator("dl").first().textContent().then(untimed),
      await other.locator("dl").first().textContent().then(untimed),
    );
  },

  async "a broken link is followed as far as it goes, and said"({ open }) {
    const page = await open("d=xor&lr=-4&zz=1&h=3");
    assert.match(await page.locator(".notices").textContent(), /learning_rate.*zz/s);
    assert.equal(await page.getByRole("combobox", { name: "Learning rate" }).inputValue(), "0.03");
    await page.locator(".net").getByRole("button", { name: "Unit h₁,₃", exact: true }).waitFor();
    await page.evaluate(() => (location.hash = "#d=spiral&h=5")); // another link into the address line
    await page.locator(".net").getByRole("button", { name: "Unit h₁,₅", exact: true }).waitFor();
    await page.locator(".tile[aria-pressed=true][aria-label=spiral]").waitFor();
  },

  async "a loss that is no number is explained, with a way out"({ open }) {
    const page = await open("d=gauss_regression&h=8,8&a=relu&lr=100&v=10");
    await page.keyboard.press("Space");
    await page.getByText("The loss is not a number").waitFor({ timeout: LONG });
    const back = /back at epoch (\d+)/.exec(await page.locator(".notice").first().textContent())[1];
    await page.waitForFunction((back) => document.querySelector(".epoch b").textContent === back, back);
    await page.getByRole("button", { name: "Do that" }).click();
    await page.waitForFunction(() => Number(document.querySelector("select[data-setting=learning_rate]").value) < 100);
    await page.keyboard.press("Space");
    await page.waitForFunction(() => Number.isFinite(parseFloat(document.querySelector(".figures b").textContent)));
  },

  async "everything by keyboard"({ open }) {
    const page = await open("d=gauss&h=3");
    const focused = () =>
      page.evaluate(
        () => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? "",
      );
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys and words" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("3");
    await page.getByRole("button", { name: "One step: batch" }).waitFor();
    await page.keyboard.press("4");
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction(() => document.querySelector(".epoch b").textContent === "1");
    await page.keyboard.press("Home");
    await page.waitForFunction(() => document.querySelector(".epoch b").textContent === "0");
    const seen = [];
    for (let i = 0; i < 120 && !(await focused()).startsWith("Unit h₁,₁"); i++) {
      await page.keyboard.press("Tab");
      seen.push(await focused());
    }
    assert.ok(seen.length < 120, `no neuron can be reached by Tab: ${seen.join(" | ")}`);
    await page.keyboard.press("Enter");
    await page.getByText("Why does").waitFor();
    await page.locator("[role=application]").first().focus();
    await page.keyboard.press("ArrowRight");
    await page.getByText("for the place").waitFor();
  },

  async "comes back to the same session after the connection drops"({ context, base, problems }) {
    const page = await context.newPage();
    const sockets = [];
    await page.routeWebSocket(/\/ws$/, (socket) => {
      const server = socket.connectToServer();
      sockets.push([socket, server]);
    });
    await page.goto(`${base}#d=xor&h=4`);
    await page.locator(".app[data-standing=open]").waitFor();
    for (let i = 1; i <= 2; i++) {
      await page.keyboard.press("ArrowRight");
      await page.waitForFunction((i) => document.querySelector(".epoch b").textContent === String(i), i);
    }
    const before = await figure(page, 0);
    const drop = async () => {
      const [socket, server] = sockets.at(-1);
      const n = sockets.length;
      await server.close({ code: 3000 });
      await socket.close({ code: 3001, reason: "" });
      while (sockets.length === n) await page.waitForTimeout(30);
      await page.locator(".app[data-standing=open]").waitFor({ timeout: 10_000 });
    };
    for (let i = 0; i < 5; i++) await drop();
    await page.waitForFunction((before) => document.querySelector(".figures b").textContent === before, before);
    assert.equal(await epoch(page), 2);
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction(() => document.querySelector(".epoch b").textContent === "3");
    await page.reload();
    await page.waitForFunction(() => document.querySelector(".epoch b").textContent === "3");
    assert.deepEqual(problems, []);
  },

  async "comes back to its weights after the server was ended and started anew"({ context, server, problems }) {
    const first = await server();
    const page = await context.newPage();
    await page.goto(first.url);
    await page.locator(".app[data-standing=open]").waitFor();
    for (let i = 1; i <= 3; i++) {
      await page.keyboard.press("ArrowRight");
      await page.waitForFunction((i) => document.querySelector(".epoch b").textContent === String(i), i);
    }
    const before = await figure(page, 0);
    await first.end();
    await page.getByText("The server does not answer").waitFor({ timeout: 10_000 });
    const second = await server(["--port", new URL(first.base).port]);
    await page.goto(second.url);
    await page.waitForFunction(() => document.querySelector(".epoch b").textContent === "3");
    assert.equal(await figure(page, 0), before);
    await page.close();
    await second.end();
    problems.length = 0; // the browser may say that the first server was gone
  },

  async "every room opens although the server is gone, and says what to do"({ context, server, problems }) {
    const own = await server();
    const page = await context.newPage();
    await page.goto(own.url);
    await page.locator(".app[data-standing=open]").waitFor();
    await page.waitForFunction(() =>
      performance.getEntriesByType("resource").some((r) => /later-[^/]*\.js$/.test(r.name) && r.responseEnd > 0),
    );
    await own.end();
    await page.getByText("The server does not answer").waitFor({ timeout: 10_000 });
    for (const [room, words] of [
      ["Digits", "draw a digit"],
      ["Graph", "Expression"],
      ["Runs", "Runs"],
      ["Playground", "Training share"],
    ]) {
      await page.getByRole("link", { name: room, exact: true }).click();
      await page.locator("main").filter({ hasText: words }).waitFor();
    }
    await page.close();
    problems.length = 0; // the browser may say that the server was gone
  },

  async "hostile frames do not stop the page"({ context, base }) {
    const page = await context.newPage();
    let toPage;
    await page.routeWebSocket(/\/ws$/, (socket) => {
      toPage = socket;
      const server = socket.connectToServer();
      socket.onMessage((message) => server.send(message));
      server.onMessage((message) => socket.send(message));
    });
    await page.goto(`${base}#d=gauss`);
    await page.locator(".app[data-standing=open]").waitFor();
    await page.waitForTimeout(300);
    for (const text of [
      "{",
      "null",
      "[]",
      '{"type":"nonsense"}',
      '{"type":"state_report"}',
      '{"type":"layout","layout":1}',
    ])
      toPage.send(text);
    for (const magic of ["GNF1", "GNP1", "GND1", "????"]) {
      for (const size of [0, 3, 40, 127, 128, 400]) {
        const bytes = Buffer.alloc(size, 255);
        bytes.write(magic.slice(0, size));
        toPage.send(bytes);
      }
    }
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction(() => document.querySelector(".epoch b").textContent === "1", null, { timeout: 5000 });
  },
};

/** The scores without those that depend on the clock. */
function untimed(text) {
  return text.replace(/epochs a second.*$/s, "");
}
