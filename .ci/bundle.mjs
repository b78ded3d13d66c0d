/**
 * The last step of the build: program and Action with all that they import, each command a piece of its own that is
 * loaded when called. Starting from hundreds of files takes Node longer than most commands do. Names and lines stay
 * readable, for the traces of faults.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { packagesOf, writePackages } from "./bundled-packages.mjs";
import { root } from "./prepare.mjs";

const app = join(root, "dist", "src", "app");
const folder = join(root, "dist", "program");

const bundle = await rolldown({
  input: { sluice: join(app, "main.js"), action: join(app, "action-main.js") },
  platform: "node",
  onLog(level, { message }) {
    // A warning here is an import that is not found where the program runs.
    if (level === "warn") throw new Error(message);
  },
});
rmSync(folder, { recursive: true, force: true });
const { output } = await bundle.write({ dir: folder, format: "esm", minify: false, chunkFileNames: "[name]-[hash].js" });
await bundle.close();

writePackages(packagesOf(output.flatMap((part) => (part.type === "chunk" ? part.moduleIds : []))), folder);
