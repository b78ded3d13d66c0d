/** What a Kustomization on the hub says of itself (kustomize-controller v1.9). */
import { isJsonObject, type JsonObject } from "../../model/json.ts";
import { listOf, memberOf } from "../../model/json-members.ts";
import { handOverAnnotation } from "../hand-over/let-go.ts";
import type { HubUnit } from "../hand-over/seen.ts";

export function readKustomization(object: JsonObject): HubUnit {
  const [metadata, spec, status] = ["metadata", "spec", "status"].map((key) => memberOf(object, key));
  const ready = listOf(status!, "conditions")
    .filter(isJsonObject)
    .find((condition) => condition.get("type") === "Ready");
  const generation = numberAt(metadata!, "generation");
  const state = ready?.get("status");
  // A failure is told in the condition alone: status.observedGeneration is of the last success.
  const hasTried = state !== undefined && state !== "Unknown" && numberAt(ready!, "observedGeneration") === generation;
  const isReady = state === "True" && (hasTried || numberAt(status!, "observedGeneration") === generation);
  const origin = textAt(status!, "lastAppliedOriginRevision");
  const revision = origin ?? textAt(status!, "lastAppliedRevision");
  return {
    kind: "Kustomization",
    namespace: textAt(metadata!, "namespace") ?? "",
    name: textAt(metadata!, "name") ?? "",
    handOver: textAt(memberOf(metadata!, "annotations"), handOverAnnotation),
    isReleased: spec!.get("prune") !== true && spec!.get("deletionPolicy") === "Orphan",
    isStopped: spec!.get("suspend") === true,
    isObserved: hasTried || isReady,
    isReady,
    holds: isReady || listOf(memberOf(status!, "inventory"), "entries").length > 0,
    commit: revision?.slice(revision.lastIndexOf(":") + 1),
    folder:
      memberOf(spec!, "sourceRef").get("kind") === "ExternalArtifact"
        ? undefined
        : (textAt(spec!, "path") ?? "").replace(/^\.?\//, ""),
  };
}

export function textAt(object: JsonObject, key: string): string | undefined {
  const value = object.get(key);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function numberAt(object: JsonObject, key: string): number | undefined {
  const value = object.get(key);
  return value === undefined ? undefined : Number(value);
}
