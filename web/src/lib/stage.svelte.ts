// The scene that is on: entering it, what of it is done, leaving it.

import { app, notify, set, wire } from "./app.svelte";
import { CHAPTERS, SCENES, sceneOf, whole, type Scene, type Seen } from "./scenes";

const KEPT = "glassnet-tasks"; // a reload keeps what was done

export const stage = $state({
  done: kept(), // "scene:task"
  guesses: {} as Record<string, string>,
  revealed: [] as string[], // scenes whose answer is open
  entering: false, // the page still shows what was before
});

function kept(): string[] {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(found) ? found.filter((key) => typeof key === "string") : [];
  } catch {
    return [];
  }
}

const laid = new Set<string>(); // scenes whose own points have been given to the server

/** A link has led to a scene: its points are not in the link. */
export function open(scene: Scene): void {
  if (!scene.table || laid.has(scene.id)) return;
  laid.add(scene.id);
  if (app.state.dataset !== "own" && !stage.entering) void lay(scene.table);
}

/** Everything as the scene wants it, at epoch 0. */
export async function enter(scene: Scene): Promise<void> {
  stage.entering = true;
  laid.add(scene.id);
  app.tool = "look";
  const there = await set(whole(scene, $state.snapshot(app.state) as typeof app.state));
  if (there && !scene.state.room) {
    if (scene.table) await lay(scene.table);
    await wire.ask({ type: "reset" });
    Object.assign(app.figures, { epoch: 0, testScore: NaN, trainScore: NaN }); // until the first frame of the new network
  }
  stage.entering = false;
}

/** The scene's own points. */
export async function lay(text: string): Promise<void> {
  const answer = await wire.ask({ type: "paste_table", text });
  if (answer.type === "refusal") notify("problem", answer.text);
}

export function leave(): void {
  void set({ scene: "" });
}

export function present(): Scene | undefined {
  return sceneOf(app.state.scene);
}

/** Where a scene is: its chapter, its number there, and its neighbours in the whole list. */
export function placeOf(scene: Scene) {
  const chapter = CHAPTERS.find(({ scenes }) => scenes.includes(scene))!;
  const at = SCENES.indexOf(scene);
  return {
    chapter,
    number: chapter.scenes.indexOf(scene) + 1,
    before: SCENES[at - 1],
    after: SCENES[at + 1],
  };
}

export function isDone(scene: Scene, task: number): boolean {
  return stage.done.includes(`${scene.id}:${task}`);
}

export function finished(scene: Scene): boolean {
  return scene.tasks.every((_, i) => isDone(scene, i));
}

/** Tick what is done by now; a tick stays. */
export function tick(scene: Scene): void {
  if (stage.entering) return;
  const now = seen();
  const fresh = scene.tasks.flatMap((task, i) => (!isDone(scene, i) && task.done(now) ? [`${scene.id}:${i}`] : []));
  if (!fresh.length) return;
  stage.done = [...stage.done, ...fresh];
  sessionStorage.setItem(KEPT, JSON.stringify(stage.done));
}

function seen(): Seen {
  const { epoch, trainScore, testScore } = app.figures;
  const said = app.prediction;
  return {
    state: app.state,
    epoch,
    train: trainScore,
    test: testScore,
    edited: app.edited,
    chosen: app.selected !== null && app.selected.layer > 0,
    pointed: app.pointed !== null,
    digits: {
      test: app.digits?.test_accuracy ?? 0,
      drawn: said !== null && said.label === null,
      why: said !== null && said.explained !== said.top[0],
    },
  };
}
