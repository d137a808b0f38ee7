// Written by tools/make_messages.py from src/glassnet/server: change it there, not here.

export const PROTOCOL = 1
export const MOST_BYTES = 524288
export const MOST_LAYERS = 8
export const MOST_UNITS = 128
export const MOST_DRAWN = 32
export const LONGEST_GRADIENT = 1000 // of all together; beyond it they explode
export const DATASETS_2D = ["circle", "xor", "gauss", "spiral", "moons", "rings", "checkerboard", "three_spirals", "three_gauss"] as const
export const DATASETS_HEIGHT = ["plane", "gauss_regression"] as const
export const DATASETS_1D = ["sine", "step", "abs", "polynomial", "sinc", "bump", "sawtooth", "chirp"] as const
export const DATASETS = ["circle", "xor", "gauss", "spiral", "moons", "rings", "checkerboard", "three_spirals", "three_gauss", "own", "plane", "gauss_regression", "formula", "sine", "step", "abs", "polynomial", "sinc", "bump", "sawtooth", "chirp", "formula_1d"] as const
export const FEATURES = ["x1", "x2", "x1^2", "x2^2", "x1*x2", "sin(x1)", "sin(x2)", "cos(x1)", "cos(x2)"] as const
export const ACTIVATIONS = ["tanh", "relu", "sigmoid", "linear", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "softsign", "sine", "hardtanh"] as const
export const LOSSES = ["auto", "mse", "bce", "ce", "huber"] as const
export const OUTPUTS = ["auto", "linear", "tanh", "sigmoid", "softmax"] as const
export const OPTIMIZERS = ["sgd", "momentum", "rmsprop", "adam"] as const
export const INITS = ["uniform", "xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal", "normal", "zeros"] as const

/** Everything that is set. */
export interface State {
  dataset: 'circle' | 'xor' | 'gauss' | 'spiral' | 'moons' | 'rings' | 'checkerboard' | 'three_spirals' | 'three_gauss' | 'own' | 'plane' | 'gauss_regression' | 'formula' | 'sine' | 'step' | 'abs' | 'polynomial' | 'sinc' | 'bump' | 'sawtooth' | 'chirp' | 'formula_1d' // The examples to learn from
  points: number // How many points are drawn
  noise: number // How far points stray from their rule
  train_share: number // The share of points to train on; the rest tests
  data_seed: number // Where the random numbers of the data start
  formula: string // Your own height over x1 and x2, to be learned
  curve: string // Your own curve over x, to be learned
  features: ('x1' | 'x2' | 'x1^2' | 'x2^2' | 'x1*x2' | 'sin(x1)' | 'sin(x2)' | 'cos(x1)' | 'cos(x2)')[] // What the network is told of a point
  own_features: string[] // Formulas of x1 and x2, told to the network too
  hidden: number[] // How many neurons each hidden layer has
  activation: 'tanh' | 'relu' | 'sigmoid' | 'linear' | 'leaky_relu' | 'elu' | 'selu' | 'gelu' | 'silu' | 'softplus' | 'softsign' | 'sine' | 'hardtanh' // What a hidden neuron does to its sum
  activations: ('tanh' | 'relu' | 'sigmoid' | 'linear' | 'leaky_relu' | 'elu' | 'selu' | 'gelu' | 'silu' | 'softplus' | 'softsign' | 'sine' | 'hardtanh')[] // The same, layer by layer; the first ones that are given count
  output: 'auto' | 'linear' | 'tanh' | 'sigmoid' | 'softmax' // What the output does to its sum; auto follows the task
  init: 'uniform' | 'xavier_uniform' | 'xavier_normal' | 'kaiming_uniform' | 'kaiming_normal' | 'normal' | 'zeros' // How the weights start
  init_bias: number // What the biases start as
  seed: number // Where the random numbers of the weights start
  loss: 'auto' | 'mse' | 'bce' | 'ce' | 'huber' // What is made small; auto is cross-entropy for classes, mse for heights
  optimizer: 'sgd' | 'momentum' | 'rmsprop' | 'adam' // The rule by which weights follow their gradients
  learning_rate: number // The size of the steps
  momentum: number // How much of the last step goes on (momentum), or of the mean (Adam)
  batch_size: number // Examples for each update
  l1: number // How strongly weights are pulled to zero, all alike
  l2: number // How strongly weights are pulled to zero, large ones more
  dropout: number // The share of hidden neurons left out at each step
  parity: boolean // Count exactly as TensorFlow Playground does
  parity_seed: string // The seed of a TensorFlow Playground link
  speed: number // Epochs in one drawn frame; below 1, frames in one epoch
  target_loss: number // Stop when the training loss is this small; 0 never
  most_epochs: number // Stop after so many epochs; 0 never
  resolution: number // Points along each side of a heat map
  room: 'playground' | 'digits' | 'graph' | 'runs' // Which room is open
  scene: string // Which scene of the list is shown
  runs_shown: string[] // Runs that are looked at, by their folders
  expression: string // The expression whose graph is stepped through
  given: string // The numbers of its names
  show_test: boolean // Draw the test points too
  discretize: boolean // Two colours instead of shades
  log_loss: boolean // Draw the loss on a logarithmic scale
  theme: 'auto' | 'light' | 'dark' // Light or dark
  palette: 'amber-blue' | 'purple-green' | 'grey' // Colours of negative and positive
  hide: string[] // Controls that are hidden, by the names of their settings
  digits_hidden: number[] // How many neurons each hidden layer has
  digits_activation: 'relu' | 'tanh' | 'sigmoid' | 'gelu' | 'leaky_relu' // What a hidden neuron does to its sum
  digits_optimizer: 'sgd' | 'adam' | 'adamw' | 'rmsprop' // The rule by which weights follow their gradients
  digits_learning_rate: number // The size of the steps at its highest
  digits_batch_size: number // Examples for each update
  digits_epochs: number // How often each example is seen
  digits_dropout: number // The share of hidden neurons left out at each step
  digits_seed: number // Where the random numbers start
  digits_centre: boolean // Centre and scale a drawing as MNIST's digits were
}

