// The line w₁x₁ + w₂x₂ + b = 0 of a network without a hidden layer, moved by hand.

export type Numbers = [number, number, number]; // w1, w2, b
export type Place = [number, number];

const LEAST = 1e-9; // shorter weights point nowhere

/** The unit vector across the line, towards its positive side. */
export function normalOf([w1, w2]: Numbers): Place | null {
  const length = Math.hypot(w1, w2);
  return length > LEAST ? [w1 / length, w2 / length] : null;
}

/** The place on the line that is nearest to `middle`, and from there `far` along it. */
export function along(line: Numbers, middle: Place, far: number): Place {
  const [w1, w2, b] = line;
  const normal = normalOf(line) ?? [1, 0];
  const distance = (w1 * middle[0] + w2 * middle[1] + b) / (Math.hypot(w1, w2) || 1);
  const foot: Place = [middle[0] - distance * normal[0], middle[1] - distance * normal[1]];
  return [foot[0] - far * normal[1], foot[1] + far * normal[0]];
}

/** The line through a place in the same direction: only the bias is another one. */
export function shifted([w1, w2]: Numbers, [x, y]: Place): Numbers {
  return [w1, w2, -(w1 * x + w2 * y)];
}

/** The line turned about `pivot`, which lies on it, so that it goes through another place. */
export function turnedTo(line: Numbers, pivot: Place, [x, y]: Place): Numbers {
  const [dx, dy] = [x - pivot[0], y - pivot[1]];
  const [far, length] = [Math.hypot(dx, dy), Math.hypot(line[0], line[1])];
  if (far < LEAST) return line;
  return shifted([(length * dy) / far, (-length * dx) / far, 0], pivot);
}

/** Where the line enters and leaves a rectangle (left, right, bottom, top): two places, or none. */
export function crossing(line: Numbers, [left, right, bottom, top]: [number, number, number, number]): Place[] {
  const [w1, w2, b] = line;
  const found: Place[] = [];
  for (const x of [left, right]) found.push([x, -(w1 * x + b) / w2]);
  for (const y of [bottom, top]) found.push([-(w2 * y + b) / w1, y]);
  const inside = found.filter(([x, y]) => x >= left && x <= right && y >= bottom && y <= top);
  const far = ([x, y]: Place) => Math.hypot(x - inside[0]![0], y - inside[0]![1]);
  const other = inside.slice(1).sort((a, c) => far(c) - far(a))[0];
  return other && far(other) > LEAST ? [inside[0]!, other] : [];
}
