/** `sluice show`: what is deployed, what is remembered, what could not be decoded. */
import type { Command } from "commander";
import { Argument } from "commander";
import type { ClusterKey } from "../../model/cluster.ts";
import { formatCount } from "../../model/count-of.ts";
import { isSameOwner, type Owner, ownerKey, triggerOwner } from "../../model/owner.ts";
import { formatPlace, type Problem } from "../../model/problem.ts";
import {
  type ClusterRecord,
  type DeadLetter,
  type EntityRecord,
  eventOf,
  failuresOf,
  type RankedObjects,
} from "../../model/record.ts";
import type { Settings } from "../../model/settings.ts";
import { type Moment, parseMoment } from "../../pipeline/history/find-state.ts";
import type { AddonFilter } from "../../pipeline/list-addons.ts";
import { listDeadLetters, listRecords, type RecordFilter } from "../../pipeline/list-state.ts";
import { type GroupOverview, listReviews, type UnmergedFile } from "../../pipeline/review/review-overview.ts";
import { clusterFolder, desiredFolder, hashEntity, isAggregateEntity, ownerPath } from "../../plan/paths.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";
import { openHeads, openState } from "../compose/state.ts";
import { openSettings } from "../read-config.ts";
import {
  addFileOption,
  type CliContext,
  type CommonOptions,
  type ExitCode,
  notFoundError,
  type OutputFormat,
  reportProblems,
  usageError,
} from "./context.ts";
import { addPrintOptions } from "./output-options.ts";
import { type Column, formatTime, type PrintOptions, printRows, type View } from "./print-rows.ts";
import { reviewScope } from "./review-scope.ts";
import { readOwnerFilter, withAddons } from "./show-addons.ts";
import { connectionView, readConnections } from "./show-connections.ts";
import { showEvents } from "./show-events.ts";
import { dryRunView, usageView, withDryRuns, withUsage } from "./show-in-force.ts";
import { leftView, withLeft } from "./show-left.ts";
import { liveView, readLiveRows } from "./show-live.ts";

interface ShowOptions extends CommonOptions {
  readonly output: OutputFormat;
  readonly cluster?: string;
  readonly trigger?: string;
  readonly profile?: string;
  readonly namespace?: string;
  readonly objectNamespace?: string;
  readonly failed?: boolean;
  readonly left?: boolean;
  readonly live?: boolean;
  readonly limit?: string;
  readonly watch?: boolean;
  readonly headers: boolean;
  readonly kind?: string;
  readonly name?: string;
  readonly at?: string;
}

const views = ["addons", "entities", "dead-letters", "reviews", "connections", "events", "dryrun", "usage"] as const;
const tableRowsMax = 1000;

/** Flags that mean something for some of them only, and for which. */
const takersOf: readonly (readonly [flag: keyof ShowOptions, takers: readonly string[]])[] = [
  ["cluster", ["addons", "entities", "dryrun", "usage"]],
  ["trigger", ["addons", "entities", "events", "dryrun"]],
  ["failed", ["addons", "entities", "connections", "events"]],
  ["left", ["addons"]],
  ["live", ["addons"]],
  ["objectNamespace", ["addons"]],
  ["namespace", ["addons", "dryrun", "usage"]],
  ["profile", ["addons", "dryrun"]],
  ["kind", ["usage"]],
  ["name", ["usage"]],
  ["watch", ["events"]],
  ["at", ["addons", "entities", "dead-letters", "dryrun", "usage"]],
];

export function addShowCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const command = addFileOption(program.command("show"))
    .description(
      "what the state branch says: add-ons on clusters, entities, dead letters, reviews; and of the service its connections and the last events",
    )
    .addArgument(new Argument("<what>", "what to show").choices(views))
    .option("--cluster <[namespace/]name>", "only of this cluster")
    .option("--trigger <name>", "only of this EventTrigger")
    .option("--profile <kind/name>", "of add-ons: only of this ClusterProfile, Profile or EventTrigger")
    .option("-n, --namespace <name>", "only of clusters in this namespace; of usage: only documents in it")
    .option("--object-namespace <name>", "of add-ons: only objects in this namespace")
    .option("--kind <kind>", "of usage: only documents of this kind")
    .option("--name <name>", "of usage: only documents of this name")
    .option("--failed", "only what failed")
    .option("--left", "of add-ons: what LeavePolicies left, and nobody claims")
    .option("--live", "of add-ons: as the clusters that delivery leads to have them, with the commit that is applied")
    .option(
      "--at <commit|time>",
      "as it was: at a commit of the state branch, or at a time such as 2026-01-31T12:00:00Z",
    )
    .option("--watch", "of events: go on with those that come")
    .option("--limit <n>", "at most so many (default: 1000 in a table, else all)");
  addPrintOptions(command).action(async (what: string, options: ShowOptions) =>
    end(await show(context, what, options)),
  );
}

