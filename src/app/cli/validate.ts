/** `sluice validate`: settings, connections, documents, templates and references, all problems at once. */
import type { Command } from "commander";
import { countOf } from "../../model/count-of.ts";
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
    const documents = `${countOf(eventSources.size, "EventSource")}, ${countOf(eventTriggers.size, "EventTrigger")}, ${countOf(profiles.size, "profile")}`;
    const errors = all.filter(({ severity }) => severity === "error").length;
    const findings = `${countOf(errors, "error")}, ${countOf(all.length - errors, "warning")}`;
    context.out(
      `${documents}, ${countOf(contents.size, "ConfigMap or Secret", "ConfigMaps and Secrets")}, ${countOf(clusters.size, "cluster")}: ${findings}\n`,
    );
  }
  return hasErrors ? 1 : 0;
}
