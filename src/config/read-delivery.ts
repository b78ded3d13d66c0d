/** `delivery` of `sluice.yaml`: what brings the target to clusters. */
import { isJsonObject, type JsonObject } from "../model/json.ts";
import type { ApplierSettings } from "../model/settings.ts";
import { memberObject, memberText } from "./yaml-document.ts";

const watchedMax = 20_000;

/** Undefined where nothing of Sluice's does; the other kinds have no effect yet, and a warning says so. */
export function readDelivery(
  delivery: JsonObject | undefined,
  resolvePath: (path: string) => string,
): ApplierSettings | undefined {
  if (memberText(delivery, "kind") !== "applier") return undefined;
  const files = [...(memberObject(delivery, "kubeconfigs") ?? [])].map(
    ([cluster, value]) =>
      [cluster, resolvePath((isJsonObject(value) ? memberText(value, "file") : undefined)!)] as const,
  );
  return {
    kind: "applier",
    kubeconfigs: new Map(files),
    watchedMax: Number(delivery?.get("watchedMax") ?? watchedMax),
  };
}
