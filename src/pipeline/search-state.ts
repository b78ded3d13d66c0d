/**
 * Looks for entities on the state branch by what people know of them: a part of a source or subject, an object's name or
 * namespace, an id. Bounded in what it finds and in how long it takes, for it runs beside the service's own work.
 */
import { managementCluster } from "../model/cluster.ts";
import { type Owner, ownerKey } from "../model/owner.ts";
import type { EntityRecord } from "../model/record.ts";
import { hashEntity, recordPath, recordsFolder } from "../plan/paths.ts";
import { parseRecord } from "../plan/record-file.ts";
import type { GitReader, ObjectId } from "../ports/git.ts";
import type { Clock } from "../ports/system.ts";
import { readFolder } from "./read-folder.ts";

const foundMax = 50;
const searchMsMax = 3_000;
/** Every so many records others have their turn. */
const recordsPerTurn = 500;

export interface FoundEntity {
  readonly owner: Owner;
  /** The entity's hash. */
  readonly id: string;
  readonly record: EntityRecord;
}

export interface SearchResult {
  readonly found: readonly FoundEntity[];
  /** How many records were looked at. */
  readonly searched: number;
  /** False where there may be more: it found enough, or took too long. */
  readonly isWhole: boolean;
}

export interface SearchScope {
  readonly git: GitReader;
  readonly clock: Clock;
  /** Of the state branch; undefined: nothing is on record yet. */
  readonly tree: ObjectId | undefined;
}

/** `text` is compared without case; an empty one finds the first records that there are. */
export async function searchState({ git, clock, tree }: SearchScope, text: string): Promise<SearchResult> {
  const wanted = text.trim().toLowerCase();
  const since = clock.monotonic();
  const found: FoundEntity[] = [];
  let searched = 0;
  for await (const [path, json] of readFolder(git, tree, recordsFolder)) {
    if (found.length >= foundMax || clock.monotonic() - since > searchMsMax) return { found, searched, isWhole: false };
    if (++searched % recordsPerTurn === 0) await clock.sleep(1);
    // Most records are not meant: those are told without parsing them.
    if (!mayHold(json, path, wanted)) continue;
    const record = parseRecord(json, path);
    if (isMeant(record, wanted)) found.push({ owner: record.owner, id: hashEntity(record.entity), record });
  }
  return { found, searched, isWhole: true };
}

function mayHold(json: string, path: string, wanted: string): boolean {
  // A backslash in the file may stand for any character.
  return json.includes("\\") || json.toLowerCase().includes(wanted) || path.includes(wanted);
}

function isMeant(record: EntityRecord, wanted: string): boolean {
  const { owner, entity, clusters } = record;
  const names = [entity.source, entity.subject, ownerKey(owner)];
  if (names.some((name) => name.toLowerCase().includes(wanted))) return true;
  if (wanted.length >= 8 && hashEntity(entity).startsWith(wanted)) return true;
  return [...clusters].some(
    ([cluster, { objects }]) =>
      cluster.toLowerCase() === wanted ||
      [...objects.values()].some(
        ({ identity: { kind, namespace, name, isLocal = false } }) =>
          (isLocal && wanted === managementCluster) ||
          [`${kind}/${name}`, `${namespace}/${name}`].some((one) => one.toLowerCase().includes(wanted)),
      ),
  );
}

/** What is remembered of one entity under an owner; undefined: nothing. */
export async function readEntity(
  { git, tree }: SearchScope,
  owner: Owner,
  entityHash: string,
): Promise<EntityRecord | undefined> {
  if (tree === undefined) return undefined;
  const path = recordPath(owner, entityHash);
  const text = (await git.readFiles(tree, [path])).get(path);
  return text === undefined ? undefined : parseRecord(text, path);
}
