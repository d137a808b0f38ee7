import { createHash } from "node:crypto";

import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";

// The report is one file without an address in it: `glassnet report` puts the run's numbers and its name where the marks
// are. Only this very program may run in it, whatever else might get into the page; it may ask nobody for anything.
function page(css: string, js: string): string {
  const program = js.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--").trim();
  const hash = createHash("sha256").update(program).digest("base64");
  const policy = `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>GLASSNET_RUN_TITLE</title>
<style>${css.trim()}</style>
</head>
<body>
<div id="app"></div>
<noscript>This report draws its pictures with JavaScript. Try glassnet runs report RUN, which writes text.</noscript>
<script type="application/json" id="run">GLASSNET_RUN_DATA</script>
<script>${program}</script>
</body>
</html>
`;
}

/** Puts what was built into one file. */
function oneFile(): Plugin {
  return {
    name: "one-file",
    enforce: "post",
    generateBundle(_, bundle) {
      let [css, js] = ["", ""];
      for (const [name, file] of Object.entries(bundle)) {
        if (file.type === "chunk") js += file.code;
        else if (name.endsWith(".css")) css += String(file.source);
        delete bundle[name];
      }
      this.emitFile({ type: "asset", fileName: "report.html", source: page(css, js) });
    },
  };
}

export default defineConfig({
  plugins: [svelte(), oneFile()],
  publicDir: false,
  build: {
    outDir: "../src/glassnet/server/report", // a folder of its own: it is never served
    emptyOutDir: true,
    target: "es2022",
    cssCodeSplit: false,
    modulePreload: false,
    rollupOptions: { input: "src/report/main.ts", output: { format: "iife" } },
  },
});
