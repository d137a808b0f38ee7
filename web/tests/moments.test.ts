import { describe, expect, it } from "vitest";

import { endOf, known } from "../src/lib/moments";
import { widestOf } from "../src/lib/space";
import type { DigitsMoment, SpaceReport } from "../src/messages";

function packed(values: number[]): string {
  return btoa(String.fromCharCode(...new Uint8Array(Float32Array.from(values).buffer)));
}

function moment(phase: DigitsMoment["phase"], place: number | null, values: number[] = []): DigitsMoment {
  return { phase, place, name: "", says: "", rule: "", picture: "units", values: packed(values) };
}

const MOMENTS = [
  moment("forward", 0, [1, 2]),
  moment("forward", 1, [3]),
  moment("loss", null, [9]),
  moment("backward", 1, [-4]),
  moment("backward", 0, [5, -6]),
  moment("update", 1),
];

describe("one step on an image", () => {
  it("shows what is known by then, and slopes where the way back has been", () => {
    const told = (at: number) =>
      [...known(MOMENTS, at)].map(([place, { values, slopes }]) => [place, [...values], slopes]);
    expect(told(0)).toEqual([]);
    expect(told(1)).toEqual([[0, [1, 2], false]]);
    expect(told(3)).toEqual([
      [0, [1, 2], false],
      [1, [3], false],
    ]);
    expect(told(4)[1]).toEqual([1, [-4], true]);
    expect(told(6)).toEqual([
      [0, [5, -6], true],
      [1, [-4], true],
    ]);
  });

  it("ends each phase behind its last moment", () => {
    expect((["forward", "loss", "backward", "update"] as const).map((phase) => endOf(MOMENTS, phase))).toEqual([
      2, 3, 5, 6,
    ]);
    expect(endOf([], "forward")).toBe(0);
  });
});

describe("a space along its principal components", () => {
  const report = (axes: number[][], across: number[], layer = 1): SpaceReport => ({
    ...{ type: "space_report", layer, units: 3, side: 2, share: [0.7, 0.2], id: null },
    ...{ axes, across: packed(across), up: packed([0, 0, 0, 0]) },
  });

  it("does not flip from one look to the next", () => {
    const axes = [
      [1, 0, 0],
      [0, 1, 0],
    ];
    const first = widestOf(report(axes, [1, 2, 3, 4]), null);
    expect([...first.space.across]).toEqual([1, 2, 3, 4]);
    expect(first.space.least).toEqual([1, -1]); // what is flat has a range all the same
    const turned = axes.map((axis) => axis.map((v) => -v));
    const next = widestOf(report(turned, [-1, -2, -3, -5]), first.report);
    expect([...next.space.across]).toEqual([1, 2, 3, 5]);
    expect([...widestOf(report(turned, [-1, -2, -3, -5]), next.report).space.across]).toEqual([1, 2, 3, 5]);
  });

  it("of another layer is taken as it comes", () => {
    const before = widestOf(report([[1], [1]], [1, 1, 1, 1]), null).report;
    expect([...widestOf(report([[-1], [-1]], [1, 2, 3, 4], 2), before).space.across]).toEqual([1, 2, 3, 4]);
  });
});
