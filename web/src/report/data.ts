// What a report holds, as the command `glassnet report` writes it. A number that is not finite is null.

export type Num = number | null;

export interface Curve {
  figure: string;
  part: "training" | "validation" | "test";
  x: number[];
  y: number[];
  last: Num;
  lost: number; // how many numbers are not finite
  lost_from: number | null;
}

export interface Finding {
  name: string;
  level: "problem" | "hint" | "good";
  headline: string;
  seen: string;
  why: string;
  change: string;
  option: string;
}

export interface Moment {
  epoch: number;
  loss: Num;
  held_loss: Num;
  verdict: string;
}

export interface Calibration {
  confidence: number[];
  right: number[];
  count: number[];
  error: Num;
}

export interface Shares {
  examples: number[];
  precision: Num[];
  recall: Num[];
  f1: Num[];
}

interface Judged {
  of: string;
  n: number;
  names: string[];
  loss: Num;
}

export interface ClassScores extends Judged {
  kind: "classes";
  accuracy: Num;
  wrong: number;
  classes: Shares;
  confusion: number[][] | null;
  pairs: [number, number, number][];
  calibration: Calibration | null;
}

export interface LabelScores extends Judged {
  kind: "labels";
  accuracy: Num;
  exact: Num;
  classes: Shares;
  calibration: Calibration | null;
}

export interface Bins {
  low: number;
  high: number;
  counts: number[];
}

export interface Output {
  r2: Num;
  rmse: Num;
  mae: Num;
  true: Num[];
  said: Num[];
  errors: Bins;
}

export interface ValueScores extends Judged {
  kind: "values";
  r2: Num;
  rmse: Num;
  outputs: Output[];
}

export type Scores = ClassScores | LabelScores | ValueScores;

export interface Images {
  height: number;
  width: number;
  channels: number;
  pixels: string;
}

/** The worst examples; which of the lists there are depends on the task. */
export interface Mistakes {
  total: number;
  at: number[];
  label?: number[];
  said?: number[];
  sure?: Num[];
  sure_of_true?: Num[];
  missed?: number[][];
  invented?: number[][];
  true?: Num[][];
  answer?: Num[][];
  error?: Num[];
  images: Images | null;
  rows: string[] | null;
  why: string;
}

interface Ground {
  of: string;
  names: string[];
  points: [number[], number[]];
}

export interface Plane extends Ground {
  ends: [number, number, number, number];
  width: number;
  height: number;
}

/** The same plane at earlier epochs, one picture after the other. */
interface Past {
  epochs: number[];
  width: number;
  height: number;
}

export type Boundary =
  | (Plane & {
      kind: "classes";
      classes: string;
      sure: string;
      label: number[];
      said: number[] | null; // null where nobody has asked
      past?: Past & { classes: string; sure: string };
    })
  | (Plane & {
      kind: "heights";
      levels: string;
      most: number;
      value: number[];
      past?: Past & { levels: string; most: number };
    })
  | (Ground & { kind: "line"; x: number[]; y: number[] });

export interface Weights {
  name: string;
  epochs: number[];
  units: number;
  features: number;
  image: [number, number] | null; // height and width
  names: string[];
  scale: number;
  levels: string; // int8, epoch by epoch, unit by unit; -128 is not a number
}

export interface Layer {
  name: string;
  kind: string;
  units: number;
  mean: Num[];
  std: Num[];
  dead: Num[];
  saturated: Num[];
  spread: ([number, number, number[]] | null)[];
}

export interface Parameter {
  name: string;
  shape: number[];
  norm: Num[];
  gradient_norm: Num[];
  gradient_rms: Num[];
  update: Num[];
}

export interface Activity {
  steps: number[];
  epochs: Num[];
  loss: Num[];
  layers: Layer[];
  parameters: Parameter[];
}

export interface About {
  name: string;
  data: string;
  task: string;
  summary: string;
  examples: Record<"train" | "validation" | "test" | "features", number | null>;
  network: string;
  parameters: number | null;
  status: string;
  ended: string;
  epochs: Num;
  best_epoch: number | null;
  seconds: Num;
  begun: string;
  seed: number | null;
  command: string;
  warnings: string[];
}

export interface Run {
  format: number;
  glassnet: string;
  written: string;
  about: About | null;
  rows: { name: string; figures: Record<string, Num> }[] | null;
  doctor: { findings: Finding[]; story: Moment[] } | null;
  curves: Curve[] | null;
  scores: Scores | null;
  mistakes: Mistakes | null;
  boundary: Boundary | null;
  weights: Weights | null;
  activity: Activity | null;
  settings: { name: string; value: string; chosen: boolean }[] | null;
  environment: { rows: [string, string][]; packages: string[] } | null;
  missing: Record<string, string>;
}