export type Kind =
  | { kind: 'number'; least: number; most: number; whole: boolean }
  | { kind: 'choice'; names: readonly string[] }
  | { kind: 'flag' }
  | { kind: 'text'; most: number }
  | { kind: 'many'; of: Kind; least: number; most: number; once: boolean }

export interface Property {
  name: keyof State
  key: string // in a link
  type: Kind
  default: unknown
  says: string
  touches: 'nothing' | 'data' | 'network' | 'weights'
  room: 'playground' | 'digits' | 'page'
}

export const PROPERTIES: readonly Property[] = [
  {"name": "dataset", "key": "d", "type": {"kind": "choice", "names": ["circle", "xor", "gauss", "spiral", "moons", "rings", "checkerboard", "three_spirals", "three_gauss", "own", "plane", "gauss_regression", "formula", "sine", "step", "abs", "polynomial", "sinc", "bump", "sawtooth", "chirp", "formula_1d"]}, "default": "circle", "says": "The examples to learn from", "touches": "data", "room": "playground"},
  {"name": "points", "key": "n", "type": {"kind": "number", "least": 4, "most": 5000, "whole": true}, "default": 500, "says": "How many points are drawn", "touches": "data", "room": "playground"},
  {"name": "noise", "key": "z", "type": {"kind": "number", "least": 0, "most": 1, "whole": false}, "default": 0.0, "says": "How far points stray from their rule", "touches": "data", "room": "playground"},
  {"name": "train_share", "key": "s", "type": {"kind": "number", "least": 0.1, "most": 0.9, "whole": false}, "default": 0.5, "says": "The share of points to train on; the rest tests", "touches": "data", "room": "playground"},
  {"name": "data_seed", "key": "ds", "type": {"kind": "number", "least": 0, "most": 2147483647, "whole": true}, "default": 0, "says": "Where the random numbers of the data start", "touches": "data", "room": "playground"},
  {"name": "formula", "key": "f", "type": {"kind": "text", "most": 200}, "default": "sin(x1) * cos(x2)", "says": "Your own height over x1 and x2, to be learned", "touches": "data", "room": "playground"},
  {"name": "curve", "key": "fc", "type": {"kind": "text", "most": 200}, "default": "sin(2 * x) * x / 6", "says": "Your own curve over x, to be learned", "touches": "data", "room": "playground"},
  {"name": "features", "key": "i", "type": {"kind": "many", "of": {"kind": "choice", "names": ["x1", "x2", "x1^2", "x2^2", "x1*x2", "sin(x1)", "sin(x2)", "cos(x1)", "cos(x2)"]}, "least": 0, "most": 9, "once": true}, "default": ["x1", "x2"], "says": "What the network is told of a point", "touches": "network", "room": "playground"},
  {"name": "own_features", "key": "g", "type": {"kind": "many", "of": {"kind": "text", "most": 100}, "least": 0, "most": 4, "once": true}, "default": [], "says": "Formulas of x1 and x2, told to the network too", "touches": "network", "room": "playground"},
  {"name": "hidden", "key": "h", "type": {"kind": "many", "of": {"kind": "number", "least": 1, "most": 128, "whole": true}, "least": 0, "most": 8, "once": false}, "default": [4, 2], "says": "How many neurons each hidden layer has", "touches": "network", "room": "playground"},
  {"name": "activation", "key": "a", "type": {"kind": "choice", "names": ["tanh", "relu", "sigmoid", "linear", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "softsign", "sine", "hardtanh"]}, "default": "tanh", "says": "What a hidden neuron does to its sum", "touches": "nothing", "room": "playground"},
  {"name": "activations", "key": "as", "type": {"kind": "many", "of": {"kind": "choice", "names": ["tanh", "relu", "sigmoid", "linear", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "softsign", "sine", "hardtanh"]}, "least": 0, "most": 8, "once": false}, "default": [], "says": "The same, layer by layer; the first ones that are given count", "touches": "nothing", "room": "playground"},
  {"name": "output", "key": "o", "type": {"kind": "choice", "names": ["auto", "linear", "tanh", "sigmoid", "softmax"]}, "default": "auto", "says": "What the output does to its sum; auto follows the task", "touches": "nothing", "room": "playground"},
  {"name": "init", "key": "w", "type": {"kind": "choice", "names": ["uniform", "xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal", "normal", "zeros"]}, "default": "xavier_uniform", "says": "How the weights start", "touches": "weights", "room": "playground"},
  {"name": "init_bias", "key": "wb", "type": {"kind": "number", "least": -10, "most": 10, "whole": false}, "default": 0.0, "says": "What the biases start as", "touches": "weights", "room": "playground"},
  {"name": "seed", "key": "r", "type": {"kind": "number", "least": 0, "most": 2147483647, "whole": true}, "default": 0, "says": "Where the random numbers of the weights start", "touches": "weights", "room": "playground"},
  {"name": "loss", "key": "l", "type": {"kind": "choice", "names": ["auto", "mse", "bce", "ce", "huber"]}, "default": "auto", "says": "What is made small; auto is cross-entropy for classes, mse for heights", "touches": "nothing", "room": "playground"},
  {"name": "optimizer", "key": "op", "type": {"kind": "choice", "names": ["sgd", "momentum", "rmsprop", "adam"]}, "default": "sgd", "says": "The rule by which weights follow their gradients", "touches": "nothing", "room": "playground"},
  {"name": "learning_rate", "key": "lr", "type": {"kind": "number", "least": 0, "most": 100, "whole": false}, "default": 0.03, "says": "The size of the steps", "touches": "nothing", "room": "playground"},
  {"name": "momentum", "key": "m", "type": {"kind": "number", "least": 0, "most": 0.999, "whole": false}, "default": 0.9, "says": "How much of the last step goes on (momentum), or of the mean (Adam)", "touches": "nothing", "room": "playground"},
  {"name": "batch_size", "key": "b", "type": {"kind": "number", "least": 1, "most": 5000, "whole": true}, "default": 10, "says": "Examples for each update", "touches": "nothing", "room": "playground"},
  {"name": "l1", "key": "l1", "type": {"kind": "number", "least": 0, "most": 10, "whole": false}, "default": 0.0, "says": "How strongly weights are pulled to zero, all alike", "touches": "nothing", "room": "playground"},
  {"name": "l2", "key": "l2", "type": {"kind": "number", "least": 0, "most": 10, "whole": false}, "default": 0.0, "says": "How strongly weights are pulled to zero, large ones more", "touches": "nothing", "room": "playground"},
  {"name": "dropout", "key": "do", "type": {"kind": "number", "least": 0, "most": 0.9, "whole": false}, "default": 0.0, "says": "The share of hidden neurons left out at each step", "touches": "nothing", "room": "playground"},
  {"name": "parity", "key": "p", "type": {"kind": "flag"}, "default": false, "says": "Count exactly as TensorFlow Playground does", "touches": "weights", "room": "playground"},
  {"name": "parity_seed", "key": "ps", "type": {"kind": "text", "most": 40}, "default": "", "says": "The seed of a TensorFlow Playground link", "touches": "weights", "room": "playground"},
  {"name": "speed", "key": "v", "type": {"kind": "number", "least": 0.1, "most": 100, "whole": false}, "default": 1, "says": "Epochs in one drawn frame; below 1, frames in one epoch", "touches": "nothing", "room": "playground"},
  {"name": "target_loss", "key": "t", "type": {"kind": "number", "least": 0, "most": 1000, "whole": false}, "default": 0.0, "says": "Stop when the training loss is this small; 0 never", "touches": "nothing", "room": "playground"},
  {"name": "most_epochs", "key": "e", "type": {"kind": "number", "least": 0, "most": 10000000, "whole": true}, "default": 0, "says": "Stop after so many epochs; 0 never", "touches": "nothing", "room": "playground"},
  {"name": "resolution", "key": "q", "type": {"kind": "number", "least": 10, "most": 100, "whole": true}, "default": 100, "says": "Points along each side of a heat map", "touches": "nothing", "room": "playground"},
  {"name": "room", "key": "R", "type": {"kind": "choice", "names": ["playground", "digits", "graph", "runs"]}, "default": "playground", "says": "Which room is open", "touches": "nothing", "room": "page"},
  {"name": "scene", "key": "S", "type": {"kind": "text", "most": 30}, "default": "", "says": "Which scene of the list is shown", "touches": "nothing", "room": "page"},
  {"name": "runs_shown", "key": "N", "type": {"kind": "many", "of": {"kind": "text", "most": 120}, "least": 0, "most": 6, "once": true}, "default": [], "says": "Runs that are looked at, by their folders", "touches": "nothing", "room": "page"},
  {"name": "expression", "key": "X", "type": {"kind": "text", "most": 200}, "default": "sigmoid(w*x + b)", "says": "The expression whose graph is stepped through", "touches": "nothing", "room": "page"},
  {"name": "given", "key": "G", "type": {"kind": "text", "most": 200}, "default": "w=0.5, x=2, b=-1", "says": "The numbers of its names", "touches": "nothing", "room": "page"},
  {"name": "show_test", "key": "T", "type": {"kind": "flag"}, "default": false, "says": "Draw the test points too", "touches": "nothing", "room": "page"},
  {"name": "discretize", "key": "D", "type": {"kind": "flag"}, "default": false, "says": "Two colours instead of shades", "touches": "nothing", "room": "page"},
  {"name": "log_loss", "key": "L", "type": {"kind": "flag"}, "default": false, "says": "Draw the loss on a logarithmic scale", "touches": "nothing", "room": "page"},
  {"name": "theme", "key": "th", "type": {"kind": "choice", "names": ["auto", "light", "dark"]}, "default": "auto", "says": "Light or dark", "touches": "nothing", "room": "page"},
  {"name": "palette", "key": "pa", "type": {"kind": "choice", "names": ["amber-blue", "purple-green", "grey"]}, "default": "amber-blue", "says": "Colours of negative and positive", "touches": "nothing", "room": "page"},
  {"name": "hide", "key": "H", "type": {"kind": "many", "of": {"kind": "text", "most": 30}, "least": 0, "most": 40, "once": true}, "default": [], "says": "Controls that are hidden, by the names of their settings", "touches": "nothing", "room": "page"},
  {"name": "digits_hidden", "key": "Dh", "type": {"kind": "many", "of": {"kind": "number", "least": 1, "most": 512, "whole": true}, "least": 0, "most": 4, "once": false}, "default": [128, 64], "says": "How many neurons each hidden layer has", "touches": "weights", "room": "digits"},
  {"name": "digits_activation", "key": "Da", "type": {"kind": "choice", "names": ["relu", "tanh", "sigmoid", "gelu", "leaky_relu"]}, "default": "relu", "says": "What a hidden neuron does to its sum", "touches": "weights", "room": "digits"},
  {"name": "digits_optimizer", "key": "Do", "type": {"kind": "choice", "names": ["sgd", "adam", "adamw", "rmsprop"]}, "default": "sgd", "says": "The rule by which weights follow their gradients", "touches": "weights", "room": "digits"},
  {"name": "digits_learning_rate", "key": "Dl", "type": {"kind": "number", "least": 1e-06, "most": 10, "whole": false}, "default": 0.1, "says": "The size of the steps at its highest", "touches": "weights", "room": "digits"},
  {"name": "digits_batch_size", "key": "Db", "type": {"kind": "number", "least": 8, "most": 1000, "whole": true}, "default": 120, "says": "Examples for each update", "touches": "weights", "room": "digits"},
  {"name": "digits_epochs", "key": "De", "type": {"kind": "number", "least": 1, "most": 50, "whole": true}, "default": 3, "says": "How often each example is seen", "touches": "weights", "room": "digits"},
  {"name": "digits_dropout", "key": "Dd", "type": {"kind": "number", "least": 0, "most": 0.9, "whole": false}, "default": 0.0, "says": "The share of hidden neurons left out at each step", "touches": "weights", "room": "digits"},
  {"name": "digits_seed", "key": "Dr", "type": {"kind": "number", "least": 0, "most": 2147483647, "whole": true}, "default": 0, "says": "Where the random numbers start", "touches": "weights", "room": "digits"},
  {"name": "digits_centre", "key": "Dc", "type": {"kind": "flag"}, "default": true, "says": "Centre and scale a drawing as MNIST's digits were", "touches": "nothing", "room": "digits"},
]

