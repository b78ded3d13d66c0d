/** `output.sops` of `sluice.yaml`: how rendered Secrets are encrypted, and what does not go with that. */
import type { HubDelivery } from "../model/hub-delivery.ts";
import type { Json, JsonObject } from "../model/json.ts";
import type { ApplierSettings, SecretRef, Settings, SopsSettings } from "../model/settings.ts";
import { memberObject, memberText, type Path } from "./yaml-document.ts";

export interface SopsScope {
  readonly resolvePath: (path: string) => string;
  readonly readSecretRef: (path: Path, value: Json) => SecretRef;
  readonly fault: (path: Path, message: string, hint?: string) => void;
}

/** What is delivered by Flux is decrypted by it, where it was encrypted. */
export function withDecryption<T extends ApplierSettings | HubDelivery>(
  delivery: T | undefined,
  { secrets, sops: { decryptionSecret } }: Pick<Settings["output"], "secrets" | "sops">,
): T | undefined {
  if (delivery?.kind !== "flux" || secrets !== "sops") return delivery;
  return { ...delivery, decryption: decryptionSecret === undefined ? {} : { secret: decryptionSecret } };
}

/** `deliveryKind`: of the settings' `delivery`. */
export function readSops(
  output: JsonObject | undefined,
  deliveryKind: string | undefined,
  { resolvePath, readSecretRef, fault }: SopsScope,
): SopsSettings {
  const sops = memberObject(output, "sops");
  const config = memberText(sops, "config");
  const decryptionSecret = memberText(sops, "decryptionSecret");
  const hmacKey = sops?.get("hmacKey");
  if (memberText(output, "secrets") === "sops") {
    if (config === undefined) {
      const hint = "Name the .sops.yaml whose creation rules say whom to encrypt for.";
      fault(["output"], "output.secrets: sops needs output.sops.config", hint);
    }
    if (deliveryKind === "argocd" || deliveryKind === "applier") {
      const message = `output.secrets: sops does not go with delivery.kind ${deliveryKind}, which decrypts nothing`;
      fault(["output", "secrets"], message, "Render ExternalSecrets or SealedSecrets, or deliver by Flux.");
    }
  }
  return {
    ...(config === undefined ? {} : { config: resolvePath(config) }),
    ...(hmacKey === undefined ? {} : { hmacKey: readSecretRef(["output", "sops", "hmacKey"], hmacKey) }),
    ...(decryptionSecret === undefined ? {} : { decryptionSecret }),
  };
}
