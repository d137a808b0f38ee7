// The page's address carries everything that is set: each property under its short key, if it is not the default.

import { PROPERTIES, type Kind, type Property, type State } from "../messages";

export const DEFAULTS = Object.fromEntries(PROPERTIES.map((p) => [p.name, p.default])) as unknown as State;

function written(value: unknown): string {
  if (Array.isArray(value)) return value.map((v) => encodeURIComponent(String(v))).join(",");
  if (typeof value === "boolean") return value ? "1" : "0";
  return encodeURIComponent(String(value));
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** What follows the # of a link that opens the same state. */
export function toHash(state: State): string {
  const changed = PROPERTIES.filter((p) => !same(state[p.name], p.default));
  return changed.map((p) => `${p.key}=${written(state[p.name])}`).join("&");
}

function read(kind: Kind, text: string): unknown {
  switch (kind.kind) {
    case "number": {
      const value = Number(text);
      const fits =
        text.trim() !== "" && value >= kind.least && value <= kind.most && (!kind.whole || Number.isInteger(value));
      return fits ? value : undefined;
    }
    case "choice":
      return kind.names.includes(text) ? text : undefined;
    case "flag":
      return text === "1" ? true : text === "0" ? false : undefined;
    case "text":
      return text.length <= kind.most ? text : undefined;
    case "many": {
      if (text === "") return kind.least === 0 ? [] : undefined;
      const values = text.split(",").map((part) => read(kind.of, decoded(part)));
      const fits = values.length >= kind.least && values.length <= kind.most && !values.includes(undefined);
      return fits && (!kind.once || new Set(values).size === values.length) ? values : undefined;
    }
  }
}

const MOST_NAMED = 6;

/** What a setting may be, in words. */
function possible(kind: Kind): string {
  switch (kind.kind) {
    case "number":
      return `a ${kind.whole ? "whole number" : "number"} from ${kind.least} to ${kind.most}`;
    case "choice":
      return kind.names.slice(0, MOST_NAMED).join(", ") + (kind.names.length > MOST_NAMED ? " …" : "");
    case "flag":
      return "0 or 1";
    case "text":
      return `${kind.most} characters at most`;
    case "many":
      return `${kind.least} to ${kind.most} of ${possible(kind.of)}, between commas`;
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export interface Opened {
  state: Partial<State>;
  problems: string[]; // one sentence for each part of the link that cannot be followed
}

/** The state in a link. What cannot be read is left at its default, and said. */
export function fromHash(hash: string): Opened {
  const byKey = new Map<string, Property>(PROPERTIES.map((p) => [p.key, p]));
  const state: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const part of hash.replace(/^#/, "").split("&").filter(Boolean)) {
    const at = part.indexOf("=");
    const key = at < 0 ? part : part.slice(0, at);
    const property = byKey.get(key);
    const text = at < 0 ? "" : part.slice(at + 1);
    const value = property && read(property.type, property.type.kind === "many" ? text : decoded(text));
    if (!property) problems.push(`The link has a part “${key}” that this version does not know.`);
    else if (value === undefined)
      problems.push(`The link says ${property.name} = “${decoded(text)}”; it may be ${possible(property.type)}.`);
    else state[property.name] = value;
  }
  return { state: state as Partial<State>, problems };
}

/** Links of TensorFlow Playground have long keys that ours never have. */
export function isForeign(hash: string): boolean {
  return /(^|[#&])(activation|networkShape|regDataset|problem|regularizationRate)=/.test(hash);
}
