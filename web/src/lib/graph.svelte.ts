// Where the graph of an expression stands: which of its events are past, and whether it plays.

import type { GraphReport } from "../messages";

const PACE = 900; // ms from event to event

export const graphDeck = $state({
  graph: null as GraphReport | null,
  expression: "", // whose graph it is
  at: 0, // events that are past
  running: false,
});

let timer: ReturnType<typeof setTimeout> | undefined;

/** To a moment: so many events are past. */
export function jump(at: number): void {
  graphDeck.at = Math.min(graphDeck.graph?.events.length ?? 0, Math.max(0, at));
}

export function halt(): void {
  clearTimeout(timer);
  graphDeck.running = false;
}

/** Play on from here (from the start, at the end), or pause. */
export function playGraph(): void {
  if (graphDeck.running) return halt();
  const last = graphDeck.graph?.events.length ?? 0;
  if (graphDeck.at >= last) jump(0);
  graphDeck.running = true;
  const go = () => {
    jump(graphDeck.at + 1);
    if (graphDeck.at >= last) return halt();
    timer = setTimeout(go, PACE);
  };
  go();
}

/** To the end of the forward pass, or of the backward one. */
export function pass(which: "forward" | "backward"): void {
  halt();
  const events = graphDeck.graph?.events ?? [];
  const back = events.findIndex((event) => event.phase === "backward");
  jump(which === "forward" && back >= 0 ? back : events.length);
}
