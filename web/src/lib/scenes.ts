// The scenes of the page: settings worth a look, each with a question to guess first, things to do, and the answer.
// What a class does in its first meeting is the chapter "A workshop". The success rates said here were measured over
// 100 seeds; a scene's own seed is one that succeeds.

import type { State } from "../messages";
import { DEFAULTS } from "./link";

/** What the page shows while a task is looked at. */
export interface Seen {
  state: State;
  epoch: number;
  train: number; // shares of points that are right, or R²
  test: number;
  edited: boolean;
  chosen: boolean; // a neuron or a link
  pointed: boolean; // a neuron is pointed at, and shows where it folds
  digits: { test: number; drawn: boolean; why: boolean };
}

export interface Task {
  says: string;
  done: (now: Seen) => boolean;
}

export interface Scene {
  id: string;
  title: string;
  ask: string; // to be guessed before one presses play
  guesses?: readonly string[];
  answer: string; // what to look at, and why it is so
  state: Partial<State>;
  table?: string; // points of its own
  dial?: "width" | "depth"; // a slider for the number of neurons in the first layer, or of layers
  tasks: readonly Task[];
}

export interface Chapter {
  title: string;
  scenes: readonly Scene[];
}

const trained = (epochs: number): Task => ({
  says: `Train for ${epochs} epochs`,
  done: (now) => now.epoch >= epochs,
});
const right = (share: number): Task => ({
  says: `Reach ${Math.round(100 * share)} % on the test points`,
  done: (now) => now.epoch > 0 && now.test >= share,
});
const explained = (share: number): Task => ({
  says: `Explain ${Math.round(100 * share)} % of the spread (R² of ${share})`,
  done: (now) => now.epoch > 0 && now.test >= share,
});
const asked: Task = { says: "Choose a neuron and read why it says what it says", done: (now) => now.chosen };

const CIRCLE: Chapter = {
  title: "First steps",
  scenes: [
    {
      id: "circle",
      title: "The circle",
      ask: "Four neurons are to find the blue points in the middle. What will their border look like?",
      guesses: ["a straight line", "a circle", "a shape with a few corners"],
      answer: "Each neuron gives one soft edge; a few of them close up to something round.",
      state: { dataset: "circle", hidden: [4, 2] },
      tasks: [
        right(0.95),
        {
          says: "A learning rate of 0.3 or more: does it get there sooner?",
          done: (now) => now.epoch > 0 && now.state.learning_rate >= 0.3,
        },
        {
          says: "No hidden layer: what is left of the border?",
          done: (now) => now.epoch > 0 && !now.state.hidden.length,
        },
        {
          says: "Another activation than tanh, with one hidden layer or more",
          done: (now) => now.epoch > 0 && now.state.hidden.length > 0 && now.state.activation !== "tanh",
        },
        asked,
      ],
    },
  ],
};

const moons: Partial<State> = { dataset: "moons", noise: 0.1, learning_rate: 0.1, activation: "relu", seed: 1 };

