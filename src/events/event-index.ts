/**
 * What makes matching fast with thousands of EventSources and triggers: everything about a catalog that does not depend
 * on the single event, worked out once, when it is first needed.
 *
 * Events come with few types and, mostly, few message subjects. So the criteria that a type and then a subject leave
 * over are remembered, and each distinct pattern is tried once for a new value, however many criteria share it.
 */
import type { Catalog, EventSource, EventTrigger, MessagingMatchCriteria, Pattern } from "../model/catalog.ts";
import type { ReceivedEvent } from "../model/cloud-event.ts";
import type { Cluster } from "../model/cluster.ts";
import { connectionServes } from "../model/connection-clusters.ts";
import { SluiceError } from "../model/problem.ts";
import { clustersOfTrigger, selectorMatches } from "../model/select-clusters.ts";
import { isLiteral } from "../render/compile-template.ts";
import { PatternSet, tryPattern } from "./pattern-set.ts";

/** A trigger and the clusters that an event of one connection counts for. */
export interface TriggerSources {
  readonly trigger: EventTrigger;
  readonly sources: readonly Cluster[];
}

/** A criterion that is still in the race: `isNear` if only unanchored patterns got it this far. */
interface Candidate {
  /** Its place in the catalog. */
  readonly order: number;
  readonly eventSource: EventSource;
  readonly criteria: MessagingMatchCriteria;
  readonly isNear: boolean;
}

/** Candidates by the pattern that they have for a field; several may have one in common, or none at all. */
type PatternGroups = PatternSet<readonly Candidate[]>;

interface CandidatesOfType {
  readonly subjectGroups: PatternGroups;
  readonly bySubject: Map<string, CandidatesOfSubject>;
}

/** What a type and a message's subject leave over, by the field that tells most of it apart. */
interface CandidatesOfSubject {
  readonly groups: PatternGroups;
  readonly first: AttributeField;
  readonly second: AttributeField;
}

type PatternField = "cloudEventType" | "subject" | AttributeField;
type AttributeField = "cloudEventSource" | "cloudEventSubject";

/** Beyond, what is remembered is forgotten: values that never come twice must not fill the memory. */
const typesMax = 1000;
const subjectsMax = 1000;

const indexes = new WeakMap<Catalog, EventIndex>();

export function eventIndexOf(catalog: Catalog): EventIndex {
  let index = indexes.get(catalog);
  if (index === undefined) {
    index = new EventIndex(catalog);
    indexes.set(catalog, index);
  }
  return index;
}

class EventIndex {
  readonly #catalog: Catalog;
  readonly #typeGroups: PatternGroups;
  readonly #byType = new Map<string, CandidatesOfType>();
  /** By EventSource: the triggers that name it outright. */
  readonly #triggers = new Map<string, EventTrigger[]>();
  readonly #templatedTriggers: readonly EventTrigger[];
  /** By connection, then by EventSource. */
  readonly #found = new Map<string, Map<string, readonly TriggerSources[]>>();
  readonly #templated = new Map<string, ReadonlyMap<string, readonly TriggerSources[]>>();
  readonly #destinations = new Map<EventTrigger, readonly Cluster[]>();

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
    const candidates = [...catalog.eventSources.values()]
      .flatMap((eventSource) => eventSource.messagingMatchCriteria.map((criteria) => ({ eventSource, criteria })))
      .map((candidate, order) => ({ ...candidate, order, isNear: false }));
    this.#typeGroups = groupByPattern(candidates, "cloudEventType");
    const triggers = [...catalog.eventTriggers.values()];
    this.#templatedTriggers = triggers.filter(({ eventSourceName }) => !isLiteral(eventSourceName.source.text));
    for (const trigger of triggers) {
      const { text } = trigger.eventSourceName.source;
      if (isLiteral(text)) append(this.#triggers, text, trigger);
    }
  }

  /** The EventSources that the event belongs to, and those that it would belong to if patterns were not anchored. */
  findEventSources({ event, message }: ReceivedEvent): {
    readonly matched: readonly EventSource[];
    readonly nearlyMatched: readonly EventSource[];
  } {
    const matched = new Set<EventSource>();
    const near = new Set<EventSource>();
    const { groups, first, second } = this.#candidatesFor(event.type, message.subject);
    const values = { cloudEventSource: event.source, cloudEventSubject: event.subject };
    for (const { eventSource, criteria, isNear } of filterCandidates(groups, values[first])) {
      if (matched.has(eventSource)) continue;
      const outcome = tryPattern(criteria[second], values[second]);
      if (outcome !== "no") (isNear || outcome === "near" ? near : matched).add(eventSource);
    }
    return { matched: [...matched], nearlyMatched: [...near].filter((eventSource) => !matched.has(eventSource)) };
  }

