/** What was found, and what is on record of one entity, as plain texts. Pure. */
import { countOf, formatCount } from "../../../model/count-of.ts";
import { ownerKey } from "../../../model/owner.ts";
import { briefProblem } from "../../../model/problem.ts";
import { type EntityRecord, failuresOf } from "../../../model/record.ts";
import type { SearchResult } from "../../../pipeline/search-state.ts";
import { hashEntity } from "../../../plan/paths.ts";
import { entityAddress } from "./entity-address.ts";
import type { Tone } from "./page-view.ts";

interface FoundView {
  readonly subject: string;
  readonly source: string;
  readonly owner: string;
  readonly href: string;
  readonly state: string;
  readonly tone: Tone;
  readonly counts: string;
  readonly time: string;
}

export interface SearchView {
  readonly query: string;
  readonly found: readonly FoundView[];
  readonly summary: string;
}

export function viewSearch(query: string, { found, searched, isWhole }: SearchResult): SearchView {
  const looked = `${countOf(searched, "record")} looked at`;
  const rest = isWhole ? "" : "; there may be more: narrow it down, or use sluice show entities";
  return {
    query,
    summary: `${formatCount(found.length)} found, ${looked}${rest}.`,
    found: found.map(({ owner, id, record }) => {
      const objects = [...record.clusters.values()].reduce((sum, on) => sum + on.objects.size, 0);
      const isFailed = failuresOf(record).size > 0;
      return {
        subject: titleOf(record),
        source: record.entity.source,
        owner: ownerKey(owner),
        href: entityAddress(ownerKey(owner), id),
        state: isFailed ? "failed" : objects > 0 ? "rendered" : "nothing rendered",
        tone: isFailed ? "bad" : objects > 0 ? "good" : "quiet",
        counts: `${countOf(objects, "object")} on ${countOf(record.clusters.size, "cluster")}`,
        time: record.changedAt,
      };
    }),
  };
}

interface EntityEventView {
  readonly type: string;
  readonly id: string;
  readonly time: string;
  readonly place: string;
  /** Of which clusters it is the last event. */
  readonly clusters: string;
}

interface EntityClusterView {
  readonly cluster: string;
  readonly action: string;
  readonly tone: Tone;
  readonly objects: readonly string[];
  readonly waiting: readonly string[];
  readonly failure?: string;
  readonly hint?: string;
}

export interface EntityView {
  readonly subject: string;
  readonly source: string;
  readonly connection: string;
  readonly owner: string;
  readonly id: string;
  readonly time: string;
  readonly events: readonly EntityEventView[];
  readonly clusters: readonly EntityClusterView[];
  readonly moreClusters?: string;
  readonly command?: string;
}

const clustersMax = 100;

export function viewEntity(record: EntityRecord): EntityView {
  const { entity, owner, events, clusters, changedAt } = record;
  const id = hashEntity(entity);
  const names = (objects: EntityRecord["clusters"] extends ReadonlyMap<string, infer On> ? On : never) => ({
    objects: [...objects.objects.values()].map(nameObject),
    waiting: [...objects.waiting.values()].map(nameObject),
  });
  const shown = [...clusters].slice(0, clustersMax);
  return {
    subject: titleOf(record),
    source: entity.source,
    connection: entity.connection,
    owner: ownerKey(owner),
    id,
    time: changedAt,
    events: events.map(({ event, message }, index) => ({
      type: event.type,
      id: event.id,
      time: message.time,
      place: `${message.stream} ${message.sequence}`,
      clusters: countOf([...clusters.values()].filter((on) => on.event === index).length, "cluster"),
    })),
    clusters: shown.map(([cluster, on]) => ({
      cluster,
      action: on.failure === undefined ? on.action : `${on.action}, failed`,
      tone: on.failure === undefined ? (on.action === "Create" ? "good" : "quiet") : "bad",
      ...names(on),
      ...(on.failure === undefined ? {} : { failure: briefProblem(on.failure) }),
      ...(on.failure?.hint === undefined ? {} : { hint: on.failure.hint }),
    })),
    ...(clusters.size > shown.length ? { moreClusters: formatCount(clusters.size - shown.length) } : {}),
    // Profiles have no entity that could be asked for.
    ...(owner.kind === "EventTrigger" ? { command: `sluice explain ${id}` } : {}),
  };
}

/** A profile has no entity, and an event need have no subject: there is always something to read and to click. */
function titleOf({ owner, entity: { source, subject } }: Pick<EntityRecord, "owner" | "entity">): string {
  return subject || source || ownerKey(owner);
}

function nameObject({
  identity: { kind, namespace, name, isLocal },
}: {
  identity: { kind: string; namespace: string; name: string; isLocal?: true };
}) {
  return `${kind} ${namespace === "" ? name : `${namespace}/${name}`}${isLocal ? " on the hub" : ""}`;
}