async function show(context: CliContext, what: string, options: ShowOptions): Promise<ExitCode> {
  const limit = limitOf(options);
  for (const [flag, takers] of takersOf) if (!takers.includes(what)) refuseOptions(what, options, [flag]);
  if (options.live === true) refuseOptions("addons --live", options, ["at"]);
  const at = momentOf(options);
  const { value: settings, problems } = await openSettings(context, options.file);
  if (reportProblems(context, problems) || settings === undefined) return 3;
  const { cluster, trigger, failed } = options;
  const filter: RecordFilter = {
    ...(cluster === undefined ? {} : { cluster }),
    ...(trigger === undefined ? {} : { trigger }),
    ...(failed === undefined ? {} : { failedOnly: failed }),
  };
  const print = { format: options.output, headers: options.headers, limit };
  if (what === "addons" && options.left === true) {
    refuseOptions("addons --left", options, ["failed", "live", "profile", "namespace", "objectNamespace"]);
    await withLeft(context, settings, { ...filter, ...at }, (rows) => printLimited(context, print, rows, leftView));
    return 0;
  }
  if (what === "events") {
    const isWatched = options.watch === true;
    await showEvents(context, settings, { ...print, isWatched, trigger, failedOnly: failed === true });
    return 0;
  }
  if (what === "connections") {
    const rows = await readConnections(context, settings, { failedOnly: failed === true });
    await printLimited(context, print, rows, connectionView);
    return 0;
  }
  if (what === "addons") {
    await showAddons(context, settings, print, { ...filter, ...addonFilterOf(options), ...at }, options.live === true);
    return 0;
  }
  if (what === "dryrun" || what === "usage") {
    const { kind, name } = options;
    const named = { ...(kind === undefined ? {} : { kind }), ...(name === undefined ? {} : { name }) };
    const wanted = { ...(cluster === undefined ? {} : { cluster }), ...named, ...addonFilterOf(options), ...at };
    if (what === "usage")
      await withUsage(context, settings, wanted, (rows) => printLimited(context, print, rows, usageView));
    else await withDryRuns(context, settings, wanted, (rows) => printLimited(context, print, rows, dryRunView));
    return 0;
  }
  if (what === "reviews") {
    await showReviews(context, settings, print);
    return 0;
  }
  const state = await openState(context, settings, at.at);
  try {
    if (what === "dead-letters") {
      await printLimited(
        context,
        print,
        listDeadLetters(state.git, state.tree, Number.POSITIVE_INFINITY),
        deadLetterView,
      );
    } else {
      await checkFilter(state.git, state.tree, filter);
      await printLimited(context, print, listRecords(state.git, state.tree, filter), entityView, compareRecords);
    }
    return 0;
  } finally {
    await state.close();
  }
}

/** A cluster or trigger that nothing is known of is more likely misspelt than empty. Throws NOT_FOUND. */
async function checkFilter(
  git: GitReader,
  tree: ObjectId | undefined,
  { cluster, trigger }: RecordFilter,
): Promise<void> {
  const isKnown = async (path: string) => tree !== undefined && (await git.findEntry(tree, path)) !== undefined;
  if (cluster !== undefined && !(await isKnownCluster(git, tree, cluster))) {
    throw notFoundError(`there is no cluster ${cluster}`, "As [<namespace>/]<name>, and in the catalog in force.");
  }
  if (trigger !== undefined && !(await isKnown(ownerPath(triggerOwner(trigger))))) {
    throw notFoundError(`there is no EventTrigger ${trigger}`, "Nor is anything on record of one that was called so.");
  }
}

/** By `<namespace>/<name>`, or by its name alone. */
async function isKnownCluster(git: GitReader, tree: ObjectId | undefined, cluster: string): Promise<boolean> {
  if (tree === undefined) return false;
  if (cluster.includes("/"))
    return (await git.findEntry(tree, `${desiredFolder}/${clusterFolder(cluster)}`)) !== undefined;
  const namespaces = await git.findEntry(tree, desiredFolder);
  if (namespaces === undefined) return false;
  const folder = clusterFolder(`x/${cluster}`).slice("x/".length);
  for (const { name } of await git.readTree(namespaces.id))
    if ((await git.findEntry(tree, `${desiredFolder}/${name}/${folder}`)) !== undefined) return true;
  return false;
}

