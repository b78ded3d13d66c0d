/** What an Application on the hub says of itself (Argo CD 3). */
import type { JsonObject } from "../../model/json.ts";
import { listOf, memberOf } from "../../model/json-members.ts";
import { textAt } from "../flux/read-kustomization.ts";
import { handOverAnnotation } from "../hand-over/let-go.ts";
import type { HubUnit } from "../hand-over/seen.ts";

export function readApplication(object: JsonObject): HubUnit {
  const [metadata, spec, status] = ["metadata", "spec", "status"].map((key) => memberOf(object, key));
  const sync = memberOf(status!, "sync");
  const compared = memberOf(memberOf(sync, "comparedTo"), "source");
  const source = memberOf(spec!, "source");
  const automated = memberOf(spec!, "syncPolicy").get("automated");
  // A sync goes by what the Application was when it was asked for, which is before it begins.
  const operation = memberOf(status!, "operationState");
  const isRunning = object.has("operation") || operation.get("phase") === "Running";
  const isCompared = ["repoURL", "path", "targetRevision"].every(
    (key) => textAt(compared, key) === textAt(source, key),
  );
  const isTried = isCompared && !isRunning;
  const isReady = isTried && sync.get("status") === "Synced";
  return {
    kind: "Application",
    namespace: textAt(metadata!, "namespace") ?? "",
    name: textAt(metadata!, "name") ?? "",
    handOver: textAt(memberOf(metadata!, "annotations"), handOverAnnotation),
    isReleased:
      listOf(metadata!, "finalizers").length === 0 &&
      memberOf(memberOf(spec!, "syncPolicy"), "automated").get("prune") !== true,
    isStopped: automated === undefined,
    isObserved: isTried,
    isReady,
    // Objects that change by themselves are out of sync again at once.
    holds: isReady || (isTried && operation.get("phase") === "Succeeded"),
    commit: textAt(sync, "revision"),
    folder: textAt(source, "path") ?? "",
  };
}
