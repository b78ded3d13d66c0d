/** `delivery` of `sluice.yaml`, of the kind that Sluice itself works from: applier. */
import { isJsonObject, type JsonObject } from "../model/json.ts";
import type { ApplierSettings, HubSettings } from "../model/settings.ts";
import { memberObject, memberText } from "./yaml-document.ts";

const watchedMax = 20_000;

/** `delivery.hub`, of any kind of delivery. */
export function readHub(
  delivery: JsonObject | undefined,
  resolvePath: (path: string) => string,
): HubSettings | undefined {
  const kubeconfig = memberObject(memberObject(delivery, "hub"), "kubeconfig");
  return kubeconfig === undefined ? undefined : { kubeconfigFile: resolvePath(memberText(kubeconfig, "file")!) };
}

/** Undefined where nothing is applied by Sluice. */
export function readApplier(
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
