/** `sluice explain`: why a manifest is as it is. */
import { resolve, sep } from "node:path";
import { type Command, Option } from "commander";
import { stringify } from "yaml";
import type { ConfigFile } from "../../model/catalog.ts";
import { countOf } from "../../model/count-of.ts";
import { isJsonObject, type Json, writeJson } from "../../model/json.ts";
import { readLocalEntity } from "../../model/local-object.ts";
import { titleOfOwner } from "../../model/owner.ts";
import { formatPlace, type Place, type Problem, SluiceError } from "../../model/problem.ts";
import { referenceTier as defaultTier } from "../../model/record.ts";
import { deliversReleases, type Settings } from "../../model/settings.ts";
import {
  type Claimant,
  type ExplainQuestion,
  type Explanation,
  explain,
} from "../../pipeline/dry-run/explain-object.ts";
import { describeFileReview, filesUnderReview, listReviews } from "../../pipeline/review/review-overview.ts";
import { parseCheckpoint } from "../../plan/checkpoint-file.ts";
import { chartsFolder, checkpointPath, desiredFolder, isReleasePath } from "../../plan/paths.ts";
import { parseIdentity } from "../../plan/record-file.ts";
import type { CommitInfo } from "../../ports/git.ts";
import { noneIfMissing, readRevisionFiles, readWorkingFiles } from "../compose/documents.ts";
import { openCheckout } from "../compose/forge.ts";
import { composeOpenRenderSettings } from "../compose/render-settings.ts";
import { composeDecrypter } from "../compose/sops.ts";
import { type OpenHeads, openHeads } from "../compose/state.ts";
import { readConnectionsOpenly } from "../dry-run/origin.ts";
import { diskFiles } from "../file-source.ts";
import { catalogLoader, openSettings } from "../read-config.ts";
import {
  addFileOption,
  type CliContext,
  type CommonOptions,
  type ExitCode,
  notFoundError,
  reportProblems,
  usageError,
} from "./context.ts";
import { explainHistory } from "./explain-history.ts";
import { oneLine } from "./print-rows.ts";
import { reviewScope } from "./review-scope.ts";

/** What --history goes through where nothing else is said. */
const commitsUsually = 10_000;

interface ExplainOptions extends CommonOptions {
  readonly cluster?: string;
  readonly showData?: boolean;
  readonly history?: boolean;
  readonly commits?: string;
  readonly output: "table" | "json" | "yaml";
}

/** What explains an object besides what the state says of it. */
interface Commits {
  readonly state: CommitInfo;
  readonly target: CommitInfo | undefined;
  /** By path, the commit of the checkout that made the file what it is. */
  readonly changes: ReadonlyMap<string, CommitInfo>;
}

export function addExplainCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  addFileOption(program.command("explain"))
    .description("why a manifest is as it is: entity, event, trigger, template, record, claims and commits")
    .argument("<what>", "a manifest's path, an object (Namespace/alice, deployment.apps/web/shop), or an entity's id")
    .option("--cluster <namespace/name>", "the object on this cluster only")
    .option("--show-data", "show what the event says")
    .option("--history", "the commits of the state branch that changed it, with their events, the newest first")
    .option("--commits <n>", "with --history: go through so many commits (default: 10000)")
    .addOption(new Option("-o, --output <format>", "how to print").choices(["table", "json", "yaml"]).default("table"))
    .action(async (what: string, options: ExplainOptions) => end(await run(context, what, options)));
}

async function run(context: CliContext, what: string, options: ExplainOptions): Promise<ExitCode> {
  const commitsMax = readCommits(options);
  const { value: settings, problems } = await openSettings(context, options.file);
  if (reportProblems(context, problems) || settings === undefined) return 3;
  const question = parseQuestion(context, what, options.cluster, settings.output.path);
  if (options.history === true) {
    if (options.showData === true) throw usageError("--show-data means nothing with --history");
    await explainHistory(context, settings, what, question, { format: options.output, commitsMax });
    return 0;
  }
  const heads = await openHeads(context, settings);
  try {
    const { git, state, target } = heads;
    if (state === undefined)
      throw notFoundError(`there is no branch ${settings.state.branch} yet: nothing is on record`);
    const text = (await git.readFiles(state.tree, [checkpointPath])).get(checkpointPath);
    const explanations = await explain(question, {
      git,
      state: state.tree,
      target: target?.tree,
      catalog: await readCatalog(context, settings, heads),
      render: composeOpenRenderSettings(settings),
      outputPath: settings.output.path,
      hasReleases: deliversReleases(settings),
      layout: text === undefined ? { shards: settings.output.shards, buckets: 1 } : parseCheckpoint(text).layout,
      showsData: options.showData === true,
      reviews: filesUnderReview(await listReviews(reviewScope(settings, heads))),
    });
    if (explanations.length === 0) {
      const hint = "Kinds outside the core need their group, as in deployment.apps/web/shop; see `sluice show addons`.";
      throw notFoundError(`nothing on record is ${what}`, hint);
    }
    const changes = target === undefined ? new Map() : await findChanges(context, target, explanations);
    print(context, options.output, settings, explanations, { state, target, changes });
    return 0;
  } finally {
    await heads.close();
  }
}

