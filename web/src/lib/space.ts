// The space that a hidden layer makes of the plane, read from the heat maps of two of its neurons.

import type { Layout, SpaceReport } from "../messages";
import { floatsOf } from "./drawing";
import type { Frame } from "./frame";

export interface Space {
  side: number;
  across: Float32Array; // what the first neuron says at every place of the map
  up: Float32Array;
  least: [number, number];
  most: [number, number];
}

/** The numbers of two neurons' maps, and their range. */
export function spaceOf(layout: Layout, frame: Frame, layer: number, units: [number, number]): Space | null {
  const [across, up] = units.map((unit) => mapOf(layout, frame, layer, unit));
  if (!across || !up) return null;
  const [a, b] = [rangeOf(across), rangeOf(up)];
  return { side: layout.grid_resolution, across, up, least: [a[0], b[0]], most: [a[1], b[1]] };
}

/** The plane along a layer's principal components; each turned so that it does not flip from one look to the next. */
export function widestOf(report: SpaceReport, before: SpaceReport | null): { report: SpaceReport; space: Space } {
  const same = before?.layer === report.layer && before.units === report.units;
  const turns = report.axes.map((axis, i) => (same && dot(axis, before.axes[i]!) < 0 ? -1 : 1));
  const axes = report.axes.map((axis, i) => axis.map((v) => v * turns[i]!));
  const [across, up] = [report.across, report.up].map((map, i) => floatsOf(map).map((v) => v * turns[i]!));
  const [a, b] = [rangeOf(across!), rangeOf(up!)];
  const space = { side: report.side, across: across!, up: up!, least: [a[0], b[0]], most: [a[1], b[1]] } as Space;
  return { report: { ...report, axes }, space };
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, v, i) => sum + v * (b[i] ?? 0), 0);
}

function mapOf(layout: Layout, frame: Frame, layer: number, unit: number): Float32Array | null {
  const grid = layout.units.find((u) => u.layer === layer && u.unit === unit)?.grid;
  const [grids, scales] = [frame.arrays.get("grids"), frame.arrays.get("scales")];
  if (grid === null || grid === undefined || !(grids instanceof Int8Array) || !scales) return null;
  const cells = layout.grid_resolution ** 2;
  const scale = scales[grid]! / 127;
  return Float32Array.from(grids.subarray(grid * cells, (grid + 1) * cells), (q) => q * scale);
}

function rangeOf(values: Float32Array): [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (const v of values) {
    if (v < least) least = v;
    if (v > most) most = v;
  }
  return most > least ? [least, most] : [least - 1, least + 1];
}

/** What both neurons say at a place, which is given as shares of the map's width and height from its top left. */
export function saidAt({ side, across, up }: Space, x: number, y: number): [number, number] {
  const clamp = (share: number) => Math.min(side - 1.000001, Math.max(0, share * (side - 1)));
  const [column, row] = [clamp(x), clamp(y)];
  const [j, i] = [Math.floor(column), Math.floor(row)];
  const [dx, dy] = [column - j, row - i];
  const at = (values: Float32Array) => {
    const k = i * side + j;
    const above = values[k]! * (1 - dx) + values[k + 1]! * dx;
    const below = values[k + side]! * (1 - dx) + values[k + side + 1]! * dx;
    return above * (1 - dy) + below * dy;
  };
  return [at(across), at(up)];
}
