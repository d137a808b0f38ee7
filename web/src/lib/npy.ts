// NumPy's own files, as `np.save("points.npy", array)` writes them: a header in words, then the numbers
// (NumPy Enhancement Proposal 1, 2007). Read here, so that such a file becomes a table that one sees before it is learnt.

type Kind = new (bytes: ArrayBuffer, at: number, length: number) => ArrayLike<number | bigint>;

const KINDS: Record<string, Kind> = {
  "<f8": Float64Array,
  "<f4": Float32Array,
  "<i8": BigInt64Array,
  "<i4": Int32Array,
  "|u1": Uint8Array,
  "|b1": Uint8Array,
};

const text = (bytes: ArrayBuffer, from: number, to: number) => new TextDecoder().decode(bytes.slice(from, to));

export function isNpy(bytes: ArrayBuffer): boolean {
  return text(bytes, 1, 6) === "NUMPY";
}

/** The array of such a file as a table, row by row; throws an `Error` whose sentence says what is wrong with it. */
export function tableOf(bytes: ArrayBuffer): string {
  let head = "";
  try {
    const start = 10 + new Uint16Array(bytes.slice(8, 10))[0]!;
    head = text(bytes, 10, start);
    const [, rows, columns] = /'shape': \((\d+), ?(\d*)\)/.exec(head)!;
    const [high, wide] = [Number(rows), Number(columns || 1)];
    const numbers = new KINDS[kindOf(head)]!(bytes.slice(start), 0, high * wide); // a RangeError where too few are there
    const [down, right] = head.includes("order': True") ? [1, high] : [wide, 1];
    const line = (i: number) => Array.from({ length: wide }, (_, j) => numbers[i * down + j * right]).join(",");
    return Array.from({ length: high }, (_, i) => line(i)).join("\n");
  } catch {
    throw new Error(
      `got a NumPy file of ${kindOf(head)}; expected a whole table of numbers. Try np.save(name, array.astype(float)).`,
    );
  }
}

const kindOf = (head: string) => /'descr': '(.+?)'/.exec(head)?.[1] ?? "no known kind";
