import { describe, expect, it } from "vitest";

import { floatsOf, fromBase64, quantised, toBase64 } from "../src/lib/drawing";
import { number, percent, short, unitName } from "../src/lib/format";
import { pitch } from "../src/lib/sound";
import { classColours, pack, rgb, shade, table, type Rgb } from "../src/lib/palette";

describe("numbers in words", () => {
  it.each([
    [0, 3, "0.000"],
    [-0.5, 2, "−0.50"],
    [1234567, 3, "1.2·10⁶"],
    [-0.00012, 3, "−1.2·10⁻⁴"],
    [NaN, 3, "not a number"],
    [null, 3, "not a number"],
    [-2.9e247, 3, "−3·10²⁴⁷"],
    [Infinity, 3, "∞"],
    [-Infinity, 3, "−∞"],
  ])("%s with %i digits is %s", (value, digits, text) => {
    expect(number(value, digits)).toBe(text);
  });

  it("where there is little room, what is too small is 0 and has no sign", () => {
    expect([short(-0.0004), short(0.126), short(-2), short(NaN), short(1e7)]).toEqual([
      "0.00",
      "0.13",
      "−2.00",
      "not a number",
      "1.0·10⁷",
    ]);
  });

  it("names units as mathematics does", () => {
    expect([unitName("h1,12"), unitName("x1*x2"), unitName("output"), percent(0.9956), percent(NaN)]).toEqual([
      "h₁,₁₂",
      "x₁x₂",
      "output",
      "99.6 %",
      "–",
    ]);
  });
});

const ENDS = { negative: rgb("#b45f06"), middle: rgb("#f4f3ee"), positive: rgb("#1f66ad") };

/** WCAG 2's contrast of two colours. */
function contrast(a: Rgb, b: Rgb): number {
  const light = (c: Rgb) => {
    const [r, g, b] = c.map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4)) as Rgb;
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [x, y] = [light(a), light(b)].sort((p, q) => q - p) as [number, number];
  return (x + 0.05) / (y + 0.05);
}

describe("colours", () => {
  it("say nothing in the middle, everything at the ends", () => {
    expect(shade(ENDS, 0)).toEqual(ENDS.middle);
    expect(shade(ENDS, -1)).toEqual(ENDS.negative);
    expect(shade(ENDS, 7)).toEqual(ENDS.positive);
    expect(shade(ENDS, NaN)).toHaveLength(3);
  });

  it("are one pixel for each of 256 values, grey for what is no number", () => {
    const entries = table(ENDS, 1, false);
    expect(entries[128]).toBe(pack(ENDS.middle));
    expect(entries[255]).toBe(pack(ENDS.positive));
    expect(entries[1]).toBe(pack(ENDS.negative));
    expect(entries[0]).toBe(pack([128, 128, 128]));
    expect(new Set(table(ENDS, 1, true).slice(1)).size).toBe(2);
  });

  it("stand out from both papers", () => {
    for (const [paper, hues] of [
      ["#ffffff", ["#b45f06", "#1f66ad"]],
      ["#1b1e24", ["#f0a04b", "#6cb0f2"]],
    ] as const) {
      for (const hue of hues) expect(contrast(rgb(paper), rgb(hue))).toBeGreaterThan(3);
    }
    for (const colour of classColours(false)) expect(contrast(colour, [255, 255, 255])).toBeGreaterThan(3);
    for (const colour of classColours(true)) expect(contrast(colour, rgb("#1b1e24"))).toBeGreaterThan(3);
  });
});

describe("the loss as a tone", () => {
  it("falls by three octaves, and is silent for what is no number", () => {
    expect([pitch(2, 2), pitch(1, 2), pitch(0, 2), pitch(9, 2)]).toEqual([880, 110 * 2 ** 1.5, 110, 880]);
    expect([pitch(NaN, 2), pitch(1, NaN), pitch(1, 0)]).toEqual([null, null, null]);
  });
});

describe("pictures as text", () => {
  it("go there and back", () => {
    const bytes = Uint8Array.from({ length: 20_000 }, (_, i) => (i * 7) % 256);
    expect(fromBase64(toBase64(bytes))).toEqual(bytes);
    const floats = Float32Array.of(1.5, -2, NaN);
    expect(floatsOf(toBase64(new Uint8Array(floats.buffer)))).toEqual(floats);
  });

  it("are scaled by their largest number", () => {
    const { map, scale } = quantised(Float32Array.of(0, -4, 2, NaN));
    expect([Array.from(map), scale]).toEqual([[0, -127, 64, -128], 4]);
    expect(Array.from(quantised(new Float32Array(2)).map)).toEqual([0, 0]);
  });
});