/** A unit: where it is, its name, and the place of its heat map among a frame's `grids`, if it has one. */
export interface UnitName {
  layer: number
  unit: number
  name: string
  grid: number | null
}

/** One array of a frame: `offset` is in bytes from the frame's start, a multiple of 8. */
export interface Block {
  name: string
  dtype: 'i8' | 'u8' | 'u32' | 'f32' | 'f64'
  shape: number[]
  offset: number
}

/** One summand of a unit's weighted sum. */
export interface Term {
  name: string
  weight: number | null
  input: number | null
  product: number | null
  gradient: number | null
  frozen: boolean
}

/** A histogram: how many of a layer's numbers lie in each of the equal parts from `least` to `most`. */
export interface Spread {
  layer: number
  least: number
  most: number
  counts: number[]
}

/** A name or an operation of a graph, its number and its slope; `x` and `y` are its middle, in pixels. */
export interface GraphBox {
  name: string
  kind: string
  sign: string
  says: string
  value: number | null
  gradient: number | null
  x: number
  y: number
  width: number
  height: number
}

/** From an operand to its result: the local derivative, and what comes back along it; `rule` in symbols. */
export interface GraphArrow {
  source: number
  target: number
  local: number | null
  flow: number | null
  rule: string
  route: number[][]
}

