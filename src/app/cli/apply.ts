/** `sluice apply`: brings a cluster's folder of the target to the cluster. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { applyDry } from "../../apply/apply-dry.ts";
import { applyOnce } from "../../apply/apply-once.ts";
import type { PassReport } from "../../apply/cluster-applier.ts";
import type { Adoption } from "../../apply/decide.ts";
import type { ClusterParts } from "../../apply/open-applier.ts";
import { countActions, describeCounts, isTrouble, type ObjectOutcome } from "../../apply/outcome.ts";
import type { TargetHead } from "../../apply/target-follower.ts";
import type { UnhealthyObject } from "../../apply/wait-until-healthy.ts";
import { resourceTypeOf } from "../../model/chart.ts";
import { parseDuration } from "../../model/parse-duration.ts";
import { SluiceError } from "../../model/problem.ts";
import { applierOf, type Settings } from "../../model/settings.ts";
import { type ApplierStore, type MeantCluster, openApplierStore } from "../compose/applier.ts";
import { composeLog, type LogFlags, quietLog } from "../compose/log.ts";
import { isChildProcess } from "../compose/parent-process.ts";
import { watchClusters } from "../compose/watch-clusters.ts";
import { openSettings } from "../read-config.ts";
import {
  addFileOption,
  type CliContext,
  type CommonOptions,
  type ExitCode,
  type OutputFormat,
  reportProblems,
  usageError,
} from "./context.ts";
import { addPrintOptions, addWatchLogOptions } from "./output-options.ts";
import { type Column, printRows, type View } from "./print-rows.ts";
import { showDryChanges } from "./show-dry-changes.ts";

interface ApplyFlags extends CommonOptions, LogFlags {
  readonly cluster?: string;
  readonly all?: boolean;
  readonly kubeconfig?: string;
  readonly watch?: boolean;
  readonly dryRun?: boolean;
  readonly full?: boolean;
  readonly wait?: boolean;
  readonly timeout: string;
  readonly adopt?: boolean | string;
  readonly output: OutputFormat;
  readonly headers: boolean;
}

export function addApplyCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const command = addFileOption(program.command("apply"))
    .description("bring a cluster's folder of the target to the cluster, without Flux or Argo CD")
    .option("--cluster <namespace/name>", "the cluster")
    .option("--all", "with --watch: every cluster of delivery.kubeconfigs and of delivery.hub")
    .option("--kubeconfig <file>", "how to reach it (default: delivery.kubeconfigs of the settings, then delivery.hub)")
    .option("--watch", "go on: what is pushed or merged is applied, until it is stopped")
    .option("--dry-run", "ask the server what would change, and show it; change nothing")
    .option("--wait", "wait until every object is well, and try again what has to wait for others")
    .option("--timeout <duration>", "for how long --wait waits", "5m")
    .option("--full", "apply every object again, also what has not changed since, and a target that was set back")
    .option("--adopt [manager]", "take over what is there and nobody's, or what that field manager applied");
  addWatchLogOptions(addPrintOptions(command)).action(async (flags: ApplyFlags) => end(await apply(context, flags)));
}

async function apply(context: CliContext, flags: ApplyFlags): Promise<ExitCode> {
  const { cluster, all } = flags;
  if ((cluster === undefined) === (all !== true)) throw usageError("name a cluster with --cluster, or say --all");
  if (all === true && flags.watch !== true) throw usageError("--all goes with --watch");
  if (all === true && flags.kubeconfig !== undefined) throw usageError("--kubeconfig goes with --cluster");
  if (cluster !== undefined && !/^[^/]+\/[^/]+$/.test(cluster)) throw usageError("--cluster takes <namespace>/<name>");
  if (flags.watch === true && flags.dryRun === true) throw usageError("--watch and --dry-run exclude each other");
  if (flags.watch === true && flags.wait === true) throw usageError("--watch and --wait exclude each other");
  const timeoutMs = timeoutOf(flags);
  const { value: settings, problems } = await openSettings(context, flags.file);
  // Of what is only doubtful the service that started this one has told already.
  const told = isChildProcess() ? problems.filter(({ severity }) => severity === "error") : problems;
  if (reportProblems(context, told) || settings === undefined) return 3;
  const meant = cluster === undefined ? undefined : meantBy(context, cluster, flags);
  checkReachable(settings, meant);
  context.stopInOrder();
  const log = flags.watch === true ? composeLog(context, flags) : quietLog(context);
  const store = await openApplierStore(context, settings, log);
  let early: EarlyConnection | undefined;
  try {
    const adoption = adoptionOf(flags);
    if (flags.watch === true) return await watchClusters(context, settings, store, { meant, adoption }, log);
    const named = store.findNamed(meant!);
    if (named !== undefined) early = connectEarly(store.openCluster(cluster!, named, adoption));
    const head = await readHead(store, settings, context.stop);
    const parts = early?.parts ?? (await openFound(context, store, head, meant!, adoption));
    if (flags.dryRun === true) {
      const reached = parts.connect();
      const dry = applyDry({ ...parts, cluster: reached }, head, flags.full === true);
      const { report, changes } = await dry.finally(() => reached.close());
      if (flags.output === "table" || flags.output === "wide") showDryChanges(context, changes);
      const hasChanges = changes.length > 0;
      const code = await printReport(context, parts.key, flags, report, "would be");
      return code === 0 && hasChanges ? 1 : code;
    }
    const once = { isFull: flags.full === true, ...(flags.wait === true ? { waitMsMax: timeoutMs } : {}) };
    const report = await applyOnce(parts, head, once, context.stop);
    const code = await printReport(context, parts.key, flags, report, "");
    for (const one of report.unhealthy) context.err(`${describeUnhealthy(one)}\n`);
    return code === 0 && report.unhealthy.length > 0 ? 1 : code;
  } finally {
    early?.close();
    await store.close();
  }
}

interface EarlyConnection {
  /** The first who connects gets the connection that is there. */
  readonly parts: ClusterParts;
  close(): void;
}