function readCommits({ commits, history }: ExplainOptions): number {
  if (commits === undefined) return commitsUsually;
  if (history !== true) throw usageError("--commits means nothing without --history");
  const count = Number(commits);
  if (!Number.isInteger(count) || count < 1) throw usageError("--commits takes a number from 1");
  return count;
}

/** A path is one with the output folder in it; an entity's id has 40 hex digits; anything else names an object. */
function parseQuestion(
  { workingDirectory }: CliContext,
  what: string,
  cluster: string | undefined,
  outputPath: string,
): ExplainQuestion {
  if (/^[0-9a-f]{40}$/.test(what)) return { kind: "entity", id: what };
  const path = `/${resolve(workingDirectory, what).split(sep).join("/")}`;
  const root = isReleasePath(path) ? chartsFolder : desiredFolder;
  for (const folder of [outputPath, root]) {
    const at = path.lastIndexOf(`/${folder}/`);
    if (at >= 0 && path.endsWith(".yaml")) return { kind: "path", path: root + path.slice(at + folder.length + 1) };
  }
  const parts = what.split("/");
  const [kindPart = "", first = "", second] = parts;
  if (parts.length < 2 || parts.length > 3 || parts.includes("")) {
    throw usageError(
      `${what} is no path, object or id`,
      "As in Namespace/alice, configmap/web/settings, or the path of a file.",
    );
  }
  const dot = kindPart.indexOf(".");
  const [kind, group] = dot < 0 ? [kindPart, ""] : [kindPart.slice(0, dot), kindPart.slice(dot + 1)];
  const identity = (namespace: string, name: string) => ({ group, kind, namespace, name });
  const candidates =
    second === undefined ? [identity("", first), identity("default", first)] : [identity(first, second)];
  return { kind: "object", candidates, cluster };
}

/** The documents as people have them, for places in their own files: of the target, or of the folder outside. */
async function readCatalog(context: CliContext, settings: Settings, { git, target }: OpenHeads) {
  const files = await noneIfMissing(readFiles(context, settings, git, target));
  const read = await readConnectionsOpenly(context, settings, diskFiles);
  return catalogLoader(settings, read.connections)(files, undefined).value;
}

async function readFiles(
  context: CliContext,
  settings: Settings,
  git: OpenHeads["git"],
  target: CommitInfo | undefined,
): Promise<readonly ConfigFile[]> {
  const { config } = settings;
  if (config.kind === "directory") return readWorkingFiles(context, settings, undefined);
  return target === undefined
    ? []
    : readRevisionFiles(git, target.tree, { ...config, shown: config.path }, composeDecrypter(settings));
}

/** Where the command is given in a clone with the target's history, that tells when a file last changed. */
async function findChanges(
  { workingDirectory }: CliContext,
  target: CommitInfo,
  explanations: readonly Explanation[],
): Promise<ReadonlyMap<string, CommitInfo>> {
  const changes = new Map<string, CommitInfo>();
  try {
    const checkout = await openCheckout(workingDirectory);
    const commit = await checkout.findCommit(target.id);
    for (const { path } of explanations.slice(0, 10)) {
      const change = path === undefined ? undefined : await checkout.findLastChange(commit, path);
      if (path !== undefined && change !== undefined) changes.set(path, change);
    }
  } catch (error) {
    // No clone here, or not one that has the target's head: then only the heads are told.
    if (!(error instanceof SluiceError)) throw error;
  }
  return changes;
}

function print(
  context: CliContext,
  format: ExplainOptions["output"],
  settings: Settings,
  explanations: readonly Explanation[],
  commits: Commits,
): void {
  const plain = explanations.map((explanation) => plainExplanation(explanation, settings, commits));
  const text =
    format === "json"
      ? `${JSON.stringify(plain, undefined, 2)}\n`
      : format === "yaml"
        ? stringify(plain)
        : explanations.map((explanation) => writeExplanation(explanation, settings, commits)).join("\n");
  context.out(context.redactor.redact(text));
}

function plainExplanation(explanation: Explanation, { state, repository }: Settings, commits: Commits): unknown {
  const { event, path } = explanation;
  const describe = (branch: string, commit: CommitInfo | undefined) =>
    commit === undefined ? undefined : { branch, commit: commit.id, time: new Date(commit.time).toISOString() };
  const change = path === undefined ? undefined : commits.changes.get(path);
  return {
    ...explanation,
    ...(event === undefined ? {} : { event: { ...event, document: toPlain(event.document) } }),
    commits: {
      state: describe(state.branch, commits.state),
      target: describe(repository.branch, commits.target),
      lastChange: describe(repository.branch, change),
    },
  };
}

