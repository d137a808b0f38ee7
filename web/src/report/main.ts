import { mount } from "svelte";

import "../app.css";
import type { Run } from "./data";
import { follow } from "./paper.svelte";
import Report from "./Report.svelte";

follow();
const run = JSON.parse(document.getElementById("run")?.textContent ?? "null") as Run | null;
const target = document.getElementById("app");
if (run && target) mount(Report, { target, props: { run } });
