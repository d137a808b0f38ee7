import { describe, expect, it } from "vitest";

import { outline, shapeOf, type Shape } from "../src/lib/shapes";

describe("points by shape", () => {
  it("tells two classes apart, whichever numbers they have", () => {
    expect([shapeOf(-1, 2), shapeOf(1, 2)]).toEqual(["square", "circle"]);
    expect([shapeOf(0, 2), shapeOf(1, 2)]).toEqual(["square", "circle"]);
  });

  it("gives each of the first four classes a shape of its own", () => {
    expect(new Set([0, 1, 2, 3].map((target) => shapeOf(target, 8))).size).toBe(4);
  });

  it.each<Shape>(["circle", "square", "triangle", "diamond"])(
    "draws a %s around its place, about as large as the others",
    (shape) => {
      const corners: [number, number][] = [];
      let area = 0;
      const put = (x: number, y: number) => corners.push([x, y]);
      const g = {
        beginPath() {},
        closePath() {},
        moveTo: put,
        lineTo: put,
        arc: (_x: number, _y: number, r: number) => (area = Math.PI * r * r),
        rect: (_x: number, _y: number, w: number, h: number) => (area = w * h),
      };
      outline(g as unknown as CanvasRenderingContext2D, shape, 100, 50, 10);
      if (corners.length) {
        area = Math.abs(
          corners.reduce((sum, [x, y], i) => {
            const [nx, ny] = corners[(i + 1) % corners.length]!;
            return sum + x * ny - nx * y;
          }, 0) / 2,
        );
        expect(corners.reduce((sum, [x]) => sum + x, 0) / corners.length).toBeCloseTo(100);
        expect(corners.reduce((sum, [, y]) => sum + y, 0) / corners.length).toBeCloseTo(50);
      }
      expect(area).toBeGreaterThan(0.8 * Math.PI * 100);
      expect(area).toBeLessThan(1.2 * Math.PI * 100);
    },
  );
});