function toPlain(value: Json): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (isJsonObject(value)) return Object.fromEntries([...value].map(([key, member]) => [key, toPlain(member)]));
  return Array.isArray(value) ? value.map(toPlain) : value;
}

function writeExplanation(explanation: Explanation, { state, repository }: Settings, commits: Commits): string {
  const {
    path,
    cluster,
    renderedFor,
    object,
    target,
    review,
    leftBy,
    trigger,
    template,
    entity,
    event,
    record,
    claims,
  } = explanation;
  const lines: string[] = [];
  const add = (title: string, text: string | undefined) => {
    if (text !== undefined) lines.push(`${`${title}:`.padEnd(10)} ${oneLine(text)}`);
  };
  const reason = renderedFor === undefined ? "" : `, the hub, for ${renderedFor} (deploymentType: Local)`;
  add("object", object === undefined ? undefined : `${asAsked(object)} on ${cluster}${reason}`);
  add(
    "path",
    path === undefined
      ? undefined
      : `${path} (${target === undefined ? "on the state branch" : `${target} on the target`})`,
  );
  if (review !== undefined) {
    const again = review.state === "turned down" ? `; \`sluice propose ${review.group}\` proposes it again` : "";
    add("review", `${describeFileReview(review)} (group ${review.group})${again}`);
  }
  if (leftBy !== undefined)
    add(
      "why",
      `${titleOfOwner(leftBy)} left it (LeavePolicies), and nobody claims it; sluice forget --left takes it away`,
    );
  else if (object !== undefined && trigger === undefined && target !== "not desired")
    add("why", "Sluice makes it itself: a cluster's own file, or a Namespace that objects need and nobody renders");
  // A title for both kinds: most often it is a trigger.
  const owner = trigger === undefined ? undefined : `${titleOfOwner(trigger.name)}${at(trigger.at)}`;
  add(trigger?.name.includes("/") ? "profile" : "trigger", owner);
  add(
    "template",
    template === undefined ? undefined : `${formatPlace(template)}${"part" in template ? `, ${template.part}` : ""}`,
  );
  add(
    "entity",
    entity === undefined ? undefined : `${entity.source} ${entity.subject} over ${entity.connection} (${entity.id})`,
  );
  if (event !== undefined) {
    const type = event.document.get("type");
    const id = event.document.get("id");
    add("event", `${type} ${id}, ${event.stream}#${event.sequence} on ${event.subject} at ${event.time}`);
    const data = event.document.get("data") ?? event.document.get("data_base64");
    add("data", data === undefined ? undefined : writeJson(data));
  } else if (record !== undefined) {
    add("event", trigger?.name.includes("/") ? "none: a profile renders without one" : "not kept on record");
  }
  add(
    "record",
    record === undefined
      ? undefined
      : `${record.path}, ${countOf(record.objects, "object")}, changed ${record.changedAt}`,
  );
  for (const failure of record?.failures ?? []) add("failed", `on ${failure.cluster}${describe(failure)}`);
  claims.forEach((claim, index) => {
    add("claim", `${describeClaim(claim)}${index === 0 ? ": has it" : ""}`);
  });
  const change = path === undefined ? undefined : commits.changes.get(path);
  add(
    "changed",
    change === undefined ? undefined : `${describeCommit(repository.branch, change)} ${change.message.split("\n")[0]}`,
  );
  add("target", commits.target === undefined ? undefined : describeCommit(repository.branch, commits.target));
  add("state", describeCommit(state.branch, commits.state));
  return `${lines.join("\n")}\n`;
}

/** `apps:Deployment web/shop` as `explain` takes it: `Deployment.apps/web/shop`. */
function asAsked(object: string): string {
  const { group, kind, namespace, name } = parseIdentity(object);
  return [group === "" ? kind : `${kind}.${group}`, ...(namespace === "" ? [] : [namespace]), name].join("/");
}

function at(place: Place | undefined): string {
  return place === undefined ? "" : ` (${formatPlace(place)})`;
}

function describe({ code, message, at: place }: Problem): string {
  return `${at(place)}: ${message} [${code}]`;
}

function describeClaim({ trigger, entityId, tier, referenceTier, rank }: Claimant): string {
  const { entityHash, cluster } = readLocalEntity(entityId);
  return trigger === ""
    ? "Sluice itself, for the objects in it"
    : `${titleOfOwner(trigger)}, tier ${tier}${referenceTier === defaultTier ? "" : `, its policyRef's tier ${referenceTier}`}, rank ${rank}, entity ${entityHash}${cluster === undefined ? "" : ` for ${cluster}`}`;
}

function describeCommit(branch: string, { id, time }: CommitInfo): string {
  return `${branch} at ${id.slice(0, 12)} of ${new Date(time).toISOString()}`;
}
