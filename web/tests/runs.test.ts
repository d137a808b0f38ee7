import { describe, expect, it } from "vitest";

import { compared, sorted } from "../src/lib/runs";
import type { RunSummary } from "../src/messages";

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
  return { ...rest, name, accuracy, r2, settings, curves: [], problem: "" };
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
