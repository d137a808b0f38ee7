// One step of descent on one image, as it stands after so many of its moments.

import type { DigitsMoment } from "../messages";
import { floatsOf } from "./drawing";

export const PHASES = ["forward", "loss", "backward", "update"] as const;
export type Phase = (typeof PHASES)[number];

/** What is known of a figure of the room: the numbers in it, or once the way back has reached it, their slopes. */
export interface Known {
  values: Float32Array;
  slopes: boolean;
}

/** What each figure shows after so many moments: 0 is the pixels, the scores come last. */
export function known(moments: readonly DigitsMoment[], at: number): Map<number, Known> {
  const found = new Map<number, Known>();
  for (const { place, phase, values } of moments.slice(0, at)) {
    if (place === null || !values) continue;
    found.set(place, { values: floatsOf(values), slopes: phase === "backward" });
  }
  return found;
}

/** How many moments are past at the end of a phase. */
export function endOf(moments: readonly DigitsMoment[], phase: Phase): number {
  return moments.findLastIndex((moment) => moment.phase === phase) + 1;
}
