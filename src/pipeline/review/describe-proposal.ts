/** A proposal in numbers and lines, for titles, bodies and commit messages: bounded, and harmless whatever it holds. */
import { countEach, countOf } from "../../model/count-of.ts";
import type { Json, JsonObject } from "../../model/json.ts";
import type { FileDifference } from "../../model/review.ts";
import { readOwnedPath } from "../../plan/paths.ts";
import { belowDelivery, clusterOfProposal, type ProposalFolders, placeIn } from "../../plan/proposal-path.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";
import { diffLines, makeHunks, splitLines } from "../dry-run/diff-lines.ts";
import { defuseText } from "./defuse-text.ts";

/** Where the contents of a proposal are: trees, and the folders in them that its paths are below. */
export interface ProposalSides {
  readonly have: { readonly tree: ObjectId; readonly folders: ProposalFolders };
  readonly want: { readonly tree: ObjectId; readonly folders: ProposalFolders };
}

const rowsMax = 50;
const nameCharactersMax = 80;
const filesMax = 300;
const lineCharactersMax = 300;
/** Files read at a time, so that what does not fit is not read. */
const chunk = 50;

type Action = "create" | "update" | "delete";

interface Row {
  readonly trigger: string;
  readonly cluster: string;
  readonly counts: Record<Action, number>;
}

function actionOf({ have, want }: FileDifference): Action {
  if (have === undefined) return "create";
  return want === undefined ? "delete" : "update";
}

/**
 * `title`, `rows` (trigger, cluster, create, update, delete) and `moreRows`, and `warning`: what to look at first, empty
 * where there is nothing. Paths are harmless as they are encoded.
 */
export function summarizeProposal(proposal: readonly FileDifference[]): ReadonlyMap<string, Json> {
  const rows = new Map<string, Row>();
  const totals: Record<Action, number> = { create: 0, update: 0, delete: 0 };
  const clusters = new Set<string>();
  for (const difference of proposal) {
    const cluster = clusterOfProposal(difference.path) ?? "";
    const owned = readOwnedPath(difference.path.split("/").slice(2).join("/"));
    const trigger = owned?.kind === "EventTrigger" ? owned.ownerFolder : "";
    const key = `${trigger} ${cluster}`;
    const row = rows.get(key) ?? { trigger, cluster, counts: { create: 0, update: 0, delete: 0 } };
    rows.set(key, row);
    if (cluster !== "") clusters.add(cluster);
    row.counts[actionOf(difference)]++;
    totals[actionOf(difference)]++;
  }
  const where = countOf(clusters.size, "cluster");
  const title = `${countEach(totals, "manifest")} on ${where}`;
  const warning = warnOfDeletions(proposal, where);
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  const triggers = [...new Set(sorted.map(({ trigger }) => trigger))].filter((trigger) => trigger !== "");
  return new Map<string, Json>([
    ["title", warning === "" ? title.charAt(0).toUpperCase() + title.slice(1) : `Mass deletion: ${title}`],
    ["warning", warning],
    ["triggers", triggers.slice(0, rowsMax).map(cutName)],
    ["rows", sorted.slice(0, rowsMax).map(rowToJson)],
    ["moreRows", BigInt(Math.max(0, sorted.length - rowsMax))],
  ]);
}

/** More than these, or more than half of what changes and at least five, is worth a warning. */
const deletionsMax = 20;
const deletionsMin = 5;

function warnOfDeletions(proposal: readonly FileDifference[], where: string): string {
  // What passes to another owner is deleted in one place and created in another.
  const created = new Set(proposal.filter((one) => actionOf(one) === "create").map(({ path }) => identityOf(path)));
  const gone = proposal.filter((one) => actionOf(one) === "delete" && !created.has(identityOf(one.path)));
  const isMass = gone.length > deletionsMax || (gone.length >= deletionsMin && gone.length * 2 > proposal.length);
  return isMass ? `This deletes ${countOf(gone.length, "manifest")} on ${where}.` : "";
}

/** The cluster, and at the end namespace, kind and name, however it is laid out between. */
function identityOf(path: string): string {
  const parts = path.split("/");
  return [...parts.slice(0, 2), ...parts.slice(-3)].join("/");
}

function rowToJson({ trigger, cluster, counts }: Row): JsonObject {
  return new Map<string, Json>([
    ["trigger", cutName(trigger)],
    ["cluster", cutName(cluster)],
    ["create", BigInt(counts.create)],
    ["update", BigInt(counts.update)],
    ["delete", BigInt(counts.delete)],
  ]);
}

function cutName(name: string): string {
  return name.length <= nameCharactersMax ? name : `${name.slice(0, nameCharactersMax)}...`;
}

export interface ProposalDiff {
  /** Unified, defused. */
  readonly text: string;
  /** Files that it leaves out. */
  readonly filesLeftOut: number;
}

/** As many files' differences as fit, in the proposal's order. */
export async function diffProposal(
  git: GitReader,
  proposal: readonly FileDifference[],
  { have, want }: ProposalSides,
  charactersMax: number,
): Promise<ProposalDiff> {
  let text = "";
  let files = 0;
  const shown = proposal.slice(0, filesMax);
  for (let start = 0; start < shown.length; start += chunk) {
    const differences = shown.slice(start, start + chunk);
    const read = ({ tree, folders }: ProposalSides["have"], isThere: (difference: FileDifference) => boolean) =>
      git.readFiles(
        tree,
        differences.filter(isThere).map(({ path }) => placeIn(folders, path)),
      );
    const before = await read(have, (difference) => difference.have !== undefined && !isSecret(difference));
    const after = await read(want, (difference) => difference.want !== undefined && !isSecret(difference));
    for (const difference of differences) {
      const path = placeIn(have.folders, difference.path);
      const one = isSecret(difference)
        ? `${fileHeader(path, difference)}(a Secret: its contents are not shown here)\n`
        : fileHeader(path, difference) +
          diffTexts(before.get(path) ?? "", after.get(placeIn(want.folders, difference.path)) ?? "");
      if (text.length + one.length > charactersMax) return { text, filesLeftOut: proposal.length - files };
      text += one;
      files++;
    }
  }
  return { text, filesLeftOut: proposal.length - files };
}

/** The repository's readers may see it there; who gets mail about a request is another matter. */
function isSecret({ path }: FileDifference): boolean {
  const parts = path.split("/");
  // Values of a chart that come of a Secret stand in one of their own.
  return parts.at(-2) === "secret" || (belowDelivery(path) !== undefined && parts.at(-3) === "values");
}

function fileHeader(path: string, { have, want }: FileDifference): string {
  return `--- ${have === undefined ? "/dev/null" : `a/${path}`}\n+++ ${want === undefined ? "/dev/null" : `b/${path}`}\n`;
}

function diffTexts(before: string, after: string): string {
  const lines = { before: splitLines(before), after: splitLines(after) };
  let text = "";
  for (const hunk of makeHunks(diffLines(lines.before, lines.after))) {
    text += `@@ -${hunk.before.join(",")} +${hunk.after.join(",")} @@\n`;
    for (const { sign, index } of hunk.edits) {
      const line = (sign === "+" ? lines.after : lines.before)[index] ?? "";
      text += `${sign}${defuseText(line.length > lineCharactersMax ? `${line.slice(0, lineCharactersMax)}...` : line)}\n`;
    }
  }
  return text;
}
