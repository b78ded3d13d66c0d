/**
 * Where Flux gets a Helm chart from, as its HelmRepository or OCIRepository (source.toolkit.fluxcd.io/v1, source-controller
 * v1.9). One for all charts of a unit that are of one place: each is fetched by itself.
 */
import { chartName } from "../../model/chart-origin.ts";
import type { FluxDelivery } from "../../model/hub-delivery.ts";
import { isJsonObject, type Json, type JsonObject, writeJson } from "../../model/json.ts";
import { isOn, listOf, memberOf, textOf } from "../../model/json-members.ts";
import { hashManifest } from "../../plan/claims-file.ts";
import { toDnsName } from "../../render/dns-name.ts";
import { type Chart, repositoryOf } from "../charts/read-chart.ts";
import { fields, type HubObject } from "../hub-object.ts";

/** What a release says of its chart. */
export interface SourceReference {
  readonly kind: "HelmRepository" | "OCIRepository";
  readonly name: string;
}

/** Twelve hex digits that stand for where a chart comes from, and how: charts with equal ones share a source. */
export function sourceKey(chart: Chart): string {
  const origin = repositoryOf(chart);
  if (origin === undefined) return "";
  const { spec } = chart;
  const parts: Json[] = [origin.url, memberOf(spec, "registryCredentialsConfig")];
  parts.push(isOn(memberOf(spec, "options"), "passCredentialsAll"));
  // Of an OCI artifact the source is the chart in its version.
  if (origin.kind === "oci")
    parts.push(chartName(spec), textOf(spec, "chartVersion"), memberOf(spec, "signatureVerification"));
  return hashManifest(writeJson(parts)).slice(0, keyLength);
}

/** Of the few sources of a unit. */
const keyLength = 12;

/** `unit`: `<cluster namespace>/<cluster>/<owner's folder>`, by which no two sources have one name. Undefined: there is none to be made. */
export function writeSource(chart: Chart, unit: string, namespace: string, flux: FluxDelivery): HubObject | undefined {
  const origin = repositoryOf(chart);
  const reference = sourceReference(chart, unit);
  if (reference === undefined || origin === undefined) return undefined;
  const { spec } = chart;
  const credentials = memberOf(spec, "registryCredentialsConfig");
  const access = {
    interval: flux.interval,
    secretRef: nameOnly(memberOf(credentials, "credentials")),
    certSecretRef: nameOnly(memberOf(credentials, "ca")),
  };
  const { url } = origin;
  const own =
    reference.kind === "HelmRepository"
      ? fields({ ...access, url, passCredentials: isOn(memberOf(spec, "options"), "passCredentialsAll") || undefined })
      : fields({
          ...access,
          url: `${url}/${chartName(chart.spec)}`,
          insecure: isOn(credentials, "plainHTTP") || undefined,
          ref: versionOf(textOf(spec, "chartVersion")),
          layerSelector: fields({ mediaType: helmContent, operation: "copy" }),
          verify: verification(memberOf(spec, "signatureVerification")),
        });
  return {
    apiVersion: "source.toolkit.fluxcd.io/v1",
    kind: reference.kind,
    metadata: { name: reference.name, namespace },
    content: new Map([["spec", own]]),
  };
}

export function sourceReference(chart: Chart, unit: string): SourceReference | undefined {
  const origin = repositoryOf(chart);
  if (origin === undefined) return undefined;
  const name = toDnsName(`${unit}/${sourceKey(chart)}`);
  return { kind: origin.kind === "http" ? "HelmRepository" : "OCIRepository", name };
}

const helmContent = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

/** An exact version is a tag, in which a plus sign is written as an underscore; all else is a range. */
function versionOf(version: string): JsonObject {
  const exact = /^v?\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;
  if (exact.test(version)) return new Map([["tag", version.replace("+", "_")]]);
  return new Map([["semver", version === "" ? "*" : version]]);
}

function verification(signature: JsonObject): JsonObject | undefined {
  if (signature.size === 0) return undefined;
  const identities = listOf(signature, "matchOIDCIdentity").filter(isJsonObject);
  return fields({
    provider: "cosign",
    secretRef: nameOnly(memberOf(signature, "secretRef")),
    matchOIDCIdentity: identities.length === 0 ? undefined : identities,
  });
}

/** Flux looks for a Secret in the source's own namespace. */
function nameOnly(reference: JsonObject): JsonObject | undefined {
  const name = textOf(reference, "name");
  return name === "" ? undefined : new Map([["name", name]]);
}
