import { describe, expect, it } from "vitest";

import { raised } from "../src/lib/drawing";
import {
  best,
  compared,
  figureAt,
  lastEpoch,
  momentKey,
  secondsLeft,
  sorted,
  stepAt,
  told,
  upTo,
} from "../src/lib/runs";
import type { RunStory, RunSummary } from "../src/messages";

function run(
  name: string,
  accuracy: number | null,
  settings: Record<string, string>,
  r2: number | null = null,
): RunSummary {
  const rest = {
    data: "moons",
    task: "classification",
    status: "done",
    date: "2026",
    loss: null,
    seconds: 1,
    parameters: 9,
    epochs: 2,
  };
  return { ...rest, name, accuracy, r2, settings, spark: [], problem: "" };
}

const RUNS = [
  run("b", 0.9, { lr: "0.1", seed: "1" }),
  run("a", null, { lr: "0.3", seed: "1" }),
  run("c", 0.95, { lr: "0.1", seed: "1" }),
];
const names = (runs: RunSummary[]) => runs.map((r) => r.name).join("");

describe("runs in a table", () => {
  it("are in order, and what has no number comes last either way", () => {
    expect(names(sorted(RUNS, "name", false, ""))).toBe("abc");
    expect(names(sorted(RUNS, "score", true, ""))).toBe("cba");
    expect(names(sorted(RUNS, "score", false, ""))).toBe("bca");
    expect(names(sorted([run("x", null, {}, 0.5), ...RUNS], "score", false, ""))).toBe("xbca");
    expect(names([...RUNS])).toBe("bac");
  });

  it("are found by all words of a filter", () => {
    expect(names(sorted(RUNS, "name", false, "MOONS lr=0.1"))).toBe("bc");
    expect(names(sorted(RUNS, "name", false, "lr=0.1 nothing"))).toBe("");
  });

  it("differ in these settings", () => {
    expect(compared([RUNS[0]!, RUNS[1]!])).toEqual([{ name: "lr", values: ["0.1", "0.3"] }]);
    expect(compared([RUNS[0]!, RUNS[2]!])).toEqual([]);
    expect(compared([RUNS[0]!])).toHaveLength(2);
    expect(compared([RUNS[0]!, run("d", 1, { lr: "0.1", seed: "1", extra: "yes" })])).toEqual([
      { name: "extra", values: ["", "yes"] },
    ]);
  });
});

// ---- a run as far as it has come --------------------------------------------------------------------------------------

function story(changes: Partial<RunStory> = {}): RunStory {
  const none = { curves: null, steps: null, weights: null, ground: null, judged: null, findings: null, activity: null };
  return {
    ...{ type: "run_story", name: "a", there: true, summary: null, tags: {}, planned: null, examples: null, ended: "" },
    ...{ classes: [], command: "", environment: null, problems: [], id: null, ...none, ...changes },
  } as RunStory;
}

const LOSS = { name: "loss", epochs: [1, 2, 4], values: [3, null, 1] };
const STEPS = {
  epochs: [0.5, 1, 4.5],
  losses: [9, 3, 2],
  rates: [1, 1, 0.5],
  speeds: [7, 8, 9],
  seconds: 90,
  step: 45,
};

describe("a run", () => {
  it("keeps the parts that did not come because they are the same", () => {
    const before = story({ curves: [LOSS], judged: [1], tags: { curves: "1", judged: "1" } });
    const now = told(before, story({ tags: { curves: "1", judged: "2" } }));
    expect(now.curves).toEqual([LOSS]);
    expect(now.judged).toBeNull(); // another file that could not be read
    expect(told(undefined, now)).toBe(now);
    expect(told(story({ there: false }), now)).toBe(now);
  });

  it("stands at an epoch as it stood after the last one before", () => {
    const one = story({ curves: [LOSS], steps: { ...STEPS, accuracies: [null, null, null] } });
    expect([0, 1, 1.9, 2, 3.9, 4, 99].map((e) => figureAt(one, "loss", e))).toEqual([
      undefined,
      3,
      3,
      null,
      null,
      1,
      1,
    ]);
    expect(figureAt(one, "accuracy", 4)).toBeUndefined();
    expect([0, 0.5, 4, 5].map((e) => stepAt(one, "rates", e))).toEqual([undefined, 1, 1, 0.5]);
    expect(lastEpoch(one)).toBe(4.5);
    expect(lastEpoch(story())).toBe(0);
  });

  it("finds the last number up to a value", () => {
    const values = [0, 1, 1, 4];
    expect([-1, 0, 0.5, 1, 3, 4, 9].map((v) => upTo(values, v))).toEqual([-1, 0, 0, 2, 2, 3, 3]);
    expect(upTo([], 1)).toBe(-1);
  });

  it("has one moment for all epochs at which the same is kept", () => {
    const weights = { name: "w", epochs: [0, 2, 4], units: 1, features: 1, image: null, names: [], scale: 1 };
    const one = story({ weights, judged: [1, 3] });
    expect([0, 1, 1.5, 2, 3, 9].map((e) => momentKey(one, e))).toEqual([
      "a 0 - -",
      "a 0 1 -",
      "a 0 1 -",
      "a 2 1 -",
      "a 2 3 -",
      "a 4 3 -",
    ]);
    expect(momentKey(story(), 3)).toBe("a - - -");
  });

  it("says how long it still takes", () => {
    const steps = { ...STEPS, accuracies: [] };
    expect(secondsLeft(story({ steps, planned: 9 }))).toBe(90);
    expect(secondsLeft(story({ planned: 9 }))).toBeNull();
    expect(secondsLeft(story({ steps }))).toBeNull();
  });

  it("is drawn on its own scale, whatever is no number or lies beside it", () => {
    expect(raised(Int8Array.from([10, -64, -128, 127]), 0, 3)).toBe(127 / 64);
    expect(raised(Int8Array.from([0]), 0, 1)).toBe(1);
  });

  it("is the best where there is one", () => {
    expect(best([0.5, null, 0.9], true)).toBe(2);
    expect(best([0.5, null, 0.9], false)).toBe(0);
    expect(best([0.5, 0.5], true)).toBe(-1);
    expect(best([null, 1], true)).toBe(-1);
  });
});
