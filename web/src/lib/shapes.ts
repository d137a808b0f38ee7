// Points of different classes differ by shape as well as by colour: who does not see the colours sees the classes.

export type Shape = "square" | "circle" | "triangle" | "diamond";

const SHAPES: readonly Shape[] = ["square", "circle", "triangle", "diamond"];

/** The shape of a class; of two classes the negative one is square. */
export function shapeOf(target: number, classes: number): Shape {
  if (classes <= 2) return target > 0 ? "circle" : "square";
  return SHAPES[target % SHAPES.length]!;
}

/** The outline of a point around (x, y); all shapes of one size cover about the same area. */
export function outline(g: CanvasRenderingContext2D, shape: Shape, x: number, y: number, size: number): void {
  g.beginPath();
  if (shape === "circle") g.arc(x, y, size, 0, 7);
  else if (shape === "square") g.rect(x - size * 0.85, y - size * 0.85, size * 1.7, size * 1.7);
  else polygon(g, shape === "triangle" ? 3 : 4, x, y, size * (shape === "triangle" ? 1.45 : 1.3));
}

/** A polygon that stands on a side (three corners) or on a corner (four). */
function polygon(g: CanvasRenderingContext2D, corners: number, x: number, y: number, reach: number): void {
  for (let i = 0; i < corners; i++) {
    const turn = (2 * Math.PI * i) / corners - Math.PI / 2;
    g[i ? "lineTo" : "moveTo"](x + reach * Math.cos(turn), y + reach * Math.sin(turn));
  }
  g.closePath();
}