/** Who asked for it, and in which namespaces. */
function addonFilterOf({ trigger, profile, namespace, objectNamespace }: ShowOptions): AddonFilter {
  if (trigger !== undefined && profile !== undefined) throw usageError("--trigger and --profile exclude each other");
  const isOwner = profile === undefined ? undefined : readOwnerFilter(profile);
  const ofTrigger = (owner: Owner) => isSameOwner(owner, triggerOwner(trigger ?? ""));
  return {
    ...(trigger === undefined ? {} : { isOwner: ofTrigger }),
    ...(isOwner === undefined ? {} : { isOwner }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(objectNamespace === undefined ? {} : { objectNamespace }),
  };
}

/** When it is asked for; nothing where that is now. */
function momentOf({ at }: ShowOptions): { readonly at?: Moment } {
  if (at === undefined) return {};
  const moment = parseMoment(at);
  if (moment === undefined) {
    throw usageError(
      `--at ${at} is neither a commit nor a time`,
      "As in 3f0c9a1b77de, at least seven digits of a commit's id, 2026-01-31 or 2026-01-31T12:00:00Z.",
    );
  }
  return { at: moment };
}

/** A table for people is cut, what programs read is not. */
function limitOf({ limit, output }: ShowOptions): number {
  if (limit === undefined) return output === "table" || output === "wide" ? tableRowsMax : Number.POSITIVE_INFINITY;
  const rows = Number(limit);
  if (!Number.isInteger(rows) || rows < 1) throw usageError("--limit takes a number from 1");
  return rows;
}

/** An option that means nothing here is said, not passed over. */
function refuseOptions(what: string, options: ShowOptions, names: readonly (keyof ShowOptions)[]): void {
  const flag = (name: string) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  for (const name of names)
    if (options[name] !== undefined) throw usageError(`${flag(name)} means nothing for ${what}`);
}

/** Rows beside those that are printed which are kept until they are sorted. */
const sortedAtOnce = 10_000;

interface LimitedPrint extends PrintOptions {
  /** How many rows are printed; the others are counted. */
  readonly limit: number;
}

/** Prints up to the limit, and says on stderr how many there are in all where that is not all of them. */
async function printLimited<Row>(
  context: CliContext,
  { limit, ...options }: LimitedPrint,
  rows: AsyncIterable<Row> | Iterable<Row>,
  view: View<Row>,
  order?: (a: Row, b: Row) => number,
): Promise<void> {
  let total = 0;
  async function* firstRows() {
    if (order === undefined) {
      for await (const row of rows) if (++total <= limit) yield row;
      return;
    }
    let first: Row[] = [];
    for await (const row of rows) {
      total++;
      first.push(row);
      if (first.length >= 2 * limit + sortedAtOnce) first = first.sort(order).slice(0, limit);
    }
    yield* first.sort(order).slice(0, limit);
  }
  await printRows(context, options, firstRows(), view);
  if (total > limit) {
    context.err(`${formatCount(limit)} of ${formatCount(total)} shown; --limit shows more\n`);
  }
}

/** The seed's table, sorted before it is cut. */
export async function showAddons(
  context: CliContext,
  settings: Settings,
  print: LimitedPrint,
  filter: AddonFilter & RecordFilter & { readonly at?: Moment },
  isLive = false,
): Promise<void> {
  const check = (git: GitReader, tree: ObjectId | undefined) => checkFilter(git, tree, filter);
  await withAddons(context, settings, filter, check, async (rows, view) => {
    if (!isLive) await printLimited(context, print, rows, view);
    else await printLimited(context, print, await readLiveRows(context, settings, rows), liveView(view));
  });
}

/** The groups of reviews, and what of them is proposed and turned down. */
async function showReviews(context: CliContext, settings: Settings, print: LimitedPrint): Promise<void> {
  const heads = await openHeads(context, settings);
  try {
    if (settings.review.mode !== "pull-request") context.err("review.mode is push: nothing is reviewed\n");
    await printLimited(context, print, await listReviews(reviewScope(settings, heads)), reviewView);
  } finally {
    await heads.close();
  }
}

const namesMax = 3;

function listFiles(files: readonly UnmergedFile[]): string {
  if (files.length === 0) return "";
  const names = files.slice(0, namesMax).map(({ path, change }) => (change === "delete" ? `removal of ${path}` : path));
  const more = files.length > namesMax ? `, and ${files.length - namesMax} more` : "";
  return `${files.length}: ${names.join(", ")}${more}`;
}

const reviewView: View<GroupOverview> = {
  columns: [
    { title: "GROUP", cell: ({ group }) => group },
    { title: "REQUEST", cell: ({ request }) => (request === undefined ? "" : String(request)) },
    { title: "STATE", cell: ({ state }) => state },
    { title: "PROPOSED", cell: ({ proposed }) => String(proposed.length) },
    { title: "TURNED DOWN", cell: ({ turnedDown }) => listFiles(turnedDown) },
    { title: "PROPOSED FILES", cell: ({ proposed }) => listFiles(proposed), isWide: true },
  ],
  name: ({ group }) => group,
  plain: (overview) => overview,
};

const collator = new Intl.Collator("en", { numeric: true });

/** As people look for them: by owner, source and subject, numbers in them by value. */
function compareRecords(a: EntityRecord, b: EntityRecord): number {
  return (
    collator.compare(ownerKey(a.owner), ownerKey(b.owner)) ||
    collator.compare(a.entity.source, b.entity.source) ||
    collator.compare(a.entity.subject, b.entity.subject) ||
    (hashEntity(a.entity) < hashEntity(b.entity) ? -1 : 1)
  );
}

const entityColumns: readonly Column<EntityRecord>[] = [
  { title: "ID", cell: ({ entity }) => hashEntity(entity) },
  { title: "TRIGGER", cell: ({ owner }) => (owner.kind === "EventTrigger" ? owner.name : ownerKey(owner)) },
  { title: "SOURCE", cell: ({ entity }) => (isAggregateEntity(entity) ? "(all alive)" : entity.source) },
  { title: "SUBJECT", cell: ({ entity }) => entity.subject },
  { title: "CLUSTERS", cell: (record) => String(clustersOf(record).length) },
  {
    title: "OBJECTS",
    cell: ({ clusters }) => String([...clusters.values()].reduce((sum, { objects }) => sum + objects.size, 0)),
  },
  { title: "STATE", cell: (record) => (failuresOf(record).size > 0 ? "failed" : "ok") },
  { title: "TIME", cell: ({ changedAt }) => formatTime(changedAt) },
  { title: "REASON", cell: (record) => describeFailuresOn(failuresOf(record)) },
];

const deadLetterColumns: readonly Column<DeadLetter>[] = [
  { title: "ID", cell: ({ id }) => id },
  { title: "STREAM", cell: ({ stream }) => stream },
  { title: "SEQUENCE", cell: ({ sequence }) => String(sequence) },
  { title: "SUBJECT", cell: ({ subject }) => subject },
  { title: "TIME", cell: ({ time }) => formatTime(time) },
  { title: "REASON", cell: ({ problem }) => describeFailure(problem) },
];

const clustersNamedMax = 3;

/** Where clusters failed for one reason it is said once, with the first of them. */
function describeFailuresOn(failures: ReadonlyMap<ClusterKey, Problem>): string {
  const clusters = new Map<string, ClusterKey[]>();
  for (const [cluster, problem] of failures) {
    const text = describeFailure(problem);
    clusters.set(text, [...(clusters.get(text) ?? []), cluster]);
  }
  const parts = [...clusters].map(([text, on]) => {
    const more = on.length > clustersNamedMax ? ` and ${on.length - clustersNamedMax} more` : "";
    return `${on.slice(0, clustersNamedMax).join(", ")}${more}: ${text}`;
  });
  return parts.join("; ");
}

function describeFailure({ at, message }: Problem): string {
  return at === undefined ? message : `${formatPlace(at)}: ${message}`;
}

/** Where its last action was Create. */
function clustersOf({ clusters }: EntityRecord): readonly string[] {
  return [...clusters]
    .filter(([, { action, failure }]) => action === "Create" && failure === undefined)
    .map(([key]) => key);
}

function plainEntity(record: EntityRecord): unknown {
  const { owner, entity, clusters, changedAt } = record;
  const last = eventOf(record);
  const identities = (objects: RankedObjects) => [...objects.values()].map(({ identity }) => identity);
  const byCluster = (pick: (on: ClusterRecord) => RankedObjects) =>
    Object.fromEntries([...clusters].flatMap(([key, on]) => (pick(on).size > 0 ? [[key, identities(pick(on))]] : [])));
  return {
    id: hashEntity(entity),
    trigger: owner.name,
    owner,
    ...entity,
    changedAt,
    event: last === undefined ? undefined : { id: last.event.id, type: last.event.type },
    stream: last?.message.stream,
    sequence: last?.message.sequence,
    clusters: clustersOf(record),
    objects: byCluster(({ objects }) => objects),
    waiting: byCluster(({ waiting }) => waiting),
    withdrawn: byCluster(({ withdrawn }) => withdrawn),
    failures: Object.fromEntries(failuresOf(record)),
  };
}

function plainDeadLetter({ payload, ...letter }: DeadLetter): unknown {
  return { ...letter, payload };
}

const entityView: View<EntityRecord> = {
  columns: entityColumns,
  name: ({ entity }) => hashEntity(entity),
  plain: plainEntity,
};
const deadLetterView: View<DeadLetter> = {
  columns: deadLetterColumns,
  name: ({ id }) => id,
  plain: plainDeadLetter,
};
