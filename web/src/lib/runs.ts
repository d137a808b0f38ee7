// Runs in a table: their order, their filter, what differs between them; and a run as it stood at an epoch.

import { PROPERTIES, type RunCurve, type RunStory, type RunSummary } from "../messages";

const shown = PROPERTIES.find((p) => p.name === "runs_shown")?.type;
export const MOST_RUNS_SHOWN = shown?.kind === "many" ? shown.most : 1;

export type Column = "name" | "data" | "network" | "score" | "loss" | "parameters" | "epochs" | "seconds" | "status";

/** Accuracy, or where there is none R². */
export function score(run: RunSummary): number | null {
  return run.accuracy ?? run.r2;
}

function cell(run: RunSummary, column: Column): string | number | null {
  if (column === "score") return score(run);
  if (column === "network") return text(run, "network");
  return column === "name" ? run.date + run.name : run[column]; // runs by name are runs by their time
}

function text(run: RunSummary, setting: string): string {
  return String(run.settings[setting] ?? "");
}

function words(run: RunSummary): string {
  const settings = Object.entries(run.settings).map(([name, value]) => `${name}=${String(value)}`);
  return [run.name, run.data, run.task, run.status, ...settings].join(" ").toLowerCase();
}

/** The runs that have all the words, in order; what a run does not have comes last either way. */
export function sorted(runs: readonly RunSummary[], by: Column, down: boolean, filter: string): RunSummary[] {
  const wanted = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = runs.filter((run) => wanted.every((word) => words(run).includes(word)));
  return kept.sort((a, b) => {
    const [x, y] = [cell(a, by), cell(b, by)];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1);
  });
}

export interface Difference {
  name: string;
  values: string[]; // of each run
}

/** The settings in which runs differ; of a single run all that are set. */
export function compared(runs: readonly RunSummary[]): Difference[] {
  const names = new Set(runs.flatMap((run) => Object.keys(run.settings)));
  const rows = [...names].map((name) => ({ name, values: runs.map((run) => text(run, name)) }));
  return rows.filter(({ values }) => (values.length > 1 ? new Set(values).size > 1 : values[0] !== ""));
}

/** The place of the best of some numbers; -1 where there are not two that differ. */
export function best(values: readonly (number | null)[], more: boolean): number {
  const known = values.filter((v): v is number => v !== null);
  if (known.length < 2 || new Set(known).size < 2) return -1;
  return values.indexOf(more ? Math.max(...known) : Math.min(...known));
}

// ---- one run as far as it has come ----------------------------------------------------------------------------------

const PARTS = ["curves", "steps", "weights", "ground", "judged", "findings", "activity", "environment"] as const;

/** A story with what is new in it; a part that did not come is as it was. */
export function told(before: RunStory | undefined, now: RunStory): RunStory {
  if (!before?.there) return now;
  const kept = PARTS.filter((part) => now[part] === null && now.tags[part] === before.tags[part]);
  return { ...now, ...Object.fromEntries(kept.map((part) => [part, before[part]])) };
}

export function curve(story: RunStory, name: string): RunCurve | undefined {
  return story.curves?.find((c) => c.name === name);
}

/** The epoch that a run has come to, with the part of one that it is in. */
export function lastEpoch(story: RunStory): number {
  const ends = [story.steps?.epochs.at(-1), ...(story.curves ?? []).map((c) => c.epochs.at(-1))];
  return Math.max(0, ...ends.filter((e) => e !== undefined));
}

/** The place of the last number that is not above a value; -1 where there is none. The numbers rise. */
export function upTo(values: readonly number[], value: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! <= value + 1e-9) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** A figure as it stood at an epoch; undefined where there was none yet. */
export function figureAt(story: RunStory, name: string, epoch: number): number | null | undefined {
  const found = curve(story, name);
  return found ? found.values[upTo(found.epochs, epoch)] : undefined;
}

/** A column of the lines between the epochs, at an epoch. */
export function stepAt(
  story: RunStory,
  column: "losses" | "accuracies" | "rates" | "speeds",
  epoch: number,
): number | null | undefined {
  const steps = story.steps;
  return steps ? steps[column][upTo(steps.epochs, epoch)] : undefined;
}

/** What a moment is kept under: the weights, the border and the confusions that there are at an epoch. */
export function momentKey(story: RunStory, epoch: number): string {
  const weights = story.weights?.epochs ?? [];
  const judged = story.judged ?? [];
  const at = weights.length ? weights[Math.max(0, upTo(weights, epoch))] : "-";
  const drawn = story.ground?.epochs ?? [];
  const ground = drawn.length ? drawn[Math.max(0, upTo(drawn, epoch))] : "-";
  return `${story.name} ${at} ${judged[upTo(judged, epoch)] ?? "-"} ${ground}`;
}

/** Whether the lines between the epochs tell more than the epochs do: those of a quick training are fewer. */
export function finer(story: RunStory): boolean {
  return !!story.steps && story.steps.epochs.length > 1.5 * (curve(story, "loss")?.epochs.length ?? 0);
}

/** Whether a run goes on at this time. */
export function learning(story: RunStory): boolean {
  return !story.there || story.summary?.status === "learning";
}

/** How long a run still takes if it goes on like this; null where nobody knows. */
export function secondsLeft(story: RunStory): number | null {
  const [steps, planned] = [story.steps, story.planned];
  const done = steps && planned ? (steps.epochs.at(-1) ?? 0) / planned : 0;
  return steps && done > 0 ? (steps.seconds * (1 - done)) / done : null;
}
