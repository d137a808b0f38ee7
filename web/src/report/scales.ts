// From numbers to places on paper, and to the marks beside them.

export interface Scale {
  low: number;
  high: number;
  log: boolean;
  ticks: number[];
  at: (value: number) => number; // 0 at the low end, 1 at the high one
}

/** A scale that holds all the finite numbers; a logarithmic one leaves out what is not above 0, a whole one has no ticks between. */
export function scaleOf(values: Iterable<number | null>, log = false, ticks = 5, whole = false): Scale {
  let [low, high] = [Infinity, -Infinity];
  for (const v of values) {
    if (v === null || !Number.isFinite(v) || (log && v <= 0)) continue;
    if (v < low) low = v;
    if (v > high) high = v;
  }
  if (low > high) [low, high] = log ? [0.1, 1] : [0, 1];
  return log ? logarithmic(low, high, ticks) : linear(low, high, ticks, whole);
}

function linear(low: number, high: number, count: number, whole: boolean): Scale {
  if (low === high) [low, high] = [low - (Math.abs(low) / 2 || 0.5), high + (Math.abs(high) / 2 || 0.5)];
  const step = Math.max(whole ? 1 : 0, niceStep((high - low) / count));
  const first = Math.ceil(low / step - 1e-9);
  const ticks: number[] = [];
  for (let i = first; i * step <= high + step * 1e-9; i++) ticks.push(i * step || 0);
  return { low, high, log: false, ticks, at: (v) => (v - low) / (high - low) };
}

/** What to add to shares that are all alike, so that a scale of them does not go beyond 0 and 1. */
export function room(shares: readonly (number | null)[]): number[] {
  const known = shares.filter((v): v is number => v !== null);
  if (!known.length || known.some((v) => v !== known[0])) return [];
  return [known[0]! >= 0.1 ? known[0]! - 0.1 : known[0]! + 0.1];
}

/** 1, 2 or 5 times a power of ten, and not below the given size. */
export function niceStep(size: number): number {
  const power = 10 ** Math.floor(Math.log10(size));
  return power * ([1, 2, 5].find((m) => m * power >= size * (1 - 1e-9)) ?? 10);
}

function logarithmic(low: number, high: number, count: number): Scale {
  if (high / low < 1.001) [low, high] = [low / 1.5, high * 1.5];
  const [a, b] = [Math.log10(low), Math.log10(high)];
  const every = Math.max(1, Math.ceil((b - a) / count));
  const tens = Array.from({ length: Math.floor(b) - Math.ceil(a) + 1 }, (_, i) => Math.ceil(a) + i);
  const ticks = tens.filter((e) => e % every === 0).map((e) => 10 ** e);
  const between = ticks.length < 2 ? [1, 2, 5].flatMap((m) => [m * 10 ** Math.floor(a), m * 10 ** Math.ceil(a)]) : [];
  const all = [...new Set([...ticks, ...between])]
    .filter((v) => v >= low * 0.999 && v <= high * 1.001)
    .sort((p, q) => p - q);
  return { low, high, log: true, ticks: all, at: (v) => (Math.log10(v) - a) / (b - a) };
}

const HIGH = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A number at a tick: as short as it can be said. */
export function tickText(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e4 && size < 1e6) return value.toLocaleString("en-US").replace("-", "−");
  if (size && (size >= 1e6 || size < 1e-3)) {
    const [digits, power] = value.toExponential(6).split("e") as [string, string];
    const ten = `10${power
      .replace("+", "")
      .replace("-", "⁻")
      .replace(/\d/g, (c) => HIGH[Number(c)]!)}`;
    const times = String(Number(digits)).replace("-", "−");
    return times === "1" ? ten : `${times}·${ten}`;
  }
  return String(Number(value.toPrecision(6))).replace("-", "−");
}

/** The place of the number that is nearest; -1 where there is none. The numbers rise. */
export function nearest(values: readonly number[], value: number): number {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low > 0 && value - values[low - 1]! <= values[low]! - value ? low - 1 : Math.min(low, high);
}

/** All numbers that some list has, each once, rising. */
export function merged(lists: readonly (readonly number[])[]): number[] {
  return [...new Set(lists.flat())].sort((a, b) => a - b);
}

/** A line through the points as an SVG path; it is broken where there is no number. */
export function path(
  x: readonly number[],
  y: readonly (number | null)[],
  across: (v: number) => number,
  up: (v: number) => number,
): string {
  let text = "";
  let length = 0; // points of the present piece
  const end = (): void => {
    if (length === 1) text += "h0"; // a point with nothing beside it: round ends make a dot of it
    length = 0;
  };
  for (let i = 0; i < x.length; i++) {
    const v = y[i] ?? null;
    const place = v === null ? NaN : up(v);
    if (!Number.isFinite(place)) end();
    else text += `${length++ ? "L" : "M"}${across(x[i]!).toFixed(1)} ${place.toFixed(1)}`;
  }
  end();
  return text;
}
