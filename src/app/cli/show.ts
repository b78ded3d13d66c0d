/** `sluice show`: what is deployed, what is remembered, what could not be decoded. */
import type { Command } from "commander";
import { Argument, Option } from "commander";
import type { ObjectIdentity } from "../../model/manifest.ts";
import { type Owner, ownerKey, triggerOwner } from "../../model/owner.ts";
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
import { listDeadLetters, listRecords, type RecordFilter } from "../../pipeline/list-state.ts";
import {
  describeFileReview,
  filesUnderReview,
  type GroupOverview,
  listReviews,
  type UnmergedFile,
} from "../../pipeline/review/review-overview.ts";
import { parseCheckpoint } from "../../plan/checkpoint-file.ts";
import {
  checkpointPath,
  clusterFolder,
  desiredFolder,
  hashEntity,
  isAggregateEntity,
  objectPath,
  ownerPath,
} from "../../plan/paths.ts";
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
import { type Column, formatTime, type PrintOptions, printRows, type View } from "./print-rows.ts";
import { reviewScope } from "./review-scope.ts";
import { showEvents } from "./show-events.ts";
import { leftView, withLeft } from "./show-left.ts";

interface ShowOptions extends CommonOptions {
  readonly output: OutputFormat;
  readonly cluster?: string;
  readonly trigger?: string;
  readonly failed?: boolean;
  readonly left?: boolean;
  readonly limit?: string;
  readonly watch?: boolean;
  readonly headers: boolean;
}

const views = ["addons", "entities", "dead-letters", "reviews", "events"] as const;
const formats = ["table", "wide", "name", "json", "yaml"] as const satisfies readonly OutputFormat[];
const tableRowsMax = 1000;

export function addShowCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  addFileOption(program.command("show"))
    .description(
      "what the state branch says: add-ons on clusters, entities, dead letters, reviews; and the last events",
    )
    .addArgument(new Argument("<what>", "what to show").choices(views))
    .option("--cluster <namespace/name>", "only of this cluster")
    .option("--trigger <name>", "only of this EventTrigger")
    .option("--failed", "only what failed")
    .option("--left", "of add-ons: what LeavePolicies left, and nobody claims")
    .option("--watch", "of events: go on with those that come")
    .option("--limit <n>", "at most so many (default: 1000 in a table, else all)")
    .option("--no-headers", "a table without its titles")
    .addOption(new Option("-o, --output <format>", "how to print").choices([...formats]).default("table"))
    .action(async (what: string, options: ShowOptions) => end(await show(context, what, options)));
}

async function show(context: CliContext, what: string, options: ShowOptions): Promise<ExitCode> {
  const limit = limitOf(options);
  if (what === "dead-letters" || what === "reviews") refuseOptions(what, options, ["cluster", "trigger", "failed"]);
  if (what !== "addons") refuseOptions(what, options, ["left"]);
  if (what === "events") refuseOptions(what, options, ["cluster"]);
  else refuseOptions(what, options, ["watch"]);
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
    refuseOptions("addons --left", options, ["failed"]);
    await withLeft(context, settings, filter, (rows) => printLimited(context, print, rows, leftView));
    return 0;
  }
  if (what === "events") {
    const isWatched = options.watch === true;
    await showEvents(context, settings, { ...print, isWatched, trigger, failedOnly: failed === true });
    return 0;
  }
  if (what === "addons") {
    await showAddons(context, settings, print, filter);
    return 0;
  }
  if (what === "reviews") {
    await showReviews(context, settings, print);
    return 0;
  }
  const state = await openState(context, settings);
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
      await printLimited(context, print, listRecords(state.git, state.tree, filter), entityView);
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
  if (cluster !== undefined && !(await isKnown(`${desiredFolder}/${clusterFolder(cluster)}`))) {
    throw notFoundError(`there is no cluster ${cluster}`, "As <namespace>/<name>, and in the catalog in force.");
  }
  if (trigger !== undefined && !(await isKnown(ownerPath(triggerOwner(trigger))))) {
    throw notFoundError(`there is no EventTrigger ${trigger}`, "Nor is anything on record of one that was called so.");
  }
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
  for (const name of names) if (options[name] !== undefined) throw usageError(`--${name} means nothing for ${what}`);
}

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
): Promise<void> {
  let total = 0;
  async function* firstRows() {
    for await (const row of rows) if (++total <= limit) yield row;
  }
  await printRows(context, options, firstRows(), view);
  if (total > limit) {
    const number = (count: number) => count.toLocaleString("en");
    context.err(`${number(limit)} of ${number(total)} shown; --limit shows more\n`);
  }
}