/** One moment: forward, a box gets its number; backward, a slope arrives along an arrow, and adds up to `value`. */
export interface GraphEvent {
  phase: string
  box: number
  arrows: number[]
  says: string
  rule: string
  value: number | null
}

/** A layer of the digits' network. */
export interface DigitsLayer {
  name: string
  units: number
}

/** What one layer says to an image; `values` is base64 of float32, a row of `units`. */
export interface DigitsActivations {
  name: string
  units: number
  values: string
}

/** A moment of a step: what is computed, in words, and its numbers. `place` counts the figures of the room: 0 the pixels, then what each layer says, the scores last. */
export interface DigitsMoment {
  phase: 'forward' | 'loss' | 'backward' | 'update'
  name: string
  says: string
  rule: string
  place: number | null
  picture: 'pixels' | 'units' | 'classes' | 'one' | 'none'
  values: string
}

/** A test image, what it is, and what it was taken for. */
export interface DigitsMistake {
  index: number
  label: number
  said: number
  certainty: number
  image: string
}

/** A saved model that can be opened. */
export interface DigitsModel {
  name: string
  about: string
  modified: number
}

/** A figure over the epochs of a run; None stands for NaN or infinity. */
export interface RunCurve {
  name: string
  epochs: number[]
  values: (number | null)[]
}

