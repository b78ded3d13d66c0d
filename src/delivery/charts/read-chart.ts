/** A chart's file of the state branch, read. */
import type { ChartKind } from "../../model/chart.ts";
import { isJsonObject, type JsonObject } from "../../model/json.ts";
import { memberOf, textOf } from "../../model/json-members.ts";
import { isMarkedLeft } from "../../plan/left-mark.ts";
import { readValue } from "../../render/manifests/read-value.ts";
import { looksPosition } from "../../render/manifests/string-positions.ts";
import { parseYaml } from "../../render/yaml/parse-yaml.ts";

export interface Chart {
  readonly kind: ChartKind;
  /** The release's; of a kustomization the one that all is put into, or empty. */
  readonly namespace: string;
  /** The release's; of a kustomization one that Sluice gave it. */
  readonly name: string;
  readonly spec: JsonObject;
  /** LeavePolicies left it: it is to stay, whatever becomes of its file. */
  readonly isLeft: boolean;
}

/** `text`: as rendering wrote it. */
export function readChart(text: string): Chart {
  const [node] = parseYaml(text);
  const value = node === undefined ? undefined : readValue(node, looksPosition);
  const chart: JsonObject = isJsonObject(value) ? value : new Map();
  const metadata = memberOf(chart, "metadata");
  return {
    kind: chart.get("kind") === "HelmChart" ? "HelmChart" : "Kustomization",
    namespace: textOf(metadata, "namespace"),
    name: textOf(metadata, "name"),
    spec: memberOf(chart, "spec"),
    isLeft: isMarkedLeft(text),
  };
}

/** The chart's name as its repository has it: without the repository's own, which Sveltos puts before it. */
export function chartName({ spec }: Pick<Chart, "spec">): string {
  const [name, repository] = [textOf(spec, "chartName"), textOf(spec, "repositoryName")];
  return repository !== "" && name.startsWith(`${repository}/`) ? name.slice(repository.length + 1) : name;
}

/** A repository of charts. */
export interface ChartRepository {
  readonly kind: "http" | "oci";
  readonly url: string;
}

/** Where a Helm chart comes from, by the form of its repositoryURL; undefined: nothing that is known. */
export type ChartOrigin =
  | ChartRepository
  /** A source of Flux' that is there already: `gitrepository://<namespace>/<name>/<path>`. */
  | {
      readonly kind: "GitRepository" | "OCIRepository" | "Bucket";
      readonly namespace: string;
      readonly name: string;
      readonly path: string;
    };

const fluxSources = { gitrepository: "GitRepository", ocirepository: "OCIRepository", bucket: "Bucket" } as const;
const fluxSource = /^(gitrepository|ocirepository|bucket):\/\/([^/]+)\/([^/]+)(?:\/(.*))?$/;

export function originOf({ spec }: Pick<Chart, "spec">): ChartOrigin | undefined {
  const url = textOf(spec, "repositoryURL");
  if (/^https?:\/\//.test(url)) return { kind: "http", url };
  if (/^oci:\/\//.test(url)) return { kind: "oci", url: url.replace(/\/+$/, "") };
  const [, scheme, namespace = "", name = "", path = ""] = fluxSource.exec(url) ?? [];
  if (scheme === undefined) return undefined;
  return { kind: fluxSources[scheme as keyof typeof fluxSources], namespace, name, path };
}

/** What a hub is told to fetch a Helm chart from; undefined: nothing, it has that already, or it is no Helm chart. */
export function repositoryOf(chart: Pick<Chart, "kind" | "spec">): ChartRepository | undefined {
  const origin = chart.kind === "HelmChart" ? originOf(chart) : undefined;
  return origin?.kind === "http" || origin?.kind === "oci" ? origin : undefined;
}
