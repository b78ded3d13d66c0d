/** Makes a TypeScript file runnable as a process of its own, for tests that have to kill one. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { findProjectRoot } from "./find-project-root.ts";

export interface CompiledProgram {
  /** The compiled file, for node. */
  readonly path: string;
  remove(): Promise<void>;
}

/** Compiles a file, named relative to the project, with everything that it imports, into a throwaway folder. */
export async function compileProgram(file: string): Promise<CompiledProgram> {
  const root = findProjectRoot();
  const folder = await mkdtemp(join(tmpdir(), "sluice-program-"));
  const config = join(folder, "tsconfig.json");
  await writeFile(
    config,
    JSON.stringify({
      extends: join(root, "tsconfig.json"),
      compilerOptions: { outDir: folder, rootDir: root, noCheck: true, typeRoots: [join(root, "node_modules/@types")] },
      include: [],
      files: [join(root, file)],
    }),
  );
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  await promisify(execFile)(join(root, "node_modules/.bin/tsc"), ["-p", config]);
  return {
    path: join(folder, file.replace(/\.ts$/, ".js")),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
