// Colours of numbers: negative, nothing, positive. A table of 256 entries turns an int8 heat map into pixels.

export type Rgb = [number, number, number];

export interface Ends {
  negative: Rgb;
  middle: Rgb;
  positive: Rgb;
}

export function rgb(hex: string): Rgb {
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)) as Rgb;
}

export function css(colour: Rgb): string {
  return `rgb(${colour.map(Math.round).join(" ")})`;
}

/** Colour of a number between -1 and 1; `strength` below 1 softens it, so that points stand out on a map. */
export function shade(ends: Ends, value: number, strength = 1): Rgb {
  const v = Math.max(-1, Math.min(1, value));
  const end = v < 0 ? ends.negative : ends.positive;
  const t = Math.abs(v) ** 0.8 * strength;
  return ends.middle.map((m, i) => m + (end[i]! - m) * t) as Rgb;
}

/** One little-endian RGBA pixel for every value of an int8 map, at index value + 128; -128 is "not a number". */
export function table(ends: Ends, strength: number, twoColours: boolean): Uint32Array {
  const entries = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    const value = (i - 128) / 127;
    const colour =
      i === 0 ? ([128, 128, 128] as Rgb) : shade(ends, twoColours ? Math.sign(value) || 1 : value, strength);
    entries[i] = pack(colour);
  }
  return entries;
}

export function pack([r, g, b]: Rgb): number {
  return ((255 << 24) | (Math.round(b) << 16) | (Math.round(g) << 8) | Math.round(r)) >>> 0;
}

/** Colours of up to eight classes that stay apart for colour-blind eyes too (after Okabe and Ito 2008), on white. */
const ON_LIGHT: readonly Rgb[] = [
  [180, 95, 6],
  [31, 102, 173],
  [0, 128, 96],
  [155, 70, 140],
  [120, 120, 0],
  [90, 90, 200],
  [190, 60, 60],
  [70, 70, 70],
];

/** The same on a dark ground. */
const ON_DARK: readonly Rgb[] = [
  [240, 160, 75],
  [108, 176, 242],
  [62, 190, 150],
  [216, 140, 202],
  [190, 190, 84],
  [150, 150, 245],
  [240, 122, 122],
  [185, 185, 185],
];

export const classColours = (dark: boolean): readonly Rgb[] => (dark ? ON_DARK : ON_LIGHT);
