/** A unit as Flux's Kustomization (kustomize.toolkit.fluxcd.io/v1, kustomize-controller v1.9). */
import type { FluxDelivery } from "../../model/hub-delivery.ts";
import type { JsonObject } from "../../model/json.ts";
import type { OutputOwner } from "../../plan/cluster-file.ts";
import { writeHubObject } from "../hub-object.ts";
import type { Unit } from "../unit.ts";
import { fluxNamespace, fluxReach } from "./flux-object.ts";
import { healthExpressions } from "./health-expressions.ts";
import { artifactName } from "./write-generators.ts";

/**
 * Undefined: a hub can't reach the cluster.
 *
 * No unit waits for `base/`: one that depends on another is looked at again 30 s later where the other has not applied the
 * revision yet, and each login would take as long. What needs a Namespace of `base/` that is just being made is tried
 * again after `retryInterval`. What documents say of dependsOn is another thing: there it is asked for.
 */
export function writeKustomization(unit: Unit, flux: FluxDelivery, output: OutputOwner): string | undefined {
  const kubeconfig = fluxReach(unit.cluster);
  if (kubeconfig.kind === "none") return undefined;
  const { source, interval, retryInterval, timeout } = flux;
  const healths = healthExpressions(unit.healths, "Other").map(plainOf);
  const spec = {
    interval,
    retryInterval,
    timeout,
    path: flux.artifacts ? "./" : `${output.outputPath}/${unit.folder}`,
    prune: true,
    ...(unit.isAwaited || healths.length > 0 ? { wait: true } : {}),
    ...(healths.length > 0 ? { healthCheckExprs: healths } : {}),
    ...(unit.dependsOn.length === 0 ? {} : { dependsOn: unit.dependsOn.map((name) => ({ name })) }),
    sourceRef: flux.artifacts
      ? { kind: "ExternalArtifact", name: artifactName(unit) }
      : { kind: "GitRepository", name: source.name, namespace: source.namespace },
    ...decryptionOf(flux),
    ...(kubeconfig.kind === "hub" ? {} : { kubeConfig: { secretRef: { name: kubeconfig.name, key: kubeconfig.key } } }),
  };
  const metadata = { name: unit.objectName, namespace: fluxNamespace(unit.cluster, flux) };
  return writeHubObject(
    { apiVersion: "kustomize.toolkit.fluxcd.io/v1", kind: "Kustomization", metadata, content: { spec } },
    output.instance,
  );
}

/** How what is encrypted is read: in the Kustomization's own namespace is the key. */
function decryptionOf({ decryption }: FluxDelivery) {
  if (decryption === undefined) return {};
  const { secret } = decryption;
  return { decryption: { provider: "sops", ...(secret === undefined ? {} : { secretRef: { name: secret } }) } };
}

function plainOf(expression: JsonObject): Record<string, string> {
  return Object.fromEntries([...expression].map(([key, text]) => [key, String(text)]));
}

/** Helm's own default; a wrapper that others wait for waits as long at least. */
const releaseTimeout = "5m";

/**
 * What applies a unit's releases and sources on the hub itself: releases can't be waited for by Kustomizations in any other
 * way. It waits for what its unit waits for, and where others depend on the unit it is ready when the releases are.
 * Undefined: a hub can't reach the cluster.
 */
export function wrapKustomization(unit: Unit, flux: FluxDelivery, { instance }: OutputOwner): string | undefined {
  if (fluxReach(unit.cluster).kind === "none") return undefined;
  const { source, interval, retryInterval, timeout, path } = flux;
  const spec = {
    interval,
    retryInterval,
    timeout: unit.isAwaited ? releaseTimeout : timeout,
    path: `${path}/charts/${unit.folder}`,
    prune: true,
    ...(unit.isAwaited ? { wait: true } : {}),
    ...(unit.dependsOn.length === 0 ? {} : { dependsOn: unit.dependsOn.map((name) => ({ name })) }),
    sourceRef: { kind: "GitRepository", name: source.name, namespace: source.namespace },
    ...decryptionOf(flux),
  };
  const metadata = { name: unit.objectName, namespace: fluxNamespace(unit.cluster, flux) };
  return writeHubObject(
    { apiVersion: "kustomize.toolkit.fluxcd.io/v1", kind: "Kustomization", metadata, content: { spec } },
    instance,
  );
}