const WORKSHOP: Chapter = {
  title: "A workshop",
  scenes: [
    {
      id: "moons-line",
      title: "A line for the moons",
      ask: "No hidden layer: the network is one line. How many points does it get wrong at best?",
      guesses: ["none", "about one in eight", "half of them"],
      answer: "About one in eight, however long it trains: what only weighs and adds cannot bend.",
      state: { ...moons, hidden: [] },
      tasks: [
        trained(100),
        { says: "Add a hidden layer (+), and train", done: (now) => now.state.hidden.length > 0 && now.epoch >= 20 },
      ],
    },
    {
      id: "moons-three",
      title: "Three ReLU neurons on the moons",
      ask: "Each ReLU neuron bends the border once. Are three bends enough?",
      guesses: ["always", "from some starts", "never"],
      answer:
        "From some starts: of 100 seeds 46 reach 95 % by epoch 100, 53 by epoch 300. The others have a neuron that is 0 everywhere, or folds that point one way.",
      state: { ...moons, hidden: [3] },
      tasks: [
        right(0.95),
        { says: "Point at each neuron: where does it fold?", done: (now) => now.pointed },
        { says: "Another start (R): does it get there too?", done: (now) => now.state.seed !== 1 && now.epoch >= 100 },
      ],
    },
    {
      id: "moons-ten",
      title: "Ten neurons",
      ask: "Ten neurons are more than enough. Which loss will be smaller?",
      guesses: ["of the training points", "of the test points", "both alike"],
      answer:
        "Mostly that of the training points, a little: they were seen. The gap grows with noise and with neurons.",
      state: { ...moons, hidden: [10] },
      tasks: [
        right(0.97),
        { says: "Raise the noise to 30 % or more, and compare both losses", done: (now) => now.state.noise >= 0.3 },
      ],
    },
    {
      id: "spirals",
      title: "Spirals",
      ask: "Two hidden layers of eight. Which neurons become borders, and which become regions?",
      answer: "The first layer draws lines, the second one puts them together to regions: look at the small pictures.",
      state: {
        dataset: "spiral",
        train_share: 0.8,
        hidden: [8, 8],
        activation: "tanh",
        optimizer: "adam",
        learning_rate: 0.01,
      },
      tasks: [right(0.9), { says: "Choose a neuron of each layer and pin it", done: (now) => now.chosen }],
    },
    {
      id: "spirals-inputs",
      title: "Spirals by better inputs",
      ask: "With sin x₁ and sin x₂ as inputs too: how many hidden neurons are enough?",
      guesses: ["six", "twelve", "as many as before"],
      answer: "Six of one layer: the inputs took over a part of the work. A good feature replaces a layer.",
      state: {
        dataset: "spiral",
        features: ["x1", "x2", "sin(x1)", "sin(x2)"],
        hidden: [6],
        activation: "tanh",
        optimizer: "adam",
        learning_rate: 0.03,
      },
      tasks: [right(0.9)],
    },
    {
      id: "digits",
      title: "Digits",
      ask: "The same engine learns 60,000 digits. How many of 10,000 new ones will it read?",
      guesses: ["about 80 %", "about 90 %", "more than 97 %"],
      answer: "More than 97 % after three rounds, within seconds. Look at what it still gets wrong: would you know?",
      state: { room: "digits" },
      tasks: [
        { says: "Train, and reach 97 %", done: (now) => now.digits.test >= 0.97 },
        { says: "Draw a digit of your own", done: (now) => now.digits.drawn },
        { says: "Ask why for another digit than the one it says", done: (now) => now.digits.why },
      ],
    },
  ],
};

const CORNERS = "x1,x2,xor\n-3,-3,0\n-3,3,1\n3,-3,1\n3,3,0";

const LINES: Chapter = {
  title: "What a line can do, and what it cannot",
  scenes: [
    {
      id: "line",
      title: "Move a line by hand",
      ask: "One neuron is one line. Which of its numbers turns the line, and which only shifts it?",
      guesses: ["weights turn, the bias shifts", "the bias turns, weights shift"],
      answer: "The weights point across the line, so they turn it; the bias moves it along that direction.",
      state: { dataset: "gauss", hidden: [], activation: "relu", init_bias: 4 },
      tasks: [
        { says: "Drag the round grip: only the bias changes", done: (now) => now.edited },
        { says: "Get every training point right by hand", done: (now) => now.edited && now.train === 1 },
      ],
    },
    {
      id: "xor-line",
      title: "XOR and a line",
      ask: "Four points, opposite corners alike. How many can one line have on their right sides?",
      guesses: ["two", "three", "four"],
      answer:
        "Three. A line that has one pair of opposite corners on one side has a corner of the other pair there too.",
      state: { hidden: [], train_share: 0.9, batch_size: 4 },
      table: CORNERS,
      tasks: [
        { says: "Drag the line until three points are right", done: (now) => now.edited && now.train === 0.75 },
        trained(50),
      ],
    },
    {
      id: "xor-folds",
      title: "XOR folded",
      ask: "Two neurons move the four points to another place. Will one line separate them there?",
      guesses: ["yes", "no"],
      answer:
        "Yes: the hidden layer does not classify, it moves the points until one cut is enough. Look at the tab Space.",
      state: {
        hidden: [2],
        activation: "tanh",
        train_share: 0.9,
        batch_size: 4,
        learning_rate: 0.3,
        seed: 1,
      },
      table: CORNERS,
      tasks: [{ says: "Have all four points right", done: (now) => now.epoch > 0 && now.train === 1 }],
    },
  ],
};

