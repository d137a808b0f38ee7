import { describe, expect, it, vi } from "vitest";

vi.mock("../src/lib/app.svelte", () => ({ app: {}, live: {}, notify: () => {}, set: async () => true, wire: {} }));
vi.mock("../src/lib/export", () => ({ save: () => {} }));

const { readRunFile } = await import("../src/lib/runfile");

const FILE = { kind: "glassnet playground", version: 1, link: "h=3", epoch: 2, weights: [1, 2], own: null };
const OWN = { task: "classification", dimensions: 2, classes: ["a", "b"], train: 1, rows: [[0, 0, 1]] };

describe("a file of the Playground", () => {
  it("is read as it was kept", () => {
    expect(readRunFile(JSON.stringify(FILE))).toEqual(FILE);
    expect(readRunFile(JSON.stringify({ ...FILE, own: OWN }))).toEqual({ ...FILE, own: OWN });
  });

  it.each([
    ["{", "no JSON"],
    ["null", "not one of the Playground"],
    ["[]", "not one of the Playground"],
    [JSON.stringify({ ...FILE, kind: "other" }), "not one of the Playground"],
    [JSON.stringify({ ...FILE, version: 2 }), "version 2"],
    [JSON.stringify({ ...FILE, weights: ["1"] }), "damaged"],
    [JSON.stringify({ ...FILE, weights: undefined }), "damaged"],
    [JSON.stringify({ ...FILE, link: 3 }), "damaged"],
    [JSON.stringify({ ...FILE, own: { ...OWN, rows: [["x"]] } }), "damaged"],
    [JSON.stringify({ ...FILE, own: 7 }), "damaged"],
  ])("that is another is told so: %s", (text, words) => {
    expect(readRunFile(text)).toMatch(words);
  });
});
