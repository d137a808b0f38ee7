// A file that holds all of the Playground: what is set, the weights, the user's own points. It opens where it was kept.

import { app, live, notify, set, wire } from "./app.svelte";
import { save } from "./export";
import { fromHash, toHash } from "./link";

const KIND = "glassnet playground";

interface OwnPoints {
  task: "classification" | "regression";
  dimensions: number;
  classes: string[];
  train: number;
  rows: number[][]; // x1, x2, target, training first
}

export interface RunFile {
  kind: typeof KIND;
  version: 1;
  link: string; // everything that is set, as in the address line
  epoch: number;
  weights: number[];
  own: null | OwnPoints;
}

/** What is there now; null before the first frame. */
export function taken(): RunFile | null {
  const weights = live.frame?.arrays.get("weights");
  if (!weights) return null;
  return {
    kind: KIND,
    version: 1,
    link: toHash(app.state),
    epoch: live.frame?.epoch ?? 0,
    weights: Array.from(weights),
    own: app.state.dataset === "own" ? ownPoints() : null,
  };
}

function ownPoints(): OwnPoints | null {
  const points = live.points;
  if (!points) return null;
  const rows = Array.from({ length: points.train + points.test }, (_, i) =>
    Array.from(points.rows.subarray(3 * i, 3 * i + 3)),
  );
  const dimensions = app.layout?.dimensions ?? 2;
  return { task: app.task, dimensions, classes: [...app.classes], train: points.train, rows };
}

export function keep(): void {
  const file = taken();
  if (file) save("glassnet-playground.json", new Blob([JSON.stringify(file)], { type: "application/json" }));
}

/** The file in a text, or a sentence that says what is wrong with it. */
export function readRunFile(text: string): RunFile | string {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return "The file is no JSON. Try one that “Keep all” has written.";
  }
  const file = found as Partial<RunFile> | null;
  if (file?.kind !== KIND) return "The file is not one of the Playground. Try one that “Keep all” has written.";
  if (file.version !== 1) return `The file is of version ${String(file.version)}; this page reads version 1.`;
  const numbers = (list: unknown) => Array.isArray(list) && list.every((v) => typeof v === "number");
  const { own } = file;
  const sound =
    typeof file.link === "string" &&
    numbers(file.weights) &&
    (own === null ||
      (typeof own === "object" && Array.isArray(own.rows) && own.rows.every(numbers) && Array.isArray(own.classes)));
  return sound ? (file as RunFile) : "The file is damaged: a part of it is missing.";
}

/** Everything as it was kept. */
export async function open(text: string): Promise<void> {
  const file = readRunFile(text);
  if (typeof file === "string") return notify("problem", file);
  const { state, problems } = fromHash(file.link);
  for (const problem of problems) notify("problem", problem, "The rest of the file was followed.");
  const { dataset, ...others } = state;
  if (!(await set({ ...others, ...(dataset === "own" ? {} : { dataset }) }))) return;
  if (file.own && !(await giveBack(file.own))) return;
  await wire.ask({ type: "reset" });
  const answer = await wire.ask({ type: "put_weights", values: file.weights });
  if (answer.type === "refusal") notify("problem", answer.text);
  else notify("done", `The network of epoch ${Math.floor(file.epoch)} is back.`);
}

/** The user's own points, in their order: the table gives classes and task, then each point its place. */
async function giveBack(own: OwnPoints): Promise<boolean> {
  const flat = own.dimensions === 1;
  const name = (target: number) => own.classes[target]?.replace(/[,;\s"']/g, "_") ?? String(target);
  const cells = ([x1, x2, t]: number[]) =>
    own.task === "classification" ? [x1, x2, name(t!)] : flat ? [x1, t] : [x1, x2, t];
  const steps = [
    { type: "paste_table", text: own.rows.map((row) => cells(row).join(",")).join("\n"), task: own.task },
    { type: "erase_points", indices: own.rows.map((_, i) => i) },
    { type: "add_points", points: own.rows.slice(0, own.train), test: false },
    { type: "add_points", points: own.rows.slice(own.train), test: true },
  ] as const;
  for (const step of steps) {
    if (step.type === "add_points" && !step.points.length) continue;
    const answer = await wire.ask(step as unknown as Parameters<typeof wire.ask>[0]);
    if (answer.type === "refusal") return (notify("problem", answer.text), false);
  }
  return true;
}
