/** A Helm chart as Flux' HelmRelease (helm.toolkit.fluxcd.io/v2, helm-controller v1.6). */
import { sealedValues, valuesKey } from "../../model/chart.ts";
import { type ChartOrigin, chartName, originOf } from "../../model/chart-origin.ts";
import type { Cluster } from "../../model/cluster.ts";
import { clusterKey } from "../../model/cluster.ts";
import type { FluxDelivery } from "../../model/hub-delivery.ts";
import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";
import { isOn, listOf, memberOf, numberOf, textOf } from "../../model/json-members.ts";
import { leftAnnotations } from "../../plan/left-mark.ts";
import { toDnsName } from "../../render/dns-name.ts";
import { writeCanonicalYaml } from "../../render/yaml/write-canonical-yaml.ts";
import type { Chart } from "../charts/read-chart.ts";
import { fields, type HubObject } from "../hub-object.ts";
import { type FluxKubeconfig, fluxNamespace, kubeConfigField } from "./flux-object.ts";
import { healthExpressions } from "./health-expressions.ts";
import { sourceReference } from "./write-source.ts";

/** As Sveltos keeps revisions unless it is told otherwise. */
const maxHistory = 2;

export interface FluxPlace {
  readonly cluster: Cluster;
  readonly kubeconfig: FluxKubeconfig;
  /** `<cluster namespace>/<cluster>/<owner's folder>`. */
  readonly unit: string;
  readonly flux: FluxDelivery;
}

/** The release and, where its values are a Secret's, the Secret beside it. None: nobody knows where the chart is. */
export function writeRelease(chart: Chart, place: FluxPlace): readonly HubObject[] {
  const { cluster, kubeconfig, flux } = place;
  const origin = originOf(chart.spec);
  if (origin === undefined) return [];
  const { spec, namespace, name } = chart;
  const options = memberOf(spec, "options");
  const metadata = {
    // Of the release alone, whoever has it: no two HelmReleases are for one.
    name: toDnsName(`${clusterKey(cluster)}/helm/${namespace}/${name}`),
    namespace: fluxNamespace(cluster, flux),
    // Its Kustomization leaves it on the hub, and so the release in the cluster.
    ...(chart.isLeft ? { annotations: leftAnnotations.flux } : {}),
  };
  const secretValues = secretValuesOf(spec);
  const secret = secretValues.size === 0 ? [] : [writeValuesSecret(`${metadata.name}-values`, cluster, secretValues)];
  const healths = healthsOf(spec);
  const content = fields({
    ...chartReference(chart, origin, place),
    interval: flux.interval,
    timeout: textOf(options, "timeout"),
    kubeConfig: kubeConfigField(kubeconfig),
    releaseName: name,
    targetNamespace: namespace,
    storageNamespace: namespace,
    maxHistory: BigInt(numberOf(memberOf(options, "upgradeOptions"), "maxHistory") ?? maxHistory),
    values: memberOf(spec, "values"),
    valuesFrom:
      secret.length === 0 ? undefined : [fields({ kind: "Secret", name: `${metadata.name}-values`, valuesKey })],
    install: installOptions(chart, flux),
    upgrade: upgradeOptions(chart, flux),
    uninstall: uninstallOptions(options),
    test: isOn(options, "runTests") ? fields({ enable: true }) : undefined,
    driftDetection: driftDetection(spec),
    healthCheckExprs: healths.length === 0 ? undefined : healths,
    postRenderStrategy: textOf(options, "postRenderStrategy"),
    postRenderers: postRenderers(spec),
    commonMetadata: memberOf(spec, "commonMetadata"),
  });
  return [
    { apiVersion: "helm.toolkit.fluxcd.io/v2", kind: "HelmRelease", metadata, content: new Map([["spec", content]]) },
    ...secret,
  ];
}

/** What a Secret of the values has beside its metadata, encrypted or in clear; empty: none are a Secret's. */
function secretValuesOf(spec: JsonObject): JsonObject {
  const sealed = memberOf(spec, sealedValues);
  const values = memberOf(spec, "secretValues");
  if (values.size === 0) return sealed;
  return new Map([["stringData", new Map([[valuesKey, writeCanonicalYaml(values)]])]]);
}

function writeValuesSecret(name: string, { namespace }: Cluster, content: JsonObject): HubObject {
  return { apiVersion: "v1", kind: "Secret", metadata: { name, namespace }, content };
}

