// Numbers as the page writes them: a real minus sign, as many digits as are useful, never a jumping width.

const MINUS = "\u2212";

export function signed(text: string): string {
  return text.replace("-", MINUS);
}

/** A number for reading: `digits` after the point, powers of ten when it is very large or small. */
export function number(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "not a number";
  if (!Number.isFinite(value)) return signed(value < 0 ? "-∞" : "∞");
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e5 || size < 0.5 * 10 ** -digits)) return power(value);
  return signed(value.toFixed(digits));
}

const HIGH = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** 0.00012 as 1.2·10⁻⁴. */
function power(value: number): string {
  const huge = Math.abs(Math.log10(Math.abs(value))) >= 100; // three figures above leave room for one below
  const [digits, exponent] = value.toExponential(huge ? 0 : 1).split("e") as [string, string];
  const high = exponent
    .replace("+", "")
    .replace("-", "⁻")
    .replace(/\d/g, (c) => HIGH[Number(c)]!);
  return `${signed(digits)}·10${high}`;
}

/** A number where there is room for a few signs only: what is too small is 0. */
export function short(value: number, digits = 2): string {
  if (!Number.isFinite(value) || Math.abs(value) >= 1e5) return number(value, digits);
  return signed((Math.round(value * 10 ** digits) / 10 ** digits || 0).toFixed(digits));
}

export function percent(share: number, digits = 1): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(digits)} %` : "–";
}

export function whole(value: number): string {
  return Math.floor(value).toLocaleString("en-US");
}

const LOW = "₀₁₂₃₄₅₆₇₈₉";

/** h2,1 with its figures set low. */
export function low(index: number): string {
  return String(index)
    .split("")
    .map((c) => LOW[Number(c)])
    .join("");
}

const FEATURES: Record<string, string> = {
  x1: "x₁",
  x2: "x₂",
  "x1^2": "x₁²",
  "x2^2": "x₂²",
  "x1*x2": "x₁x₂",
  "sin(x1)": "sin x₁",
  "sin(x2)": "sin x₂",
  "cos(x1)": "cos x₁",
  "cos(x2)": "cos x₂",
};

export function featureName(feature: string): string {
  return FEATURES[feature] ?? feature;
}

/** The name of a unit as mathematics writes it: h₁,₂ for h1,2. */
export function unitName(name: string): string {
  const hidden = /^h(\d+),(\d+)$/.exec(name);
  return hidden ? `h${low(Number(hidden[1]))},${low(Number(hidden[2]))}` : featureName(name);
}

export const INIT_WORDS: Record<string, string> = {
  uniform: "uniform",
  xavier_uniform: "Xavier uniform",
  xavier_normal: "Xavier normal",
  kaiming_uniform: "He uniform",
  kaiming_normal: "He normal",
  normal: "normal",
  zeros: "zeros",
};

/** 1, 2 or 5 times a power of ten: the step of an axis that reaches `end` in at most so many parts. */
export function roundStep(end: number, parts: number): number {
  const least = end / Math.max(1, parts);
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((n) => n * power >= least) ?? 10);
}
