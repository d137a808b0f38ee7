// The Runs room's own knowledge: the list, the stories of the runs that are looked at, and where on their tape we are.

import type { Report, RunMoment, RunStory } from "../messages";
import { app, notify, repaint, wire } from "./app.svelte";
import { percent } from "./format";
import { lastEpoch, learning, momentKey, told } from "./runs";

type List = Extract<Report, { type: "run_list" }>;

const LIST = 2000; // ms between two looks at the folder
const SOON = 250; // and at a run that learns
const LATER = 3000; // or is over
const REPLAY = 9000; // ms for a whole tape, unless its epochs are few
const MOST_KEPT = 400; // moments

export const room = $state({
  list: null as List | null,
  stories: {} as Record<string, RunStory>,
  moments: {} as Record<string, RunMoment>, // of each run that is looked at, the latest that was asked for
  at: null as number | null, // the epoch that is looked at; null is the end, which moves while it learns
  playing: false,
});

const kept = new Map<string, RunMoment>();
const asking = new Set<string>();
const asked = new Map<string, number>(); // when each run was asked for last

export function shownNames(): string[] {
  return app.state.runs_shown;
}

/** The stories of the runs that are looked at, in order. */
export function stories(): RunStory[] {
  return shownNames().flatMap((name) => room.stories[name] ?? []);
}

/** The last epoch of all tapes. */
export function end(): number {
  return Math.max(0, ...stories().map(lastEpoch));
}

/** Where the tape ends: what is planned, while it learns. */
export function horizon(): number {
  const planned = stories().map((story) => (learning(story) ? (story.planned ?? 0) : 0));
  return Math.max(end(), ...planned, 1e-9);
}

export function here(): number {
  return room.at === null ? end() : Math.min(room.at, end());
}

/** Begin to look; returns the way to stop. */
export function watch(): () => void {
  let last = 0;
  const look = () => {
    if (app.standing !== "open" || document.hidden) return;
    const now = performance.now();
    if (now - last > LIST || !room.list) {
      last = now;
      void list();
    }
    for (const name of shownNames()) {
      const story = room.stories[name];
      if (!story || now - (asked.get(name) ?? 0) > (learning(story) ? SOON : LATER)) void follow(name);
    }
  };
  look();
  const timer = setInterval(look, SOON / 2);
  return () => {
    clearInterval(timer);
    stop();
  };
}

async function once(key: string, ask: () => Promise<void>): Promise<void> {
  if (asking.has(key)) return;
  asking.add(key);
  await ask().finally(() => asking.delete(key));
}

const list = () =>
  once("list", async () => {
    const answer = await wire.ask({ type: "runs", tag: room.list?.tag ?? "" });
    if (answer.type === "run_list" && !answer.same) room.list = answer;
  });

/** Ask how a run stands. */
export function follow(name: string): Promise<void> {
  return once(`story ${name}`, async () => {
    asked.set(name, performance.now());
    const before = room.stories[name];
    const answer = await wire.ask({ type: "run_show", name, known: before?.there ? before.tags : {} });
    if (answer.type === "refusal") room.stories[name] = lost(name, answer.text);
    if (answer.type !== "run_story") return;
    room.stories[name] = told(before, answer);
    tellEnd(before, answer);
    repaint();
  });
}

/** A run that cannot be told, as a story that says so. */
function lost(name: string, problem: string): RunStory {
  const empty = {
    curves: null,
    steps: null,
    weights: null,
    ground: null,
    judged: null,
    findings: null,
    activity: null,
  };
  const rest = { planned: null, examples: null, ended: "", classes: [], command: "", environment: null, id: null };
  return { type: "run_story", name, there: true, summary: null, tags: {}, ...empty, ...rest, problems: [problem] };
}

/** Say that a run which was watched is over. */
function tellEnd(before: RunStory | undefined, now: RunStory): void {
  const run = now.summary;
  if (!before || !run || before.summary?.status !== "learning" || run.status === "learning") return;
  if (run.status === "unfinished")
    return notify("problem", `${run.name} has not been written to for a while.`, "It was killed, or rests.");
  const came =
    run.accuracy !== null ? `: ${percent(run.accuracy, 2)} right` : run.r2 !== null ? `: R² ${run.r2.toFixed(4)}` : "";
  notify(run.status === "failed" ? "problem" : "done", `${run.name} is ${run.status}${came}.`, now.ended);
}

/** The weights and the confusions of a run at an epoch: from memory, or asked for, the latest wish first. */
export async function momentOf(story: RunStory, epoch: number): Promise<void> {
  if (!story.weights && !story.ground && !story.judged?.length) return;
  const key = momentKey(story, epoch);
  const known = kept.get(key);
  if (known) {
    room.moments[story.name] = known;
    return;
  }
  await once(`moment ${story.name}`, async () => {
    const answer = await wire.ask({ type: "run_at", name: story.name, epoch: epoch + 1e-9 });
    if (answer.type !== "run_moment") return;
    kept.set(key, answer);
    while (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value!);
    room.moments[story.name] = answer;
  });
  const now = room.stories[story.name];
  if (now && momentKey(now, here()) !== key && shownNames().includes(story.name)) await momentOf(now, here());
}

// ---- the tape -------------------------------------------------------------------------------------------------------

let timer: ReturnType<typeof setInterval> | null = null;

/** Go to an epoch; the end is followed from then on. */
export function seek(epoch: number): void {
  const to = Math.max(0, epoch);
  room.at = to >= end() - 1e-9 ? null : to;
  repaint();
}

/** So many epochs on, or back, to a whole one. */
export function step(by: number): void {
  stop();
  const now = here();
  seek(by > 0 ? Math.floor(now + 1e-9) + by : Math.ceil(now - 1e-9) + by);
}

/** Run through the epochs from where we are, or from the start. */
export function play(): void {
  if (timer) return stop();
  if (end() <= 0) return;
  if (room.at === null) seek(0);
  const stride = Math.max(1, Math.round(end() / 150));
  const pause = Math.min(500, Math.max(60, (REPLAY * stride) / end()));
  room.playing = true;
  timer = setInterval(() => {
    if (room.at === null) return stop();
    seek(Math.floor(room.at + 1e-9) + stride);
  }, pause);
}

export function stop(): void {
  if (timer) clearInterval(timer);
  timer = null;
  room.playing = false;
}
