/**
 * What another program acts on: charts, sources, Flux', Argo CD's and Sveltos' own kinds. There an event may print values, and
 * never what they are of: chart, repository, version, path, source, service account, kubeconfig, the release's namespace.
 */
import type { YamlNode } from "../yaml/node.ts";
import { targetOf } from "./find-objects.ts";
import type { ObjectReport } from "./object-report.ts";

const groups = /(?:^|\.)(?:fluxcd\.io|fluxcd\.controlplane\.io|argoproj\.io|projectsveltos\.io)$/;

/** Where an event may print: paths from the root, `*` for any key or index, all that is below included. */
const free: readonly string[] = [
  "metadata.name",
  "metadata.labels",
  "metadata.annotations",
  "spec.releaseName",
  "spec.values",
  "spec.postBuild.substitute",
  "spec.commonMetadata",
  "spec.source.helm.releaseName",
  "spec.source.helm.values",
  "spec.source.helm.valuesObject",
  "spec.source.helm.parameters.*.value",
  "spec.sources.*.helm.releaseName",
  "spec.sources.*.helm.values",
  "spec.sources.*.helm.valuesObject",
  "spec.sources.*.helm.parameters.*.value",
  "spec.helmCharts.*.releaseName",
  "spec.helmCharts.*.values",
  "spec.kustomizationRefs.*.values",
];
const freePaths = free.map((path) => path.split("."));

export function isConsumersKind(group: string): boolean {
  return groups.test(group);
}

/** For what an event's template printed; `group`: of the object. */
export function checkReferences(node: YamlNode, group: string, kind: string, report: ObjectReport): void {
  if (!isConsumersKind(group)) return;
  const walk = (inner: YamlNode, path: readonly string[]): void => {
    if (isFree(path) || report.isFull) return;
    const target = targetOf(inner);
    if (target.kind === "sequence") {
      for (const [index, item] of target.items.entries()) walk(item, [...path, String(index)]);
    } else if (target.kind === "mapping") {
      for (const [index, key] of target.keys.entries()) {
        refuse(key, [...path, key.text]);
        walk(target.values[index]!, [...path, key.text]);
      }
    } else refuse(target, path);
  };
  const refuse = (inner: YamlNode, path: readonly string[]): void => {
    if (isFree(path) || !report.isPrintedByEvent(inner)) return;
    const message = `${path.join(".")} of a ${kind} is printed, which may be what an event says: it decides what another program does (built-in: references)`;
    const hint = "Write it out, or print only fields of .Cluster there, as {{ .Cluster.metadata.labels.channel }}.";
    report.addAt("POLICY_VIOLATION", inner, message, hint);
  };
  walk(node, []);
}

function isFree(path: readonly string[]): boolean {
  return freePaths.some(
    (allowed) => allowed.length <= path.length && allowed.every((step, index) => step === "*" || step === path[index]),
  );
}