/** The cluster is connected to, and asked for its kinds, while the repository is fetched. */
function connectEarly(parts: ClusterParts): EarlyConnection {
  const early = parts.connect();
  // Where that fails whoever asks next is told.
  void early.findKind("", "ConfigMap").catch(() => undefined);
  let isTaken = false;
  const connect = () => {
    if (isTaken) return parts.connect();
    isTaken = true;
    return early;
  };
  return { parts: { ...parts, connect }, close: () => early.close() };
}

/** A cluster that the hub leads to, as the target's catalog has it. */
async function openFound(
  context: CliContext,
  store: ApplierStore,
  head: TargetHead,
  meant: MeantCluster,
  adoption: Adoption,
): Promise<ClusterParts> {
  const { value: found, problems } = await store.findClusters(head, meant);
  const kubeconfig = found.get(meant.cluster);
  if (kubeconfig !== undefined) return store.openCluster(meant.cluster, kubeconfig, adoption);
  reportProblems(context, problems);
  throw unknownCluster(meant.cluster);
}

function meantBy({ workingDirectory }: CliContext, cluster: string, { kubeconfig }: ApplyFlags): MeantCluster {
  return kubeconfig === undefined ? { cluster } : { cluster, kubeconfigFile: resolve(workingDirectory, kubeconfig) };
}

/** Says before anything is opened what no look at the repository could change. */
function checkReachable(settings: Settings, meant: MeantCluster | undefined): void {
  if (meant?.kubeconfigFile !== undefined) return;
  const applier = applierOf(settings);
  if (meant === undefined && applier === undefined) {
    throw usageError("the settings have neither delivery.kubeconfigs nor delivery.hub");
  }
  const isKnown = meant === undefined || applier?.kubeconfigs.has(meant.cluster) === true;
  if (!isKnown && (applier === undefined || settings.hub === undefined)) throw unknownCluster(meant.cluster);
}

/** Never the kubeconfig that happens to be in force in somebody's shell. */
function unknownCluster(cluster: string): Error {
  return usageError(
    `the settings have no kubeconfig for ${cluster}`,
    "Name it with --kubeconfig, or as delivery.kubeconfigs of the settings; delivery.hub has those of the catalog's clusters.",
  );
}

function adoptionOf({ adopt }: ApplyFlags): Adoption {
  if (adopt === undefined || adopt === false) return { kind: "none" };
  return adopt === true ? { kind: "all" } : { kind: "manager", name: adopt };
}

function timeoutOf({ timeout }: ApplyFlags): number {
  if (/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(timeout)) return parseDuration(timeout);
  throw usageError("--timeout takes a duration such as 90s or 5m");
}

function describeUnhealthy({ kind, namespace, name, health, message }: UnhealthyObject): string {
  const where = namespace === "" ? name : `${name} -n ${namespace}`;
  return `not well: ${kind.toLowerCase()}/${where}: ${health}: ${message}`;
}

async function readHead(store: ApplierStore, { repository }: Settings, signal: AbortSignal): Promise<TargetHead> {
  const head = await store.fetch(signal);
  if (head !== undefined) return head;
  const message = `${repository.url} has no branch ${repository.branch}`;
  throw new SluiceError({ code: "TARGET_MISSING", message });
}

const columns: readonly Column<ObjectOutcome>[] = [
  { title: "ACTION", cell: ({ action, isPending }) => (action === "skipped" && isPending ? "waiting" : action) },
  { title: "RESOURCE TYPE", cell: ({ identity }) => resourceTypeOf(identity) },
  { title: "NAMESPACE", cell: ({ identity }) => identity.namespace },
  { title: "NAME", cell: ({ identity }) => identity.name },
  { title: "OWNER", cell: ({ owner }) => owner, isWide: true },
  { title: "MESSAGE", cell: ({ message }) => message ?? "" },
];

const view: View<ObjectOutcome> = {
  columns,
  name: ({ identity: { group, kind, namespace, name } }) =>
    `${kind.toLowerCase()}${group === "" ? "" : `.${group}`}/${namespace === "" ? "" : `${namespace}/`}${name}`,
  plain: ({ identity, isPending, ...outcome }) => ({ ...identity, ...outcome, isPending: isPending === true }),
};

/** What did not change stands in the count alone. */
async function printReport(
  context: CliContext,
  cluster: string,
  { output, headers }: ApplyFlags,
  { commit, outcomes, unchanged, problems }: PassReport,
  would: string,
): Promise<ExitCode> {
  const isTable = output === "table" || output === "wide";
  const shown = isTable ? outcomes.filter(({ action }) => action !== "unchanged") : outcomes;
  if (!isTable || shown.length > 0) await printRows(context, { format: output, headers }, shown, view);
  reportProblems(context, problems);
  const counts = countActions(outcomes);
  const all = describeCounts({ ...counts, unchanged: counts.unchanged + unchanged });
  context.err(`${cluster} at ${commit.slice(0, 12)}: ${would === "" ? "" : `${would} `}${all}\n`);
  return outcomes.some(isTrouble) || problems.some(({ severity }) => severity === "error") ? 1 : 0;
}
