// What a unit says over the plane (a heat map) or along the line (a curve), drawn anywhere at any size.

import type { Layout, UnitName } from "../messages";
import { colours, HeatMap } from "./canvas";
import type { Frame } from "./frame";

const map = new HeatMap();

export function drawUnit(g: CanvasRenderingContext2D, layout: Layout, frame: Frame, unit: UnitName, x: number, y: number, side: number): void {
  if (layout.dimensions === 1) {
    const row = curveOf(layout, frame, unit);
    if (row) drawCurve(g, row, x, y, side);
    return;
  }
  const output = unit.grid === null;
  const values = frame.arrays.get(output ? "output" : "grids");
  const points = output ? layout.resolution : layout.grid_resolution;
  const at = (output ? unit.unit : unit.grid!) * points * points;
  if (!(values instanceof Int8Array) || at + points * points > values.length) return;
  g.drawImage(map.fill(values, at, points, colours().full), x, y, side, side);
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
  row.forEach((v, i) => g[i ? "lineTo" : "moveTo"](x + (i / (row.length - 1)) * side, y + side / 2 - (v / most) * side * 0.42));
  g.strokeStyle = colours().ink;
  g.lineWidth = 1.5;
  g.stroke();
}
