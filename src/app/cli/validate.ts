/** `sluice validate`: settings, connections, documents, templates and references, all problems at once. */
import type { Command } from "commander";
import { loadWorkingCatalog } from "../compose/documents.ts";
import { openSettings } from "../read-config.ts";
import { addFileOption, type CliContext, type CommonOptions, type ExitCode, reportProblems } from "./context.ts";

export function addValidateCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  addFileOption(program.command("validate"))
    .description("check settings, connections, documents, templates and references")
    .argument("[path]", "the config folder, where it is not the one that the settings name")
    .action(async (path: string | undefined, options: CommonOptions) => end(await validate(context, path, options)));
}

async function validate(context: CliContext, path: string | undefined, options: CommonOptions): Promise<ExitCode> {
  const { value: settings, problems } = await openSettings(context, options.file);
  const loaded = settings === undefined ? undefined : await loadWorkingCatalog(context, settings, path);
  const all = [...problems, ...(loaded?.problems ?? [])];
  const hasErrors = reportProblems(context, all);
  const catalog = loaded?.value;
  if (catalog !== undefined) {
    const { eventSources, eventTriggers, profiles, contents, clusters } = catalog;
    const count = (number: number, word: string) => `${number} ${word}${number === 1 ? "" : "s"}`;
    const documents = `${count(eventSources.size, "EventSource")}, ${count(eventTriggers.size, "EventTrigger")}, ${count(profiles.size, "profile")}`;
    const errors = all.filter(({ severity }) => severity === "error").length;
    const findings = `${count(errors, "error")}, ${count(all.length - errors, "warning")}`;
    context.out(
      `${documents}, ${contents.size} ConfigMaps and Secrets, ${count(clusters.size, "cluster")}: ${findings}\n`,
    );
  }
  return hasErrors ? 1 : 0;
}
