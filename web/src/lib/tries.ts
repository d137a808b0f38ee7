// Starting points worth trying: a short workshop, and settings that teach by failing.

import type { State } from "../messages";
import { DEFAULTS } from "./link";

export interface Try {
  title: string;
  says: string; // what to look at
  state: Partial<State>;
}

const moons: Partial<State> = { dataset: "moons", noise: 0.1, learning_rate: 0.1, activation: "relu" };

export const WORKSHOP: readonly Try[] = [
  {
    title: "A line for the moons",
    says: "No hidden layer: the network is one line. How many points does it get wrong at best?",
    state: { ...moons, hidden: [] },
  },
  {
    title: "Three neurons",
    says: "Each ReLU neuron bends the border once. Are three bends enough?",
    state: { ...moons, hidden: [3] },
  },
  {
    title: "Ten neurons",
    says: "More than enough: compare the training loss with the test loss.",
    state: { ...moons, hidden: [10] },
  },
  {
    title: "Spirals",
    says: "Two hidden layers and Adam. Watch which neurons become borders and which become regions.",
    state: { dataset: "spiral", hidden: [8, 8], activation: "tanh", optimizer: "adam", learning_rate: 0.01 },
  },
  {
    title: "Spirals by better inputs",
    says: "With sin x₁ and sin x₂ as inputs a small network is enough. What did the inputs take over?",
    state: {
      dataset: "spiral",
      features: ["x1", "x2", "sin(x1)", "sin(x2)"],
      hidden: [6],
      activation: "tanh",
      optimizer: "adam",
      learning_rate: 0.03,
    },
  },
  {
    title: "A curve",
    says: "A network of one input draws a curve through its points.",
    state: { dataset: "chirp", hidden: [12, 8], optimizer: "adam", learning_rate: 0.01 },
  },
  {
    title: "Digits",
    says: "The same engine learns MNIST in seconds. Draw a digit and ask why.",
    state: { room: "digits" },
  },
];

export const BREAK: readonly Try[] = [
  {
    title: "Symmetry",
    says: "All weights start at zero: every neuron of a layer stays the same as its neighbours.",
    state: { dataset: "xor", hidden: [4], init: "zeros", learning_rate: 0.1 },
  },
  {
    title: "A huge rate",
    says: "Steps so large that they jump over the valley. The page says where the numbers broke.",
    state: { dataset: "gauss_regression", hidden: [8], activation: "relu", learning_rate: 10 },
  },
  {
    title: "Dead ReLU",
    says: "Biases far below zero: no point reaches the neurons, no gradient comes back, nothing changes.",
    state: { dataset: "circle", hidden: [6], activation: "relu", init_bias: -10 },
  },
  {
    title: "Saturation",
    says: "Biases of 10 push every sigmoid to its flat end, where its slope is nearly 0.",
    state: { dataset: "circle", hidden: [6, 4], activation: "sigmoid", init_bias: 10 },
  },
  {
    title: "Learning by heart",
    says: "Few points, much noise, many neurons: the test loss turns upwards while the training loss falls.",
    state: {
      dataset: "moons",
      points: 60,
      noise: 0.4,
      hidden: [16, 16],
      optimizer: "adam",
      learning_rate: 0.01,
      show_test: true,
    },
  },
];

/** The whole state of a try: what it does not name is as at the start; how the page looks stays. */
export function whole(chosen: Try, now: State): Partial<State> {
  if (chosen.state.room) return chosen.state;
  const kept: (keyof State)[] = ["theme", "palette", "discretize", "log_loss", "hide", "speed", "resolution", "room"];
  const digits = (Object.keys(DEFAULTS) as (keyof State)[]).filter((name) => name.startsWith("digits_"));
  const same = Object.fromEntries([...kept, ...digits].map((name) => [name, now[name]]));
  return { ...DEFAULTS, ...same, ...chosen.state };
}