const WIDTH: Chapter = {
  title: "Wider, deeper",
  scenes: [
    {
      id: "folds",
      title: "A curve from folds",
      ask: "Each ReLU neuron adds one corner. How many neurons will learn two periods of a sine?",
      guesses: ["four", "eight", "sixteen or more"],
      answer:
        "Four corners could do, but training hardly finds them: with sixteen or more it does. The ticks below the curve are where the neurons fold.",
      state: {
        dataset: "sine",
        hidden: [1],
        activation: "relu",
        optimizer: "adam",
        learning_rate: 0.01,
        features: ["x1"],
        seed: 1,
      },
      dial: "width",
      tasks: [
        trained(50),
        { says: "Turn the slider to eight neurons or more", done: (now) => (now.state.hidden[0] ?? 0) >= 8 },
        explained(0.8),
      ],
    },
    {
      id: "depth-0",
      title: "No hidden layer",
      ask: "Two clouds. Is a line enough?",
      guesses: ["yes", "no"],
      answer: "Yes. Not every task needs depth: first try what is simple.",
      state: { dataset: "gauss", hidden: [] },
      tasks: [right(0.97)],
    },
    {
      id: "depth-1",
      title: "One hidden layer",
      ask: "The circle: how many lines must be put together?",
      guesses: ["one", "three or four", "more than ten"],
      answer: "Three close a triangle around the middle. One layer bends a border; Scores says how long it has become.",
      state: { dataset: "circle", hidden: [4], activation: "relu", learning_rate: 0.1, seed: 1 },
      tasks: [right(0.9)],
    },
    {
      id: "depth-2",
      title: "Two hidden layers",
      ask: "A checkerboard has sixteen fields. Can two layers of eight tell them apart?",
      guesses: ["yes, nearly all", "only a few"],
      answer: "Nearly all: the second layer combines the folds of the first, so pieces multiply.",
      state: {
        dataset: "checkerboard",
        train_share: 0.8,
        hidden: [8, 8],
        activation: "relu",
        optimizer: "adam",
        learning_rate: 0.01,
      },
      dial: "depth",
      tasks: [right(0.85), { says: "Turn the slider to one layer", done: (now) => now.state.hidden.length === 1 }],
    },
    {
      id: "depth-5",
      title: "Five hidden layers",
      ask: "Spirals by five layers of eight. How many points will one layer of eight get right?",
      guesses: ["as many", "about 80 %", "about 60 %"],
      answer:
        "About 60 %, where five layers reach 95 %: pieces multiply with depth. The rate must be small for so deep a net.",
      state: {
        dataset: "spiral",
        hidden: [8, 8, 8, 8, 8],
        activation: "relu",
        optimizer: "adam",
        learning_rate: 0.003,
        init: "kaiming_uniform",
      },
      dial: "depth",
      tasks: [
        right(0.9),
        { says: "Turn the slider to one layer, and train", done: (now) => now.state.hidden.length === 1 },
      ],
    },
  ],
};

