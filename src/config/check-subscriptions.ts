/** Whether events can reach the triggers at all: EventSources that exist, subjects that someone subscribes to. */
import type { Catalog, MessagingMatchCriteria } from "../model/catalog.ts";
import type { Connection } from "../model/connection.ts";
import { coversSubject, hasWildcard, overlapSubjects } from "../model/nats-subjects.ts";
import { type Problem, SluiceError } from "../model/problem.ts";
import { clustersOfTrigger } from "../model/select-clusters.ts";
import { isLiteral } from "../render/compile-template.ts";
import { isPlainPattern } from "./compile-pattern.ts";
import { isSubjectWildcard } from "./subject-wildcard.ts";

/** Warnings for criteria whose subject no connection subscribes to; where a pattern leaves it open, none. */
export function checkSubscriptions(catalog: Catalog, connections: readonly Connection[]): Problem[] {
  // A stream without subjects is read whole, and only its server knows what it holds.
  if (connections.some(({ jetstream }) => jetstream?.streams.some(({ subjects }) => subjects.length === 0))) return [];
  const filters = connections.flatMap(({ core, jetstream }) => [
    ...(core?.subjects ?? []),
    ...(jetstream?.streams.flatMap(({ subjects }) => subjects) ?? []),
  ]);
  return [...catalog.eventSources.values()].flatMap(({ name, messagingMatchCriteria }) =>
    messagingMatchCriteria.flatMap((criteria): Problem[] => {
      if (criteria.subject === undefined || filters.some((filter) => mayReach(filter, criteria))) return [];
      return [
        {
          code: "SUBJECT_NOT_SUBSCRIBED",
          severity: "warning",
          message: `no connection subscribes to subject ${criteria.subject.source} of EventSource ${name}`,
          at: criteria.at,
          hint: filters.length === 0 ? "No connection subscribes to anything." : `Subscribed: ${filters.join(", ")}.`,
        },
      ];
    }),
  );
}

function mayReach(filter: string, { subject }: MessagingMatchCriteria): boolean {
  if (subject === undefined) return true;
  if (isSubjectWildcard(subject.source)) return overlapSubjects(filter, subject.source);
  if (!hasWildcard(filter)) return subject.matches(filter);
  return !isPlainPattern(subject.source) || coversSubject(filter, subject.source);
}

/** Errors where an eventSourceName that is a template fails for a cluster, or comes to name what isn't there. */
export function checkEventSourceNames(catalog: Catalog): Problem[] {
  return [...catalog.eventTriggers.values()].flatMap((trigger) => {
    const { text, file, line, column, part } = trigger.eventSourceName.source;
    if (isLiteral(text) || trigger.broken !== undefined) return [];
    const problems = new Map<string, Problem>();
    for (const cluster of clustersOfTrigger(trigger, catalog)) {
      try {
        const name = trigger.eventSourceName.render(new Map([["Cluster", cluster.document]]), { clock: 0 }).text.trim();
        if (catalog.eventSources.has(name) || problems.has(name)) continue;
        const message = `EventTrigger ${trigger.name} refers to EventSource ${name} for cluster ${cluster.namespace}/${cluster.name}, which is not there`;
        problems.set(name, { code: "REFERENCE_MISSING", severity: "error", message, at: { file, line, column, part } });
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error;
        if (!problems.has(error.message)) problems.set(error.message, error.problem);
      }
    }
    return [...problems.values()];
  });
}
