// What the page knows. `app` is what Svelte draws; `live` is what changes many times a second and is drawn on canvases.

import type { Inspection, Layout, Report, State, StateMessage, Stopped } from "../messages";
import { CURVE, FILTERS, FRAME, POINTS, PROPERTIES } from "../messages";
import { magicOf, readFilters, readFrame, readPoints, type Filters, type Frame, type Points } from "./frame";
import { DEFAULTS, fromHash, isForeign, toHash } from "./link";
import { Wire, type Standing } from "./wire";

export interface Selection {
  layer: number;
  unit: number;
  source: number | null; // a single weight of the unit
}

export interface Notice {
  id: number;
  kind: "problem" | "hint" | "done";
  text: string;
  hint: string;
  fixes: Record<string, unknown> | null;
}

export type Tool = "look" | "add" | "move" | "label" | "erase";

export const app = $state({
  state: { ...DEFAULTS } as State,
  standing: "connecting" as Standing,
  standingWhy: "",
  running: false,
  task: "classification" as StateMessage["task"],
  classes: [] as string[],
  canUndo: false,
  canRedo: false,
  edited: false,
  source: "",
  notes: [] as string[],
  lossName: "",
  frozen: [] as number[][],
  ablated: [] as number[][],
  layout: null as Layout | null,
  selected: null as Selection | null,
  inspection: null as Inspection | null,
  at: null as [number, number] | null, // the place of the plane that the numbers are for
  pins: [] as { layer: number; unit: number }[], // units that are shown enlarged
  grain: "epoch" as "operation" | "sample" | "batch" | "epoch",
  operation: null as Extract<Report, { type: "operation_report" }> | null,
  tool: "look" as Tool,
  paintClass: 1,
  notices: [] as Notice[],
  digits: null as Extract<Report, { type: "digits_state" }> | null,
  prediction: null as Extract<Report, { type: "digits_prediction" }> | null,
  gallery: null as Extract<Report, { type: "digits_gallery" }> | null,
  models: null as Extract<Report, { type: "digits_model_list" }> | null,
  // the numbers beside the pictures, at reading speed rather than at frame rate
  figures: { epoch: 0, step: 0, trainLoss: NaN, testLoss: NaN, trainScore: NaN, testScore: NaN, epochsPerSecond: 0, penalty: 0 },
  dark: false,
});

export const live = {
  frame: null as Frame | null,
  points: null as Points | null,
  filters: null as Filters | null,
  curve: [] as number[], // rows of CURVE
  marks: [] as { epoch: number; text: string }[],
  drawn: 0, // frames drawn since the page was opened
};

const painters = new Set<() => void>();
let asked = false;

/** Draw whenever something has changed; returns the way to stop. */
export function onPaint(paint: () => void): () => void {
  painters.add(paint);
  repaint();
  return () => painters.delete(paint);
}

/** Draw everything at the next animation frame. */
export function repaint(): void {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    for (const paint of painters) paint();
    if (owed > 0) {
      live.drawn += 1;
      wire.send({ type: "credit", frames: owed });
      owed = 0;
    }
  });
}

let owed = 0; // frames received but not yet drawn
let figuresAt = 0;
let notices = 0;

export function notify(kind: Notice["kind"], text: string, hint = "", fixes: Notice["fixes"] = null): void {
  if (app.notices.some((n) => n.text === text)) return;
  app.notices = [...app.notices.slice(-2), { id: ++notices, kind, text, hint, fixes }];
}

export function dismiss(id: number): void {
  app.notices = app.notices.filter((n) => n.id !== id);
}

