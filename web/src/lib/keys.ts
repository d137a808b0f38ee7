// Every key of the page in one table: what runs is what the help sheet lists.

import * as digitStep from "./digitStep.svelte";
import { graphDeck, halt, jump, pass, playGraph } from "./graph.svelte";
import { app, notify, select, set, wire } from "./app.svelte";

export interface Key {
  keys: string; // as written on the sheet
  says: string;
  room?: "runs"; // without which the sheet is silent about it
  match: (event: KeyboardEvent) => boolean;
  act: () => void;
}

const plain = (key: string) => (event: KeyboardEvent) =>
  event.key.toLowerCase() === key && !event.ctrlKey && !event.metaKey && !event.altKey;

export function play(): void {
  if (app.state.room === "runs") return;
  if (inGraph()) return playGraph();
  if (inDigits()) wire.send({ type: app.digits?.running ? "digits_pause" : "digits_train" });
  else if (app.empty) notify("hint", "There are no points to learn.", "Paint some, or choose a set.");
  else wire.send({ type: app.running ? "pause" : "run" });
}

const inGraph = () => app.state.room === "graph";
const inDigits = () => app.state.room === "digits";
const onDigit = () => inDigits() && digitStep.stepDeck.open; // one step on the drawing is looked at
const inPlayground = () => app.state.room === "playground";

/** Back to the start, with the same weights. */
export function back(): void {
  if (inGraph()) {
    halt();
    jump(0);
  } else if (inDigits()) wire.send({ type: "digits_reset" });
  else if (inPlayground()) wire.send({ type: "reset" });
}

/** What acts on the Playground has no meaning elsewhere. */
function playground(act: () => void): () => void {
  return () => {
    if (inPlayground()) act();
  };
}

export const KEYS: readonly Key[] = [
  { keys: "Space", says: "train, or pause", match: plain(" "), act: play },
  {
    keys: "→",
    says: "one step of the chosen size",
    match: plain("arrowright"),
    act: () => {
      if (inGraph() || onDigit()) step(1);
      else if (inPlayground()) wire.send({ type: "step", grain: app.grain });
    },
  },
  {
    keys: "←",
    says: "Graph, one step on a digit: one step back",
    match: plain("arrowleft"),
    act: () => {
      if (inGraph() || onDigit()) step(-1);
    },
  },
  {
    keys: "F, B",
    says: "there: to the end of the forward pass, of the backward pass",
    match: (e) => plain("f")(e) || plain("b")(e),
    act: () => {} /* `pressed` knows which */,
  },
  { keys: "Home", says: "back to the start, same weights", match: plain("home"), act: back },
  {
    keys: "R",
    says: "new weights",
    match: plain("r"),
    act: playground(() => wire.send({ type: "reroll", what: "weights" })),
  },
  {
    keys: "D",
    says: "new points",
    match: plain("d"),
    act: playground(() => wire.send({ type: "reroll", what: "data" })),
  },
  {
    keys: "1 … 4",
    says: "step size: operation, sample, batch, epoch",
    match: (e) => /^[1-4]$/.test(e.key) && !e.ctrlKey && !e.metaKey,
    act: () => {} /* `pressed` knows which */,
  },
  {
    keys: "T",
    says: "test points, shown or not",
    match: plain("t"),
    act: playground(() => set({ show_test: !app.state.show_test })),
  },
  {
    keys: "L",
    says: "loss on a logarithmic scale",
    match: plain("l"),
    act: () => set({ log_loss: !app.state.log_loss }),
  },
  {
    keys: "S",
    says: "hear the loss while it trains, or not",
    match: plain("s"),
    act: () => {
      app.sounds = !app.sounds;
      notify("hint", app.sounds ? "The loss is heard: the lower, the better." : "The loss is silent.");
    },
  },
  {
    keys: "Ctrl Z",
    says: "undo",
    match: (e) => (e.ctrlKey || e.metaKey) && !e.shiftKey && e.key.toLowerCase() === "z",
    act: playground(() => wire.send({ type: "undo" })),
  },
  {
    keys: "Ctrl Shift Z",
    says: "redo",
    match: (e) => (e.ctrlKey || e.metaKey) && e.shiftKey && e.key.toLowerCase() === "z",
    act: playground(() => wire.send({ type: "redo" })),
  },
  {
    keys: "← → End",
    says: "in Runs: wind the tape of the chosen runs; Space plays it",
    room: "runs",
    match: () => false /* `room` has them while that room is open */,
    act: () => {},
  },
  { keys: "Esc", says: "close, or choose nothing", match: plain("escape"), act: () => select(null) },
];

function step(by: number): void {
  if (onDigit()) return digitStep.jump(digitStep.stepDeck.at + by);
  halt();
  jump(graphDeck.at + by);
}

/** Keys that a room brings along; they come before those of the page. */
export const room: { keys: Record<string, () => void> } = { keys: {} };

const GRAINS = ["operation", "sample", "batch", "epoch"] as const;

let pointed = false; // whether what has the focus has it from a click

/** Whether what has the focus was reached by the keyboard. */
export function reached(): boolean {
  return !pointed;
}

/** Something was pressed by mouse, pen or finger. */
export function clicked(): void {
  pointed = true;
}

/** A key was pressed somewhere on the page; fields keep theirs, and so does what was reached by the keyboard. */
export function pressed(event: KeyboardEvent, help: () => void): void {
  if (document.querySelector("dialog[open]")) return; // a sheet has its own keys
  const target = event.target as HTMLElement;
  const typing =
    /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) && !/^(range|checkbox)$/.test((target as HTMLInputElement).type);
  if (typing && event.key !== "Escape") return;
  const slider = (target as HTMLInputElement).type === "range"; // Space means nothing to it: it trains
  if (event.key === "Tab") pointed = false;
  if (event.key === " " && !slider && /^(BUTTON|A|SUMMARY|INPUT)$/.test(target.tagName)) {
    if (!pointed) return;
    target.blur(); // who has clicked a button and then presses Space means the training, not the button again
  }
  if (/^(Arrow|Home|End)/.test(event.key) && target.tagName === "INPUT") return; // a slider moves
  const own = event.ctrlKey || event.metaKey || event.altKey ? undefined : room.keys[event.key];
  if (own) {
    event.preventDefault();
    return own();
  }
  if (event.key === "?") {
    event.preventDefault();
    help();
    return;
  }
  if ((inGraph() || onDigit()) && /^[fb]$/i.test(event.key) && !event.ctrlKey && !event.metaKey) {
    const phase = event.key.toLowerCase() === "f" ? "forward" : "backward";
    if (onDigit()) digitStep.toEndOf(phase);
    else pass(phase);
  }
  if (/^[1-4]$/.test(event.key) && !event.ctrlKey && !event.metaKey) app.grain = GRAINS[Number(event.key) - 1]!;
  const key = KEYS.find((k) => k.match(event));
  if (!key) return;
  event.preventDefault();
  key.act();
}
