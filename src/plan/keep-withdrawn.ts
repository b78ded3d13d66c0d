/**
 * Owners whose documents are gone: they are withdrawn, not forgotten. Their last version, with what it matches events by,
 * stays in the catalog; it still matches and renders nothing but the action, so that their records know what came
 * meanwhile, and all stands where it stood if the documents come back.
 */
import { type Catalog, referencesOf } from "../model/catalog.ts";
import { constantKey } from "../model/document-ref.ts";
import { findRenamed } from "./adopt-record.ts";

/** The wanted catalog with the owners of the one in force that it lacks, but for those that are `forgotten`. */
export function keepWithdrawn(
  wanted: Catalog,
  inForce: Catalog | undefined,
  forgotten: ReadonlySet<string> = new Set(),
): Catalog {
  // Who takes over its records has taken its name's place.
  const renamed = new Set(findRenamed(wanted).values());
  const gone = [...(inForce?.eventTriggers.values() ?? [])].filter(
    ({ name }) => !wanted.eventTriggers.has(name) && !forgotten.has(name) && !renamed.has(name),
  );
  if (inForce === undefined || gone.length === 0) return wanted;
  const eventTriggers = new Map(wanted.eventTriggers);
  const documents = new Map(wanted.documents);
  const eventSources = new Map(wanted.eventSources);
  const clusterSets = new Map(wanted.clusterSets);
  const keep = (key: string | undefined) => {
    const kept = key === undefined ? undefined : inForce.documents.get(key);
    if (kept === undefined || documents.has(key!)) return;
    const { broken: _, ...document } = kept;
    documents.set(key!, document);
  };
  for (const { broken: _, ...trigger } of gone) {
    eventTriggers.set(trigger.name, { ...trigger, withdrawn: true });
    keep(`EventTrigger//${trigger.name}`);
    for (const ref of referencesOf(trigger)) keep(constantKey(ref));
    for (const [name, source] of inForce.eventSources) {
      if (eventSources.has(name) || !mayName(trigger.eventSourceName.source.text, name)) continue;
      eventSources.set(name, source);
      keep(`EventSource//${name}`);
    }
    for (const name of trigger.clusterSetRefs) {
      const set = inForce.clusterSets.get(name);
      if (set === undefined || clusterSets.has(name)) continue;
      clusterSets.set(name, set);
      keep(`ClusterSet//${name}`);
    }
  }
  return { ...wanted, eventTriggers, eventSources, clusterSets, documents };
}

/** A catalog as the state keeps it: those of its triggers that it says are withdrawn, marked so. */
export function markWithdrawn(catalog: Catalog, names: ReadonlySet<string>): Catalog {
  if (names.size === 0) return catalog;
  const marked = [...catalog.eventTriggers].map(([name, trigger]) =>
    names.has(name) ? ([name, { ...trigger, withdrawn: true }] as const) : ([name, trigger] as const),
  );
  return { ...catalog, eventTriggers: new Map(marked) };
}

function mayName(template: string, name: string): boolean {
  return isTemplate(template) || template.trim() === name;
}

function isTemplate(text: string): boolean {
  return text.includes("{{");
}
