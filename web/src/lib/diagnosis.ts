// What is visibly wrong with a network, said in a sentence: read from its weights and heat maps, so it is true now.

import type { Layout } from "../messages";
import type { Frame } from "./frame";
import { offsets } from "./places";

const FLAT = 0.98; // of its largest size everywhere: a neuron at the flat end of its activation
const ALIKE = 1e-9;

/** One sentence for each layer with a trouble; none for a healthy network. */
export function troubles(layout: Layout, frame: Frame): string[] {
  const found: string[] = [];
  for (let layer = 1; layer + 1 < layout.sizes.length; layer++) {
    const activation = layout.activations[layer - 1] ?? "";
    const drawn = layout.units.filter((unit) => unit.layer === layer && unit.grid !== null);
    const units = layout.sizes[layer]!;
    const count = (wrong: (grid: number) => boolean) => drawn.filter((unit) => wrong(unit.grid!)).length;
    const dead = activation === "relu" ? count((grid) => isDead(frame, grid)) : 0;
    const flat = /^(sigmoid|tanh|hardtanh)$/.test(activation) ? count((grid) => isFlat(layout, frame, grid)) : 0;
    const where = `${drawn.length < units ? `${drawn.length} that are drawn` : units} in layer ${layer}`;
    if (units > 1 && allAlike(layout, frame, layer))
      found.push(`Symmetry: the ${units} neurons of layer ${layer} are all alike, and will stay so.`);
    else if (dead) found.push(`Dead: ${dead} of ${where} ${dead === 1 ? "is" : "are"} 0 everywhere.`);
    else if (flat)
      found.push(`Saturated: ${flat} of ${where} ${flat === 1 ? "says" : "say"} nearly the same everywhere.`);
  }
  return found;
}

function isDead(frame: Frame, grid: number): boolean {
  return frame.arrays.get("scales")?.[grid] === 0;
}

/** Whether a neuron is at the end of its activation at every place that is drawn. */
function isFlat(layout: Layout, frame: Frame, grid: number): boolean {
  const [grids, scale] = [frame.arrays.get("grids"), frame.arrays.get("scales")?.[grid] ?? 0];
  if (!(grids instanceof Int8Array) || scale < 0.9) return false;
  const cells = layout.grid_resolution ** 2;
  const own = grids.subarray(grid * cells, (grid + 1) * cells);
  const sign = Math.sign(own[0]!);
  return own.every((q) => sign * q >= FLAT * 127);
}

/** Whether all neurons of a layer have the same weights and biases, in and out: then they learn the same for ever. */
function allAlike(layout: Layout, frame: Frame, layer: number): boolean {
  const weights = frame.arrays.get("weights");
  if (!weights) return false;
  const [units, before, after] = [layout.sizes[layer]!, layout.sizes[layer - 1]!, layout.sizes[layer + 1]!];
  const starts = offsets(layout.sizes);
  const [here, next] = [starts[layer]!, starts[layer + 1]!];
  const same = (a: number, b: number) => Math.abs(weights[a]! - weights[b]!) <= ALIKE;
  for (let unit = 1; unit < units; unit++) {
    if (!same(here.bias, here.bias + unit)) return false;
    for (let k = 0; k < before; k++) if (!same(here.weight + k, here.weight + unit * before + k)) return false;
    for (let k = 0; k < after; k++) if (!same(next.weight + k * units, next.weight + k * units + unit)) return false;
  }
  return true;
}