/** A run folder in a few words. `status` is done, stopped, failed, learning (somebody writes it now), or unfinished: it was killed. */
export interface RunSummary {
  name: string
  data: string
  task: string
  status: string
  date: string
  settings: Record<string, unknown>
  accuracy: number | null
  r2: number | null
  loss: number | null
  seconds: number | null
  parameters: number | null
  epochs: number | null
  spark: (number | null)[]
  problem: string
}

/** How a run stood between its epochs, line by line. */
export interface RunSteps {
  epochs: number[]
  losses: (number | null)[]
  accuracies: (number | null)[]
  rates: (number | null)[]
  speeds: (number | null)[]
  seconds: number
  step: number
}

/** What is kept of the first layer: at which epochs, how many units of how many weights, images or not. */
export interface RunWeights {
  name: string
  epochs: number[]
  units: number
  features: number
  image: number[] | null
  names: string[]
  scale: number
}

/** What is kept of a network of two features: at which epochs there is a picture of what it says everywhere. `ends` are the least and greatest x and y; `points` some examples, `[x, y, class or height]`; `most` the largest height of all epochs, and None for classes. */
export interface RunGround {
  epochs: number[]
  width: number
  height: number
  ends: number[]
  names: string[]
  points: number[][]
  most: number | null
}

/** The first message: begin a session, or come back to the one named. `state` begins a new one in that state. */
export interface Hello {
  type: 'hello'
  protocol: number
  session?: string | null
  state?: Record<string, unknown> | null
  id?: number | null
}

/** Change settings; see the table of properties for what each touches. All of them, or on a refusal none. */
export interface Configure {
  type: 'configure'
  changes: Record<string, unknown>
  id?: number | null
}

/** Train, until told otherwise. */
export interface Run {
  type: 'run'
  id?: number | null
}

/** Stop training; what was learnt stays. */
export interface Pause {
  type: 'pause'
  id?: number | null
}

/** Go on by so many operations, samples, batches or epochs, then pause; at most for a second. With a `phase`, by operations to the end of that phase: of this training step, or of the next one if it is past. */
export interface Step {
  type: 'step'
  grain?: 'operation' | 'sample' | 'batch' | 'epoch'
  count?: number
  phase?: 'forward' | 'loss' | 'backward' | 'update' | null
  id?: number | null
}

/** Back to step 0 with the very same weights as at the start. */
export interface Reset {
  type: 'reset'
  id?: number | null
}

/** New random numbers, for the weights (and step 0) or for the points; the new seed is in the state. */
export interface Reroll {
  type: 'reroll'
  what?: 'weights' | 'data'
  id?: number | null
}

/** So many more frames may be sent: the page gives one back for each that it has drawn, and starts with two. */
export interface Credit {
  type: 'credit'
  frames?: number
}

/** Send a frame even if nothing has changed, as soon as there is a credit. */
export interface Look {
  type: 'look'
  id?: number | null
}

/** Set one weight, or with `source=None` one bias. Edits in one `stroke` (a drag) are undone together. */
export interface Edit {
  type: 'edit'
  layer: number
  unit: number
  source: number | null
  value: number
  stroke?: number | null
  id?: number | null
}

/** Set all weights and biases at once, in the order of a frame's `weights`: a network that was kept comes back. */
export interface PutWeights {
  type: 'put_weights'
  values: number[]
  id?: number | null
}

/** Take the last edit back: of a weight, of points, of what is frozen or left out. */
export interface Undo {
  type: 'undo'
  id?: number | null
}

/** Do again what was taken back. */
export interface Redo {
  type: 'redo'
  id?: number | null
}

/** Hold one weight, or with `source=None` all that comes into a unit and its bias; or let it go. */
export interface Freeze {
  type: 'freeze'
  layer: number
  unit: number
  source?: number | null
  on?: boolean
  id?: number | null
}

/** Leave a unit out (its output counts as 0), or restore it. Layer 0 leaves out an input. */
export interface Ablate {
  type: 'ablate'
  layer: number
  unit: number
  on?: boolean
  id?: number | null
}

/** Add points `[x1, x2, target]`; a target is a class number, or a height. The data set becomes `own`'s points. */
export interface AddPoints {
  type: 'add_points'
  points: number[][]
  test?: boolean
  stroke?: number | null
  id?: number | null
}

