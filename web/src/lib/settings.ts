// What the table of properties says about a setting, for the controls that change it.

import { PROPERTIES, type State } from "../messages";

export function says(name: keyof State): string {
  return PROPERTIES.find((p) => p.name === name)?.says ?? "";
}

/** The names that a setting may have. */
export function namesOf(name: keyof State): readonly string[] {
  const kind = PROPERTIES.find((p) => p.name === name)?.type;
  return kind?.kind === "choice" ? kind.names : [];
}

/** A few usual numbers as options, and the present one if it is another. */
export function usual(
  list: readonly number[],
  now: number,
  words: (value: number) => string = String,
): (readonly [number, string])[] {
  const all = list.includes(now) ? [...list] : [...list, now].sort((a, b) => a - b);
  return all.map((value) => [value, words(value)] as const);
}

export const RATES = [0.00001, 0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10] as const;
export const PENALTIES = [0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1] as const;
export const DROPOUTS = [0, 0.1, 0.2, 0.3, 0.5] as const;
export const asShare = (value: number) => (value ? `${Math.round(100 * value)} %` : "none");
