/** The helm program, for whatever needs it. */
import { runProgram } from "../../adapters/git/git-program.ts";
import { HelmProgram } from "../../adapters/programs/helm.ts";
import type { Helm } from "../../ports/helm.ts";

export function composeHelm(): Helm {
  return new HelmProgram({ program: process.env.HELM || "helm", run: runProgram, env: process.env });
}
