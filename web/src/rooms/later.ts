// The rooms that the first picture does not need, in one piece: together they are smaller than one by one.

export { default as digits } from "./Digits.svelte";
export { default as graph } from "./Graph.svelte";
export { default as runs } from "./Runs.svelte";
