/** What the state branch holds, read for people: records and dead letters, filtered and bounded. */
import { isNamedCluster } from "../model/cluster.ts";
import { siteOf } from "../model/local-object.ts";
import { triggerOwner } from "../model/owner.ts";
import type { DeadLetter, EntityRecord } from "../model/record.ts";
import { parseDeadLetter } from "../plan/dead-letter-file.ts";
import { deadLettersFolder, recordFolder, recordsFolder } from "../plan/paths.ts";
import { parseRecord } from "../plan/record-file.ts";
import type { GitReader, ObjectId } from "../ports/git.ts";
import { readFolder } from "./read-folder.ts";

export interface RecordFilter {
  readonly trigger?: string;
  /** `[<namespace>/]<name>`: records with objects or failures there. */
  readonly cluster?: string;
  readonly failedOnly?: boolean;
  readonly limit?: number;
}

/** In the order of triggers and entity hashes. */
export async function* listRecords(
  git: GitReader,
  tree: ObjectId | undefined,
  filter: RecordFilter,
): AsyncIterable<EntityRecord> {
  let left = filter.limit ?? Number.POSITIVE_INFINITY;
  const folder = filter.trigger === undefined ? recordsFolder : recordFolder(triggerOwner(filter.trigger));
  for await (const [path, text] of readFolder(git, tree, folder)) {
    const record = parseRecord(text, path);
    if (!isWanted(record, filter)) continue;
    if (left-- <= 0) return;
    yield record;
  }
}

function isWanted({ clusters }: EntityRecord, { cluster, failedOnly }: RecordFilter): boolean {
  if (failedOnly && ![...clusters.values()].some(({ failure }) => failure !== undefined)) return false;
  if (cluster === undefined) return true;
  return [...clusters].some(
    ([key, { objects, waiting, failure }]) =>
      (isNamedCluster(cluster, key) && failure !== undefined) ||
      [...objects.values(), ...waiting.values()].some(({ identity }) => isNamedCluster(cluster, siteOf(key, identity))),
  );
}

/** The oldest first. */
export async function* listDeadLetters(
  git: GitReader,
  tree: ObjectId | undefined,
  limit: number,
): AsyncIterable<DeadLetter> {
  let left = limit;
  for await (const [path, text] of readFolder(git, tree, deadLettersFolder)) {
    if (left-- <= 0) return;
    yield parseDeadLetter(text, path);
  }
}