const BREAK: Chapter = {
  title: "Break it",
  scenes: [
    {
      id: "symmetry",
      title: "Symmetry",
      ask: "All weights start at zero. Will the four neurons become different ones?",
      guesses: ["yes", "no"],
      answer: "No: all of a layer get the same gradient for ever. Chance at the start is what makes them differ.",
      state: { dataset: "xor", hidden: [4], init: "zeros", learning_rate: 0.1 },
      tasks: [
        trained(30),
        { says: "Mend it: another start", done: (now) => now.state.init !== "zeros" && now.epoch > 0 },
      ],
    },
    {
      id: "huge-rate",
      title: "A huge rate",
      ask: "Steps a hundred times too large: what becomes of the loss?",
      guesses: ["it falls faster", "it jumps about or is no number"],
      answer: "It jumps over the valley, further each time. The page says where the numbers broke, and what mends it.",
      state: { dataset: "gauss_regression", hidden: [8], activation: "relu", learning_rate: 10 },
      tasks: [
        {
          says: "Mend it: a smaller rate, until it explains something (R² above 0.1)",
          done: (now) => now.state.learning_rate < 10 && now.epoch > 0 && now.test > 0.1,
        },
      ],
    },
    {
      id: "dead-relu",
      title: "Dead ReLU",
      ask: "Biases far below zero: what comes back to the weights?",
      guesses: ["a small gradient", "no gradient at all"],
      answer: "None: no point reaches the neurons, so nothing changes. They are 0 everywhere, and stay so.",
      state: { dataset: "circle", hidden: [6], activation: "relu", init_bias: -10 },
      tasks: [trained(30), { says: "Mend it, and reach 90 %", done: (now) => now.epoch > 0 && now.test >= 0.9 }],
    },
    {
      id: "saturation",
      title: "Saturation",
      ask: "Biases of 10 push every sigmoid to its flat end. How fast does it learn there?",
      guesses: ["as fast as elsewhere", "hardly at all"],
      answer: "Hardly: the slope of a sigmoid at 10 is 0.00005, and every gradient is multiplied by it.",
      state: { dataset: "circle", hidden: [6, 4], activation: "sigmoid", init_bias: 10 },
      tasks: [trained(30), { says: "Mend it, and reach 90 %", done: (now) => now.epoch > 0 && now.test >= 0.9 }],
    },
    {
      id: "by-heart",
      title: "Learning by heart",
      ask: "Few points, much noise, many neurons: what will the test loss do?",
      guesses: ["fall with the training loss", "turn upwards"],
      answer: "It turns upwards while the training loss falls: the network learns the noise.",
      state: {
        dataset: "moons",
        points: 60,
        noise: 0.4,
        hidden: [16, 16],
        optimizer: "adam",
        learning_rate: 0.01,
        show_test: true,
      },
      tasks: [
        trained(100),
        { says: "Help against it: L2, dropout, or more points", done: ({ state }) => helped(state) },
      ],
    },
  ],
};

function helped({ l2, dropout, points }: State): boolean {
  return l2 > 0 || dropout > 0 || points >= 200;
}

export const CHAPTERS: readonly Chapter[] = [CIRCLE, WORKSHOP, LINES, WIDTH, BREAK];
export const SCENES: readonly Scene[] = CHAPTERS.flatMap((chapter) => chapter.scenes);

export function sceneOf(id: string): Scene | undefined {
  return SCENES.find((scene) => scene.id === id);
}

/** The whole state of a scene: what it does not name is as at the start; how the page looks stays. */
export function whole(scene: Scene, now: State): Partial<State> {
  if (scene.state.room) return { ...scene.state, scene: scene.id };
  const kept: (keyof State)[] = ["theme", "palette", "discretize", "log_loss", "hide", "speed", "resolution"];
  const digits = (Object.keys(DEFAULTS) as (keyof State)[]).filter((name) => name.startsWith("digits_"));
  const same = Object.fromEntries([...kept, ...digits].map((name) => [name, now[name]]));
  return { ...DEFAULTS, ...same, room: "playground", ...scene.state, scene: scene.id };
}

/** The layers after a turn of the scene's slider. */
export function turned(dial: NonNullable<Scene["dial"]>, hidden: readonly number[], value: number): number[] {
  if (dial === "width") return [value, ...hidden.slice(1)];
  return Array.from({ length: value }, () => hidden[0] ?? 8);
}
