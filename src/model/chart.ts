/**
 * Helm charts and kustomizations that owners ask for. They are data that delivery makes something of: objects among the
 * others for records, claims and the guard, in a folder of their own, and never manifests of a cluster.
 */
import { type DocumentRef, namingOf } from "./document-ref.ts";
import type { ObjectIdentity } from "./manifest.ts";
import type { SourcePlace } from "./problem.ts";
import type { Template } from "./template.ts";

/** Nobody else's objects are of this group. */
export const chartGroup = "sluice.dev";
export const chartApiVersion = `${chartGroup}/v1alpha1`;

export type ChartKind = "HelmChart" | "Kustomization";

/** Of helmCharts: told by the release's namespace and name. Of kustomizationRefs: by what is built, and for which namespace. */
export function isChart({ group }: Pick<ObjectIdentity, "group">): boolean {
  return group === chartGroup;
}

/** What RESOURCE TYPE is for people: Sveltos' words where it has some. */
export function resourceTypeOf({ group, kind }: ObjectIdentity): string {
  if (group !== chartGroup) return `${group}:${kind}`;
  return kind === "HelmChart" ? "helm chart" : "kustomization";
}

/** A value of a document whose texts are templates. */
export type TemplateTree = Template | boolean | bigint | number | null | readonly TemplateTree[] | TemplateMap;
export interface TemplateMap extends ReadonlyMap<string, TemplateTree> {}

/** An entry of helmCharts, of kustomizationRefs, or of policyRefs that refers to a source of Flux'. */
/**
 * The member of a chart's spec that has values of a Secret once they are encrypted: what a Secret of them has beside its
 * metadata, `stringData` with `values.yaml`, and `sops`.
 */
export const sealedValues = "sealedValues";
/** The key of a Secret that has a release's values. */
export const valuesKey = "values.yaml";

export interface ChartRef {
  readonly kind: ChartKind;
  readonly field: "helmCharts" | "kustomizationRefs" | "policyRefs";
  /** All of it but a chart's values, and what they are taken from. */
  readonly fields: TemplateMap;
  /** A chart's: YAML. */
  readonly values?: Template;
  /** In their order; each overrides those before, and `values`. */
  readonly valuesFrom: readonly DocumentRef[];
  /** Whether what is built is put on the hub, instead of the clusters that match. */
  readonly isLocal: boolean;
  readonly at: SourcePlace;
}

/** Where an event may print: what says nothing of what a release is of, and where it goes. */
const freePath = /^(?:releaseName|options\.description|values(?:\..*)?)$/;

/** Every template of a chart that says what is deployed, with its path. */
function referencesIn({ fields, valuesFrom }: ChartRef): readonly (readonly [readonly string[], Template])[] {
  const named = valuesFrom.flatMap(({ namespace, name }) => [namespace, name]);
  return [
    ...templatesIn(fields).filter(([path]) => !freePath.test(path.join("."))),
    ...named.map((template): readonly [readonly string[], Template] => [["valuesFrom"], template]),
  ];
}

/** The references of a chart that an event would print, which only its author may: their paths, and their templates. */
export function printedReferences(chart: ChartRef): readonly (readonly [string, Template])[] {
  return referencesIn(chart).flatMap(([path, template]) =>
    namingOf(template) === "by event" ? [[path.join("."), template] as const] : [],
  );
}

/** All that is rendered of a chart, what valuesFrom names apart. */
export function templatesOfChart({ fields, values }: ChartRef): readonly Template[] {
  return [...templatesIn(fields).map(([, template]) => template), ...(values === undefined ? [] : [values])];
}

/** Every template of a tree, with its path below the root. */
function templatesIn(
  tree: TemplateTree,
  path: readonly string[] = [],
): readonly (readonly [readonly string[], Template])[] {
  if (typeof tree !== "object" || tree === null) return [];
  if (isTemplateMap(tree)) return [...tree].flatMap(([key, member]) => templatesIn(member, [...path, key]));
  if (isTemplateList(tree)) return tree.flatMap((item, index) => templatesIn(item, [...path, String(index)]));
  return [[path, tree]];
}

export function isTemplateMap(tree: TemplateTree): tree is TemplateMap {
  return tree instanceof Map;
}

export function isTemplateList(tree: TemplateTree): tree is readonly TemplateTree[] {
  return Array.isArray(tree);
}
