/** What an owner depends on besides its events: fields of `.Cluster`, and documents that it names or may come to name. */
import type { Catalog, ContentDocument, EventTrigger, PolicyRef } from "../../model/catalog.ts";
import type { Cluster } from "../../model/cluster.ts";
import { SluiceError } from "../../model/problem.ts";
import type { FieldChain, Template } from "../../model/template.ts";

/** How the name of what is referred to comes about. */
export type Naming = "constant" | "by cluster" | "by event";

/** A template that only `.Cluster` is put into says the same for every event. */
export function namingOf(...templates: readonly Template[]): Naming {
  const chains = templates.flatMap(({ reads }) => reads.chains);
  if (chains.some(([root]) => root !== "Cluster")) return "by event";
  return chains.length === 0 ? "constant" : "by cluster";
}

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
export function referredKey({ kind, namespace, name }: PolicyRef, cluster: Cluster): string | undefined {
  const [inNamespace, called] = [renderForCluster(namespace, cluster), renderForCluster(name, cluster)];
  if (inNamespace === undefined || called === undefined) return undefined;
  return `${kind}/${inNamespace || cluster.namespace}/${called}`;
}

/** Whether a reference may come to name the document, as far as the text around its actions says. */
export function mayRefer(ref: PolicyRef, content: Pick<ContentDocument, "kind" | "namespace" | "name">): boolean {
  return (
    ref.kind === content.kind && mayPrint(ref.namespace, content.namespace, true) && mayPrint(ref.name, content.name)
  );
}

/** Text before the first action and behind the last one is printed whatever they do. `empty`: what no text stands for. */
function mayPrint({ source: { text } }: Template, value: string, empty = false): boolean {
  const [first, last] = [text.indexOf("{{"), text.lastIndexOf("}}")];
  if (first < 0 || last < 0) return text.trim() === "" ? empty : text.trim() === value;
  // Blanks may be trimmed, and a backslash quotes what follows in Handlebars.
  const before = text.slice(0, first).replace(/\\+$/, "").trim();
  return value.startsWith(before) && value.endsWith(text.slice(last + 2).trim());
}

/**
 * The chains of fields of a cluster's document that the owner's templates read, those of what it may refer to included;
 * the empty chain is all of it.
 */
export function clusterChains(trigger: EventTrigger, contents: Catalog["contents"]): readonly FieldChain[] {
  const { destinationCluster: to, extraLabels, extraAnnotations, policyRefs } = trigger;
  const templates = [
    trigger.eventSourceName,
    trigger.cloudEventAction,
    ...(to === undefined ? [] : [to.namespace, to.name]),
    ...extraLabels.values(),
    ...extraAnnotations.values(),
    ...policyRefs.flatMap(({ namespace, name }) => [namespace, name]),
  ];
  for (const content of contents.values()) {
    if (!policyRefs.some((ref) => mayRefer(ref, content))) continue;
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
