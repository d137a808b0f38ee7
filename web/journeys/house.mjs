// A server and a browser for journeys: both are started here, and ended here.

import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const BROWSERS = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
const READY = 60_000; // ms for the server's first word

export function browserPath() {
  const found = [process.env.CHROMIUM, ...BROWSERS].find((path) => path && existsSync(path));
  if (found) return found;
  console.error("got no browser; expected Chromium or Chrome for the journeys through the page.");
  console.error("Try apt-get install chromium, or CHROMIUM=/path/to/chrome make test-web");
  process.exit(1);
}

/** `glassnet play` on a free port: its address with the token, what it says, and the way to end it. */
export async function server(words = []) {
  const command = (process.env.GLASSNET ?? "glassnet").split(" ");
  const child = spawn(
    command[0],
    [...command.slice(1), "play", "--no-browser", ...(words.includes("--port") ? [] : ["--port", "0"]), ...words],
    {
      env: { ...process.env, OPENBLAS_NUM_THREADS: "1", PYTHONUNBUFFERED: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  process.once("exit", () => child.kill("SIGKILL")); // whatever goes wrong here, nothing is left running
  let said = "";
  const url = await new Promise((resolve, reject) => {
    const listen = (data) => {
      said += data;
      const match = /http:\/\/\S+/.exec(said);
      if (match) resolve(match[0]);
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", (data) => (said += data));
    child.on("error", (problem) =>
      reject(new Error(`got ${problem.message}; expected the command line. Try GLASSNET=/path/to/glassnet`)),
    );
    child.on("exit", () => reject(new Error(`the server ended: ${said}`)));
    setTimeout(() => reject(new Error(`the server said no address in time: ${said}`)), READY).unref();
  });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  const end = async () => {
    child.kill("SIGINT");
    const late = setTimeout(() => child.kill("SIGKILL"), 5000);
    await ended;
    clearTimeout(late);
  };
  return { url, base: `${new URL(url).origin}/`, said: () => said, end };
}

/** A command line that is waited for. */
export function glassnet(...words) {
  const [program, ...first] = (process.env.GLASSNET ?? "glassnet").split(" ");
  return execFileSync(program, [...first, ...words], { env: { ...process.env, OPENBLAS_NUM_THREADS: "1" } });
}

/** A run folder as the command line writes them. */
function writeRun(folder, learning_rate, test_accuracy) {
  mkdirSync(folder);
  const write = (name, value) => writeFileSync(join(folder, name), value);
  write(
    "config.json",
    JSON.stringify({ network: "2-8-2", settings: { learning_rate, hidden: [8] }, data: { name: "moons" } }),
  );
  const epochs = [1, 2, 3, 4].map((epoch) => JSON.stringify({ epoch, loss: 1 / epoch, test_accuracy }));
  write("history.jsonl", `${epochs.join("\n")}\n`);
  write("result.json", JSON.stringify({ test_accuracy, test_loss: 0.2, epochs_done: 4 }));
}

/** A browser that the server knows, and pages in it; each page is a session of its own. */
export async function house(options = {}) {
  const executablePath = browserPath();
  const runs = mkdtempSync(join(tmpdir(), "glassnet-runs-"));
  for (const [name, rate, accuracy] of [
    ["moons-20260101-120000", 0.1, 0.91],
    ["moons-20260102-120000", 0.3, 0.97],
  ]) {
    writeRun(join(runs, name), rate, accuracy);
  }
  const { url, base, end } = await server(["--models", runs]);
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--enable-precise-memory-info"] });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const first = await context.newPage();
  await first.goto(url);
  await first.close();
  const problems = []; // whatever a page complained of
  const open = async (hash = "", size = null) => {
    const page = await context.newPage();
    page.on("pageerror", (error) => problems.push(`${hash}: ${error.message}`));
    page.on("console", (message) => message.type() === "error" && problems.push(`${hash}: ${message.text()}`));
    page.on("request", (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(base))
        problems.push(`${hash}: asked ${request.url()}`);
    });
    if (size) await page.setViewportSize(size);
    await page.goto(hash ? `${base}#${hash}` : base);
    await page.locator(".app[data-standing=open]").waitFor({ timeout: 20_000 });
    return page;
  };
  return {
    browser,
    context,
    base,
    open,
    server,
    runs,
    problems,
    end: async () => {
      await browser.close();
      await end();
      rmSync(runs, { recursive: true, force: true });
    },
  };
}
