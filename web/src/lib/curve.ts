// The picture of a curve: how high it reaches.

/** The least and the greatest height of points (rows of x, height, target), with room beneath and above. */
export function heightsOf(rows: ArrayLike<number>): [number, number] {
  let [least, most] = [-1, 1];
  for (let i = 1; i < rows.length; i += 3) {
    if (rows[i]! < least) least = rows[i]!;
    if (rows[i]! > most) most = rows[i]!;
  }
  const room = 0.2 * (most - least);
  return [least - room, most + room];
}
