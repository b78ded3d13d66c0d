/** `delivery` of `sluice.yaml`, of the kinds that a hub's controllers work from: flux and argocd. */
import type { HubDelivery } from "../model/hub-delivery.ts";
import type { JsonObject } from "../model/json.ts";
import type { ConfigSettings, RepositorySettings, Settings } from "../model/settings.ts";
import type { SettingsScope } from "./read-review-settings.ts";
import { memberObject, memberText } from "./yaml-document.ts";

/** What belongs to one kind alone. */
const keysOf = {
  flux: ["source", "artifacts", "interval", "retryInterval", "timeout"],
  argocd: ["namespace", "project", "repoURL", "revision"],
} as const;

export interface DeliverySurroundings {
  readonly repository: RepositorySettings;
  readonly config: ConfigSettings;
  readonly outputPath: string;
  readonly review: Settings["review"]["mode"];
  /** `delivery.path`, checked. */
  readonly path: string;
}

/** Undefined where nothing is made for a hub. */
export function readHubDelivery(
  delivery: JsonObject | undefined,
  around: DeliverySurroundings,
  scope: Pick<SettingsScope, "fault">,
): HubDelivery | undefined {
  const kind = memberText(delivery, "kind");
  if (kind !== "flux" && kind !== "argocd") return undefined;
  checkSurroundings(around, delivery?.get("artifacts") === true, scope);
  const other = kind === "flux" ? "argocd" : "flux";
  for (const key of keysOf[other]) {
    if (delivery?.has(key) === true) scope.fault(["delivery", key], `delivery.${key} goes with kind ${other}`);
  }
  const common = {
    path: around.path,
    split: (memberText(delivery, "split") ?? "cluster") as HubDelivery["split"],
    buckets: Number(delivery?.get("buckets") ?? 1),
  };
  if (kind === "flux") {
    const source = memberObject(delivery, "source");
    return {
      ...common,
      kind,
      source: {
        name: memberText(source, "name") ?? "fleet",
        namespace: memberText(source, "namespace") ?? "flux-system",
      },
      artifacts: delivery?.get("artifacts") === true,
      interval: memberText(delivery, "interval") ?? "10m",
      retryInterval: memberText(delivery, "retryInterval") ?? "30s",
      timeout: memberText(delivery, "timeout") ?? "1m",
    };
  }
  const { url, branch } = around.repository;
  const repoURL = memberText(delivery, "repoURL");
  if (repoURL === undefined && !/^(?:https?|ssh):\/\/|^[^/\\]+:/.test(url)) {
    scope.fault(["delivery"], "delivery.repoURL is missing", "Give the repository's address as Argo CD reaches it.");
  }
  return {
    ...common,
    kind,
    namespace: memberText(delivery, "namespace") ?? "argocd",
    project: memberText(delivery, "project") ?? "default",
    repoURL: repoURL ?? url,
    revision: memberText(delivery, "revision") ?? branch,
  };
}

function checkSurroundings(
  { review, path, outputPath, config }: DeliverySurroundings,
  hasArtifacts: boolean,
  { fault }: Pick<SettingsScope, "fault">,
): void {
  if (review === "pull-request" && hasArtifacts) {
    const hint = "A generator has all units of a namespace, whichever request they are in: leave artifacts out.";
    fault(["delivery", "artifacts"], "delivery.artifacts does not go with review.mode: pull-request", hint);
  }
  const others = [["output.path", outputPath], ...(config.kind === "target" ? [["config.path", config.path]] : [])];
  for (const [name = "", other = ""] of others) {
    if (`${other}/`.startsWith(`${path}/`) || `${path}/`.startsWith(`${other}/`)) {
      fault(["delivery", "path"], `delivery.path and ${name} overlap: ${path} and ${other}`);
    }
  }
}
