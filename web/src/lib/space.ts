// The space that a hidden layer makes of the plane, read from the heat maps of two of its neurons.

import type { Layout, SpaceReport } from "../messages";
import { contour } from "./contour";
import { floatsOf } from "./drawing";
import type { Frame } from "./frame";
import { offsets } from "./places";

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
  return spaceFrom(layout.grid_resolution, across, up);
}

function spaceFrom(side: number, across: Float32Array, up: Float32Array): Space {
  const [a, b] = [rangeOf(across), rangeOf(up)];
  return { side, across, up, least: [a[0], b[0]], most: [a[1], b[1]] };
}

/** The plane along principal components, from what the layer says now; null where not all of its units are drawn. */
export function alongOf(layout: Layout, frame: Frame, { layer, axes }: SpaceReport): Space | null {
  const maps = mapsOf(layout, frame, layer);
  return maps && spaceFrom(layout.grid_resolution, mixed(maps, axes[0]!), mixed(maps, axes[1]!));
}

/** The plane along a layer's principal components; each turned so that it does not flip from one look to the next. */
export function widestOf(report: SpaceReport, before: SpaceReport | null): { report: SpaceReport; space: Space } {
  const same = before?.layer === report.layer && before.units === report.units;
  const turns = report.axes.map((axis, i) => (same && dot(axis, before.axes[i]!) < 0 ? -1 : 1));
  const axes = report.axes.map((axis, i) => axis.map((v) => v * turns[i]!));
  const [across, up] = [report.across, report.up].map((map, i) => floatsOf(map).map((v) => v * turns[i]!));
  return { report: { ...report, axes }, space: spaceFrom(report.side, across!, up!) };
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

/** Where the output changes its mind (a height: where its sum is 0): x0, y0, x1, y1, in shares of the map as above. */
export function borderOf(layout: Layout, frame: Frame): number[] {
  const side = layout.grid_resolution;
  const sums = sumsOf(layout, frame);
  // every border between classes is the border of a class that is not the first
  const borders = sums.length > 1 ? sums.slice(1).map((sum) => contour(lead(sum, sums), side)) : [];
  const all = sums.length === 1 ? contour(sums[0]!, side) : borders.flat();
  return all.map((place) => place / (side - 1));
}

/** The sum of each output at every place, before its activation: that is smooth, and linear in what is shown here. */
function sumsOf(layout: Layout, frame: Frame): Float32Array[] {
  const { sizes } = layout;
  const weights = frame.arrays.get("weights");
  const maps = mapsOf(layout, frame, sizes.length - 2);
  if (!weights || frame.broken || !maps) return [];
  const start = offsets(sizes).at(-1)!;
  return Array.from({ length: sizes.at(-1)! }, (_, out) =>
    mixed(maps, weights.subarray(start.weight + out * maps.length), weights[start.bias + out]),
  );
}

/** The maps of all units of a layer; null of a wide one, whose units are not all drawn. */
function mapsOf(layout: Layout, frame: Frame, layer: number): Float32Array[] | null {
  const maps = Array.from({ length: layout.sizes[layer]! }, (_, unit) => mapOf(layout, frame, layer, unit));
  return maps.every((map) => map !== null) ? maps : null;
}

/** Maps times their weights, and a constant. */
function mixed(maps: readonly Float32Array[], weights: ArrayLike<number>, constant = 0): Float32Array {
  return maps[0]!.map((_, i) => maps.reduce((sum, map, unit) => sum + weights[unit]! * map[i]!, constant));
}

/** By how much a class is ahead of the best other one, at every place. */
function lead(chosen: Float32Array, all: readonly Float32Array[]): Float32Array {
  const others = all.filter((sum) => sum !== chosen);
  return chosen.map((sum, i) => sum - Math.max(...others.map((other) => other[i]!)));
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
