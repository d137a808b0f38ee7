// Where a neuron folds the plane: the line on which its sum is 0, and for ReLU the side on which it says nothing.

import { app, live } from "./app.svelte";
import { colours } from "./canvas";
import { contour, turningPoint } from "./contour";
import { unitName } from "./format";
import type { Frame } from "./frame";
import { crossing, type Numbers } from "./line";
import { offsets } from "./places";
import type { Layout, UnitName } from "../messages";

const HATCH = 7; // pixels from stroke to stroke

/** The neuron whose fold is shown: the one that is pointed at, else the chosen one. */
export function folding(): UnitName | null {
  const place = app.pointed ?? app.selected;
  const layout = app.layout;
  if (!place || !layout || place.layer < 1) return null;
  const unit = layout.units.find((u) => u.layer === place.layer && u.unit === place.unit);
  return unit && unit.grid !== null ? unit : null;
}

export function drawFold(g: CanvasRenderingContext2D, unit: UnitName, w: number, h: number): void {
  const [layout, frame] = [app.layout, live.frame];
  const grids = frame?.arrays.get("grids");
  if (!layout || !frame || !(grids instanceof Int8Array) || unit.grid === null) return;
  const side = layout.grid_resolution;
  const start = unit.grid * side * side;
  const [dx, dy] = [w / (side - 1), h / (side - 1)];
  const relu = layout.activations[unit.layer - 1] === "relu";
  const segments =
    lineOf(layout, frame, unit) ?? contour(grids, side, relu ? 0.5 : levelOf(layout, frame, unit), start);
  if (relu) hatch(g, grids, side, start, dx, dy, w, h);
  g.beginPath();
  for (let i = 0; i + 3 < segments.length; i += 4) {
    g.moveTo(segments[i]! * dx, segments[i + 1]! * dy);
    g.lineTo(segments[i + 2]! * dx, segments[i + 3]! * dy);
  }
  g.strokeStyle = colours().ink;
  g.lineWidth = 2.5;
  g.stroke();
  say(g, wordsOf(unit, relu, segments.length > 0), h);
}

/** The line of a neuron of the first layer, whose inputs are x1 and x2 alone: exact, in cells; null for any other. */
function lineOf(layout: Layout, frame: Frame, unit: UnitName): number[] | null {
  const weights = frame.arrays.get("weights");
  const names = layout.units.filter((u) => u.layer === 0).map((u) => u.name);
  if (!weights || unit.layer !== 1 || names.join() !== "x1,x2") return null;
  const at = offsets(layout.sizes)[1]!;
  const numbers: Numbers = [
    weights[at.weight + 2 * unit.unit]!,
    weights[at.weight + 2 * unit.unit + 1]!,
    weights[at.bias + unit.unit]!,
  ];
  const [left, right, bottom = left, top = right] = layout.domain as [number, number, number?, number?];
  const cells = layout.grid_resolution - 1;
  const ends = crossing(numbers, [left, right, bottom, top]);
  return ends.flatMap(([x, y]) => [((x - left) / (right - left)) * cells, ((top - y) / (top - bottom)) * cells]);
}

/** The turning point in the map's own units. */
function levelOf(layout: Layout, frame: Frame, unit: UnitName): number {
  const scale = frame.arrays.get("scales")?.[unit.grid ?? 0] || 1;
  return (turningPoint(layout.activations[unit.layer - 1] ?? "") / scale) * 127;
}

/** Strokes over the places where a ReLU says 0. */
function hatch(
  g: CanvasRenderingContext2D,
  grids: Int8Array,
  side: number,
  start: number,
  dx: number,
  dy: number,
  w: number,
  h: number,
): void {
  g.beginPath();
  for (let row = 0; row < side; row++) {
    for (let x = 0; x < side; x++) {
      if (grids[start + row * side + x] !== 0) continue;
      const from = x;
      while (x + 1 < side && grids[start + row * side + x + 1] === 0) x++;
      g.rect((from - 0.5) * dx, (row - 0.5) * dy, (x - from + 1) * dx, dy);
    }
  }
  g.save();
  g.clip();
  g.beginPath();
  for (let at = -h; at < w; at += HATCH) {
    g.moveTo(at, h);
    g.lineTo(at + h, 0);
  }
  g.strokeStyle = colours().ink;
  g.globalAlpha = 0.28;
  g.lineWidth = 1;
  g.stroke();
  g.restore();
}

function wordsOf(unit: UnitName, relu: boolean, folds: boolean): string {
  const name = unitName(unit.name);
  if (!folds) return `${name} does not fold this plane`;
  return relu ? `${name} folds here; 0 where hatched` : `${name} changes sides here`;
}

function say(g: CanvasRenderingContext2D, words: string, h: number): void {
  const theme = colours();
  g.font = "12px system-ui, sans-serif";
  g.textAlign = "left";
  const wide = g.measureText(words).width;
  g.fillStyle = theme.panel;
  g.beginPath();
  g.roundRect(8, h - 30, wide + 16, 22, 6);
  g.fill();
  g.fillStyle = theme.ink;
  g.fillText(words, 16, h - 15);
}

/** Where the neurons of the first layer fold a line of one input: -b / w of each. */
export function foldsOfLine(): number[] {
  const [layout, weights] = [app.layout, live.frame?.arrays.get("weights")];
  if (!layout || !weights || layout.sizes[0] !== 1 || layout.sizes.length < 3) return [];
  if (layout.units.find((unit) => unit.layer === 0)?.name !== "x1" || layout.activations[0] !== "relu") return [];
  const units = layout.sizes[1]!;
  return Array.from({ length: units }, (_, i) => -weights[units + i]! / weights[i]!).filter(Number.isFinite);
}