const here = new URL("ws", location.href.replace(/#.*/, ""));
here.protocol = here.protocol.replace("http", "ws");
const opened = isForeign(location.hash) ? { state: {}, problems: [] } : fromHash(location.hash);
const foreign = isForeign(location.hash) ? location.hash : "";

export const wire = new Wire(
  { report: onReport, frame: onBinary, standing: onStanding },
  () => new WebSocket(here),
  () => (Object.keys(opened.state).length ? opened.state : null),
);

/** Begin: called once, when the page is there. */
export function begin(): void {
  wire.session = sessionStorage.getItem("glassnet-session");
  if (Object.keys(opened.state).length || foreign) wire.session = null;
  for (const problem of opened.problems) notify("problem", problem, "The rest of the link was followed.");
  wire.connect();
  if (foreign) {
    void wire.ask({ type: "open_link", hash: foreign.replace(/^#/, "") }).then((answer) => {
      if (answer.type !== "refusal") notify("done", "Opened a TensorFlow Playground link: same points, same first weights.");
    });
  }
}

/** Show a unit enlarged, or no longer. */
export function pin(layer: number, unit: number): void {
  const others = app.pins.filter((p) => p.layer !== layer || p.unit !== unit);
  app.pins = others.length < app.pins.length ? others : [...others.slice(-3), { layer, unit }];
}

/** Change settings. */
export function set(changes: Partial<State>): void {
  mark(changes);
  Object.assign(app.state, changes);
  wire.send({ type: "configure", changes: changes as Record<string, unknown> });
}

/** A change in the middle of a training is marked on the tape. */
function mark(changes: Partial<State>): void {
  const epoch = live.frame?.epoch ?? 0;
  if (!epoch) return;
  const known = PROPERTIES.filter((p) => p.room === "playground" && p.name in changes && p.name !== "speed");
  const text = known.map((p) => `${p.name.replaceAll("_", " ")} ${changes[p.name]}`).join(", ");
  if (!text) return;
  live.marks = [...live.marks.slice(-40), { epoch, text }];
}

function onStanding(standing: Standing, why: string): void {
  app.standing = standing;
  app.standingWhy = why;
  if (standing === "open") {
    owed = 0;
    sessionStorage.setItem("glassnet-session", wire.session ?? "");
  }
}

function onReport(report: Report): void {
  switch (report.type) {
    case "welcome":
      if (!report.resumed) live.curve = [];
      break;
    case "state_report":
      onState(report);
      break;
    case "layout":
      if (app.layout && JSON.stringify(app.layout.sizes) !== JSON.stringify(report.sizes)) forget();
      app.layout = report;
      live.frame = null;
      break;
    case "refusal":
      notify("problem", report.text);
      break;
    case "stopped":
      onStopped(report);
      break;
    case "inspection":
      app.inspection = report;
      break;
    case "operation_report":
      app.operation = report;
      break;
    case "digits_state":
      app.digits = report;
      break;
    case "digits_prediction":
      app.prediction = report;
      break;
    case "digits_gallery":
      app.gallery = report;
      break;
    case "digits_model_list":
      app.models = report;
      break;
  }
  repaint();
}

/** The network has another shape: what was chosen may be something else now. */
function forget(): void {
  app.selected = app.inspection = null;
  app.pins = [];
}

function onStopped(report: Stopped): void {
  app.running = false;
  live.marks.push({ epoch: report.epoch, text: report.text });
  const fixes = Object.keys(report.fixes).length ? report.fixes : null;
  notify(report.reason === "nan" ? "problem" : "done", report.text, report.hint, fixes);
}

function onState(report: StateMessage): void {
  app.state = { ...DEFAULTS, ...(report.state as unknown as State) };
  app.running = report.running;
  app.task = report.task;
  app.classes = report.classes;
  app.canUndo = report.can_undo;
  app.canRedo = report.can_redo;
  app.frozen = report.frozen;
  app.ablated = report.ablated;
  app.edited = report.edited;
  app.source = report.source;
  app.notes = report.notes;
  app.lossName = report.loss_name;
  if (report.step === 0) app.operation = null;
  const hash = toHash(app.state);
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname);
}

function onBinary(view: DataView): void {
  const magic = magicOf(view);
  if (magic === POINTS) live.points = readPoints(view);
  else if (magic === FILTERS) live.filters = readFilters(view);
  else if (magic === FRAME) onFrame(view);
  repaint();
}

function onFrame(view: DataView): void {
  owed += 1;
  const frame = app.layout && readFrame(view, app.layout);
  if (!frame) return;
  live.frame = frame;
  if (frame.anew) {
    live.curve = [];
    live.marks = [];
  }
  for (const value of frame.curve) live.curve.push(value);
  thin();
  const now = performance.now();
  if (now - figuresAt > 100 || !frame.running) {
    figuresAt = now;
    const { epoch, step, trainLoss, testLoss, trainScore, testScore, epochsPerSecond, penalty } = frame;
    app.figures = { epoch, step, trainLoss, testLoss, trainScore, testScore, epochsPerSecond, penalty };
    app.running = frame.running;
    if (app.selected && !frame.running) inspect();
  }
}

const MOST_ROWS = 4000;

/** A long curve keeps every other of its old points: memory stays flat however long it runs. */
function thin(): void {
  const wide = CURVE.length;
  if (live.curve.length <= MOST_ROWS * wide) return;
  const kept: number[] = [];
  for (let row = 0; row < live.curve.length / wide; row += 2) kept.push(...live.curve.slice(row * wide, (row + 1) * wide));
  live.curve = kept;
}

/** Choose a unit or a weight, and ask for every number behind it. */
export function select(selection: Selection | null): void {
  app.selected = selection;
  if (selection) inspect();
  else app.inspection = null;
  repaint();
}

let inspecting = false;

/** Ask again for the numbers of what is selected; one question at a time. */
export function inspect(): void {
  const chosen = app.selected;
  if (!chosen || inspecting || chosen.layer < 1) return;
  inspecting = true;
  const { layer, unit, source } = chosen;
  void wire.ask({ type: "inspect", layer, unit, source, line: source !== null, at: app.at }).finally(() => {
    inspecting = false;
  });
}
