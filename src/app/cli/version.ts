/** `sluice version`: what runs, and which formats and schemas it knows. */
import type { Command } from "commander";
import { Option } from "commander";
import { stringify } from "yaml";
import { renderer, stateFormat } from "../../plan/checkpoint-file.ts";
import { kubernetesVersion } from "../../render/manifests/schema/kubernetes-openapi.ts";
import { readVersion } from "../project-files.ts";
import type { CliContext, ExitCode } from "./context.ts";

export function addVersionCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program
    .command("version")
    .description("the version, and what it knows: Kubernetes' schema, the format of the state branch")
    .addOption(new Option("-o, --output <format>", "how to print").choices(["text", "json", "yaml"]).default("text"))
    .action(({ output }: { output: "text" | "json" | "yaml" }) => {
      const known = {
        version: readVersion(),
        node: process.versions.node,
        platform: `${process.platform}/${process.arch}`,
        kubernetesSchema: kubernetesVersion,
        stateFormat,
        renderer,
      };
      if (output === "json") context.out(`${JSON.stringify(known, undefined, 2)}\n`);
      else if (output === "yaml") context.out(stringify(known));
      else for (const [name, value] of Object.entries(known)) context.out(`${name.padEnd(17)} ${value}\n`);
      end(0);
    });
}
