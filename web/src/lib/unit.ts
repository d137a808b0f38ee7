// What a unit says over the plane (a heat map) or along the line (a curve), drawn anywhere at any size.

import type { Layout, UnitName } from "../messages";
import { colours, HeatMap, type Theme } from "./canvas";
import type { Frame } from "./frame";

const sheets = { grids: new HeatMap(), output: new HeatMap() };
const sheetOf: { frame: Frame | null; theme: Theme | null; pictures: Map<string, HTMLCanvasElement> } = {
  frame: null,
  theme: null,
  pictures: new Map(),
};

/** All heat maps of a frame, one beneath the other: they are coloured once, however often they are drawn. */
function sheet(name: "grids" | "output", values: Int8Array, points: number, frame: Frame): HTMLCanvasElement {
  const theme = colours();
  if (sheetOf.frame !== frame || sheetOf.theme !== theme) {
    sheetOf.frame = frame;
    sheetOf.theme = theme;
    sheetOf.pictures.clear();
  }
  let picture = sheetOf.pictures.get(name);
  if (!picture) {
    picture = sheets[name].fill(values, 0, points, theme.full, values.length / points);
    sheetOf.pictures.set(name, picture);
  }
  return picture;
}

export function drawUnit(
  g: CanvasRenderingContext2D,
  layout: Layout,
  frame: Frame,
  unit: UnitName,
  x: number,
  y: number,
  side: number,
): void {
  if (layout.dimensions === 1) {
    const row = curveOf(layout, frame, unit);
    if (row) drawCurve(g, row, x, y, side);
    return;
  }
  const name = unit.grid === null ? "output" : "grids";
  const values = frame.arrays.get(name);
  const points = name === "output" ? layout.resolution : layout.grid_resolution;
  const at = (unit.grid ?? unit.unit) * points;
  if (!(values instanceof Int8Array) || (at + points) * points > values.length) return;
  g.drawImage(sheet(name, values, points, frame), 0, at, points, points, x, y, side, side);
}

function curveOf(layout: Layout, frame: Frame, unit: UnitName): Float32Array | null {
  const values = frame.arrays.get(unit.grid === null ? "output" : "curves");
  const at = (unit.grid ?? unit.unit) * layout.resolution;
  return values instanceof Float32Array ? values.subarray(at, at + layout.resolution) : null;
}

function drawCurve(g: CanvasRenderingContext2D, row: Float32Array, x: number, y: number, side: number): void {
  let most = 1e-9;
  for (const v of row) if (Math.abs(v) > most) most = Math.abs(v);
  g.beginPath();
  row.forEach((v, i) =>
    g[i ? "lineTo" : "moveTo"](x + (i / (row.length - 1)) * side, y + side / 2 - (v / most) * side * 0.42),
  );
  g.strokeStyle = colours().ink;
  g.lineWidth = 1.5;
  g.stroke();
}
