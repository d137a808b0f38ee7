import { describe, expect, it } from "vitest";

import { DEFAULTS, fromHash, toHash } from "../src/lib/link";
import { preview } from "../src/lib/previews";
import { CHAPTERS, SCENES, sceneOf, turned, whole, type Seen } from "../src/lib/scenes";
import { DATASETS, type State } from "../src/messages";

const NOTHING: Omit<Seen, "state"> = {
  epoch: 0,
  train: NaN,
  test: NaN,
  edited: false,
  chosen: false,
  pointed: false,
  digits: { test: 0, drawn: false, why: false },
};

describe("scenes", () => {
  it.each(SCENES.map((scene) => [scene.id, scene] as const))(
    "%s is a state that may be, with a question",
    (_, scene) => {
      const state = { ...DEFAULTS, ...whole(scene, DEFAULTS) };
      const { state: read, problems } = fromHash(toHash(state));
      expect(problems).toEqual([]);
      expect({ ...DEFAULTS, ...read }).toEqual(state);
      expect(state.scene).toBe(scene.id);
      expect(scene.ask).toMatch(/[?]$/);
      expect(scene.answer).toMatch(/[.?]$/);
      expect(scene.tasks.length).toBeGreaterThan(0);
    },
  );

  it.each(SCENES.map((scene) => [scene.id, scene] as const))("%s is not done as it begins", (_, scene) => {
    const state = { ...DEFAULTS, ...whole(scene, DEFAULTS) };
    for (const task of scene.tasks) expect([task.says, task.done({ ...NOTHING, state })]).toEqual([task.says, false]);
  });

  it("have names of their own", () => {
    expect(new Set(SCENES.map((scene) => scene.id)).size).toBe(SCENES.length);
    expect(CHAPTERS.flatMap((chapter) => chapter.scenes)).toEqual(SCENES);
    expect([sceneOf("moons-three")?.state.hidden, sceneOf("")]).toEqual([[3], undefined]);
  });

  it("tick a task by what is seen", () => {
    const scene = sceneOf("moons-three")!;
    const state = { ...DEFAULTS, ...whole(scene, DEFAULTS) };
    const at = (changes: Partial<Seen>) => scene.tasks.map((task) => task.done({ ...NOTHING, state, ...changes }));
    expect(at({ epoch: 50, test: 0.94 })).toEqual([false, false, false]);
    expect(at({ epoch: 50, test: 0.96 })).toEqual([true, false, false]);
    expect(at({ epoch: 100, test: 0.5, pointed: true, state: { ...state, seed: 8 } })).toEqual([false, true, true]);
  });

  it("leave the look of the page and the digits alone", () => {
    const mine: State = {
      ...DEFAULTS,
      theme: "dark",
      palette: "grey",
      digits_epochs: 9,
      dataset: "spiral",
      noise: 0.3,
    };
    const after = { ...mine, ...whole(sceneOf("moons-line")!, mine) };
    expect([after.theme, after.palette, after.digits_epochs]).toEqual(["dark", "grey", 9]);
    expect([after.dataset, after.noise]).toEqual(["moons", 0.1]);
  });

  it("turn a slider into layers", () => {
    expect(turned("width", [3, 2], 8)).toEqual([8, 2]);
    expect(turned("depth", [8, 8], 5)).toEqual([8, 8, 8, 8, 8]);
    expect(turned("depth", [], 1)).toEqual([8]);
  });
});

describe("pictures of data sets", () => {
  it.each(DATASETS.filter((name) => name !== "own"))("%s has one", (name) => {
    const { points } = preview(name);
    expect(points.length).toBeGreaterThan(40);
    for (const [x, y] of points) expect(Math.abs(x) <= 6.2 && Math.abs(y) <= 6.2).toBe(true);
  });
});