  /** The triggers of an EventSource, with the clusters that events of the connection count for. */
  findTriggers(connection: string, eventSource: string): readonly TriggerSources[] {
    const ofConnection = getOrMake(this.#found, connection, () => new Map<string, readonly TriggerSources[]>());
    return getOrMake(ofConnection, eventSource, () => {
      const templated = getOrMake(this.#templated, connection, () => this.#resolveTemplated(connection));
      const literal = this.#triggers.get(eventSource) ?? [];
      return [
        ...literal.map((trigger) => ({ trigger, sources: this.#findSources(connection, trigger) })),
        ...(templated.get(eventSource) ?? []),
      ];
    });
  }

  /** The clusters of a trigger's destinationClusterSelector. */
  findDestinations(trigger: EventTrigger): readonly Cluster[] {
    return getOrMake(this.#destinations, trigger, () => {
      const selector = trigger.destinationClusterSelector;
      const clusters = [...this.#catalog.clusters.values()];
      return selector === undefined ? [] : clusters.filter(({ labels }) => selectorMatches(selector, labels));
    });
  }

  #candidatesFor(type: string, subject: string): CandidatesOfSubject {
    let ofType = this.#byType.get(type);
    if (ofType === undefined) {
      if (this.#byType.size === typesMax) this.#byType.clear();
      const candidates = filterCandidates(this.#typeGroups, type);
      ofType = { subjectGroups: groupByPattern(candidates, "subject"), bySubject: new Map() };
      this.#byType.set(type, ofType);
    }
    const { subjectGroups, bySubject } = ofType;
    let ofSubject = bySubject.get(subject);
    if (ofSubject === undefined) {
      if (bySubject.size === subjectsMax) bySubject.clear();
      ofSubject = groupByAttribute(filterCandidates(subjectGroups, subject));
      bySubject.set(subject, ofSubject);
    }
    return ofSubject;
  }

  #findSources(connection: string, trigger: EventTrigger): readonly Cluster[] {
    return clustersOfTrigger(trigger, this.#catalog).filter(connectionServes(this.#catalog, connection));
  }

  /** By EventSource, the triggers whose eventSourceName renders to it for some of the connection's clusters. */
  #resolveTemplated(connection: string): Map<string, TriggerSources[]> {
    const found = new Map<string, TriggerSources[]>();
    for (const trigger of this.#templatedTriggers) {
      const byName = new Map<string, Cluster[]>();
      for (const cluster of this.#findSources(connection, trigger)) {
        const name = renderEventSourceName(trigger, cluster);
        if (name !== undefined) append(byName, name, cluster);
      }
      for (const [name, sources] of byName) append(found, name, { trigger, sources });
    }
    return found;
  }
}

/** Undefined where it can't be rendered for the cluster, which was reported when the catalog was loaded. */
function renderEventSourceName(trigger: EventTrigger, cluster: Cluster): string | undefined {
  try {
    return trigger.eventSourceName.render(new Map([["Cluster", cluster.document]]), { clock: 0 }).text.trim();
  } catch (error) {
    if (error instanceof SluiceError) return undefined;
    throw error;
  }
}

function groupByPattern(candidates: readonly Candidate[], field: PatternField): PatternGroups {
  const groups = new Map<string | undefined, [Pattern | undefined, Candidate[]]>();
  for (const candidate of candidates) {
    const pattern = candidate.criteria[field];
    const group = getOrMake(groups, pattern?.source, (): [Pattern | undefined, Candidate[]] => [pattern, []]);
    group[1].push(candidate);
  }
  return new PatternSet(groups.values());
}

function groupByAttribute(candidates: readonly Candidate[]): CandidatesOfSubject {
  const distinct = (field: AttributeField) => new Set(candidates.map(({ criteria }) => criteria[field]?.source)).size;
  const isBySubject = distinct("cloudEventSubject") >= distinct("cloudEventSource");
  const first = isBySubject ? "cloudEventSubject" : "cloudEventSource";
  const second = isBySubject ? "cloudEventSource" : "cloudEventSubject";
  return { groups: groupByPattern(candidates, first), first, second };
}

/** The candidates of the groups whose pattern takes the value, in the catalog's order. */
function filterCandidates(groups: PatternGroups, value: string): readonly Candidate[] {
  const kept: Candidate[] = [];
  for (const [candidates, outcome] of groups.find(value)) {
    for (const candidate of candidates) {
      kept.push(outcome === "near" && !candidate.isNear ? { ...candidate, isNear: true } : candidate);
    }
  }
  return kept.sort((a, b) => a.order - b.order);
}

function getOrMake<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

function append<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}