/** The seed's table, sorted before it is cut. */
export async function showAddons(
  context: CliContext,
  settings: Settings,
  print: LimitedPrint,
  filter: RecordFilter,
): Promise<void> {
  const heads = await openHeads(context, settings);
  try {
    const { git, state } = heads;
    const files = filesUnderReview(await listReviews(reviewScope(settings, heads)));
    const text =
      state === undefined ? undefined : (await git.readFiles(state.tree, [checkpointPath])).get(checkpointPath);
    const plain = { shards: settings.output.shards, buckets: 1 };
    const layout = text === undefined ? plain : parseCheckpoint(text).layout;
    const reviewOf: ReviewOf = (owner, cluster, identity) => {
      const path = objectPath(cluster, owner, identity, layout);
      const file = files.get(settings.output.path + path.slice(desiredFolder.length));
      return file === undefined ? "" : describeFileReview(file);
    };
    await checkFilter(git, state?.tree, filter);
    const addons: Addon[] = [];
    for await (const record of listRecords(git, state?.tree, filter)) {
      addons.push(...addonsOf(record, filter.cluster, reviewOf));
    }
    const keys = new Map(addons.map((addon) => [addon, sortKey(addon)]));
    addons.sort((a, b) => (keys.get(a)! < keys.get(b)! ? -1 : 1));
    // Where nothing is reviewed it is the seed's table, column for column.
    const isReviewed = settings.review.mode === "pull-request";
    const columns = isReviewed ? [...addonColumns, reviewColumn] : addonColumns;
    await printLimited(context, print, addons, { ...addonView, columns });
  } finally {
    await heads.close();
  }
}

/** A row of the seed's table. */
interface Addon {
  readonly cluster: string;
  readonly resourceType: string;
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  readonly time: string;
  readonly profiles: string;
  /** Where it is not on the target as events ask for: how that stands. */
  readonly review?: string;
}

type ReviewOf = (owner: Owner, cluster: string, identity: ObjectIdentity) => string;

function addonsOf(
  { clusters, owner, changedAt }: EntityRecord,
  only: string | undefined,
  reviewOf: ReviewOf,
): readonly Addon[] {
  return [...clusters]
    .filter(([cluster]) => only === undefined || cluster === only)
    .flatMap(([cluster, { objects }]) =>
      [...objects.values()].map(({ identity }) => {
        const { group, kind, namespace, name } = identity;
        const review = reviewOf(owner, cluster, identity);
        return {
          cluster,
          resourceType: `${group}:${kind}`,
          namespace,
          name,
          version: "N/A",
          time: changedAt,
          profiles: ownerKey(owner),
          ...(review === "" ? {} : { review }),
        };
      }),
    );
}

function sortKey({ cluster, resourceType, namespace, name }: Addon): string {
  return [cluster, resourceType, namespace, name].join("\0");
}

const addonColumns: readonly Column<Addon>[] = [
  { title: "CLUSTER", cell: ({ cluster }) => cluster },
  { title: "RESOURCE TYPE", cell: ({ resourceType }) => resourceType },
  { title: "NAMESPACE", cell: ({ namespace }) => namespace },
  { title: "NAME", cell: ({ name }) => name },
  { title: "VERSION", cell: ({ version }) => version },
  { title: "TIME", cell: ({ time }) => formatTime(time) },
  { title: "PROFILES", cell: ({ profiles }) => profiles },
];

const reviewColumn: Column<Addon> = { title: "REVIEW", cell: ({ review }) => review ?? "merged" };

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

const entityColumns: readonly Column<EntityRecord>[] = [
  { title: "ID", cell: ({ entity }) => hashEntity(entity) },
  { title: "TRIGGER", cell: ({ owner }) => owner.name },
  { title: "SOURCE", cell: ({ entity }) => (isAggregateEntity(entity) ? "(all alive)" : entity.source) },
  { title: "SUBJECT", cell: ({ entity }) => entity.subject },
  { title: "CLUSTERS", cell: (record) => String(clustersOf(record).length) },
  {
    title: "OBJECTS",
    cell: ({ clusters }) => String([...clusters.values()].reduce((sum, { objects }) => sum + objects.size, 0)),
  },
  { title: "STATE", cell: (record) => (failuresOf(record).size > 0 ? "failed" : "ok") },
  { title: "TIME", cell: ({ changedAt }) => formatTime(changedAt) },
  { title: "REASON", cell: (record) => describeFailures([...failuresOf(record).values()]) },
];

const deadLetterColumns: readonly Column<DeadLetter>[] = [
  { title: "ID", cell: ({ id }) => id },
  { title: "STREAM", cell: ({ stream }) => stream },
  { title: "SEQUENCE", cell: ({ sequence }) => String(sequence) },
  { title: "SUBJECT", cell: ({ subject }) => subject },
  { title: "TIME", cell: ({ time }) => formatTime(time) },
  { title: "REASON", cell: ({ problem }) => describeFailures([problem]) },
];

/** Where several clusters failed for one reason it is said once. */
function describeFailures(problems: readonly Problem[]): string {
  const texts = problems.map(({ at, message }) => (at === undefined ? message : `${formatPlace(at)}: ${message}`));
  return [...new Set(texts)].join("; ");
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

const addonView: View<Addon> = {
  columns: addonColumns,
  name: ({ cluster, resourceType, namespace, name }) => `${cluster}/${resourceType}/${namespace}/${name}`,
  plain: (addon) => addon,
};
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
