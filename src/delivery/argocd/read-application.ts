/** What an Application on the hub says of itself (Argo CD 3). */
import type { JsonObject } from "../../model/json.ts";
import { objectAt, textAt } from "../flux/read-kustomization.ts";
import { handOverAnnotation } from "../hand-over/let-go.ts";
import type { HubUnit } from "../hand-over/seen.ts";

export function readApplication(object: JsonObject): HubUnit {
  const [metadata, spec, status] = ["metadata", "spec", "status"].map((key) => objectAt(object, key));
  const sync = objectAt(status!, "sync");
  const compared = objectAt(objectAt(sync, "comparedTo"), "source");
  const source = objectAt(spec!, "source");
  const automated = objectAt(spec!, "syncPolicy").get("automated");
  const finalizers = metadata!.get("finalizers");
  // A sync goes by what the Application was when it was asked for, which is before it begins.
  const isRunning = object.has("operation") || objectAt(status!, "operationState").get("phase") === "Running";
  const isCompared = ["repoURL", "path", "targetRevision"].every(
    (key) => textAt(compared, key) === textAt(source, key),
  );
  return {
    kind: "Application",
    namespace: textAt(metadata!, "namespace") ?? "",
    name: textAt(metadata!, "name") ?? "",
    handOver: textAt(objectAt(metadata!, "annotations"), handOverAnnotation),
    isReleased:
      (!Array.isArray(finalizers) || finalizers.length === 0) &&
      objectAt(objectAt(spec!, "syncPolicy"), "automated").get("prune") !== true,
    isStopped: automated === undefined,
    isObserved: isCompared && !isRunning,
    isReady: isCompared && !isRunning && sync.get("status") === "Synced",
    commit: textAt(sync, "revision"),
    folder: textAt(source, "path") ?? "",
  };
}
