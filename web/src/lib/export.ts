// Pictures to keep: what is on a canvas as PNG, the network as SVG with its weights as numbers one can edit.

import { app, live, notify } from "./app.svelte";
import { colours } from "./canvas";
import { number } from "./format";
import { along, offsets, plan } from "./places";

export function save(name: string, blob: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function exportPng(which: "output" | "network"): void {
  const canvas = document.querySelector<HTMLCanvasElement>(`canvas[data-picture="${which}"]`);
  if (!canvas) {
    notify("hint", "There is no such picture in this room.");
    return;
  }
  const page = document.createElement("canvas");
  page.width = canvas.width;
  page.height = canvas.height;
  const g = page.getContext("2d");
  if (!g) return;
  g.fillStyle = colours().panel;
  g.fillRect(0, 0, page.width, page.height);
  g.drawImage(canvas, 0, 0);
  page.toBlob((blob) => blob && save(`glassnet-${which}.png`, blob));
}

/** The network as a drawing: units as circles, links as curves of the width of their weights. */
export function networkSvg(width = 900, height = 520): string | null {
  const layout = app.layout;
  const weights = live.frame?.arrays.get("weights");
  if (!layout || !weights) return null;
  const theme = colours();
  const places = plan(layout.sizes, width, height);
  const at = offsets(layout.sizes);
  const parts: string[] = [];
  for (let layer = 1; layer < layout.sizes.length; layer++) {
    for (const b of places.places[layer]!) {
      for (const a of places.places[layer - 1]!) {
        const w = weights[at[layer]!.weight + b.unit * layout.sizes[layer - 1]! + a.unit] ?? 0;
        const points = [0, 1 / 3, 2 / 3, 1].map((t) =>
          along(a, b, places.size, t)
            .map((v) => v.toFixed(1))
            .join(" "),
        );
        const dashes = w < 0 ? ' stroke-dasharray="5 4"' : "";
        parts.push(
          `<polyline points="${points.join(", ")}" fill="none" stroke="${w < 0 ? theme.negative : theme.positive}" ` +
            `stroke-width="${Math.min(7, 0.4 + Math.abs(w) * 1.6).toFixed(2)}"${dashes}><title>${number(w, 6)}</title></polyline>`,
        );
      }
    }
  }
  for (const unit of layout.units) {
    const place = places.places[unit.layer]?.[unit.unit];
    if (!place) continue;
    const label = unit.name.replace(/[<>&"]/g, (c) => `&#${c.charCodeAt(0)};`);
    parts.push(
      `<circle cx="${place.x.toFixed(1)}" cy="${place.y.toFixed(1)}" r="${(places.size / 2).toFixed(1)}" fill="${theme.panel}" stroke="${theme.ink}"/>`,
      `<text x="${place.x.toFixed(1)}" y="${(place.y + 4).toFixed(1)}" text-anchor="middle" font-size="11" fill="${theme.ink}">${label}</text>`,
    );
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif">${parts.join("")}</svg>`;
}

export function exportSvg(): void {
  const svg = networkSvg();
  if (svg) save("glassnet-network.svg", new Blob([svg], { type: "image/svg+xml" }));
  else notify("hint", "There is no network in this room.");
}