/** Put a point somewhere else. Points are counted as the points message lists them, training first. */
export interface MovePoint {
  type: 'move_point'
  index: number
  x1: number
  x2: number
  stroke?: number | null
  id?: number | null
}

/** Give points another class, or another height. */
export interface LabelPoints {
  type: 'label_points'
  indices: number[]
  target: number
  stroke?: number | null
  id?: number | null
}

/** Take points away. */
export interface ErasePoints {
  type: 'erase_points'
  indices: number[]
  stroke?: number | null
  id?: number | null
}

/** Learn a table: CSV, tabs, or a NumPy listing; two columns x1, x2 and a last one, the class or the height. `task=None` decides by the last column. With a header or without; classes may be words. */
export interface PasteTable {
  type: 'paste_table'
  text: string
  task?: 'classification' | 'regression' | null
  id?: number | null
}

/** Ask for every number behind a unit, at a place of the plane (or without one, at the mean over the points). With `source`, for the number line of that one weight too: the loss at 65 values around it, and its derivative. */
export interface Inspect {
  type: 'inspect'
  layer: number
  unit: number
  source?: number | null
  line?: boolean
  at?: number[] | null
  id?: number | null
}

/** Ask where a hidden layer puts the plane, along the two directions in which the points vary most there. */
export interface Space {
  type: 'space'
  layer: number
  id?: number | null
}

/** Ask how weights and activations of each layer are spread, now and weights with each way to start them. */
export interface Histogram {
  type: 'histogram'
  inits?: boolean
  id?: number | null
}

/** Ask for the graph of an expression, such as `sigmoid(w*x + b)`, with its names as `given`: `w=0.5, x=2`. */
export interface Graph {
  type: 'graph'
  expression: string
  given?: string
  id?: number | null
}

/** Open a link of TensorFlow Playground, given by what follows its #: same points, same weights, same numbers. */
export interface OpenLink {
  type: 'open_link'
  hash: string
  id?: number | null
}

/** Train on MNIST, from where it stands; from the start after a change of settings or when it is done. */
export interface DigitsTrain {
  type: 'digits_train'
  id?: number | null
}

/** Stop training; what was learnt stays. */
export interface DigitsPause {
  type: 'digits_pause'
  id?: number | null
}

/** Back to the untrained network, with the same weights as at the start. */
export interface DigitsReset {
  type: 'digits_reset'
  id?: number | null
}

/** What is this? `pixels` is base64 of `width * height` bytes, row by row, 0 paper and 255 ink; at most 512 a side. `explain` names the class whose score is to be taken apart; None takes the one that the network says. */
export interface DigitsPredict {
  type: 'digits_predict'
  pixels: string
  width: number
  height: number
  explain?: number | null
  id?: number | null
}

/** The same for a test image of MNIST, by its number. */
export interface DigitsExample {
  type: 'digits_example'
  index: number
  explain?: number | null
  id?: number | null
}

/** Step through forward pass, loss, backward pass and update for one image, were it a `label`. `image` is the one of a prediction: what the network sees, in base64. The network itself is not changed. */
export interface DigitsDescend {
  type: 'digits_descend'
  image: string
  width: number
  height: number
  label: number
  rate?: number
  id?: number | null
}

/** What pixels speak for each neuron of a layer, counted from 1, the scores last. */
export interface DigitsFeatures {
  type: 'digits_features'
  layer: number
  id?: number | null
}

/** Test images that are taken for something else; only of one true class, or only those said to be one class. */
export interface DigitsMistakes {
  type: 'digits_mistakes'
  label?: number | null
  said?: number | null
  order?: 'certain' | 'doubtful' | 'number'
  offset?: number
  limit?: number
  id?: number | null
}

/** Which saved models can be opened? */
export interface DigitsModels {
  type: 'digits_models'
  id?: number | null
}

/** Open a saved model by a name of that list. A file of the user's own goes to POST /api/model instead. */
export interface DigitsOpen {
  type: 'digits_open'
  name: string
  id?: number | null
}

/** Which trainings has the command line written? Answered by the digits' job, the one that may read files. `tag` is that of the list that the page has. */
export interface Runs {
  type: 'runs'
  tag?: string
  id?: number | null
}

/** Tell one of these trainings as far as it has come; `known` are the tags of the parts that the page has. */
export interface RunShow {
  type: 'run_show'
  name: string
  known?: Record<string, unknown>
  id?: number | null
}

/** The first layer's weights, the border and the confusions of a run at an epoch, or within one. */
export interface RunAt {
  type: 'run_at'
  name: string
  epoch: number
  id?: number | null
}

export type Command =
  | Hello
  | Configure
  | Run
  | Pause
  | Step
  | Reset
  | Reroll
  | Credit
  | Look
  | Edit
  | PutWeights
  | Undo
  | Redo
  | Freeze
  | Ablate
  | AddPoints
  | MovePoint
  | LabelPoints
  | ErasePoints
  | PasteTable
  | Inspect
  | Space
  | Histogram
  | Graph
  | OpenLink
  | DigitsTrain
  | DigitsPause
  | DigitsReset
  | DigitsPredict
  | DigitsExample
  | DigitsDescend
  | DigitsFeatures
  | DigitsMistakes
  | DigitsModels
  | DigitsOpen
  | Runs
  | RunShow
  | RunAt

