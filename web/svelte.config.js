import { vitePreprocess } from "@sveltejs/vite-plugin-svelte";

// names of style scopes are noise to a compressor: four signs tell the components apart
const cssHash = ({ hash, css }) => `s${hash(css).slice(0, 4)}`;

export default { preprocess: vitePreprocess(), compilerOptions: { cssHash, discloseVersion: false } };
