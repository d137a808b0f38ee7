import { describe, expect, it } from "vitest";

import { contour, lengthOf, turningPoint } from "../src/lib/contour";
import { troubles } from "../src/lib/diagnosis";
import { dialsOf, turnOf } from "../src/lib/dials";
import { roundStep } from "../src/lib/format";
import type { Frame, Numbers as Values } from "../src/lib/frame";
import { along, crossing, normalOf, shifted, turnedTo, type Numbers } from "../src/lib/line";
import { softmax } from "../src/lib/softmax";
import { alongOf, borderOf, saidAt, spaceOf } from "../src/lib/space";
import type { Layout, SpaceReport, UnitName } from "../src/messages";

/** A map of `side` × `side` numbers of its places. */
const grid = (side: number, f: (x: number, y: number) => number) =>
  Float32Array.from({ length: side * side }, (_, i) => f(i % side, Math.floor(i / side)));

describe("contours", () => {
  it("find a straight border where it is", () => {
    const segments = contour(
      grid(5, (x) => x - 1.25),
      5,
    );
    expect(lengthOf(segments)).toBeCloseTo(4);
    for (let i = 0; i < segments.length; i += 2) expect(segments[i]).toBeCloseTo(1.25);
  });

  it("have the length of a circle, nearly", () => {
    const round = contour(
      grid(101, (x, y) => Math.hypot(x - 50, y - 50) - 30),
      101,
    );
    expect(lengthOf(round) / (2 * Math.PI * 30)).toBeCloseTo(1, 2);
  });

  it("are none where nothing is crossed, and keep to their part of the numbers", () => {
    expect(
      contour(
        grid(4, () => 1),
        4,
      ),
    ).toEqual([]);
    const two = Float32Array.from([...grid(4, () => 1), ...grid(4, (x) => x - 1.5)]);
    expect(lengthOf(contour(two, 4, 0, 16))).toBeCloseTo(3);
  });

  it("two of them cross a saddle", () => {
    expect(contour(Float32Array.from([1, -1, -1, 1]), 2)).toHaveLength(8);
  });

  it("know where an activation changes sides", () => {
    expect([turningPoint("tanh"), turningPoint("sigmoid"), turningPoint("relu")]).toEqual([0, 0.5, 0]);
  });
});

describe("a line by hand", () => {
  const line: Numbers = [3, 4, -10]; // 2 from the middle

  it("has its foot nearest to the middle", () => {
    along(line, [0, 0], 0).forEach((value, i) => expect(value).toBeCloseTo([1.2, 1.6][i]!));
    const [x, y] = along(line, [0, 0], 5);
    expect(3 * x + 4 * y - 10).toBeCloseTo(0);
    expect(normalOf([0, 0, 1])).toBeNull();
  });

  it("keeps its direction when it is shifted", () => {
    const [w1, w2, b] = shifted(line, [5, 5]);
    expect([w1, w2]).toEqual([3, 4]);
    expect(3 * 5 + 4 * 5 + b).toBeCloseTo(0);
  });

  it("keeps its pivot and its steepness when it is turned", () => {
    const pivot = along(line, [0, 0], 0);
    const [w1, w2, b] = turnedTo(line, pivot, [-2, 5]);
    expect(Math.hypot(w1, w2)).toBeCloseTo(5);
    for (const [x, y] of [pivot, [-2, 5]] as const) expect(w1 * x + w2 * y + b).toBeCloseTo(0);
    const same = turnedTo(line, pivot, along(line, [0, 0], 3)); // to where it is already: nothing flips
    same.forEach((value, i) => expect(value).toBeCloseTo(line[i]!));
    expect(turnedTo(line, pivot, pivot)).toEqual(line);
  });

  it("enters and leaves a rectangle", () => {
    const ends = crossing([1, 0, -2], [-6, 6, -6, 6]);
    expect(ends.map(([x]) => x)).toEqual([2, 2]);
    expect(ends.map(([, y]) => y).sort((a, b) => a - b)).toEqual([-6, 6]);
    expect(crossing([1, 0, 100], [-6, 6, -6, 6])).toEqual([]);
  });
});

describe("dials", () => {
  it("are in the order of the flat weights, biases after each layer's", () => {
    const dials = dialsOf([2, 3, 1]);
    expect(dials).toHaveLength(13);
    expect(dials[3]).toEqual({ layer: 1, unit: 1, source: 1 });
    expect(dials[8]).toEqual({ layer: 1, unit: 2, source: null });
    expect(dials[12]).toEqual({ layer: 2, unit: 0, source: null });
  });

  it("have a place for every number, the larger the further", () => {
    const turns = [-Infinity, -3, -1, 0, 0.5, 2, 1e9, Infinity].map(turnOf);
    expect(turns).toEqual([...turns].sort((a, b) => a - b));
    expect(turnOf(0)).toBe(0);
    expect(turnOf(1)).toBeCloseTo(turnOf(Infinity) / 2);
    expect(turnOf(NaN)).toBe(0);
  });
});

