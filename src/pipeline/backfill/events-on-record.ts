/** The last events that triggers have on record, as another trigger would have had them. */
import type { Catalog } from "../../model/catalog.ts";
import { isSameOwner, type Owner } from "../../model/owner.ts";
import { eventOf } from "../../model/record.ts";
import type { EntityInput } from "../../plan/apply-event.ts";
import { hashEntity, isAggregateEntity, recordPath } from "../../plan/paths.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";
import type { RenderSettings } from "../../render/render-spec.ts";
import { listRecords } from "../list-state.ts";
import { inputsOfEvent } from "./backfill-inputs.ts";

export interface RecordScope {
  readonly git: GitReader;
  /** Of the state branch. */
  readonly tree: ObjectId | undefined;
  readonly catalog: Catalog;
  readonly settings: RenderSettings;
}

/** `since`: RFC 3339; what was stored before is left out. Of an entity that several have on record the newest event counts. */
export async function* eventsOnRecord(
  { git, tree, catalog, settings }: RecordScope,
  owner: Owner,
  since: string | undefined,
): AsyncIterable<EntityInput> {
  const from = since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since);
  const taken = new Map<string, string>();
  for await (const record of listRecords(git, tree, {})) {
    if (isSameOwner(record.owner, owner) || isAggregateEntity(record.entity)) continue;
    if (!isOfSameSource(catalog, owner, record.owner)) continue;
    const last = eventOf(record);
    const hash = hashEntity(record.entity);
    if (last === undefined || Date.parse(last.message.time) < from) continue;
    const before = taken.get(hash);
    if (before !== undefined && before >= last.message.time) continue;
    if (tree !== undefined && (await git.findEntry(tree, recordPath(owner, hash))) !== undefined) continue;
    taken.set(hash, last.message.time);
    yield* inputsOfEvent(catalog, owner, { connection: record.entity.connection, ...last }, settings);
  }
}

function isOfSameSource({ eventTriggers }: Catalog, owner: Owner, other: Owner): boolean {
  const [own, others] = [eventTriggers.get(owner.name), eventTriggers.get(other.name)];
  return own !== undefined && own.eventSourceName.source.text === others?.eventSourceName.source.text;
}
