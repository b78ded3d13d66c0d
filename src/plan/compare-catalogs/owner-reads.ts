/** What an owner depends on besides its events: fields of `.Cluster`, and documents that it names or may come to name. */
import { type Catalog, type EventTrigger, type OwnerSpec, referencesOf } from "../../model/catalog.ts";
import { templatesOfChart } from "../../model/chart.ts";
import type { Cluster } from "../../model/cluster.ts";
import { type DocumentKey, documentKey } from "../../model/document-key.ts";
import { type DocumentRef, mayRefer } from "../../model/document-ref.ts";
import { SluiceError } from "../../model/problem.ts";
import type { FieldChain, Template } from "../../model/template.ts";

/** What a template prints for a cluster, whatever the event; undefined where it fails. */
export function renderForCluster(template: Template, cluster: Cluster): string | undefined {
  try {
    return template.render(new Map([["Cluster", cluster.document]]), { clock: 0 }).text.trim();
  } catch (error) {
    if (error instanceof SluiceError) return undefined;
    throw error;
  }
}

/** The document that a reference names for a cluster. An empty namespace is the cluster's. */
export function referredKey({ kind, namespace, name }: DocumentRef, cluster: Cluster): DocumentKey | undefined {
  const [inNamespace, called] = [renderForCluster(namespace, cluster), renderForCluster(name, cluster)];
  if (inNamespace === undefined || called === undefined) return undefined;
  return documentKey({ kind, namespace: inNamespace || cluster.namespace, name: called });
}

/**
 * The chains of fields of a cluster's document that a trigger's templates read, those of what it may refer to included;
 * the empty chain is all of it.
 */
export function clusterChains(trigger: EventTrigger, contents: Catalog["contents"]): readonly FieldChain[] {
  const { destinationCluster: to } = trigger;
  const own = [trigger.eventSourceName, trigger.cloudEventAction, ...(to === undefined ? [] : [to.namespace, to.name])];
  return specChains(trigger, contents, own);
}

/** The same of what any owner renders. `others`: templates of its own besides. */
export function specChains(
  spec: OwnerSpec,
  contents: Catalog["contents"],
  others: readonly Template[] = [],
): readonly FieldChain[] {
  const { extraLabels, extraAnnotations, policyRefs, generators, patches, patchesFrom, charts } = spec;
  const templates = [
    ...others,
    ...extraLabels.values(),
    ...extraAnnotations.values(),
    ...referencesOf(spec).flatMap(({ namespace, name }) => [namespace, name]),
    ...generators.map(({ nameFormat }) => nameFormat),
    ...patches.map(({ content }) => content),
    ...charts.flatMap(templatesOfChart),
  ];
  const values = charts.flatMap(({ valuesFrom }) => valuesFrom);
  const rendered = [...policyRefs, ...generators, ...patchesFrom, ...values];
  for (const [key, content] of contents) {
    if (!rendered.some((ref) => mayRefer(ref, key))) continue;
    for (const entry of content.entries) templates.push(entry.content);
  }
  const chains = new Map<string, FieldChain>();
  for (const { reads } of templates) {
    for (const [root, ...fields] of reads.chains) {
      if (root === undefined || root === "Cluster") chains.set(JSON.stringify(fields), fields);
    }
  }
  return [...chains.values()];
}
