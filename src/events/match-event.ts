/** Which triggers an event concerns, on which clusters, and what it only just missed. */
import type { Catalog, EventSource, EventTrigger } from "../model/catalog.ts";
import type { ReceivedEvent } from "../model/cloud-event.ts";
import { type Cluster, clusterKey } from "../model/cluster.ts";
import { type Problem, SluiceError } from "../model/problem.ts";
import { eventData, withCluster } from "../render/template-data.ts";
import { eventIndexOf, type TriggerSources } from "./event-index.ts";

export interface TriggerMatch {
  readonly trigger: EventTrigger;
  /**
   * Where to deploy, in the catalog's order. May be none: a Delete still concerns the clusters that are on record.
   */
  readonly clusters: readonly Cluster[];
  /** The clusters that the event counts for; the same unless the trigger names a destination. */
  readonly sources: readonly Cluster[];
  /** Why the destination could not be told. */
  readonly problem?: Problem;
}

export interface EventMatches {
  /** Ordered by the triggers' names, each trigger once. */
  readonly matches: readonly TriggerMatch[];
  /** EventSources that only unanchored patterns, as Sveltos has them, would have matched. */
  readonly nearMisses: readonly EventSource[];
  /** Those of the matches. */
  readonly problems: readonly Problem[];
}

export function matchEvent(received: ReceivedEvent, catalog: Catalog): EventMatches {
  const index = eventIndexOf(catalog);
  const { matched, nearlyMatched } = index.findEventSources(received);
  const sourcesByTrigger = new Map<EventTrigger, TriggerSources>();
  for (const eventSource of matched) {
    for (const found of index.findTriggers(received.connection, eventSource.name)) {
      const other = sourcesByTrigger.get(found.trigger);
      sourcesByTrigger.set(found.trigger, other === undefined ? found : joinSources(other, found));
    }
  }
  const matches = [...sourcesByTrigger.values()]
    .sort((a, b) => (a.trigger.name < b.trigger.name ? -1 : 1))
    .map(({ trigger, sources }) => findDestinations(trigger, sources, received, catalog));
  const problems = matches.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
  return { matches, nearMisses: nearlyMatched, problems };
}

/** One trigger by two EventSources, because its eventSourceName is a template. */
function joinSources(a: TriggerSources, b: TriggerSources): TriggerSources {
  const sources = [...new Set([...a.sources, ...b.sources])];
  return { trigger: a.trigger, sources: sources.sort((x, y) => (clusterKey(x) < clusterKey(y) ? -1 : 1)) };
}

/** Destinations are looked for among all clusters, not only those of the connection. */
function findDestinations(
  trigger: EventTrigger,
  sources: readonly Cluster[],
  received: ReceivedEvent,
  catalog: Catalog,
): TriggerMatch {
  if (trigger.destinationClusterSelector !== undefined) {
    // Without any cluster that the event counts for there is nothing to deploy elsewhere.
    const clusters = sources.length === 0 ? [] : eventIndexOf(catalog).findDestinations(trigger);
    return { trigger, clusters, sources };
  }
  if (trigger.destinationCluster === undefined) return { trigger, clusters: sources, sources };
  const { namespace, name } = trigger.destinationCluster;
  const clusters = new Map<string, Cluster>();
  try {
    const shared = eventData(received);
    for (const source of sources) {
      const data = withCluster(shared, source);
      const context = { clock: 0 };
      const key = clusterKey({
        namespace: namespace.render(data, context).text.trim() || source.namespace,
        name: name.render(data, context).text.trim(),
      });
      const cluster = catalog.clusters.get(key);
      if (cluster === undefined) {
        throw new SluiceError({
          code: "REFERENCE_MISSING",
          message: `the destination of EventTrigger ${trigger.name} is a cluster that is not there: ${JSON.stringify(key.slice(0, 200))}`,
          at: trigger.at,
        });
      }
      clusters.set(key, cluster);
    }
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { trigger, clusters: [], sources, problem: error.problem };
  }
  return { trigger, clusters: [...clusters.values()], sources };
}
