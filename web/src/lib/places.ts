// Where the units of a network are drawn, and which link is under the pointer.

export interface Place {
  layer: number;
  unit: number;
  x: number; // the middle
  y: number;
}

export interface Plan {
  places: Place[][]; // by layer
  size: number; // the side of a unit
  labelled: boolean[]; // by layer: whether there is room beneath its units for a name or a bias
}

export const MOST_DRAWN = 32;
export const LABEL = 17; // the height of a bias beneath its unit
export const TOP = 44; // room for the heads of the columns
export const BOTTOM = 22;

/** Units in columns, layer by layer, between the heads above them and the foot. */
export function plan(sizes: readonly number[], width: number, height: number, top = TOP, bottom = BOTTOM): Plan {
  const layers = sizes.length;
  const most = Math.max(1, ...sizes.map((n) => Math.min(n, MOST_DRAWN)));
  const room = height - top - bottom;
  const gap = Math.min(84, room / most);
  const size = Math.max(8, Math.min(54, gap > 44 ? gap - LABEL : gap * 0.8, width / (layers * 1.7)));
  const left = Math.max(size / 2 + 14, 30);
  const step = layers > 1 ? (width - 2 * left) / (layers - 1) : 0;
  const places = sizes.map((n, layer) => {
    const shown = Math.min(n, MOST_DRAWN);
    const own = Math.min(84, Math.max(gap, Math.min(84, room / shown) * 0.8));
    return Array.from({ length: shown }, (_, unit) => ({
      layer,
      unit,
      x: layers > 1 ? left + layer * step : width / 2,
      y: top + room / 2 + (unit - (shown - 1) / 2) * own,
    }));
  });
  const labelled = places.map((column) => size > 20 && heightOf(column) - size >= LABEL);
  return { places, size, labelled };
}

/** From one unit of a column to the next. */
export function heightOf(column: readonly Place[]): number {
  return column.length > 1 ? column[1]!.y - column[0]!.y : 84;
}

/** A point of the curve from one unit to another, at t between 0 and 1. */
export function along(a: Place, b: Place, size: number, t: number): [number, number] {
  const [x0, x3] = [a.x + size / 2, b.x - size / 2];
  const middle = (x0 + x3) / 2;
  const u = 1 - t;
  const x = u * u * u * x0 + 3 * u * u * t * middle + 3 * u * t * t * middle + t * t * t * x3;
  const y = (u * u * u + 3 * u * u * t) * a.y + (3 * u * t * t + t * t * t) * b.y;
  return [x, y];
}

export interface Link {
  layer: number; // of the unit that it leads to
  unit: number;
  source: number;
}

/** The link nearest to a place, if one is nearer than `reach`. */
export function linkAt(p: Plan, x: number, y: number, reach = 7): Link | null {
  let best: Link | null = null;
  let nearest = reach;
  for (let layer = 1; layer < p.places.length; layer++) {
    for (const b of p.places[layer]!) {
      for (const a of p.places[layer - 1]!) {
        if (x < a.x || x > b.x) continue;
        for (let i = 2; i <= 18; i++) {
          const [px, py] = along(a, b, p.size, i / 20);
          const distance = Math.hypot(px - x, py - y);
          if (distance < nearest) {
            nearest = distance;
            best = { layer, unit: b.unit, source: a.unit };
          }
        }
      }
    }
  }
  return best;
}

/** Where the weights of a layer begin in the flat vector, and where its biases do. */
export function offsets(sizes: readonly number[]): { weight: number; bias: number }[] {
  const found = [{ weight: 0, bias: 0 }];
  let at = 0;
  for (let layer = 1; layer < sizes.length; layer++) {
    const weight = at;
    const bias = weight + sizes[layer]! * sizes[layer - 1]!;
    at = bias + sizes[layer]!;
    found.push({ weight, bias });
  }
  return found;
}
