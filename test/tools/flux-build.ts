/** What Flux makes of folders, by its own packages and without a cluster (test/tools/flux-build). */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { buildTool } from "./build-tool.ts";

export interface FluxBuilt {
  readonly objects?: readonly Readonly<Record<string, unknown>>[];
  readonly error?: string;
}

export interface FluxBuild {
  /** `substitute`: the Kustomization's postBuild variables; without them nothing is substituted. */
  build(directory: string, substitute?: Readonly<Record<string, string>>): Promise<FluxBuilt>;
  stop(): Promise<void>;
}

/** One process for any number of folders. */
export async function startFluxBuild(): Promise<FluxBuild> {
  const child: ChildProcess = spawn(await buildTool("flux-build"), { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return {
    build: async (directory, substitute) => {
      child.stdin!.write(`${JSON.stringify({ directory, ...(substitute === undefined ? {} : { substitute }) })}\n`);
      const line = await lines.next();
      if (line.done) throw new Error("flux-build ended");
      return JSON.parse(line.value) as FluxBuilt;
    },
    stop: async () => {
      const exited = once(child, "exit");
      child.stdin!.end();
      await exited;
    },
  };
}
