// The room of digits: one question at a time, the latest wins, and it is asked again while the network learns.

import type { DigitsExample, DigitsPredict } from "../messages";
import { app, notify, wire } from "./app.svelte";
import { stepDeck } from "./digitStep.svelte";
import { pixelsOf, SIDE, toBase64, type Stroke } from "./drawing";

type Question = Omit<DigitsPredict, "id"> | Omit<DigitsExample, "id">;

let question: Question | null = null;
let asking = false;
let fresh = false; // the question has changed since it was sent

async function ask(): Promise<void> {
  if (asking || !question) return;
  asking = true;
  fresh = false;
  const answer = await wire.ask(question);
  asking = false;
  if (answer.type === "refusal") notify("problem", answer.text);
  if (fresh) void ask();
}

function put(next: Question): void {
  question = next;
  fresh = true;
  void ask();
}

/** What is this drawing? */
export function look(strokes: readonly Stroke[]): void {
  const explain = question?.explain ?? null;
  if (!strokes.length) forget();
  else put({ type: "digits_predict", pixels: toBase64(pixelsOf(strokes)), width: SIDE, height: SIDE, explain });
}

/** What is this test image? */
export function example(index: number): void {
  stepDeck.label = null; // it has a right answer of its own
  put({ type: "digits_example", index, explain: null });
}

/** Take the score of another class apart; null for the one that the network says. */
export function explain(label: number | null): void {
  if (question) put({ ...question, explain: label });
}

/** Ask the same again: the network has changed. */
export function again(): void {
  void ask();
}

export function forget(): void {
  question = null;
  stepDeck.label = stepDeck.step = null;
  stepDeck.at = 0;
  app.prediction = null;
}

/** Open a model file of the user's own. */
export async function upload(file: File): Promise<void> {
  const address = new URL("api/model", location.href);
  address.hash = "";
  address.searchParams.set("session", wire.session ?? "");
  address.searchParams.set("name", file.name);
  try {
    const answer = await fetch(address, { method: "POST", body: file });
    const report = (await answer.json()) as { type: string; text?: string };
    if (report.type === "refusal") notify("problem", report.text ?? "The file could not be read.");
  } catch {
    notify("problem", "The file did not reach the server.", "Is glassnet play still running?");
  }
}
