/** `sluice explain --history`: what became of an object or entity, commit by commit. */
import { countOf } from "../../model/count-of.ts";
import { ownerKey } from "../../model/owner.ts";
import { deliversReleases, type Settings } from "../../model/settings.ts";
import type { ExplainQuestion } from "../../pipeline/dry-run/explain-object.ts";
import { readPath } from "../../pipeline/dry-run/object-path.ts";
import { checkFormat, describeCommit } from "../../pipeline/history/find-state.ts";
import { type Change, findHistory, type ObjectHistory } from "../../pipeline/history/object-history.ts";
import { TreesOnDemand } from "../../pipeline/history/trees-on-demand.ts";
import { parseCheckpoint } from "../../plan/checkpoint-file.ts";
import { checkpointPath, targetPath } from "../../plan/paths.ts";
import { openHistory } from "../compose/state.ts";
import { type CliContext, notFoundError } from "./context.ts";
import { formatTime, printRows, type View } from "./print-rows.ts";

/** Prints the changes, the newest first, and says on stderr how far back that goes. Throws NOT_FOUND where there are none. */
export async function explainHistory(
  context: CliContext,
  settings: Settings,
  what: string,
  question: ExplainQuestion,
  options: { readonly format: "table" | "json" | "yaml"; readonly commitsMax: number },
): Promise<void> {
  const { branch } = settings.state;
  const { git, close } = await openHistory(context, settings);
  try {
    const layout = await readLayout(git, settings, context.stop);
    const { commitsMax, format } = options;
    const history = await findHistory(question, { git, branch, layout, commitsMax, signal: context.stop });
    if (history.oldest === undefined) throw notFoundError(`there is no branch ${branch} yet: nothing is on record`);
    const reach = describeReach(history, history.oldest);
    if (history.changes.length === 0) throw notFoundError(`nothing in the history is ${what}`, reach);
    await printRows(context, { format }, history.changes, changeView(settings));
    context.err(`${reach}\n`);
  } finally {
    await close();
  }
}

/** As objects are laid out now. */
async function readLayout(
  git: Awaited<ReturnType<typeof openHistory>>["git"],
  { state, output }: Settings,
  signal: AbortSignal,
) {
  for await (const head of git.walkHistory(state.branch, signal)) {
    await checkFormat(git, head, signal);
    const text = (await new TreesOnDemand(git, signal).readFiles(head.tree, [checkpointPath])).get(checkpointPath)!;
    return parseCheckpoint(text).layout;
  }
  return { shards: output.shards, buckets: 1 };
}

function describeReach({ commits, end }: ObjectHistory, oldest: CommitOfHistory): string {
  const since = `${countOf(commits, "commit")}, the oldest ${describeCommit(oldest)}`;
  switch (end) {
    case "history":
      return `${since}: there the history begins`;
    case "format":
      return `${since}: what is before has an older format, which is not read`;
    case "limit":
      return `${since}: --commits goes further back`;
  }
}

type CommitOfHistory = NonNullable<ObjectHistory["oldest"]>;

const shownChange = { created: "created", updated: "updated", deleted: "deleted", first: "there before" } as const;

function changeView(settings: Settings): View<Change> {
  const shownPath = (path: string) => targetPath(path, settings.output.path, deliversReleases(settings));
  const eventText = ({ event }: Change) => (event === undefined ? "" : `${event.type} ${event.id}`);
  const isRecord = ({ path }: Change) => path.endsWith(".json");
  const ownerText = ({ owner }: Change) => (owner === undefined ? "" : ownerKey(owner));
  return {
    columns: [
      { title: "TIME", cell: ({ commit }) => formatTime(new Date(commit.time).toISOString()) },
      { title: "COMMIT", cell: ({ commit }) => commit.id.slice(0, 12) },
      { title: "CHANGE", cell: ({ change }) => shownChange[change] },
      { title: "CLUSTER", cell: (change) => (isRecord(change) ? "" : readPath(change.path).cluster) },
      { title: "OBJECT", cell: (change) => (isRecord(change) ? "record" : readPath(change.path).object) },
      { title: "OWNER", cell: ownerText },
      { title: "EVENT", cell: eventText },
      { title: "DELIVERIES", cell: ({ deliveries }) => deliveries.join(", ") },
    ],
    name: ({ commit, path }) => `${commit.id} ${path}`,
    plain: (change) => ({
      time: new Date(change.commit.time).toISOString(),
      commit: change.commit.id,
      change: change.change,
      path: shownPath(change.path),
      ...(change.owner === undefined ? {} : { owner: ownerKey(change.owner) }),
      ...(change.event === undefined ? {} : { event: change.event }),
      deliveries: change.deliveries,
    }),
  };
}
