/** A kustomizationRef, or a policyRef to a source, as Flux' Kustomization: it builds what the source has. */
import { clusterKey } from "../../model/cluster.ts";
import { isOn, listOf, memberOf, textOf } from "../../model/json-members.ts";
import { leftAnnotations } from "../../plan/left-mark.ts";
import { toDnsName } from "../../render/dns-name.ts";
import type { Chart } from "../charts/read-chart.ts";
import { fields, type HubObject } from "../hub-object.ts";
import { fluxNamespace, kubeConfigField } from "./flux-object.ts";
import { driftExclusions, type FluxPlace } from "./write-release.ts";

export function writeBuilt(
  { spec, namespace, name, isLeft }: Chart,
  { cluster, kubeconfig, flux }: FluxPlace,
): HubObject {
  const metadata = {
    name: toDnsName(`${clusterKey(cluster)}/kustomization/${namespace}/${name}`),
    namespace: fluxNamespace(cluster, flux),
    ...(isLeft ? { annotations: leftAnnotations.flux } : {}),
  };
  const components = listOf(spec, "components");
  const ignore = driftExclusions(spec);
  const path = textOf(spec, "path").replace(/^(?:\.?\/)+/, "");
  const source = fields({
    kind: textOf(spec, "kind"),
    name: textOf(spec, "name"),
    namespace: textOf(spec, "namespace"),
  });
  const content = fields({
    interval: flux.interval,
    retryInterval: flux.retryInterval,
    timeout: flux.timeout,
    path: `./${path}`,
    prune: true,
    sourceRef: source,
    kubeConfig: kubeConfigField(kubeconfig),
    targetNamespace: namespace,
    components: components.length === 0 ? undefined : components,
    force: isOn(spec, "force") || undefined,
    ignore: ignore.length === 0 ? undefined : ignore,
    commonMetadata: memberOf(spec, "commonMetadata"),
  });
  return {
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    metadata,
    content: new Map([["spec", content]]),
  };
}
