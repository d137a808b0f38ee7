// Runs in a table: their order, their filter, and what differs between them.

import type { RunSummary } from "../messages";

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
