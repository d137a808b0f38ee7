// The theme of the page, and pictures drawn pixel by pixel: the browser scales them, so that they need no watching.

import { pack, rgb, table, type Rgb } from "../lib/palette";

const SYSTEM = typeof matchMedia === "function" ? matchMedia("(prefers-color-scheme: dark)") : null;
export const paper = $state({ dark: SYSTEM?.matches ?? false });

export function follow(): void {
  SYSTEM?.addEventListener("change", (e) => turn(e.matches));
  addEventListener("beforeprint", prepare);
  turn(paper.dark);
}

/** On paper everything is open, and the paper is white; after it all is as it was. */
function prepare(): void {
  const { dark } = paper;
  const closed = [...document.querySelectorAll<HTMLDetailsElement>("details:not([open])")];
  for (const details of closed) details.open = true;
  turn(false);
  const back = (): void => {
    for (const details of closed) details.open = false;
    turn(dark);
  };
  addEventListener("afterprint", back, { once: true });
}

export function turn(dark: boolean): void {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  paper.dark = dark;
}

function colour(name: string): Rgb {
  return rgb(long(getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()));
}

/** #fff as #ffffff: whoever shrinks a stylesheet shortens its colours too. */
export function long(hex: string): string {
  return hex.length === 4 ? hex.replace(/[0-9a-f]/gi, "$&$&") : hex;
}

/** The pixels of signed bytes: amber, nothing, blue; grey where there is no number. */
export function signed(): Uint32Array {
  void paper.dark;
  return table({ negative: colour("negative"), middle: colour("middle"), positive: colour("positive") }, 0.95, false);
}

/** The pixels of grey bytes: ink on paper. */
export function inked(): Uint32Array {
  void paper.dark;
  const [ground, ink] = [colour("field"), colour("ink")];
  return Uint32Array.from({ length: 256 }, (_, i) => pack(ground.map((g, c) => g + ((ink[c]! - g) * i) / 255) as Rgb));
}

export function panel(): Rgb {
  void paper.dark;
  return colour("panel");
}

/** A Svelte action: puts the pixels on a canvas of just their size. */
export function pixels(canvas: HTMLCanvasElement, picture: Picture) {
  const show = ({ width, height, fill }: Picture): void => {
    canvas.width = width;
    canvas.height = height;
    const image = new ImageData(width, height);
    fill(new Uint32Array(image.data.buffer));
    canvas.getContext("2d")?.putImageData(image, 0, 0);
  };
  show(picture);
  return { update: show };
}

/** A Svelte action: what is wider than its place can be reached by Tab, so that the arrow keys move it. */
export function reachable(place: HTMLElement) {
  const observer = new ResizeObserver(() => {
    if (place.scrollWidth > place.clientWidth) place.tabIndex = 0;
    else place.removeAttribute("tabindex");
  });
  observer.observe(place);
  return { destroy: () => observer.disconnect() };
}

export interface Picture {
  width: number;
  height: number;
  fill: (pixels: Uint32Array) => void;
}

const LIGHT = ["#1d2126", "#b45f06", "#1f66ad", "#008060", "#9b468c", "#787800", "#5a5ac8", "#be3c3c"];
const DARK = ["#e9eaec", "#f0a04b", "#6cb0f2", "#4cc9a0", "#dd8fcd", "#c9c94f", "#a5a5ff", "#ff8f7e"];

/** Colours of lines that stay apart, for colour-blind eyes too; the dashes help where there are many. */
export function lineColour(i: number): string {
  return (paper.dark ? DARK : LIGHT)[i % LIGHT.length]!;
}

/** Colours of classes: those of the lines, without the ink. */
export function classColour(i: number): string {
  return (paper.dark ? DARK : LIGHT)[1 + (i % (LIGHT.length - 1))]!;
}

export function dashes(i: number): string | undefined {
  return [undefined, "5 3", "1.5 3", "8 3 1.5 3"][Math.floor(i / LIGHT.length) % 4];
}
