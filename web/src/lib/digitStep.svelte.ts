// Where the step on the drawn digit stands: the label it is to learn, and how many of its moments are past.

import type { DigitsStep } from "../messages";
import { app, notify, repaint, wire } from "./app.svelte";
import { endOf, type Phase } from "./moments";

export const stepDeck = $state({
  open: false, // whether it is looked at
  step: null as DigitsStep | null,
  at: 0, // moments that are past
  label: null as number | null, // that was chosen; else the image's own, or what the network says
  rate: 0.001, // on one image alone a step of the usual rate goes much too far
});

let asking = false;
let stale = false; // something has changed since it was asked for

/** The class that the image is to be learnt as. */
export function labelOf(): number {
  return stepDeck.label ?? app.prediction?.label ?? app.prediction?.top[0] ?? 0;
}

/** Ask for the step on the image at hand; one question at a time, the latest wins. */
export async function askStep(): Promise<void> {
  const seen = app.prediction;
  if (!seen) {
    stepDeck.step = null;
    return;
  }
  if (asking) {
    stale = true;
    return;
  }
  asking = true;
  stale = false;
  const { image, width, height } = seen;
  const label = labelOf();
  const answer = await wire.ask({ type: "digits_descend", image, width, height, label, rate: stepDeck.rate });
  asking = false;
  if (answer.type === "refusal") notify("problem", answer.text);
  if (answer.type === "digits_step") {
    stepDeck.step = app.prediction ? answer : null;
    jump(stepDeck.at); // another image is looked at where the last one was
  }
  if (stale) void askStep();
}

/** To a moment: so many are past. */
export function jump(at: number): void {
  stepDeck.at = Math.min(stepDeck.step?.moments.length ?? 0, Math.max(0, at));
  repaint();
}

/** To the end of a phase. */
export function toEndOf(phase: Phase): void {
  jump(endOf(stepDeck.step?.moments ?? [], phase));
}
