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
  const isRunning = object.has("operation") || memberOf(status!, "operationState").get("phase") === "Running";
  const isCompared = ["repoURL", "path", "targetRevision"].every(
    (key) => textAt(compared, key) === textAt(source, key),
  );
  return {
    kind: "Application",
    namespace: textAt(metadata!, "namespace") ?? "",
    name: textAt(metadata!, "name") ?? "",
    handOver: textAt(memberOf(metadata!, "annotations"), handOverAnnotation),
    isReleased:
      listOf(metadata!, "finalizers").length === 0 &&
      memberOf(memberOf(spec!, "syncPolicy"), "automated").get("prune") !== true,
    isStopped: automated === undefined,
    isObserved: isCompared && !isRunning,
    isReady: isCompared && !isRunning && sync.get("status") === "Synced",
    commit: textAt(sync, "revision"),
    folder: textAt(source, "path") ?? "",
  };
}
