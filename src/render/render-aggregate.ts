/**
 * What a trigger renders once for a cluster over the events of all entities that are alive there (`oneForEvent: false`):
 * (events, cluster, templates) → text, as of a single event.
 */
import type { Catalog, EventTrigger } from "../model/catalog.ts";
import { type Cluster, type ClusterKey, clusterKey } from "../model/cluster.ts";
import { countOf } from "../model/count-of.ts";
import type { ClusterRendering, Manifest } from "../model/manifest.ts";
import { type Problem, SluiceError } from "../model/problem.ts";
import type { RecordedEvent } from "../model/record.ts";
import type { RenderContext } from "../model/template.ts";
import { problemOf, type RenderSettings, renderSpec } from "./render-spec.ts";
import { clockOf, floatNumbers } from "./render-trigger.ts";
import { eventsData, withCluster } from "./template-data.ts";

/** So many entities can be rendered at once. */
const aliveMax = 10_000;

export interface AggregateRendering {
  readonly rendering: ClusterRendering;
  readonly warnings: readonly Problem[];
}

/** `events`: by source and subject; `entityKey` stands for all of the cluster in the provenance of what is rendered. */
export function renderAggregate(
  catalog: Catalog,
  trigger: EventTrigger,
  cluster: Cluster,
  events: readonly RecordedEvent[],
  entityKey: string,
  settings: RenderSettings,
): AggregateRendering {
  const key = clusterKey(cluster);
  const isSveltos = catalog.compatibility === "sveltos";
  const documents = events.map(({ event: { document } }) => (isSveltos ? floatNumbers(document) : document));
  const draw = settings.drawBytes;
  const context: RenderContext = {
    clock: Math.max(...events.map(clockOf)),
    ...(draw === undefined
      ? {}
      : { drawBytes: (call: number, length: number) => draw([entityKey, trigger.name, key], call, length) }),
  };
  const provenance = { owner: `EventTrigger/${trigger.name}`, entity: entityKey, instance: settings.instance };
  try {
    const data = withCluster(eventsData(documents), cluster);
    const rendered = renderSpec(trigger, {
      catalog,
      cluster,
      data,
      context,
      provenance,
      settings,
      trigger: trigger.name,
    });
    const { manifests, warnings } = rendered;
    refusePrinted(manifests);
    return { rendering: { cluster: key, action: "Create", manifests }, warnings };
  } catch (error) {
    return { rendering: { cluster: key, action: "fail", problem: problemOf(error, trigger.at) }, warnings: [] };
  }
}

/** The events that it is rendered over are on record, where nothing that is printed into a Secret may stand. */
function refusePrinted(manifests: readonly Manifest[]): void {
  const printed = manifests.find(({ unsealed }) => unsealed?.isConstant === false);
  if (printed === undefined) return;
  const { namespace, name } = printed.identity;
  throw new SluiceError({
    code: "SECRET_REFUSED",
    message: `Secret ${namespace}/${name} is rendered over events that would have to stand on record in clear`,
    at: printed.at,
    hint: "Leave oneForEvent out, or render an ExternalSecret or a SealedSecret.",
  });
}

/** Undefined: they are not. */
export function tooManyAlive({ name, at }: EventTrigger, cluster: ClusterKey, count: number): Problem | undefined {
  if (count <= aliveMax) return undefined;
  return {
    code: "TEMPLATE_BOUND",
    severity: "error",
    message: `${countOf(count, "entity is", "entities are")} alive under EventTrigger ${name} on ${cluster}: at most ${aliveMax} can be rendered at once`,
    at,
    hint: "Let the trigger match fewer, or render each by itself: leave oneForEvent out.",
  };
}
