// What the output looked like while it learnt, kept as it trains: at most a few dozen pictures however long it goes on.
// "Replay" writes them into one HTML file that needs nothing else, with a slider through the epochs.

import { app, live, notify } from "./app.svelte";
import { colours } from "./canvas";
import { heightsOf } from "./curve";
import { toBase64 } from "./drawing";
import { save } from "./export";
import type { Frame } from "./frame";
import { css } from "./palette";
import script from "./replay.txt?raw";
import type { Layout } from "../messages";

const MOST = 64; // pictures; when there are more, every other one goes, and half as many follow

interface Picture {
  epoch: number;
  loss: number;
  test: number;
  values: Int8Array | Uint8Array | Float32Array;
}

let pictures: Picture[] = [];
let every = 1; // epochs from picture to picture
let kindOf = "";

/** Look at a frame: keep what it shows, if it is time. */
export function record(frame: Frame, layout: Layout): void {
  const kind = `${layout.dimensions} ${layout.resolution} ${frame.arrays.has("classes")}`; // of what can be shown in a row
  if (!frame.epoch || kind !== kindOf || frame.epoch < (pictures.at(-1)?.epoch ?? 0)) forget(kind);
  const last = pictures.at(-1);
  if (last && frame.epoch < last.epoch + every) return;
  const values = frame.arrays.get("classes") ?? frame.arrays.get("output");
  if (!values || values instanceof Float64Array || values instanceof Uint32Array) return;
  const { epoch, trainLoss: loss, testLoss: test } = frame;
  pictures.push({ epoch, loss, test, values: values.slice() });
  if (pictures.length <= MOST) return;
  pictures = pictures.filter((_, i) => i % 2 === 0);
  every *= 2;
}

function forget(kind: string): void {
  [pictures, every, kindOf] = [[], 1, kind];
}

/** The file: data, and a few lines that draw it. */
export function replayHtml(): string | null {
  const [layout, points] = [app.layout, live.points];
  if (!layout || !points || pictures.length < 2) return null;
  const theme = colours();
  const data = {
    kind: layout.dimensions === 1 ? "curve" : pictures[0]!.values instanceof Uint8Array ? "classes" : "map",
    side: layout.resolution,
    domain: layout.domain,
    heights: heightsOf(points.rows),
    task: app.task,
    title: `${app.state.dataset.replaceAll("_", " ")}, ${layout.sizes.join("-")}`,
    colours: { negative: theme.ends.negative, middle: theme.ends.middle, positive: theme.ends.positive },
    classes: theme.classes.map((colour) => css(colour)),
    points: Array.from(points.rows.subarray(0, 3 * points.train), (v) => Math.round(v * 1000) / 1000),
    pictures: pictures.map(({ epoch, loss, test, values }) => ({
      epoch,
      loss,
      test: Number.isFinite(test) ? test : null,
      values: toBase64(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
    })),
  };
  return PAGE.replace("DATA", () => JSON.stringify(data).replaceAll("<", "\\u003c")).replace("SCRIPT", () => script);
}

const PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>glassnet: a training, replayed</title>
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:520px;margin:24px auto;padding:0 12px;color-scheme:light dark}
canvas{width:100%;aspect-ratio:1;border-radius:8px;display:block}input{width:100%}p{margin:8px 0;font-variant-numeric:tabular-nums}
button{font:inherit;min-height:36px;min-width:80px}</style></head>
<body><h1 style="font-size:20px" id="title"></h1><canvas id="picture" width="800" height="800"></canvas>
<p id="says" aria-live="polite"></p><input id="at" type="range" min="0" value="0" aria-label="Epoch"><p><button id="play">Play</button></p>
<script type="application/json" id="data">DATA<\/script><script type="module">SCRIPT<\/script></body></html>
`;

export function exportReplay(): void {
  const html = replayHtml();
  if (html) save("glassnet-replay.html", new Blob([html], { type: "text/html" }));
  else notify("hint", "There is nothing to replay yet.", "Train for an epoch or two first.");
}
