// The dials of a network: one for each weight and bias, in the order of the frame's flat vector.

export interface Dial {
  layer: number;
  unit: number;
  source: number | null; // null is the bias
}

export function dialsOf(sizes: readonly number[]): Dial[] {
  return sizes.slice(1).flatMap((units, i) => {
    const layer = i + 1;
    const before = sizes[i]!;
    const weights = Array.from({ length: units * before }, (_, k) => ({
      layer,
      unit: Math.floor(k / before),
      source: k % before,
    }));
    return [...weights, ...Array.from({ length: units }, (_, unit) => ({ layer, unit, source: null }))];
  });
}

const MOST = (150 * Math.PI) / 180;

/** How far a dial is turned from the top, in radians: every number has a place, 1 is half way. */
export function turnOf(value: number): number {
  return Number.isNaN(value) ? 0 : MOST * (Number.isFinite(value) ? value / (1 + Math.abs(value)) : Math.sign(value));
}
