// What the page says in numbers: each with its unit, and in words where there is no number.

import { number, percent, signed } from "../lib/format";
import type { Num } from "./data";

const NAMES: Record<string, string> = {
  r2: "R²",
  rmse: "RMSE",
  mae: "MAE",
  exact: "all labels right",
  rate: "learning rate",
};
const SHARES = ["accuracy", "exact"];

export function figureName(figure: string): string {
  return NAMES[figure] ?? figure;
}

/** A figure by its name: shares in percent, and never 100 % where something is missing. */
export function figureText(figure: string, value: Num | undefined): string {
  if (value === null || value === undefined) return "not a number";
  if (isShare(figure)) return share(value, 2);
  return figure.endsWith("rmse") || figure.endsWith("mae") ? amount(value) : number(value, 4);
}

/** What is measured in somebody's own unit, such as a price: four digits, thousands written plainly. */
export function amount(value: Num | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return number(value);
  const size = Math.abs(value);
  if (size >= 1e9 || (size < 1e-4 && size > 0)) return number(value, 4);
  if (size >= 1000) return signed(Math.round(value).toLocaleString("en-US"));
  const digits = size ? Math.max(0, 3 - Math.floor(Math.log10(size))) : 0;
  return signed(value.toFixed(Math.min(6, digits)));
}

export function isShare(figure: string): boolean {
  return SHARES.some((name) => figure.endsWith(name));
}

/** A share in percent; 100 only if nothing is missing, 0 only if nothing is there. */
export function share(value: Num | undefined, digits = 1): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value <= 0 || value >= 1) return percent(value, digits);
  const step = 10 ** -digits;
  return `${Math.min(Math.max(100 * value, step), 100 - step).toFixed(digits)} %`;
}

export function count(value: Num | undefined): string {
  return value === null || value === undefined ? "?" : value.toLocaleString("en-US", { maximumFractionDigits: 2 });
}

export function plural(n: number, word: string): string {
  return `${count(n)} ${word}${n === 1 ? "" : "s"}`;
}

export function seconds(value: Num): string {
  if (value === null) return "";
  const rest = Math.round(value);
  return value < 60 ? `${value.toFixed(2)} s` : `${Math.floor(rest / 60)} min ${rest % 60} s`;
}

export interface Filter {
  label: number | null;
  said: number | null;
}

/** The places of the mistakes that a filter lets through, in an order. */
export function filtered(
  m: { at: number[]; label?: number[]; said?: number[]; sure?: Num[]; missed?: number[][]; invented?: number[][] },
  filter: Filter,
  order: "worst" | "mildest" | "number",
): number[] {
  const has = (one: number[] | undefined, many: number[][] | undefined, i: number, wanted: number | null) =>
    wanted === null || one?.[i] === wanted || (many?.[i]?.includes(wanted) ?? false);
  const places = m.at
    .map((_, i) => i)
    .filter((i) => has(m.label, m.missed, i, filter.label) && has(m.said, m.invented, i, filter.said));
  if (order === "mildest") places.reverse();
  if (order === "number") places.sort((a, b) => m.at[a]! - m.at[b]!);
  return places;
}
