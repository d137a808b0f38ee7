// Canvases that stay sharp: as many pixels as the screen has under them.

import { app, onPaint, repaint } from "./app.svelte";
import { classColours, rgb, table, type Ends, type Rgb } from "./palette";

export type Painter = (g: CanvasRenderingContext2D, width: number, height: number) => void;

/** A Svelte action: paints the canvas whenever something changes, at its size on the screen. */
export function painted(canvas: HTMLCanvasElement, paint: Painter) {
  return kept(canvas, paint, () => true);
}

/** The same for a picture that changes with the colours only: 60 times a second would be a waste. */
export function still(canvas: HTMLCanvasElement, paint: Painter) {
  let seen: Theme | null = null;
  const due = (anew: boolean) => {
    const now = colours();
    const changed = anew || now !== seen;
    seen = now;
    return changed;
  };
  return kept(canvas, paint, due);
}

function kept(canvas: HTMLCanvasElement, paint: Painter, due: (anew: boolean) => boolean) {
  let anew = true; // after a change of size or of the painter
  const g = canvas.getContext("2d", { alpha: true });
  let width = 0;
  let height = 0;
  const draw = () => {
    if (!g || !width || !height || !due(anew)) return;
    anew = false;
    g.clearRect(0, 0, width, height);
    paint(g, width, height);
  };
  const resized = () => {
    const ratio = Math.min(3, window.devicePixelRatio || 1);
    width = canvas.clientWidth;
    height = canvas.clientHeight;
    canvas.width = Math.max(1, Math.round(width * ratio));
    canvas.height = Math.max(1, Math.round(height * ratio));
    g?.setTransform(ratio, 0, 0, ratio, 0, 0);
    anew = true;
    draw(); // at once: a canvas is empty after a change of size
  };
  const observer = new ResizeObserver(resized);
  observer.observe(canvas);
  const stop = onPaint(draw);
  return {
    update(next: Painter) {
      paint = next;
      anew = true;
      repaint();
    },
    destroy() {
      stop();
      observer.disconnect();
    },
  };
}

export interface Theme {
  ink: string;
  soft: string;
  line: string;
  panel: string;
  field: string;
  accent: string;
  negative: string;
  positive: string;
  ends: Ends;
  classes: readonly Rgb[];
  soften: Uint32Array; // heat maps under points
  full: Uint32Array; // heat maps of units
}

let theme: Theme | null = null;
let themeKey = "";

/** The colours of the present theme, read once for each. */
export function colours(): Theme {
  const root = document.documentElement;
  const key = `${root.dataset.theme} ${root.dataset.palette} ${app.state.discretize}`;
  if (theme && key === themeKey) return theme;
  const style = getComputedStyle(root);
  const get = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const ends = { negative: rgb(get("negative")), middle: rgb(get("middle")), positive: rgb(get("positive")) };
  theme = {
    ink: get("ink"),
    soft: get("soft"),
    line: get("line"),
    panel: get("panel"),
    field: get("field"),
    accent: get("accent"),
    negative: get("negative"),
    positive: get("positive"),
    ends,
    classes: classColours(root.dataset.theme === "dark"),
    soften: table(ends, 0.62, app.state.discretize),
    full: table(ends, 0.9, app.state.discretize),
  };
  themeKey = key;
  return theme;
}

/** A heat map drawn once into a small canvas of its own, to be scaled up from there. */
export class HeatMap {
  private readonly canvas = document.createElement("canvas");
  private readonly g = this.canvas.getContext("2d");
  private image: ImageData | null = null;

  fill(values: Int8Array, start: number, side: number, entries: Uint32Array, height = side): HTMLCanvasElement {
    if (this.canvas.width !== side || this.canvas.height !== height || !this.image) {
      this.canvas.width = side;
      this.canvas.height = height;
      this.image = new ImageData(side, height);
    }
    const pixels = new Uint32Array(this.image.data.buffer);
    for (let i = 0; i < side * height; i++) pixels[i] = entries[values[start + i]! + 128]!;
    this.g?.putImageData(this.image, 0, 0);
    return this.canvas;
  }

  fillPixels(make: (pixels: Uint32Array) => void, side: number, height = side): HTMLCanvasElement {
    if (this.canvas.width !== side || this.canvas.height !== height || !this.image) {
      this.canvas.width = side;
      this.canvas.height = height;
      this.image = new ImageData(side, height);
    }
    make(new Uint32Array(this.image.data.buffer));
    this.g?.putImageData(this.image, 0, 0);
    return this.canvas;
  }
}

/** A drawing that belongs to rounded corners. */
export function rounded(g: CanvasRenderingContext2D, x: number, y: number, w: number, h: number, r: number): void {
  g.beginPath();
  g.roundRect(x, y, w, h, r);
}