describe("softmax", () => {
  it("adds up to 1 at every temperature, and sharpens when it is cold", () => {
    const scores = [2, 1, -1000];
    for (const temperature of [0.1, 1, 10])
      expect(softmax(scores, temperature).reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    expect(softmax([Math.log(3), 0])[0]).toBeCloseTo(0.75, 12);
    expect(softmax(scores, 0.1)[0]).toBeGreaterThan(softmax(scores)[0]!);
    expect(softmax(scores, 10)[0]).toBeLessThan(softmax(scores)[0]!);
    expect(softmax([1e4, 0], 0.1)).toEqual([1, 0]);
  });
});

describe("an axis", () => {
  it("has round steps", () => {
    expect([roundStep(10, 5), roundStep(118, 6), roundStep(0.9, 4), roundStep(7, 1)]).toEqual([2, 20, 0.5, 10]);
  });
});

const SIDE = 5;

/** A network 2-2-1 with heat maps of `f` for its two neurons. */
function network(activation: string, maps: Int8Array[], scales: number[], weights: number[]) {
  const units: UnitName[] = [0, 1].flatMap((layer) =>
    [0, 1].map((unit) => ({ layer, unit, name: layer ? `h1,${unit + 1}` : `x${unit + 1}`, grid: 2 * layer + unit })),
  );
  const layout = { sizes: [2, 2, 1], units, activations: [activation, "sigmoid"], grid_resolution: SIDE };
  const blank = new Int8Array(SIDE * SIDE);
  const arrays = new Map<string, Values>([
    ["weights", Float32Array.from(weights)],
    ["scales", Float32Array.from([6, 6, ...scales])],
    ["grids", Int8Array.from([...blank, ...blank, ...maps.flatMap((map) => [...map])])],
  ]);
  return [layout as unknown as Layout, { arrays } as unknown as Frame] as const;
}

const slope = Int8Array.from({ length: SIDE * SIDE }, (_, i) => Math.round(127 * ((i % SIDE) / 2 - 1)));
const filled = (value: number) => new Int8Array(SIDE * SIDE).fill(value);
const SOUND = [1, 0, 0, 1, 0, 0, 1, -1, 0]; // W1 2×2, b1, W2 1×2, b2

describe("what is wrong with a network", () => {
  it("is nothing in a sound one", () => {
    expect(troubles(...network("tanh", [slope, slope], [1, 1], SOUND))).toEqual([]);
  });

  it("is said of a dead ReLU", () => {
    expect(troubles(...network("relu", [slope, filled(0)], [3, 0], SOUND))).toEqual([
      "Dead: 1 of 2 in layer 1 is 0 everywhere.",
    ]);
  });

  it("is said of flat sigmoids", () => {
    expect(troubles(...network("sigmoid", [filled(127), filled(126)], [1, 1], SOUND))[0]).toMatch(/^Saturated: 2 of 2/);
    expect(troubles(...network("sigmoid", [filled(127), filled(127)], [0.5, 0.5], SOUND))).toEqual([]); // its middle
  });

  it("is said of neurons that are all alike", () => {
    const alike = [1, 2, 1, 2, 0.5, 0.5, 3, 3, 0];
    expect(troubles(...network("tanh", [slope, slope], [1, 1], alike))[0]).toMatch(/^Symmetry: the 2 neurons/);
    expect(troubles(...network("tanh", [slope, slope], [1, 1], [...alike.slice(0, 7), 4, 0]))).toEqual([]);
  });
});

describe("the space of a layer", () => {
  it("is read from two heat maps, between their points too", () => {
    const [layout, frame] = network("tanh", [slope, filled(127)], [2, 3], SOUND);
    const space = spaceOf(layout, frame, 1, [0, 1])!;
    expect([space.least[0], space.most[0]]).toEqual([-2, 2]);
    const [across, up] = saidAt(space, 0.625, 0.3);
    expect(across).toBeCloseTo(0.5, 1);
    expect(up).toBeCloseTo(3);
    expect(spaceOf(layout, frame, 1, [0, 7])).toBeNull();
  });

  const border = (weights: number[], maps = [slope, filled(127)], broken = false) => {
    const [layout, frame] = network("tanh", maps, [1, 1], weights);
    return borderOf(layout, { ...frame, broken });
  };
  const across = (places: number[]) => [...new Set(places.filter((_, i) => i % 2 === 0))];

  it("has the border where the output's sum changes its sign", () => {
    const middle = border([1, 0, 0, 1, 0, 0, 3, 0, 0]); // of the slope alone
    expect(across(middle)).toEqual([0.5]);
    expect(lengthOf(middle)).toBeCloseTo(1);
    expect(across(border([1, 0, 0, 1, 0, 0, 3, 1, 0.5]))[0]).toBeCloseTo(0.25); // 3·(2x − 1) + 1 + 0.5 = 0
    expect(border([1, 0, 0, 1, 0, 0, 0, 1, 0])).toEqual([]);
    expect(border([1, 0, 0, 1, 0, 0, 3, 0, 0], [slope, slope], true)).toEqual([]);
  });

  it("is seen along directions, which are mixtures of its units", () => {
    const [layout, frame] = network("tanh", [slope, filled(127)], [2, 3], SOUND);
    const report = { layer: 1, axes: [[0.6, 0.8], [-0.8, 0.6]] } as unknown as SpaceReport; // prettier-ignore
    const space = alongOf(layout, frame, report)!;
    expect(space.least[0]).toBeCloseTo(0.6 * -2 + 0.8 * 3);
    expect(saidAt(space, 0.5, 0.5)[1]).toBeCloseTo(0.6 * 3);
    expect(alongOf({ ...layout, sizes: [2, 3, 1] }, frame, report)).toBeNull(); // one unit is not drawn
  });

  it("has the border where another class is ahead", () => {
    const [layout, frame] = network(
      "tanh",
      [slope, filled(127)],
      [1, 1],
      [1, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0, -9, 0, 1, 0],
    );
    expect(across(borderOf({ ...layout, sizes: [2, 2, 3] }, frame))[0]).toBeCloseTo(0.25); // 2·(2x − 1) + 1 = 0
  });
});