/** The answer to `hello`. `resumed` says whether the session named is still there, `runs` whether runs are shown. */
export interface Welcome {
  type: 'welcome'
  session: string
  resumed: boolean
  protocol: number
  version: string
  limits: Record<string, unknown>
  classroom: boolean
  runs: boolean
  id: number | null
}

/** A command was carried out, and there is nothing to say about it. */
export interface Done {
  type: 'done'
  id: number | null
}

/** A command was not carried out, in three beats. `field` is the setting at fault, `text` the whole sentence. */
export interface Refusal {
  type: 'refusal'
  text: string
  got: string
  expected: string
  hint: string
  field: string | null
  fatal: boolean
  id: number | null
}

/** How the binary frames that carry this number are to be read; sent again whenever the network changes. `sizes` is the number of units in each layer, inputs and outputs included. Each layer after the first has its weights `(units, sources)`, then its biases, in the block `weights`, in `gradients`, and in each row of `memory`. */
export interface Layout {
  type: 'layout'
  layout: number
  sizes: number[]
  units: UnitName[]
  activations: string[]
  loss: string
  memory: string[]
  blocks: Block[]
  size: number
  resolution: number
  grid_resolution: number
  domain: number[]
  outputs: string[]
  dimensions: number
}

/** Everything that is set, and what can be done. Sent after every change. */
export interface StateMessage {
  type: 'state_report'
  state: Record<string, unknown>
  running: boolean
  task: 'classification' | 'regression'
  classes: string[]
  epoch: number
  step: number
  can_undo: boolean
  can_redo: boolean
  frozen: number[][]
  ablated: number[][]
  edited: boolean
  loss_name: string
  source: string
  notes: string[]
  id: number | null
}

/** Training stopped by itself: the target is reached, the epochs are done, a number is no longer one, or a step took longer than a step may. */
export interface Stopped {
  type: 'stopped'
  reason: 'target' | 'epochs' | 'nan' | 'time'
  text: string
  epoch: number
  where: string
  hint: string
  fixes: Record<string, unknown>
}

/** One operation of a training step, in the order of the tape. The weights change at the last one. */
export interface OperationReport {
  type: 'operation_report'
  index: number
  total: number
  phase: 'forward' | 'loss' | 'backward' | 'update'
  name: string
  text: string
  shape: number[]
  values: (number | null)[]
  reads: number[]
  layer: number | null
  samples: number[]
  id: number | null
}

/** Every number behind a unit: sum = bias + Σ terms, output = activation(sum). None stands for NaN or infinity. */
export interface Inspection {
  type: 'inspection'
  layer: number
  unit: number
  name: string
  activation: string
  at: number[] | null
  terms: Term[]
  bias: number | null
  bias_gradient: number | null
  sum: number | null
  output: number | null
  slope: number | null
  source: number | null
  memory: Record<string, number | null>
  line_values: number[]
  line_losses: (number | null)[]
  line_slope: number | null
  id: number | null
}

/** The plane in the space of a hidden layer, along the two directions in which the training points vary most there. `across` and `up` are base64 of float32 `(side, side)`, the first row the greatest x2; `share` is how much of the variance each direction has; `axes` are the directions, each of length 1, a number for each neuron. */
export interface SpaceReport {
  type: 'space_report'
  layer: number
  units: number
  side: number
  across: string
  up: string
  share: number[]
  axes: number[][]
  id: number | null
}

/** How weights are spread: `now`, and for each initialisation what it would draw with the present seed. `said` is how each layer's activations are spread over the training points, the output's last. */
export interface HistogramReport {
  type: 'histogram_report'
  now: Spread[]
  said: Spread[]
  inits: Record<string, Spread[]>
  id: number | null
}

/** An expression as a graph, and its events in order; `goal` is the name of what gradients are slopes of. */
export interface GraphReport {
  type: 'graph_report'
  boxes: GraphBox[]
  arrows: GraphArrow[]
  events: GraphEvent[]
  values: Record<string, number>
  goal: string
  width: number
  height: number
  id: number | null
}

/** How the training on digits stands; several times a second while it runs. */
export interface DigitsState {
  type: 'digits_state'
  running: boolean
  done: boolean
  epoch: number
  epochs: number
  step: number
  steps: number
  loss: number | null
  accuracy: number | null
  test_loss: number | null
  test_accuracy: number | null
  seconds: number
  images_per_second: number
  parameters: number
  layers: DigitsLayer[]
  classes: string[]
  model: string | null
  curve: ((number | null)[])[]
  tests: number[][]
  confusion: number[][] | null
  why: string
  id: number | null
}

/** What the network says to an image, and why. `score` is the explained class's output before softmax. For these very activations the network is linear in the pixels up to one constant: `score = constant + Σ contributions`, with contribution = pixel × slope. The sums are exact to float64: `residue` is what is left of the equation when it is added up. */
export interface DigitsPrediction {
  type: 'digits_prediction'
  image: string
  width: number
  height: number
  done: string[]
  probabilities: number[]
  top: number[]
  label: number | null
  layers: DigitsActivations[]
  explained: number
  score: number
  constant: number
  contributions: string
  slopes: string
  residue: number
  exact: boolean
  id: number | null
}

