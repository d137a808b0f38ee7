// What the page knows. `app` is what Svelte draws; `live` is what changes many times a second and is drawn on canvases.

import type {
  Command,
  DigitsState,
  Inspection,
  Layout,
  Report,
  State,
  StateMessage,
  Stopped,
  Welcome,
} from "../messages";
import { CURVE, FILTERS, FRAME, POINTS, PROPERTIES } from "../messages";
import { magicOf, readFilters, readFrame, readPoints, type Filters, type Frame, type Points } from "./frame";
import { DEFAULTS, fromHash, isForeign, toHash, type Opened } from "./link";
import { sceneOf, whole } from "./scenes";
import { sound } from "./sound";
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
  runs: true, // whether this page may look at the runs on the server's machine: one of a class may not
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
  pointed: null as { layer: number; unit: number } | null, // the unit under the pointer, or with the focus
  at: null as [number, number] | null, // the place of the plane that the numbers are for
  pins: [] as { layer: number; unit: number }[], // units that are shown enlarged
  grain: "epoch" as "operation" | "sample" | "batch" | "epoch",
  operation: null as Extract<Report, { type: "operation_report" }> | null,
  tool: "look" as Tool,
  paintClass: 1,
  paintHeight: 1,
  notices: [] as Notice[],
  digits: null as Extract<Report, { type: "digits_state" }> | null,
  prediction: null as Extract<Report, { type: "digits_prediction" }> | null,
  gallery: null as Extract<Report, { type: "digits_gallery" }> | null,
  models: null as Extract<Report, { type: "digits_model_list" }> | null,
  // the numbers beside the pictures, at reading speed rather than at frame rate
  figures: {
    epoch: 0,
    step: 0,
    trainLoss: NaN,
    testLoss: NaN,
    trainScore: NaN,
    testScore: NaN,
    epochsPerSecond: 0,
    penalty: 0,
  },
  empty: false, // whether there is nothing to learn
  dark: false,
  sounds: false, // whether the loss is heard
});

export const live = {
  frame: null as Frame | null,
  points: null as Points | null,
  filters: null as Filters | null,
  curve: [] as number[], // rows of CURVE
  digitsCurve: [] as number[], // rows of epoch, loss, accuracy of the latest batches
  digitsTests: [] as number[], // rows of epoch, test loss, test accuracy
  marks: [] as { epoch: number; text: string }[],
  drawn: 0, // frames drawn since the page was opened
};

const lookers: ((frame: Frame, layout: Layout) => void)[] = [];
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
      live.drawn += owed;
      if (live.drawn < 4 || live.drawn % 16 < owed) document.documentElement.dataset.drawn = String(live.drawn); // for who measures
      unsaid += owed;
      owed = 0;
      if (unsaid >= TOGETHER) {
        wire.send({ type: "credit", frames: unsaid });
        unsaid = 0;
      }
    }
  });
}

const TOGETHER = 2; // frames that are given back in one message: a class sends half as many

let owed = 0; // frames received but not yet drawn
let unsaid = 0; // frames drawn but not yet given back
let figuresAt = 0;
let notices = 0;

const PASSES = 12_000; // ms after which good news goes away by itself

export function notify(kind: Notice["kind"], text: string, hint = "", fixes: Notice["fixes"] = null): void {
  if (app.notices.some((n) => n.text === text)) return;
  const id = ++notices;
  app.notices = [...app.notices.slice(-2), { id, kind, text, hint, fixes }];
  if (kind !== "problem" && !fixes) setTimeout(() => dismiss(id), PASSES);
}

export function dismiss(id: number): void {
  app.notices = app.notices.filter((n) => n.id !== id);
}

