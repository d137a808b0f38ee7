// A drawing as strokes, and as the grey pixels that are sent; and pictures that come as base64.

export type Stroke = [number, number][]; // places between 0 and 1

export const SIDE = 112; // pixels a side of what is sent: four for each that the network sees
const PEN = 0.085; // of the side: as thick as the strokes of MNIST

export function drawStrokes(
  g: CanvasRenderingContext2D,
  strokes: readonly Stroke[],
  side: number,
  colour: string,
): void {
  g.strokeStyle = g.fillStyle = colour;
  g.lineWidth = PEN * side;
  g.lineCap = g.lineJoin = "round";
  for (const stroke of strokes) {
    g.beginPath();
    const [first, ...rest] = stroke;
    if (!first) continue;
    g.moveTo(first[0] * side, first[1] * side);
    for (const [x, y] of rest.length ? rest : [first]) g.lineTo(x * side, y * side);
    g.stroke();
  }
}

/** The strokes as bytes, 0 paper and 255 ink, row by row. */
export function pixelsOf(strokes: readonly Stroke[], side = SIDE): Uint8Array {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const g = canvas.getContext("2d", { willReadFrequently: true });
  if (!g) return new Uint8Array(side * side);
  drawStrokes(g, strokes, side, "#ffffff");
  const rgba = g.getImageData(0, 0, side, side).data;
  return Uint8Array.from({ length: side * side }, (_, i) => rgba[4 * i + 3]!);
}

export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

export function floatsOf(text: string): Float32Array {
  const bytes = fromBase64(text);
  return new Float32Array(bytes.buffer, 0, Math.floor(bytes.length / 4));
}

/** What levels of int8 are multiplied with so that the largest has the full colour; -128 is no number. */
export function raised(levels: Int8Array, from: number, to: number): number {
  let most = 0;
  for (let i = from; i < to; i++) if (levels[i]! !== -128) most = Math.max(most, Math.abs(levels[i]!));
  return most ? 127 / most : 1;
}

/** Numbers as an int8 map of its own scale: 127 is the largest size, -128 is not a number. */
export function quantised(values: Float32Array): { map: Int8Array; scale: number } {
  let scale = 0;
  for (const v of values) if (Number.isFinite(v) && Math.abs(v) > scale) scale = Math.abs(v);
  const map = Int8Array.from(values, (v) => (Number.isFinite(v) ? Math.round((v / (scale || 1)) * 127) : -128));
  return { map, scale };
}