/** What one step of descent on one image would do, were its label the right answer. Nothing is changed by it. */
export interface DigitsStep {
  type: 'digits_step'
  label: number
  rate: number
  loss: number
  loss_after: number | null
  before: number[]
  after: number[]
  moments: DigitsMoment[]
  id: number | null
}

/** The slopes of a layer's sums by the pixels, on average over `images` test images, for each neuron an image. `pixels` is base64 of int8 `(units, height, width)`: slope = number * scale / 127 with the neuron's own scale. */
export interface DigitsFeatureReport {
  type: 'digits_feature_report'
  layer: number
  units: number
  width: number
  height: number
  images: number
  scales: number[]
  pixels: string
  id: number | null
}

/** Mistakes, `offset` to `offset + len(items)` of `total`. */
export interface DigitsGallery {
  type: 'digits_gallery'
  total: number
  offset: number
  width: number
  height: number
  items: DigitsMistake[]
  id: number | null
}

/** The saved models, the newest first. */
export interface DigitsModelList {
  type: 'digits_model_list'
  models: DigitsModel[]
  folder: string
  id: number | null
}

/** The runs in the server's folder, the newest first; `same` says that nothing has changed since that `tag`. */
export interface RunList {
  type: 'run_list'
  folder: string
  runs: RunSummary[]
  tag: string
  same: boolean
  more: number
  id: number | null
}

/** A run as far as it has come. A part that is None is as it was under the tag that the page named for it. */
export interface RunStory {
  type: 'run_story'
  name: string
  there: boolean
  summary: RunSummary | null
  tags: Record<string, unknown>
  planned: number | null
  examples: number | null
  ended: string
  classes: string[]
  command: string
  curves: RunCurve[] | null
  steps: RunSteps | null
  weights: RunWeights | null
  ground: RunGround | null
  judged: number[] | null
  findings: Record<string, unknown>[] | null
  activity: Record<string, unknown> | null
  environment: string[][] | null
  problems: string[]
  id: number | null
}

/** First layer, border and confusions of a run at the epochs nearest to, and not after, the one asked for. `levels` is base64 of int8 `(units, features)`: 127 is `scale`, -128 is not a number. `ground` is base64 of bytes `(height, width)`, the first row the lowest y: for classes the class and how sure it is, 255 is certain; for heights one of int8, 127 is the ground's `most`. */
export interface RunMoment {
  type: 'run_moment'
  name: string
  epoch: number
  weights_epoch: number | null
  levels: string
  scale: number
  confusion_epoch: number | null
  of: string
  confusion: number[][]
  ground_epoch: number | null
  ground: string[]
  id: number | null
}

export type Report =
  | Welcome
  | Done
  | Refusal
  | Layout
  | StateMessage
  | Stopped
  | OperationReport
  | Inspection
  | SpaceReport
  | HistogramReport
  | GraphReport
  | DigitsState
  | DigitsPrediction
  | DigitsStep
  | DigitsFeatureReport
  | DigitsGallery
  | DigitsModelList
  | RunList
  | RunStory
  | RunMoment

/** Where the numbers of a frame's header are, in bytes. */
export const HEADER = {
  magic: { offset: 0, type: 'Uint32' }, // the kind of the frame: one of the numbers below
  layout: { offset: 4, type: 'Uint32' }, // the layout message that says how to read it
  sequence: { offset: 8, type: 'Uint32' }, // counts frames; a gap is a frame that was dropped
  flags: { offset: 12, type: 'Uint32' }, // 1 running, 2 the loss is not a number, 4 the curve begins anew
  epoch: { offset: 16, type: 'Float64' }, // how often the training points have been seen, with its fraction
  step: { offset: 24, type: 'Float64' }, // updates so far
  train_loss: { offset: 32, type: 'Float64' }, // mean loss over the training points, without penalties
  test_loss: { offset: 40, type: 'Float64' }, // the same over the test points; NaN without any
  train_score: { offset: 48, type: 'Float64' }, // accuracy, or R² for heights
  test_score: { offset: 56, type: 'Float64' }, // the same over the test points; NaN without any
  learning_rate: { offset: 64, type: 'Float64' }, // the rate of the last step
  epochs_per_second: { offset: 72, type: 'Float64' }, // how fast it trains
  penalty: { offset: 80, type: 'Float64' }, // what L1 and L2 add to the loss
  curve: { offset: 88, type: 'Uint32' }, // how many rows of CURVE follow the arrays
  reserved: { offset: 92, type: 'Uint32' }, // 0
} as const
export const HEADER_BYTES = 128
export const FRAME = 826691143
export const POINTS = 827346503
export const FILTERS = 826560071
export const RUNNING = 1
export const NOT_A_NUMBER = 2
export const CURVE_ANEW = 4
export const CURVE = ["epoch", "train_loss", "test_loss", "train_score", "test_score"] as const // float64 each
