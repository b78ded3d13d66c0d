/** Clusters, however they are written down. */
import type { RawDocument } from "../model/catalog.ts";
import type { Cluster } from "../model/cluster.ts";
import { documentKey } from "../model/document-key.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import { decodeBase64Text } from "./decode-base64.ts";
import { memberObject, memberText } from "./yaml-document.ts";

const secretTypeLabel = "argocd.argoproj.io/secret-type";

/** A SveltosCluster, or a Cluster of Cluster API: the document is the cluster. */
export function readCluster(raw: Pick<RawDocument, "kind" | "namespace" | "name" | "value">): Cluster {
  const { namespace, name, value } = raw;
  const isPaused = memberObject(value, "spec")?.get("paused") === true;
  const cluster = { namespace, name, labels: readLabels(value), document: value, documentKey: documentKey(raw) };
  return isPaused ? { ...cluster, isPaused } : cluster;
}

export function isArgoCluster(document: Json): boolean {
  return memberText(document, "kind") === "Secret" && readLabels(document).get(secretTypeLabel) === "cluster";
}

/**
 * Argo CD's cluster Secret. The cluster is named as Argo CD names it, in the Secret's `name`; templates see that name
 * as the document's, `name` and `server` as plain text, and nothing of the credentials.
 */
export function readArgoCluster(raw: RawDocument): Cluster {
  const { namespace, name: secretName, value: document } = raw;
  const read = (key: string): string | undefined => {
    const encoded = memberText(memberObject(document, "data"), key);
    return (
      memberText(memberObject(document, "stringData"), key) ??
      (encoded === undefined ? undefined : decodeBase64Text(encoded))
    );
  };
  const name = read("name") || secretName;
  const metadata = new Map(memberObject(document, "metadata") ?? []).set("name", name);
  const data = new Map<string, Json>([
    ["name", name],
    ["server", read("server") ?? ""],
  ]);
  const shown = new Map<string, Json>([
    ["apiVersion", "v1"],
    ["kind", "Secret"],
    ["metadata", metadata],
    ["data", data],
  ]);
  return { namespace, name, labels: readLabels(document), document: shown, documentKey: documentKey(raw) };
}

/** Where in an Argo CD cluster Secret something can't be read by which it would be called otherwise; undefined: nowhere. */
export function findFaultOfArgoCluster(document: Json): readonly [string, string] | undefined {
  const data = memberObject(document, "data");
  const clear = memberObject(document, "stringData");
  const fault = [...shownKeys].find((key) => {
    const encoded = memberText(clear, key) === undefined ? memberText(data, key) : undefined;
    return encoded !== undefined && decodeBase64Text(encoded) === undefined;
  });
  return fault === undefined ? undefined : ["data", fault];
}

/** All of an Argo CD cluster Secret that is read or kept: whose it is, and not how to get in. */
export function withoutCredentials(document: JsonObject): JsonObject {
  return new Map(
    [...document].map(([key, member]): [string, Json] => {
      if (!isJsonObject(member)) return [key, member];
      if (key === "data" || key === "stringData") return [key, filtered(member, (name) => shownKeys.has(name))];
      if (key !== "metadata") return [key, member];
      const annotations = memberObject(member, "annotations");
      if (annotations === undefined) return [key, member];
      return [key, new Map([...member, ["annotations", filtered(annotations, (name) => name !== lastApplied)]])];
    }),
  );
}

const shownKeys: ReadonlySet<string> = new Set(["name", "server"]);
/** Has all that the document has. */
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

function filtered(object: JsonObject, isKept: (key: string) => boolean): JsonObject {
  return new Map([...object].filter(([key]) => isKept(key)));
}

function readLabels(document: Json): Map<string, string> {
  const labels = memberObject(memberObject(document, "metadata"), "labels") ?? new Map<string, Json>();
  return new Map([...labels].map(([key, value]) => [key, String(value)]));
}
