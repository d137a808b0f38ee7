import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// The page is served by `glassnet play` from inside the Python package, under its own strict policy: no inline script,
// nothing from elsewhere. Relative addresses let the same files be opened under any path.
// The script of a replay is carried as text: nobody reads how it is indented there.
const flush = {
  name: "flush",
  transform: (code: string, id: string) => (id.endsWith(".txt?raw") ? code.replace(/\\n( {2})+/g, "\\n") : undefined),
};

export default defineConfig({
  plugins: [svelte(), flush],
  base: "./",
  build: {
    outDir: "../src/glassnet/server/page",
    emptyOutDir: true,
    cssCodeSplit: false, // one file: rules that are alike compress together
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
  server: { proxy: { "/ws": { target: "ws://127.0.0.1:8765", ws: true } } },
});
