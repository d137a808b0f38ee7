import { describe, expect, it } from "vitest";

import { along, heightOf, LABEL, linkAt, MOST_DRAWN, offsets, plan } from "../src/lib/places";

const NETS = [
  [2, 1],
  [2, 4, 2, 1],
  [9, 8, 8, 8, 8, 8, 8, 3],
  [2, 128, 1],
  [1, 1],
  [13, 32, 32, 32, 32, 32, 32, 32, 32, 3],
];

describe("where units are drawn", () => {
  it.each(NETS.map((sizes) => [sizes.join("-"), sizes] as const))("%s: inside, apart, in order", (_, sizes) => {
    for (const [width, height] of [
      [700, 400],
      [340, 320],
      [1200, 700],
    ] as const) {
      const p = plan(sizes, width, height);
      expect(p.places.map((column) => column.length)).toEqual(sizes.map((n) => Math.min(n, MOST_DRAWN)));
      for (const column of p.places) {
        column.forEach((place, i) => {
          expect(place.x - p.size / 2).toBeGreaterThanOrEqual(-1);
          expect(place.x + p.size / 2).toBeLessThanOrEqual(width + 1);
          expect(place.y - p.size / 2).toBeGreaterThanOrEqual(20);
          expect(place.y + p.size / 2).toBeLessThanOrEqual(height + 1);
          if (i) expect(place.y - column[i - 1]!.y).toBeGreaterThanOrEqual(p.size * 0.99);
        });
      }
    }
  });

  it("leaves room for a name or a bias wherever it says so", () => {
    for (const sizes of NETS) {
      const p = plan(sizes, 700, 400);
      p.labelled.forEach((labelled, layer) => {
        const column = p.places[layer]!;
        if (labelled) expect(heightOf(column) - p.size).toBeGreaterThanOrEqual(LABEL);
      });
    }
    expect(plan([2, 8, 1], 700, 400).labelled).toEqual([true, false, true]);
  });

  it("finds the link under a place, and none where there is none", () => {
    const p = plan([2, 4, 1], 600, 400);
    for (const [source, unit] of [
      [0, 0],
      [1, 3],
    ] as const) {
      const [x, y] = along(p.places[0]![source]!, p.places[1]![unit]!, p.size, 0.85);
      expect(linkAt(p, x, y)).toEqual({ layer: 1, unit, source });
    }
    expect(linkAt(p, 5, 395)).toBeNull();
  });

  it("counts the weights of every layer", () => {
    expect(offsets([2, 4, 1])).toEqual([
      { weight: 0, bias: 0 },
      { weight: 0, bias: 8 },
      { weight: 12, bias: 16 },
    ]);
  });
});
