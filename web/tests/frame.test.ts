import { describe, expect, it } from "vitest";

import { magicOf, readFilters, readFrame, readPoints } from "../src/lib/frame";
import { FILTERS, FRAME, HEADER, POINTS, type Layout } from "../src/messages";

const layout: Layout = {
  type: "layout",
  layout: 7,
  sizes: [2, 1],
  units: [],
  activations: ["sigmoid"],
  loss: "bce",
  memory: [],
  blocks: [
    { name: "weights", dtype: "f32", shape: [3], offset: 128 },
    { name: "grids", dtype: "i8", shape: [2, 2, 2], offset: 144 },
  ],
  size: 152,
  resolution: 2,
  grid_resolution: 2,
  domain: [-6, 6, -6, 6],
  outputs: ["1"],
  dimensions: 2,
};

function frame(rows = 1, number = 7, flags = 1): DataView {
  const view = new DataView(new ArrayBuffer(152 + rows * 40));
  view.setUint32(HEADER.magic.offset, FRAME, true);
  view.setUint32(HEADER.layout.offset, number, true);
  view.setUint32(HEADER.flags.offset, flags, true);
  view.setUint32(HEADER.curve.offset, rows, true);
  view.setFloat64(HEADER.epoch.offset, 2.5, true);
  view.setFloat64(HEADER.train_loss.offset, NaN, true);
  view.setFloat32(132, -0.75, true);
  view.setInt8(144, -128);
  view.setInt8(151, 127);
  for (let i = 0; i < rows * 5; i++) view.setFloat64(152 + i * 8, i / 4, true);
  return view;
}

describe("frames", () => {
  it("are read where the layout says", () => {
    const read = readFrame(frame(2), layout)!;
    expect(read.epoch).toBe(2.5);
    expect(read.trainLoss).toBeNaN();
    expect([read.running, read.broken, read.anew]).toEqual([true, false, false]);
    expect(Array.from(read.arrays.get("weights")!)).toEqual([0, -0.75, 0]);
    expect(Array.from(read.arrays.get("grids")!)).toEqual([-128, 0, 0, 0, 0, 0, 0, 127]);
    expect(Array.from(read.curve.slice(5))).toEqual([1.25, 1.5, 1.75, 2, 2.25]);
  });

  it("tell their flags apart", () => {
    const read = readFrame(frame(0, 7, 6), layout)!;
    expect([read.running, read.broken, read.anew]).toEqual([false, true, true]);
  });

  it("of another layout are left out", () => {
    expect(readFrame(frame(1, 8), layout)).toBeNull();
  });

  it("cut short at any byte are refused, never misread", () => {
    const whole = new Uint8Array(frame(3).buffer);
    for (let n = 0; n < whole.length; n++) {
      expect(() => readFrame(new DataView(whole.slice(0, n).buffer), layout)).toThrow(RangeError);
    }
  });

  it("with lies in the header are refused", () => {
    const view = frame(1);
    view.setUint32(HEADER.curve.offset, 0xffffffff, true);
    expect(() => readFrame(view, layout)).toThrow(RangeError);
  });

  it("of noise never do anything but be refused or left out", () => {
    let s = 5;
    for (let i = 0; i < 500; i++) {
      const bytes = Uint8Array.from({ length: i }, () => (s = (s * 1103515245 + 12345) >>> 0) >>> 16);
      const view = new DataView(bytes.buffer);
      expect(typeof magicOf(view)).toBe("number");
      for (const read of [() => readFrame(view, layout), () => readPoints(view), () => readFilters(view)]) {
        try {
          read();
        } catch (problem) {
          expect(problem).toBeInstanceOf(RangeError);
        }
      }
    }
  });
});

describe("points and filters", () => {
  it("come as rows, training first", () => {
    const view = new DataView(new ArrayBuffer(16 + 36));
    view.setUint32(0, POINTS, true);
    view.setUint32(4, 2, true);
    view.setUint32(8, 1, true);
    view.setFloat32(16 + 24, 1.5, true);
    const points = readPoints(view);
    expect([points.train, points.test, points.rows.length, points.rows[6]]).toEqual([2, 1, 9, 1.5]);
  });

  it("pad the scales to eight bytes", () => {
    const view = new DataView(new ArrayBuffer(24 + 16 + 3 * 4));
    [FILTERS, 3, 2, 2].forEach((n, i) => view.setUint32(4 * i, n, true));
    view.setFloat32(32, 0.5, true);
    view.setInt8(40 + 11, -3);
    const filters = readFilters(view);
    expect([filters.scales[2], filters.pixels[11], filters.pixels.length]).toEqual([0.5, -3, 12]);
  });
});
