/** `sluice import`: a management cluster's documents into a folder, or its clusters into the target's config folder. */
import { type Command, Option } from "commander";
import { objectsOf, planImport } from "../../config/import/plan-import.ts";
import { parseYaml } from "../../config/yaml-document.ts";
import { decodeText } from "../../model/decode-text.ts";
import { type Json, JsonSyntaxError, parseJson } from "../../model/json.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { Settings } from "../../model/settings.ts";
import { commitInventory, type InventoryReport } from "../../pipeline/import/commit-inventory.ts";
import { type HubObjects, readHub } from "../../pipeline/import/read-hub.ts";
import { watchInventory } from "../../pipeline/import/watch-inventory.ts";
import { hubClock, openHubContext, openInventoryTarget } from "../compose/inventory.ts";
import { composeLog, type LogFlags, quietLog } from "../compose/log.ts";
import { openSettings } from "../read-config.ts";
import { readGiven } from "../read-given.ts";
import {
  addFileOption,
  type CliContext,
  type CommonOptions,
  type ExitCode,
  type OutputFormat,
  reportProblems,
  usageError,
} from "./context.ts";
import { writePlan } from "./import-files.ts";
import { addPrintOptions, addWatchLogOptions } from "./output-options.ts";

interface ImportFlags extends CommonOptions, LogFlags {
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly only?: "clusters";
  readonly commit?: boolean;
  readonly watch?: boolean;
  readonly hub?: string;
  readonly output: OutputFormat;
  readonly headers: boolean;
}

export function addImportCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const command = addFileOption(program.command("import"))
    .description("take over what a management cluster of Sveltos has: documents, or its inventory of clusters")
    .argument("[path...]", "files that kubectl get -o yaml printed, - for standard input; last the folder to write to")
    .option("--context <hub>", "the hub: a context of the kubeconfig")
    .option("--kubeconfig <file>", "where that context is (default: as kubectl)")
    .addOption(new Option("--only <what>", "take over nothing else").choices(["clusters"]))
    .option("--commit", "with --only clusters: into the config folder of the target, as a commit")
    .option("--watch", "with --commit: go on, until it is stopped")
    .option("--hub <name>", "with --commit: what the hub is called in its files (default: the context's name)");
  addWatchLogOptions(addPrintOptions(command)).action(async (paths: readonly string[], flags: ImportFlags) =>
    end(await importHub(context, paths, flags)),
  );
}

async function importHub(context: CliContext, paths: readonly string[], flags: ImportFlags): Promise<ExitCode> {
  const isCommit = flags.commit === true;
  const inputs = isCommit ? paths : paths.slice(0, -1);
  if (isCommit && flags.only !== "clusters") throw usageError("--commit goes with --only clusters");
  if (flags.watch === true && !isCommit) throw usageError("--watch goes with --only clusters --commit");
  if (flags.watch === true && flags.context === undefined) throw usageError("--watch goes with --context");
  if (flags.hub !== undefined && !isCommit) throw usageError("--hub goes with --only clusters --commit");
  if (flags.kubeconfig !== undefined && flags.context === undefined)
    throw usageError("--kubeconfig goes with --context");
  const folder = isCommit ? undefined : paths.at(-1);
  if (!isCommit && (folder === undefined || folder === "-")) throw usageError("name the folder to write to");
  if ((flags.context === undefined) === (inputs.length === 0)) {
    throw usageError(
      "name the hub with --context, or what kubectl printed",
      "sluice import --context HUB DIR, or kubectl get … -A -o yaml | sluice import - DIR",
    );
  }
  if (isCommit) return commitClusters(context, inputs, flags);
  const { objects } = await readObjects(context, inputs, flags);
  const plan = planImport(objects, { onlyClusters: flags.only === "clusters" });
  return writePlan(context, plan, folder!, flags);
}

/** From the hub, or from files. */
async function readObjects(
  context: CliContext,
  inputs: readonly string[],
  flags: Pick<ImportFlags, "context" | "kubeconfig" | "only">,
): Promise<HubObjects> {
  if (flags.context === undefined) {
    const objects: Json[] = [];
    for (const input of inputs) objects.push(...objectsOf(await readValues(context, input)));
    return { objects, counts: countKinds(objects) };
  }
  const hub = await openHubContext(context, flags.context, flags.kubeconfig);
  try {
    return await readHub(hub, flags.only === "clusters");
  } finally {
    hub.close();
  }
}

/** What a text has of a kind is all that there is of it; without any nothing is known of it. */
function countKinds(objects: readonly Json[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const object of objects) {
    const kind = object instanceof Map ? String(object.get("kind")) : "";
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

async function readValues(context: CliContext, input: string): Promise<readonly Json[]> {
  const decoded = decodeText(await readGiven(context, input));
  const file = input === "-" ? "standard input" : input;
  if (!("text" in decoded)) throw unreadable(`${file} can't be read: ${decoded.fault}`);
  if (decoded.text.trim() === "") throw unreadable(`${file} is empty`, "An answer without anything is no inventory.");
  if (decoded.text.trimStart().startsWith("{")) {
    try {
      return [parseJson(decoded.text)];
    } catch (error) {
      // It may still be YAML.
      if (!(error instanceof JsonSyntaxError)) throw error;
    }
  }
  const documents = parseYaml(decoded.text, { file, confidential: true });
  const [fault] = documents.flatMap(({ syntaxErrors }) => syntaxErrors);
  if (fault !== undefined) throw new SluiceError(fault);
  return documents.map(({ value }) => value);
}

function unreadable(message: string, hint?: string): SluiceError {
  return new SluiceError({ code: "FILE_UNREADABLE", message, ...(hint === undefined ? {} : { hint }) });
}

async function commitClusters(context: CliContext, inputs: readonly string[], flags: ImportFlags): Promise<ExitCode> {
  const { value: settings, problems } = await openSettings(context, flags.file);
  if (reportProblems(context, problems) || settings === undefined) return 3;
  const log = flags.watch === true ? composeLog(context, flags) : quietLog(context);
  const name = flags.hub ?? flags.context ?? "kubectl";
  const target = await openInventoryTarget(context, settings, configPathOf(settings), name, log);
  context.stopInOrder();
  try {
    if (flags.watch === true) {
      const hub = await openHubContext(context, flags.context!, flags.kubeconfig);
      const onLooked = (report: InventoryReport) => {
        for (const problem of report.problems) log.problem(problem);
        if (report.commit !== undefined)
          log.info("the inventory is committed", { ...countsOf(report), commit: report.commit });
      };
      const parts = { hub, target, clock: hubClock, onLooked, onTrouble: (problem: Problem) => log.problem(problem) };
      await watchInventory(parts, context.stop).finally(() => hub.close());
      return 0;
    }
    const found = await readObjects(context, inputs, flags);
    const report = await commitInventory(target, found, context.stop);
    reportProblems(context, report.problems);
    const { added, changed, removed } = countsOf(report);
    const what = `${added} added, ${changed} changed, ${removed} removed`;
    context.err(report.commit === undefined ? "the inventory is as the hub has it\n" : `${what}: ${report.commit}\n`);
    return report.problems.length > 0 ? 1 : 0;
  } finally {
    await target.close();
  }
}

function configPathOf({ config }: Settings): string {
  if (config.kind === "target") return config.path;
  throw usageError(
    "the settings' documents are outside the repository, where nothing can be committed",
    "Write the files instead: sluice import --context HUB --only clusters DIR",
  );
}

function countsOf({ added, changed, removed }: InventoryReport) {
  return { added: added.length, changed: changed.length, removed: removed.length };
}
