// Where a map of numbers crosses a level: the borders that a network draws.

/** Line segments x0, y0, x1, y1, in cells, by marching squares over rows of `side` values from `start` on. */
export function contour(values: ArrayLike<number>, side: number, level = 0, start = 0): number[] {
  const found: number[] = [];
  for (let y = 0; y + 1 < side; y++) {
    for (let x = 0; x + 1 < side; x++) {
      const at = start + y * side + x;
      const [a, b] = [values[at]!, values[at + 1]!];
      const [c, d] = [values[at + side + 1]!, values[at + side]!];
      const above = a > level;
      if (above === b > level && above === c > level && above === d > level) continue; // so are nearly all cells
      crossings(found, x, y, [a, b, c, d], level);
    }
  }
  return found;
}

const CORNERS = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
] as const;

/** The one or two segments within a cell, whose corners go round. */
function crossings(found: number[], x: number, y: number, corners: readonly number[], level: number): void {
  for (let k = 0; k < 4; k++) {
    const [a, b] = [corners[k]!, corners[(k + 1) % 4]!];
    if (a > level === b > level) continue;
    const share = (level - a) / (b - a);
    const [from, to] = [CORNERS[k]!, CORNERS[(k + 1) % 4]!];
    found.push(x + from[0] + share * (to[0] - from[0]), y + from[1] + share * (to[1] - from[1]));
  }
}

/** How long the segments are together, in cells. */
export function lengthOf(segments: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i + 3 < segments.length; i += 4)
    sum += Math.hypot(segments[i + 2]! - segments[i]!, segments[i + 3]! - segments[i + 1]!);
  return sum;
}

/** What an activation says where its sum is 0: there a neuron changes its mind. */
export function turningPoint(activation: string): number {
  return activation === "sigmoid" ? 0.5 : activation === "softplus" ? Math.LN2 : 0;
}