function chartReference(chart: Chart, origin: ChartOrigin, { unit, flux }: FluxPlace): Readonly<Record<string, Json>> {
  const own = sourceReference(chart, unit);
  if (own?.kind === "OCIRepository") return { chartRef: fields({ kind: own.kind, name: own.name }) };
  if (own !== undefined) {
    const spec = fields({
      chart: chartName(chart.spec),
      version: textOf(chart.spec, "chartVersion"),
      sourceRef: fields({ kind: own.kind, name: own.name }),
      interval: flux.interval,
    });
    return { chart: fields({ spec }) };
  }
  if (!("path" in origin)) return {};
  const { kind, namespace, name, path } = origin;
  if (kind === "OCIRepository") return { chartRef: fields({ kind, name, namespace }) };
  const spec = fields({
    chart: `./${path}`,
    sourceRef: fields({ kind, name, namespace }),
    // The chart's own version seldom changes with its templates.
    reconcileStrategy: "Revision",
    interval: flux.interval,
  });
  return { chart: fields({ spec }) };
}

/** Whether its objects are well, as the owner's checks of charts say. */
function healthsOf(spec: JsonObject): readonly JsonObject[] {
  return healthExpressions(listOf(spec, "validateHealths"), "Helm");
}

/** What installing and upgrading have in common. Flux waits unless it is told not to, Sveltos does not. */
function deployOptions(spec: JsonObject, own: JsonObject): Readonly<Record<string, Json | undefined>> {
  const options = memberOf(spec, "options");
  return {
    disableWait: !isOn(options, "wait") && !isOn(options, "atomic") && healthsOf(spec).length === 0,
    disableWaitForJobs: !isOn(options, "waitForJobs"),
    disableHooks: isOn(options, "disableHooks") || isOn(own, "disableHooks") || undefined,
    disableOpenAPIValidation: isOn(options, "disableOpenAPIValidation") || undefined,
    disableSchemaValidation: isOn(options, "skipSchemaValidation") || undefined,
    disableTakeOwnership: !isOn(own, "takeOwnership"),
  };
}

function installOptions({ spec }: Chart, flux: FluxDelivery): JsonObject {
  const options = memberOf(spec, "options");
  const own = memberOf(options, "installOptions");
  return fields({
    ...deployOptions(spec, own),
    createNamespace: own.get("createNamespace") !== false,
    replace: own.get("replace") !== false,
    crds: isOn(options, "skipCRDs") ? "Skip" : undefined,
    ...onFailure(spec, flux, {}),
  });
}

function upgradeOptions({ spec }: Chart, flux: FluxDelivery): JsonObject {
  const options = memberOf(spec, "options");
  const own = memberOf(options, "upgradeOptions");
  const isSkipped = isOn(options, "skipCRDs");
  return fields({
    ...deployOptions(spec, own),
    crds: isSkipped ? "Skip" : isOn(own, "upgradeCRDs") ? "CreateReplace" : undefined,
    cleanupOnFail: isOn(own, "cleanupOnFail") || undefined,
    force: isOn(own, "force") || undefined,
    preserveValues: isOn(own, "reuseValues") || undefined,
    ...onFailure(spec, flux, { strategy: "rollback" }),
  });
}

/**
 * Sveltos tries again, for ever or as often as it is told; nothing is undone unless it is atomic. Remediation is the only
 * thing that Flux counts.
 */
function onFailure(
  spec: JsonObject,
  { retryInterval }: FluxDelivery,
  undo: Readonly<Record<string, Json>>,
): Readonly<Record<string, Json>> {
  const isAtomic = isOn(memberOf(spec, "options"), "atomic");
  const most = numberOf(spec, "maxConsecutiveFailures");
  if (!isAtomic && most === undefined) return { strategy: fields({ name: "RetryOnFailure", retryInterval }) };
  const retries = BigInt(most ?? -1);
  return { remediation: fields({ retries, ...(isAtomic ? { remediateLastFailure: true, ...undo } : {}) }) };
}

function uninstallOptions(options: JsonObject): JsonObject {
  const own = memberOf(options, "uninstallOptions");
  return fields({
    disableHooks: isOn(options, "disableHooks") || isOn(own, "disableHooks") || undefined,
    keepHistory: isOn(own, "keepHistory") || undefined,
    deletionPropagation: textOf(own, "deletionPropagation"),
  });
}

function driftDetection(spec: JsonObject): JsonObject | undefined {
  if (textOf(spec, "syncMode") !== "ContinuousWithDriftDetection") return undefined;
  const ignore = driftExclusions(spec);
  return fields({ mode: "enabled", ignore: ignore.length === 0 ? undefined : ignore });
}

/** Flux has Sveltos' own form. */
export function driftExclusions(spec: JsonObject): readonly Json[] {
  return listOf(spec, "driftExclusions").filter(
    (exclusion) => isJsonObject(exclusion) && listOf(exclusion, "paths").length > 0,
  );
}

function postRenderers(spec: JsonObject): readonly Json[] | undefined {
  const patches = listOf(spec, "patches");
  return patches.length === 0 ? undefined : [fields({ kustomize: fields({ patches }) })];
}
