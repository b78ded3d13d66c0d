/** `sluice show`: what is deployed, what is remembered, what could not be decoded. */
import type { Command } from "commander";
import { Option } from "commander";
import { formatPlace, type Problem } from "../../model/problem.ts";
import type { DeadLetter, EntityRecord } from "../../model/record.ts";
import type { Settings } from "../../model/settings.ts";
import { listDeadLetters, listRecords, type RecordFilter } from "../../pipeline/list-state.ts";
import { hashEntity } from "../../plan/paths.ts";
import { openState } from "../compose/state.ts";
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
import { type Column, formatTime, printRows } from "./print-rows.ts";

interface ShowOptions extends CommonOptions {
  readonly output: OutputFormat;
  readonly cluster?: string;
  readonly trigger?: string;
  readonly failed?: boolean;
  readonly limit: string;
}

const views = ["addons", "entities", "dead-letters"] as const;

export function addShowCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  addFileOption(program.command("show"))
    .description("what the state branch says: add-ons on clusters, entities, dead letters")
    .argument("<what>", views.join(", "))
    .option("--cluster <namespace/name>", "only of this cluster")
    .option("--trigger <name>", "only of this EventTrigger")
    .option("--failed", "only what failed")
    .option("--limit <n>", "at most so many", "1000")
    .addOption(new Option("-o, --output <format>", "how to print").choices(["table", "json", "yaml"]).default("table"))
    .action(async (what: string, options: ShowOptions) => end(await show(context, what, options)));
}

async function show(context: CliContext, what: string, options: ShowOptions): Promise<ExitCode> {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1) throw usageError("--limit takes a number from 1");
  if (!(views as readonly string[]).includes(what))
    throw usageError(`there is no view ${what}`, `One of ${views.join(", ")}.`);
  const { value: settings, problems } = await openSettings(context, options.file);
  if (reportProblems(context, problems) || settings === undefined) return 3;
  const { cluster, trigger, failed } = options;
  const filter: RecordFilter = {
    limit,
    ...(cluster === undefined ? {} : { cluster }),
    ...(trigger === undefined ? {} : { trigger }),
    ...(failed === undefined ? {} : { failedOnly: failed }),
  };
  if (what === "addons") {
    await showAddons(context, settings, options.output, filter);
    return 0;
  }
  const state = await openState(context, settings);
  try {
    if (what === "dead-letters") {
      const letters = await collect(listDeadLetters(state.git, state.tree, limit));
      printRows(context, options.output, letters, deadLetterColumns, plainDeadLetter);
    } else {
      const records = await collect(listRecords(state.git, state.tree, filter));
      printRows(context, options.output, records, entityColumns, plainEntity);
    }
    return 0;
  } finally {
    await state.close();
  }
}

/** The seed's table; `limit` counts rows. */
export async function showAddons(
  context: CliContext,
  settings: Settings,
  format: OutputFormat,
  filter: RecordFilter,
): Promise<void> {
  const state = await openState(context, settings);
  try {
    const limit = filter.limit ?? Number.POSITIVE_INFINITY;
    const addons: Addon[] = [];
    for await (const record of listRecords(state.git, state.tree, { ...filter, limit: Number.POSITIVE_INFINITY })) {
      addons.push(...addonsOf(record, filter.cluster));
      if (addons.length >= limit) break;
    }
    addons.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
    printRows(context, format, addons.slice(0, limit), addonColumns, (addon) => addon);
  } finally {
    await state.close();
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
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
}

function addonsOf({ objects, trigger, changedAt }: EntityRecord, only: string | undefined): readonly Addon[] {
  return [...objects]
    .filter(([cluster]) => only === undefined || cluster === only)
    .flatMap(([cluster, identities]) =>
      identities.map(({ group, kind, namespace, name }) => ({
        cluster,
        resourceType: `${group}:${kind}`,
        namespace,
        name,
        version: "N/A",
        time: changedAt,
        profiles: `EventTrigger/${trigger}`,
      })),
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

const entityColumns: readonly Column<EntityRecord>[] = [
  { title: "ID", cell: ({ entity }) => hashEntity(entity) },
  { title: "TRIGGER", cell: ({ trigger }) => trigger },
  { title: "SOURCE", cell: ({ entity }) => entity.source },
  { title: "SUBJECT", cell: ({ entity }) => entity.subject },
  { title: "CLUSTERS", cell: ({ objects }) => String(objects.size) },
  {
    title: "OBJECTS",
    cell: ({ objects }) => String([...objects.values()].reduce((sum, list) => sum + list.length, 0)),
  },
  { title: "STATE", cell: ({ failures }) => (failures.size > 0 ? "failed" : "ok") },
  { title: "TIME", cell: ({ changedAt }) => formatTime(changedAt) },
  { title: "REASON", cell: ({ failures }) => describeFailures([...failures.values()]) },
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

function plainEntity({ trigger, entity, objects, waiting, failures, changedAt, last }: EntityRecord): unknown {
  return {
    id: hashEntity(entity),
    trigger,
    ...entity,
    changedAt,
    event: last === undefined ? undefined : { id: last.event.id, type: last.event.type },
    stream: last?.message.stream,
    sequence: last?.message.sequence,
    objects: Object.fromEntries(objects),
    waiting: Object.fromEntries(waiting),
    failures: Object.fromEntries(failures),
  };
}

function plainDeadLetter({ payload, ...letter }: DeadLetter): unknown {
  return { ...letter, payload };
}
