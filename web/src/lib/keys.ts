// Every key of the page in one table: what runs is what the help sheet lists.

import { app, select, set, wire } from "./app.svelte";

export interface Key {
  keys: string; // as written on the sheet
  says: string;
  match: (event: KeyboardEvent) => boolean;
  act: () => void;
}

const plain = (key: string) => (event: KeyboardEvent) =>
  event.key.toLowerCase() === key && !event.ctrlKey && !event.metaKey && !event.altKey;

export function play(): void {
  if (app.state.room === "digits") wire.send({ type: app.digits?.running ? "digits_pause" : "digits_train" });
  else wire.send({ type: app.running ? "pause" : "run" });
}

export const KEYS: readonly Key[] = [
  { keys: "Space", says: "train, or pause", match: plain(" "), act: play },
  { keys: "→", says: "one step of the chosen size", match: plain("arrowright"), act: () => wire.send({ type: "step", grain: app.grain }) },
  { keys: "Home", says: "back to the start, same weights", match: plain("home"), act: () => wire.send({ type: "reset" }) },
  { keys: "R", says: "new weights", match: plain("r"), act: () => wire.send({ type: "reroll", what: "weights" }) },
  { keys: "D", says: "new points", match: plain("d"), act: () => wire.send({ type: "reroll", what: "data" }) },
  { keys: "1 … 4", says: "step size: operation, sample, batch, epoch", match: (e) => /^[1-4]$/.test(e.key) && !e.ctrlKey && !e.metaKey, act: () => {} },
  { keys: "T", says: "test points, shown or not", match: plain("t"), act: () => set({ show_test: !app.state.show_test }) },
  { keys: "L", says: "loss on a logarithmic scale", match: plain("l"), act: () => set({ log_loss: !app.state.log_loss }) },
  { keys: "Ctrl Z", says: "undo", match: (e) => (e.ctrlKey || e.metaKey) && !e.shiftKey && e.key.toLowerCase() === "z", act: () => wire.send({ type: "undo" }) },
  { keys: "Ctrl Shift Z", says: "redo", match: (e) => (e.ctrlKey || e.metaKey) && e.shiftKey && e.key.toLowerCase() === "z", act: () => wire.send({ type: "redo" }) },
  { keys: "Esc", says: "close, or choose nothing", match: plain("escape"), act: () => select(null) },
];

const GRAINS = ["operation", "sample", "batch", "epoch"] as const;

/** A key was pressed somewhere on the page; fields keep theirs. */
export function pressed(event: KeyboardEvent, sheets: { help: () => void; close: () => void }): void {
  const target = event.target as HTMLElement;
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName);
  if (event.key === "Escape") sheets.close();
  if (typing && event.key !== "Escape") return;
  if (event.key === " " && /^(BUTTON|A|SUMMARY)$/.test(target.tagName)) return;
  if (event.key === "?") {
    event.preventDefault();
    sheets.help();
    return;
  }
  if (/^[1-4]$/.test(event.key) && !event.ctrlKey && !event.metaKey) app.grain = GRAINS[Number(event.key) - 1]!;
  const key = KEYS.find((k) => k.match(event));
  if (!key) return;
  event.preventDefault();
  key.act();
}
