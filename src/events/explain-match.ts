/**
 * Why an event has no effect: what of the catalog it meets, in order, and where its way ends. For people; the service
 * itself asks {@link import("./match-event.ts").matchEvent}, which is fast.
 */
import type { Catalog, EventSource, MessagingMatchCriteria, Pattern } from "../model/catalog.ts";
import type { ReceivedEvent } from "../model/cloud-event.ts";
import { countOf } from "../model/count-of.ts";
import { formatPlace } from "../model/problem.ts";
import { eventIndexOf } from "./event-index.ts";
import { matchEvent } from "./match-event.ts";

/** EventSources that are told in full; of more only how many there are. */
const sourcesToldMax = 10;

/**
 * One line for each thing that stopped the event, or that it passed; the last ones say what would have been next. Empty
 * where a trigger matched with clusters: then what became of it says everything.
 */
export function explainMatch(received: ReceivedEvent, catalog: Catalog): readonly string[] {
  const { matches } = matchEvent(received, catalog);
  if (matches.some(({ clusters }) => clusters.length > 0)) return [];
  const index = eventIndexOf(catalog);
  const { matched } = index.findEventSources(received);
  if (matched.length === 0) return describeSources(received, catalog);
  const lines: string[] = [];
  for (const { name, at } of matched) {
    const triggers = index.findTriggers(received.connection, name);
    if (triggers.length === 0) {
      lines.push(`EventSource ${name} matches (${formatPlace(at)}), but no EventTrigger names it`);
      continue;
    }
    for (const { trigger, sources } of triggers) {
      const place = formatPlace(trigger.at);
      const match = matches.find((other) => other.trigger === trigger);
      if (sources.length === 0) {
        lines.push(`EventSource ${name} and EventTrigger ${trigger.name} match, but no cluster does (${place})`);
      } else if (match !== undefined && match.clusters.length === 0 && match.problem === undefined) {
        lines.push(`EventTrigger ${trigger.name} matches, but its destination selects no cluster (${place})`);
      }
    }
  }
  return lines;
}

function describeSources(received: ReceivedEvent, catalog: Catalog): readonly string[] {
  const sources = [...catalog.eventSources.values()];
  if (sources.length === 0) return ["there is no EventSource"];
  const lines = sources.slice(0, sourcesToldMax).map((source) => describeSource(source, received));
  const more = sources.length - lines.length;
  return more > 0 ? [...lines, `nor ${more === 1 ? "does" : "do"} ${countOf(more, "other EventSource")} match`] : lines;
}

function describeSource({ name, messagingMatchCriteria, at }: EventSource, received: ReceivedEvent): string {
  if (messagingMatchCriteria.length === 0) return `EventSource ${name} has no criterion (${formatPlace(at)})`;
  const faults = messagingMatchCriteria.map((criteria) => describeCriteria(criteria, received));
  return `EventSource ${name} does not match: ${faults.join("; ")}`;
}

function describeCriteria(criteria: MessagingMatchCriteria, { event, message }: ReceivedEvent): string {
  const fields: readonly (readonly [string, Pattern | undefined, string])[] = [
    ["cloudEventType", criteria.cloudEventType, event.type],
    ["subject", criteria.subject, message.subject],
    ["cloudEventSource", criteria.cloudEventSource, event.source],
    ["cloudEventSubject", criteria.cloudEventSubject, event.subject],
  ];
  const failed = fields.flatMap(([field, pattern, value]) =>
    pattern === undefined || pattern.matches(value)
      ? []
      : [
          `${field} ${quote(pattern.source)} is not ${quote(value)}${
            pattern.nearlyMatches(value) ? " as a whole, only in part" : ""
          }`,
        ],
  );
  return `${failed.join(", ")} (${formatPlace(criteria.at)})`;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
