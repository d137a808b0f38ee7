// Softmax with a temperature, as one turns its knob.

/** Probabilities of scores: below 1 the temperature sharpens them, above 1 it evens them out. */
export function softmax(scores: ArrayLike<number>, temperature = 1): number[] {
  const all = Array.from(scores, (score) => score / temperature);
  const most = Math.max(...all); // taken away first, so that no exponential is too large
  const powers = all.map((score) => Math.exp(score - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
