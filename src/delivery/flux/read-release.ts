/**
 * What a HelmRelease on the hub says of itself (helm-controller v1.6): whether it is suspended, and whether it has a
 * release. One that never had any (`status.history`) uninstalls nothing when it goes.
 */
import type { JsonObject } from "../../model/json.ts";
import { listOf, memberOf } from "../../model/json-members.ts";
import { handOverAnnotation } from "../hand-over/let-go.ts";
import type { HubUnit } from "../hand-over/seen.ts";
import { textAt } from "./read-kustomization.ts";

export function readRelease(object: JsonObject): HubUnit {
  const [metadata, spec] = [memberOf(object, "metadata"), memberOf(object, "spec")];
  const isSuspended = spec.get("suspend") === true;
  return {
    kind: "HelmRelease",
    namespace: textAt(metadata, "namespace") ?? "",
    name: textAt(metadata, "name") ?? "",
    handOver: textAt(memberOf(metadata, "annotations"), handOverAnnotation),
    isReleased: isSuspended,
    isStopped: isSuspended,
    isObserved: true,
    isReady: true,
    holds: listOf(memberOf(object, "status"), "history").length > 0,
    commit: undefined,
    folder: undefined,
  };
}
