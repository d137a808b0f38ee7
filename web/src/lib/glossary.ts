// Every word and sign of the page, once: tooltips and the help sheet read it.

export const GLOSSARY: readonly [string, string][] = [
  ["accuracy", "The share of points whose class is said right."],
  ["activation", "What a neuron does to its sum. Without one, any number of layers is one straight line."],
  ["amber, dashed", "A negative number: of a weight, an output, or a class, whose points are square."],
  ["batch", "The points that are looked at together before the weights are changed."],
  ["bias", "What is added to a neuron's sum: it moves the line on which the neuron changes its mind."],
  ["blue, solid", "A positive number; such points are round. More classes are triangles and diamonds too."],
  ["cross-entropy", "The loss for classes: minus the logarithm of the probability given to the right one."],
  ["dead", "Of a ReLU: 0 at every place. No gradient comes through it, so it stays so."],
  ["dropout", "Leaves out a random share of the hidden neurons at each step, so that none is relied on alone."],
  ["epoch", "Every training point has been seen once."],
  [
    "fold",
    "The line on which a neuron's sum is 0: there it changes its mind, and a ReLU begins to speak: it says 0 where hatched.",
  ],
  ["frozen", "Not changed by training; a bar lies across its link."],
  ["gradient", "How fast the loss grows with a number. Training goes the other way."],
  ["heat map", "What a neuron says at every place of the plane."],
  ["h₁,₂", "The second neuron of hidden layer 1; x₁ and x₂ are a point's place, b is a bias."],
  ["L1, L2", "A price on large weights: L1 on their size, which makes many of them 0, L2 on their square."],
  ["learning rate", "How far a step goes along the gradient. Too large, and the loss jumps."],
  ["left out", "It counts as 0; a stroke lies through it."],
  ["local derivative", "How a box of the graph answers to one of its operands, all others held."],
  ["loss", "How wrong the network is. Training makes it small."],
  ["mean squared error", "The loss for heights: the mean of the squared differences."],
  ["momentum", "The share of the last step that goes on; that step is the velocity."],
  ["noise", "How far points stray from their rule."],
  ["optimiser", "The rule that turns gradients into steps."],
  [
    "principal components",
    "The directions along which points vary most: the best view that two directions can give of many numbers.",
  ],
  ["R²", "The share of the heights' spread that is explained: 1 is perfect, 0 no better than the mean."],
  ["saturated", "At the flat end of a sigmoid or tanh: the same nearly everywhere, with hardly a slope."],
  ["seed", "The number that random numbers start from: the same seed, the same start."],
  ["softmax", "Turns scores into probabilities that add up to 1."],
  ["tape", "The losses so far, at the foot; thin marks are changes on the way."],
  [
    "temperature",
    "What scores are divided by before the softmax: below 1 the largest wins more clearly, above 1 all become alike.",
  ],
  [
    "test points",
    "Points that are never trained on, drawn hollow: they show what has been learnt rather than memorised.",
  ],
  ["weight", "What an input is multiplied by. The thicker a link, the larger."],
];

const BY_WORD = new Map(GLOSSARY);

export function meaning(word: string): string {
  return BY_WORD.get(word) ?? "";
}
