// Small pictures for the choice of a data set: its shape at a glance. The points that are trained on come from the server.

type Point = [number, number, number]; // x1, x2, -1 … 1 or a class

function random(seed: number): () => number {
  let s = seed;
  return () => (s = (s * 1664525 + 1013904223) >>> 0) / 4294967296;
}

const TAU = 2 * Math.PI;

const SHAPES: Record<string, (r: () => number, i: number) => Point> = {
  circle: (r, i) => polar(i % 2 ? 2.2 * r() : 3.6 + 1.4 * r(), TAU * r(), i % 2 ? 1 : -1),
  xor: (r) => square(r, (x, y) => (x * y >= 0 ? 1 : -1)),
  gauss: (r, i) => near(r, i % 2 ? 2.2 : -2.2, i % 2 ? 2.2 : -2.2, 1.1, i % 2 ? 1 : -1),
  spiral: (_, i) => polar((i / 110) * 5, 1.75 * (i / 110) * TAU + (i % 2 ? Math.PI : 0), i % 2 ? 1 : -1),
  moons: (r, i) => moon(r, i % 2),
  rings: (r, i) => polar([1.4, 3, 4.6][i % 3]! + 0.2 * r(), TAU * r(), i % 2 ? 1 : -1),
  checkerboard: (r) => square(r, (x, y) => ((Math.floor(x / 2.5) + Math.floor(y / 2.5)) % 2 ? 1 : -1)),
  three_spirals: (_, i) => polar((i / 110) * 5, (i / 110) * TAU + ((i % 3) * TAU) / 3, i % 3),
  three_gauss: (r, i) => near(r, 3 * Math.cos(((i % 3) * TAU) / 3), 3 * Math.sin(((i % 3) * TAU) / 3), 0.9, i % 3),
  plane: (r) => square(r, (x, y) => (x + y) / 10),
  gauss_regression: (r) => square(r, (x, y) => bump(x - 2, y - 2) - bump(x + 2, y + 2)),
  formula: (r) => square(r, (x, y) => Math.sin(x) * Math.cos(y)),
};

const CURVES: Record<string, (x: number) => number> = {
  sine: (x) => Math.sin(x),
  step: (x) => (x < 0 ? -0.7 : 0.7),
  abs: (x) => Math.abs(x) / 3 - 0.8,
  polynomial: (x) => (x ** 3 - 9 * x) / 22,
  sinc: (x) => (x === 0 ? 1 : Math.sin(2 * x) / (2 * x)),
  bump: (x) => 1.6 * Math.exp(-x * x) - 0.7,
  sawtooth: (x) => ((((x + 8) / 2) % 1) - 0.5) * 1.6,
  chirp: (x) => Math.sin(x * Math.abs(x)),
  formula_1d: (x) => (Math.sin(2 * x) * x) / 4,
};

function polar(radius: number, angle: number, label: number): Point {
  return [radius * Math.cos(angle), radius * Math.sin(angle), label];
}

function near(r: () => number, x: number, y: number, spread: number, label: number): Point {
  const gauss = () => Math.sqrt(-2 * Math.log(r() + 1e-9)) * Math.cos(TAU * r());
  return [x + spread * gauss(), y + spread * gauss(), label];
}

function square(r: () => number, label: (x: number, y: number) => number): Point {
  const [x, y] = [(2 * r() - 1) * 5, (2 * r() - 1) * 5];
  return [x, y, label(x, y)];
}

function moon(r: () => number, which: number): Point {
  const t = Math.PI * r();
  const [x, y] = which ? [Math.cos(t) - 0.5, Math.sin(t) - 0.25] : [0.5 - Math.cos(t), 0.25 - Math.sin(t)];
  return [3.2 * x, 3.2 * y, which ? 1 : -1];
}

function bump(x: number, y: number): number {
  return Math.exp(-(x * x + y * y) / 5);
}

export interface Preview {
  points: Point[];
  curve: boolean;
}

export function preview(name: string): Preview {
  const curve = CURVES[name];
  if (curve)
    return { curve: true, points: Array.from({ length: 49 }, (_, i) => [i / 8 - 3, curve(i / 8 - 3), 0] as Point) };
  const shape = SHAPES[name];
  const r = random(7);
  return { curve: false, points: shape ? Array.from({ length: 110 }, (_, i) => shape(r, i)) : [] };
}
