import { describe, expect, it } from "vitest";

import { amount, figureText, filtered, seconds, share } from "../src/report/numbers";
import { long } from "../src/report/paper.svelte";
import { merged, nearest, niceStep, path, room, scaleOf, tickText } from "../src/report/scales";

/** Numbers that are the same at every run. */
function random(seed: number): () => number {
  let s = seed;
  return () => (s = (s * 1664525 + 1013904223) >>> 0) / 4294967296;
}

describe("scales", () => {
  it("hold every finite number and have a few even ticks inside", () => {
    const r = random(7);
    for (let i = 0; i < 500; i++) {
      const size = 10 ** (r() * 24 - 12);
      const values = Array.from({ length: 1 + Math.floor(r() * 6) }, () => (r() - 0.4) * size);
      const scale = scaleOf([...values, null, NaN, Infinity]);
      for (const v of values) {
        expect(scale.at(v)).toBeGreaterThanOrEqual(-1e-9);
        expect(scale.at(v)).toBeLessThanOrEqual(1 + 1e-9);
      }
      expect(scale.ticks.length).toBeGreaterThanOrEqual(2);
      expect(scale.ticks.length).toBeLessThanOrEqual(7);
      const steps = scale.ticks.slice(1).map((t, k) => t - scale.ticks[k]!);
      for (const step of steps) expect(step / steps[0]!).toBeCloseTo(1, 6);
    }
  });

  it("logarithmic: tenfold is as far everywhere, what is not above 0 is left out", () => {
    const scale = scaleOf([-1, 0, 1e-4, 1e2, null], true);
    expect([scale.low, scale.high]).toEqual([1e-4, 1e2]);
    expect(scale.at(1e-1) - scale.at(1e-2)).toBeCloseTo(scale.at(10) - scale.at(1), 12);
    expect(scale.ticks.every((t) => Number.isInteger(Math.round(Math.log10(t) * 1e9) / 1e9))).toBe(true);
  });

  it("logarithmic: a narrow range still has ticks inside it", () => {
    const scale = scaleOf([0.15, 0.9], true);
    expect(scale.ticks.map(tickText)).toEqual(["0.2", "0.5"]);
  });

  it("survive no numbers, one number, and none above 0", () => {
    expect(scaleOf([]).at(0.5)).toBe(0.5);
    expect(scaleOf([3]).at(3)).toBe(0.5);
    expect(scaleOf([0], true).ticks.length).toBeGreaterThan(0);
    expect(scaleOf([2, 2], true).at(2)).toBeCloseTo(0.5, 12);
  });

  it("of shares that are all alike stays between 0 and 1", () => {
    expect([room([1, 1, null]), room([0.05]), room([0.5, 1]), room([null])]).toEqual([[0.9], [0.05 + 0.1], [], []]);
  });

  it("whole: no ticks between epochs", () => expect(scaleOf([1, 2, 3], false, 8, true).ticks).toEqual([1, 2, 3]));

  it.each([
    [0.3, 0.5],
    [1, 1],
    [1.1, 2],
    [0.0006, 0.001],
    [7e8, 1e9],
  ])("a step for %s is %s", (size, step) => expect(niceStep(size)).toBeCloseTo(step, 12));

  it.each([
    [0, "0"],
    [0.30000000000000004, "0.3"],
    [-2.5, "−2.5"],
    [1e6, "10⁶"],
    [4e5, "400,000"],
    [-12500, "−12,500"],
    [2500, "2500"],
    [2e-5, "2·10⁻⁵"],
    [-3e7, "−3·10⁷"],
    [0.001, "0.001"],
  ])("%s reads %s", (value, text) => expect(tickText(value)).toBe(text));
});

describe("cursors and lines", () => {
  it("find the nearest of rising numbers, as a search through all of them does", () => {
    const r = random(3);
    for (let i = 0; i < 300; i++) {
      const values = merged([Array.from({ length: 1 + Math.floor(r() * 9) }, () => Math.floor(r() * 20))]);
      const value = r() * 24 - 2;
      const best = Math.min(...values.map((v) => Math.abs(v - value)));
      expect(Math.abs(values[nearest(values, value)]! - value)).toBe(best);
    }
    expect(nearest([], 1)).toBe(-1);
  });

  it("are broken where there is no number", () => {
    const same = (v: number): number => v;
    expect(path([0, 1, 2, 3, 4], [1, 2, null, NaN, 5], same, same)).toBe("M0.0 1.0L1.0 2.0M4.0 5.0h0");
  });
});

describe("words", () => {
  it("100 % only if nothing is missing, 0 only if nothing is there", () => {
    expect([share(1), share(0.99999), share(0), share(0.00001), share(null), share(NaN), share(0.98765, 2)]).toEqual([
      "100.0 %",
      "99.9 %",
      "0.0 %",
      "0.1 %",
      "–",
      "–",
      "98.77 %",
    ]);
  });

  it.each([
    [301240.4, "301,240"],
    [-15768.3517, "−15,768"],
    [0.15, "0.1500"],
    [12.3456, "12.35"],
    [999.94, "999.9"],
    [0, "0"],
    [null, "not a number"],
    [2e-7, "2.0·10⁻⁷"],
    [7.1e12, "7.1·10¹²"],
  ])("%s in somebody's own unit is %s", (value, text) => expect(amount(value)).toBe(text));

  it("a number that is not finite is said to be none", () => {
    expect([
      figureText("loss", null),
      figureText("accuracy", null),
      figureText("accuracy", 0.5),
      figureText("r2", -0.25),
    ]).toEqual(["not a number", "not a number", "50.00 %", "−0.2500"]);
  });

  it("tell times and long colours", () => {
    expect([seconds(1.254), seconds(59.9), seconds(125.4), seconds(119.8)]).toEqual([
      "1.25 s",
      "59.90 s",
      "2 min 5 s",
      "2 min 0 s",
    ]);
    expect([long("#fff"), long("#1aB"), long("#f6f6f3")]).toEqual(["#ffffff", "#11aaBB", "#f6f6f3"]);
  });
});

describe("mistakes", () => {
  const classes = { at: [9, 4, 7, 1], label: [0, 1, 0, 2], said: [1, 0, 2, 0] };
  const labels = { at: [5, 3], missed: [[0, 2], []], invented: [[], [1]] };

  it("are filtered by true class, by said class, and by both", () => {
    expect(filtered(classes, { label: null, said: null }, "worst")).toEqual([0, 1, 2, 3]);
    expect(filtered(classes, { label: 0, said: null }, "worst")).toEqual([0, 2]);
    expect(filtered(classes, { label: null, said: 0 }, "mildest")).toEqual([3, 1]);
    expect(filtered(classes, { label: 0, said: 2 }, "worst")).toEqual([2]);
    expect(filtered(classes, { label: 2, said: 2 }, "worst")).toEqual([]);
  });

  it("of several labels are filtered by each of them", () => {
    expect(filtered(labels, { label: 2, said: null }, "worst")).toEqual([0]);
    expect(filtered(labels, { label: null, said: 1 }, "worst")).toEqual([1]);
  });

  it("come by number, if one likes", () =>
    expect(filtered(classes, { label: null, said: null }, "number")).toEqual([3, 1, 2, 0]));
});
