/** `sluice retire NS/NAME`: gives up a cluster that is in no document. */
import type { Command } from "commander";
import { addFileOption, type CliContext, type CommonOptions, type ExitCode, usageError } from "./context.ts";
import { control } from "./control.ts";

export function addRetireCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  addFileOption(program.command("retire"))
    .description("give up a cluster that is in no document: its folder goes, what is in the cluster stays")
    .argument("<namespace/name>", "the cluster")
    .action(async (cluster: string, options: CommonOptions) => {
      if (!/^[^/]+\/[^/]+$/.test(cluster)) throw usageError(`${cluster} is no cluster`, "As <namespace>/<name>.");
      end(await control(context, options, { command: "retire", cluster }));
    });
}
