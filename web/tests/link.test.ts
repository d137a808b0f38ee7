import { describe, expect, it } from "vitest";

import { DEFAULTS, fromHash, isForeign, toHash } from "../src/lib/link";
import { PROPERTIES, type Kind, type State } from "../src/messages";

/** Numbers that are the same at every run. */
function random(seed: number): () => number {
  let s = seed;
  return () => (s = (s * 1664525 + 1013904223) >>> 0) / 4294967296;
}

const SIGNS = ["a", "Z", "0", ",", "&", "=", "#", "%", " ", "+", "é", "深", "\\", "/", "?", "\u{1f600}"];

function anyOf(kind: Kind, r: () => number): unknown {
  switch (kind.kind) {
    case "number": {
      const value = kind.least + r() * (kind.most - kind.least);
      return kind.whole ? Math.round(value) : value;
    }
    case "choice":
      return kind.names[Math.floor(r() * kind.names.length)];
    case "flag":
      return r() < 0.5;
    case "text":
      return Array.from(
        { length: Math.floor(r() * Math.min(8, kind.most / 2)) },
        () => SIGNS[Math.floor(r() * SIGNS.length)],
      ).join("");
    case "many": {
      const n = kind.least + Math.floor(r() * (Math.min(kind.most, 4) - kind.least + 1));
      const values = Array.from({ length: n }, () => anyOf(kind.of, r)).filter((v) => v !== "");
      return kind.once ? [...new Set(values)] : values;
    }
  }
}

describe("links", () => {
  it("carry every state there and back", () => {
    const r = random(11);
    for (let i = 0; i < 300; i++) {
      const state = Object.fromEntries(PROPERTIES.map((p) => [p.name, anyOf(p.type, r)])) as unknown as State;
      const { state: read, problems } = fromHash(`#${toHash(state)}`);
      expect(problems).toEqual([]);
      expect({ ...DEFAULTS, ...read }).toEqual(state);
    }
  });

  it("are empty for the state in which everybody starts", () => {
    expect(toHash(DEFAULTS)).toBe("");
    expect(fromHash("")).toEqual({ state: {}, problems: [] });
  });

  it.each([
    ["h=4,999", "hidden"],
    ["lr=-1", "learning_rate"],
    ["lr=NaN", "learning_rate"],
    ["lr=Infinity", "learning_rate"],
    ["lr=", "learning_rate"],
    ["b=2.5", "batch_size"],
    ["d=mnist", "dataset"],
    ["i=x1,x1", "features"],
    ["i=x1,__proto__", "features"],
    ["T=yes", "show_test"],
    ["h=1,1,1,1,1,1,1,1,1", "hidden"],
    ["d=%E0%A4%A", "dataset"],
  ])("say what is wrong with %s and follow the rest", (part, name) => {
    const { state, problems } = fromHash(`#${part}&z=0.25`);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(name);
    expect(state).toEqual({ noise: 0.25 });
  });

  it.each([
    ["lr=fast", "from 0"],
    ["T=yes", "0 or 1"],
    ["pa=red", "amber-blue, purple-green, grey"],
    ["b=2.5", "a whole number from 1 to "],
    ["h=0", "0 to 8 of a whole number from 1 to 128, between commas"],
  ])("say what %s could have been", (part, expected) => {
    expect(fromHash(`#${part}`).problems[0]).toContain(expected);
  });

  it("name a part that no version knows", () => {
    expect(fromHash("#zz=1").problems[0]).toContain("zz");
    expect(fromHash("#constructor=1").state).toEqual({});
    expect(fromHash("#__proto__=1").problems).toHaveLength(1);
  });

  it("give every property a key of its own", () => {
    expect(new Set(PROPERTIES.map((p) => p.key)).size).toBe(PROPERTIES.length);
  });

  it("know TensorFlow Playground's from ours", () => {
    expect(isForeign("#activation=tanh&batchSize=10&networkShape=4,2&seed=0.59704")).toBe(true);
    expect(isForeign(`#${toHash({ ...DEFAULTS, dataset: "xor", hidden: [8], learning_rate: 0.1 })}`)).toBe(false);
    expect(isForeign("")).toBe(false);
  });
});
