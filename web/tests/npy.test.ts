import { describe, expect, test } from "vitest";

import { isNpy, tableOf } from "../src/lib/npy";

/** A file as np.save writes it. */
function saved(descr: string, shape: string, numbers: ArrayBufferView, fortran = false): ArrayBuffer {
  const words = `{'descr': '${descr}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': (${shape}), }`;
  const before = 10;
  const head = `${words.padEnd(127 - before)}\n`;
  const bytes = new Uint8Array(before + head.length + numbers.byteLength);
  bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, head.length & 255, head.length >> 8]);
  bytes.set(new TextEncoder().encode(head), before);
  bytes.set(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength), before + head.length);
  return bytes.buffer;
}

const SIX = [1, -2.5, 0, 3, 4.25, 1];
const ROWS = "1,-2.5,0\n3,4.25,1";

describe("a NumPy file", () => {
  test("is known by its first bytes", () => {
    expect(isNpy(saved("<f8", "2, 3", new Float64Array(SIX)))).toBe(true);
    expect(isNpy(new TextEncoder().encode("x1,x2,class\n1,2,0").buffer)).toBe(false);
    expect(isNpy(new ArrayBuffer(0))).toBe(false);
  });

  test("of doubles or of floats becomes its rows", () => {
    expect(tableOf(saved("<f8", "2, 3", new Float64Array(SIX)))).toBe(ROWS);
    expect(tableOf(saved("<f4", "2, 3", new Float32Array(SIX)))).toBe(ROWS);
  });

  test("in column order is read by columns", () => {
    expect(tableOf(saved("<f8", "2, 3", new Float64Array([1, 3, -2.5, 4.25, 0, 1]), true))).toBe(ROWS);
  });

  test("of whole numbers or of truths is read", () => {
    expect(tableOf(saved("<i8", "3,", new BigInt64Array([7n, -8n, 9n])))).toBe("7\n-8\n9");
    expect(tableOf(saved("|u1", "1, 3", new Uint8Array([1, 2, 255])))).toBe("1,2,255");
    expect(tableOf(saved("|b1", "1, 2", new Uint8Array([0, 1])))).toBe("0,1");
  });

  test("that holds no numbers, or not all of them, is refused in words", () => {
    expect(() => tableOf(saved("|O", "2, 3", new Float64Array(SIX)))).toThrow(/got a NumPy file of \|O; .*astype/);
    expect(() => tableOf(saved("<c16", "1, 3", new Float64Array(SIX)))).toThrow(/of <c16/);
    expect(() => tableOf(saved("<f8", "2, 4", new Float64Array(SIX)))).toThrow(/a whole table/);
    expect(() => tableOf(saved("<f8", "99999999, 99999999", new Float64Array(SIX)))).toThrow(/a whole table/);
    const whole = new Uint8Array(saved("<f8", "2, 3", new Float64Array(SIX)));
    for (let n = 6; n < whole.length; n += 5)
      expect(() => tableOf(whole.slice(0, n).buffer)).toThrow(/got a NumPy file/);
  });
});