const here = new URL("ws", location.href.replace(/#.*/, ""));
here.protocol = here.protocol.replace("http", "ws");
const opened = isForeign(location.hash) ? { state: {}, problems: [] } : reading(location.hash);
Object.assign(app.state, opened.state);
const SESSION = "glassnet-session";
const ADDRESS = "glassnet-address"; // what the page itself wrote behind the #: a reload comes back to its session

export const wire = new Wire(
  {
    report: onReport,
    frame: onBinary,
    standing: onStanding,
    sent: onSent,
  },
  () => new WebSocket(here),
  first,
);

/** The state that a new session is to begin with: the link's, or later the present one. */
function first(): Partial<State> {
  const { dataset, ...others } = $state.snapshot(app.state) as State;
  return dataset === "own" ? others : { dataset, ...others };
}

/** What a link says; one that only names a scene means all of it. */
function reading(hash: string): Opened {
  const found = fromHash(hash);
  const named = found.state.scene;
  if (named && !sceneOf(named))
    found.problems.push(`The link names a scene “${named}” that this version does not have.`);
  const alone = PROPERTIES.every((p) => p.room === "page" || !(p.name in found.state));
  const scene = alone ? sceneOf(found.state.scene ?? "") : undefined;
  return scene ? { ...found, state: { ...whole(scene, { ...DEFAULTS }), ...found.state, ...scene.state } } : found;
}

/** Begin: called once, when the page is there. */
export function begin(): void {
  const hash = location.hash.replace(/^#/, "");
  const own = hash === "" || hash === sessionStorage.getItem(ADDRESS); // the terminal's address has nothing behind it
  wire.session = own ? sessionStorage.getItem(SESSION) : null;
  if (!own && opened.state.dataset === "own" && !sceneOf(opened.state.scene ?? "")?.table)
    opened.problems.push("The link is of somebody’s own points, which no link holds: here are others.");
  complain(opened.problems);
  wire.connect();
  if (isForeign(location.hash)) openForeign(location.hash);
  addEventListener("hashchange", follow);
}

/** Somebody put another link into the address line. */
function follow(): void {
  if (isForeign(location.hash)) return openForeign(location.hash);
  const { state, problems } = reading(location.hash);
  complain(problems);
  set({ ...DEFAULTS, ...state });
}

/** All that is wrong with a link in one notice: several would hide the page. */
function complain(problems: readonly string[]): void {
  if (!problems.length) return;
  const more = problems.length > 3 ? ` And ${problems.length - 3} parts more.` : "";
  notify("problem", problems.slice(0, 3).join(" ") + more, "The rest of the link was followed.");
}

function openForeign(hash: string): void {
  void wire.ask({ type: "open_link", hash: hash.replace(/^#/, "") }).then((answer) => {
    if (answer.type === "refusal") notify("problem", answer.text);
    else notify("done", "Opened a TensorFlow Playground link: same points, same first weights.");
  });
}

/** Show a unit enlarged, or no longer. */
export function pin(layer: number, unit: number): void {
  const others = app.pins.filter((p) => p.layer !== layer || p.unit !== unit);
  app.pins = others.length < app.pins.length ? others : [...others.slice(-3), { layer, unit }];
}

/** Look at every frame that comes, apart from drawing it. */
export function onEveryFrame(look: (frame: Frame, layout: Layout) => void): void {
  lookers.push(look);
}

/** Change settings; whether the server followed. */
export async function set(changes: Partial<State>): Promise<boolean> {
  const epoch = live.frame?.epoch ?? 0;
  const before = Object.fromEntries(Object.keys(changes).map((name) => [name, app.state[name as keyof State]]));
  Object.assign(app.state, changes);
  const answer = await wire.ask({ type: "configure", changes: changes as Record<string, unknown> });
  if (answer.type !== "refusal") {
    mark(named(changes), epoch);
    return true;
  }
  Object.assign(app.state, before); // the server goes on as before, and so does the page
  notify("problem", answer.text);
  return false;
}

/** The settings of a change in words. */
function named(changes: Partial<State>): string {
  const known = PROPERTIES.filter((p) => p.room === "playground" && p.name in changes && p.name !== "speed");
  return known.map((p) => `${p.name.replaceAll("_", " ")} ${changes[p.name]}`).join(", ");
}

const ONE = 1000; // ms within which the same change again is still the same drag
let markedAt = -ONE;

/** A change in the middle of a training is marked on the tape. */
function mark(text: string, epoch = live.frame?.epoch ?? 0): void {
  if (!text || !epoch) return;
  const [before, now] = [markedAt, performance.now()];
  markedAt = now;
  if (text === live.marks.at(-1)?.text && now - before < ONE) return;
  live.marks = [...live.marks.slice(-40), { epoch, text }];
}

const BY_HAND: Partial<Record<Command["type"], string>> = {
  edit: "a weight set by hand",
  freeze: "frozen",
  ablate: "left out",
  add_points: "points painted",
  move_point: "a point moved",
  label_points: "points labelled",
  erase_points: "points erased",
  undo: "undone",
  redo: "made again",
  reroll: "new points", // new weights begin another tape
};

/** What was done by hand, other than by a setting. */
function onSent(command: Command): void {
  const text = BY_HAND[command.type];
  if (text) mark("on" in command && !command.on ? `${text} no longer` : text);
}

function onStanding(standing: Standing, why: string): void {
  app.standing = standing;
  app.standingWhy = why;
  if (standing === "open") {
    owed = unsaid = 0;
    sessionStorage.setItem(SESSION, wire.session ?? "");
  }
}

function onReport(report: Report): void {
  if (!readable(report)) {
    notify(
      "problem",
      `A message of the server could not be read: ${String(report.type)}.`,
      "Reload the page if it comes again.",
    );
    return;
  }
  switch (report.type) {
    case "welcome":
      onWelcome(report);
      break;
    case "state_report":
      onState(report);
      break;
    case "layout":
      if (app.layout) keepPlaces(app.layout.sizes, report.sizes);
      app.layout = report;
      live.frame = null;
      break;
    case "refusal":
      if (!wire.awaited(report)) notify("problem", report.text);
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
      onDigits(report);
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

/** Whether a report on which everything else rests has its parts. */
function readable(report: Report): boolean {
  if (report.type === "layout") return [report.sizes, report.units, report.blocks, report.domain].every(Array.isArray);
  if (report.type === "state_report") return typeof report.state === "object" && Array.isArray(report.classes);
  return true;
}

/** The network may have another shape: what was chosen or pinned stays where it still has a place. */
function keepPlaces(before: readonly number[], now: readonly number[]): void {
  const stays = ({ layer, unit, source }: { layer: number; unit: number; source?: number | null }) =>
    before.length === now.length && unit < now[layer]! && (source ?? 0) < (now[layer - 1] ?? 1);
  app.pins = app.pins.filter(stays);
  if (app.selected && !stays(app.selected)) app.selected = app.inspection = null;
  app.pointed = null;
}

function onStopped(report: Stopped): void {
  app.running = false;
  if (report.reason === "time") return notify("hint", report.text, report.hint);
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
  if (app.state.room === "runs" && !app.runs) void set({ room: "playground" });
  const hash = toHash(app.state);
  sessionStorage.setItem(ADDRESS, hash);
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname);
}

let greeted = false;

function onWelcome(report: Welcome): void {
  app.runs = report.runs;
  const lost = greeted && !report.resumed;
  greeted = true;
  if (report.resumed) {
    if (app.digits?.running) wire.send({ type: "digits_train" }); // its training waits for somebody to watch it
    return;
  }
  live.curve = [];
  if (!lost) return;
  notify("hint", "The server no longer had this session: your settings are back, and the training begins anew.");
  if (app.state.dataset === "own" && live.points)
    void wire.ask({ type: "paste_table", text: tableOf(live.points), task: app.task });
}

/** The points as a table, for a server that has lost them. */
function tableOf({ rows, train, test }: Points): string {
  const lines = Array.from({ length: train + test }, (_, i) => Array.from(rows.subarray(3 * i, 3 * i + 3)).join(","));
  return `x1,x2,target\n${lines.join("\n")}`;
}

function onDigits(report: DigitsState): void {
  app.digits = report;
  for (const [epoch, loss, accuracy] of report.curve) {
    if (epoch === 0) live.digitsCurve = [];
    live.digitsCurve.push(epoch ?? NaN, loss ?? NaN, accuracy ?? NaN);
  }
  live.digitsCurve = thinned(live.digitsCurve, 3);
  live.digitsTests = report.tests.flat();
  if (report.why) notify("problem", report.why);
}

function onBinary(view: DataView): void {
  const magic = magicOf(view);
  if (magic === FRAME) owed += 1;
  try {
    if (magic === POINTS) live.points = readPoints(view);
    else if (magic === FILTERS) live.filters = readFilters(view);
    else if (magic === FRAME) onFrame(view);
  } catch (problem) {
    if (!(problem instanceof RangeError)) throw problem;
    notify(
      "problem",
      `A picture from the server could not be read: ${problem.message}.`,
      "Reload the page if it comes again.",
    );
  }
  repaint();
}

function onFrame(view: DataView): void {
  const frame = app.layout && readFrame(view, app.layout);
  if (!frame) return;
  live.frame = frame;
  for (const look of lookers) look(frame, app.layout!);
  if (frame.anew) {
    live.curve = [];
    if (frame.epoch === 0) live.marks = []; // where a training broke stays marked when it goes back before that
  }
  addRows(live.curve, frame.curve);
  live.curve = thinned(live.curve, CURVE.length);
  const now = performance.now();
  if (now - figuresAt > 100 || !frame.running) {
    figuresAt = now;
    const { epoch, step, trainLoss, testLoss, trainScore, testScore, epochsPerSecond, penalty } = frame;
    app.figures = { epoch, step, trainLoss, testLoss, trainScore, testScore, epochsPerSecond, penalty };
    app.running = frame.running;
    app.empty = Number.isNaN(trainLoss) && !frame.broken;
    if (app.sounds && frame.running) sound(frame.trainLoss, live.curve[CURVE.indexOf("train_loss")] ?? NaN);
    if (app.selected && (!frame.running || now - inspectedAt > 250)) inspect();
  }
}

/** Rows behind those at hand; one of the same epoch takes the place of the older one. */
function addRows(curve: number[], rows: Float64Array): void {
  while (rows.length && curve.length && curve[curve.length - CURVE.length]! >= rows[0]!) curve.length -= CURVE.length;
  for (const value of rows) curve.push(value);
}

const MOST_ROWS = 1200; // about two for each pixel of the tape

/** A long curve keeps every other of its old points: memory stays flat however long it runs. */
function thinned(rows: number[], wide: number): number[] {
  if (rows.length <= MOST_ROWS * wide) return rows;
  return rows.filter((_, i) => Math.floor(i / wide) % 2 === 0);
}

/** Choose a unit or a weight, and ask for every number behind it. */
export function select(selection: Selection | null): void {
  app.selected = selection;
  if (selection) inspect();
  else app.inspection = null;
  repaint();
}

let inspecting = false;
let inspectedAt = 0;

/** Ask again for the numbers of what is selected; one question at a time. */
export function inspect(): void {
  const chosen = app.selected;
  if (!chosen || inspecting || chosen.layer < 1) return;
  inspecting = true;
  inspectedAt = performance.now();
  const { layer, unit, source } = chosen;
  void wire.ask({ type: "inspect", layer, unit, source, line: source !== null, at: app.at }).finally(() => {
    inspecting = false;
  });
}
