/** Another reader of YAML than ours: PyYAML's own, in Python. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { findProjectRoot } from "../find-project-root.ts";

/** What PyYAML reads, as read_yaml.py says it. */
export type Tree =
  | null
  | string
  | { readonly s: string; readonly t: string; readonly at?: readonly [start: number, end: number] }
  | readonly Tree[]
  | { readonly l: readonly Tree[]; readonly t: string }
  | { readonly m: readonly (readonly [Tree, Tree])[]; readonly t?: string };

/** The documents of a text; null where PyYAML refuses it. */
export type PythonReading = readonly Tree[] | null;

/** Reads texts with PyYAML, scalars with their places on request; throws an Error of one line where there is none. */
export function readWithPython(texts: readonly string[], withPlaces = false): PythonReading[] {
  if (texts.length === 0) return [];
  const script = join(findProjectRoot(), "test", "tools", "guard", "read_yaml.py");
  const input = texts.map((text) => `${JSON.stringify(text.toWellFormed())}\n`).join("");
  const { status, stdout, stderr, error } = spawnSync("python3", withPlaces ? [script, "--places"] : [script], {
    input,
    encoding: "utf8",
    maxBuffer: 1024 ** 3,
    env: { ...process.env, PYTHONUTF8: "1" },
  });
  if (status !== 0) {
    const reason = error?.message ?? stderr.trim().split("\n").at(-1);
    throw new Error(`PyYAML is needed (pip install pyyaml): ${reason}`);
  }
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as PythonReading);
}
