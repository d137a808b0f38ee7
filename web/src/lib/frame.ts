// Reading the server's binary frames without copying: a header, then the arrays that the latest layout lists.

import type { Block, Layout } from "../messages";
import { CURVE, CURVE_ANEW, HEADER, HEADER_BYTES, NOT_A_NUMBER, RUNNING } from "../messages";

export type Numbers = Int8Array | Uint8Array | Uint32Array | Float32Array | Float64Array;

export interface Frame {
  layout: number;
  sequence: number;
  running: boolean;
  broken: boolean; // the loss is not a number
  anew: boolean; // the curve begins anew
  epoch: number;
  step: number;
  trainLoss: number;
  testLoss: number;
  trainScore: number;
  testScore: number;
  learningRate: number;
  epochsPerSecond: number;
  penalty: number;
  arrays: Map<string, Numbers>;
  curve: Float64Array; // rows of CURVE
}

const WIDTH = { i8: 1, u8: 1, u32: 4, f32: 4, f64: 8 } as const;

export function magicOf(view: DataView): number {
  return view.byteLength >= 4 ? view.getUint32(0, true) : 0;
}

function count(block: Block): number {
  return block.shape.reduce((product, n) => product * n, 1);
}

function arrayOf(view: DataView, block: Block): Numbers {
  const at = view.byteOffset + block.offset;
  const n = count(block);
  if (block.offset + n * WIDTH[block.dtype] > view.byteLength)
    throw new RangeError(`the frame ends inside ${block.name}`);
  switch (block.dtype) {
    case "i8":
      return new Int8Array(view.buffer, at, n);
    case "u8":
      return new Uint8Array(view.buffer, at, n);
    case "u32":
      return new Uint32Array(view.buffer, at, n);
    case "f32":
      return new Float32Array(view.buffer, at, n);
    case "f64":
      return new Float64Array(view.buffer, at, n);
  }
}

/** A frame, or null for one that belongs to another layout than the one at hand. */
export function readFrame(view: DataView, layout: Layout): Frame | null {
  if (view.byteLength < HEADER_BYTES) throw new RangeError("the frame is shorter than its header");
  const u32 = (name: "layout" | "sequence" | "flags" | "curve") => view.getUint32(HEADER[name].offset, true);
  const f64 = (at: number) => view.getFloat64(at, true);
  if (u32("layout") !== layout.layout) return null;
  const flags = u32("flags");
  const rows = u32("curve");
  if (layout.size + rows * CURVE.length * 8 > view.byteLength) throw new RangeError("the frame ends inside its curve");
  return {
    layout: layout.layout,
    sequence: u32("sequence"),
    running: (flags & RUNNING) !== 0,
    broken: (flags & NOT_A_NUMBER) !== 0,
    anew: (flags & CURVE_ANEW) !== 0,
    epoch: f64(HEADER.epoch.offset),
    step: f64(HEADER.step.offset),
    trainLoss: f64(HEADER.train_loss.offset),
    testLoss: f64(HEADER.test_loss.offset),
    trainScore: f64(HEADER.train_score.offset),
    testScore: f64(HEADER.test_score.offset),
    learningRate: f64(HEADER.learning_rate.offset),
    epochsPerSecond: f64(HEADER.epochs_per_second.offset),
    penalty: f64(HEADER.penalty.offset),
    arrays: new Map(layout.blocks.map((block) => [block.name, arrayOf(view, block)])),
    curve: new Float64Array(view.buffer, view.byteOffset + layout.size, rows * CURVE.length),
  };
}

export interface Points {
  rows: Float32Array; // x1, x2, target of each point, training first
  train: number;
  test: number;
}

export function readPoints(view: DataView): Points {
  const train = view.getUint32(4, true);
  const test = view.getUint32(8, true);
  if (16 + (train + test) * 12 > view.byteLength) throw new RangeError("the points end early");
  return { rows: new Float32Array(view.buffer, view.byteOffset + 16, (train + test) * 3), train, test };
}

export interface Filters {
  units: number;
  width: number;
  height: number;
  epoch: number;
  scales: Float32Array;
  pixels: Int8Array;
}

export function readFilters(view: DataView): Filters {
  const [units, width, height] = [4, 8, 12].map((at) => view.getUint32(at, true)) as [number, number, number];
  const pixels = 24 + Math.ceil(units / 2) * 8;
  if (pixels + units * width * height > view.byteLength) throw new RangeError("the filters end early");
  return {
    units,
    width,
    height,
    epoch: view.getFloat64(16, true),
    scales: new Float32Array(view.buffer, view.byteOffset + 24, units),
    pixels: new Int8Array(view.buffer, view.byteOffset + pixels, units * width * height),
  };
}
