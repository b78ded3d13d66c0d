/** A Helm chart as Argo CD's Application (argoproj.io/v1alpha1): Helm only renders there, and Argo CD applies. */
import { sealedValues } from "../../model/chart.ts";
import { chartName } from "../../model/chart-origin.ts";
import { type Cluster, clusterKey } from "../../model/cluster.ts";
import type { ArgocdDelivery } from "../../model/hub-delivery.ts";
import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";
import { isOn, listOf, memberOf, numberOf, textOf } from "../../model/json-members.ts";
import { leftAnnotations } from "../../plan/left-mark.ts";
import { toDnsName } from "../../render/dns-name.ts";
import { type Chart, repositoryOf } from "../charts/read-chart.ts";
import { fields, type HubObject } from "../hub-object.ts";
import { finalizer } from "./write-application.ts";

/** Undefined: it can't be expressed, as a warning at `validate` says. */
export function writeChartApplication(chart: Chart, cluster: Cluster, argocd: ArgocdDelivery): HubObject | undefined {
  const origin = repositoryOf(chart);
  const { spec, namespace, name, isLeft } = chart;
  const isSecret = memberOf(spec, "secretValues").size > 0 || memberOf(spec, sealedValues).size > 0;
  if (origin === undefined || isSecret) return undefined;
  const options = memberOf(spec, "options");
  const exclusions = ignoredDifferences(spec);
  const source = fields({
    repoURL: origin.kind === "oci" ? origin.url.slice("oci://".length) : origin.url,
    chart: chartName(chart.spec),
    targetRevision: textOf(spec, "chartVersion") || "*",
    helm: fields({
      releaseName: name,
      valuesObject: memberOf(spec, "values"),
      skipCrds: isOn(options, "skipCRDs") || undefined,
      skipSchemaValidation: isOn(options, "skipSchemaValidation") || undefined,
      skipTests: !isOn(options, "runTests"),
    }),
  });
  const createsNamespace = memberOf(options, "installOptions").get("createNamespace") !== false;
  const content = fields({
    project: argocd.project,
    source,
    destination: fields({ name: cluster.name, namespace }),
    syncPolicy: fields({
      automated: fields({ prune: true, selfHeal: textOf(spec, "syncMode") === "ContinuousWithDriftDetection" }),
      retry: retry(numberOf(spec, "maxConsecutiveFailures")),
      syncOptions: [
        "ServerSideApply=true",
        ...(createsNamespace ? ["CreateNamespace=true"] : []),
        ...(exclusions.length > 0 ? ["RespectIgnoreDifferences=true"] : []),
      ],
    }),
    ignoreDifferences: exclusions.length === 0 ? undefined : exclusions,
  });
  const metadata = {
    name: toDnsName(`${clusterKey(cluster)}/helm/${namespace}/${name}`),
    namespace: argocd.namespace,
    // What is left stays when its Application goes, and the Application when its file does.
    ...(isLeft ? { annotations: leftAnnotations.argocd } : { finalizers: [finalizer] }),
  };
  return { apiVersion: "argoproj.io/v1alpha1", kind: "Application", metadata, content: new Map([["spec", content]]) };
}

function retry(most: number | undefined): JsonObject {
  return fields({
    // Below zero: for ever, as Sveltos has it.
    limit: BigInt(most ?? -1),
    backoff: fields({ duration: "5s", factor: 2n, maxDuration: "3m" }),
  });
}

/** What names a kind; a selector of labels or annotations Argo CD does not have. */
function ignoredDifferences(spec: JsonObject): readonly Json[] {
  return listOf(spec, "driftExclusions").flatMap((exclusion): Json[] => {
    if (!isJsonObject(exclusion)) return [];
    const target = memberOf(exclusion, "target");
    const paths = listOf(exclusion, "paths");
    if (!isNamed(target) || paths.length === 0) return [];
    const [group, kind, name, namespace] = ["group", "kind", "name", "namespace"].map((key) => textOf(target, key));
    return [fields({ group, kind: kind!, name, namespace, jsonPointers: paths })];
  });
}

/** Whether Argo CD can tell what is meant. */
function isNamed(target: JsonObject): boolean {
  return textOf(target, "kind") !== "" && !target.has("labelSelector") && !target.has("annotationSelector");
}
