import { describe, expect, it } from "vitest";

import { DEFAULTS, fromHash, toHash } from "../src/lib/link";
import { preview } from "../src/lib/previews";
import { BREAK, whole, WORKSHOP } from "../src/lib/tries";
import { DATASETS, type State } from "../src/messages";

describe("things to try", () => {
  it.each([...WORKSHOP, ...BREAK].map((item) => [item.title, item] as const))(
    "%s is a state that may be",
    (_, item) => {
      const state = { ...DEFAULTS, ...whole(item, DEFAULTS) };
      const { state: read, problems } = fromHash(toHash(state));
      expect(problems).toEqual([]);
      expect({ ...DEFAULTS, ...read }).toEqual(state);
      expect(item.says).toMatch(/[.?]$/);
    },
  );

  it("leave the look of the page and the digits alone", () => {
    const mine: State = {
      ...DEFAULTS,
      theme: "dark",
      palette: "grey",
      digits_epochs: 9,
      dataset: "spiral",
      noise: 0.3,
    };
    const after = { ...mine, ...whole(WORKSHOP[0]!, mine) };
    expect([after.theme, after.palette, after.digits_epochs]).toEqual(["dark", "grey", 9]);
    expect([after.dataset, after.noise]).toEqual(["moons", 0.1]);
  });
});

describe("pictures of data sets", () => {
  it.each(DATASETS.filter((name) => name !== "own"))("%s has one", (name) => {
    const { points } = preview(name);
    expect(points.length).toBeGreaterThan(40);
    for (const [x, y] of points) expect(Math.abs(x) <= 6.2 && Math.abs(y) <= 6.2).toBe(true);
  });
});
