/** A chart's file of the state branch, read. */
import type { ChartKind } from "../../model/chart.ts";
import { type ChartRepository, originOf } from "../../model/chart-origin.ts";
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

/** What a hub is told to fetch a Helm chart from; undefined: nothing, it has that already, or it is no Helm chart. */
export function repositoryOf(chart: Pick<Chart, "kind" | "spec">): ChartRepository | undefined {
  const origin = chart.kind === "HelmChart" ? originOf(chart.spec) : undefined;
  return origin?.kind === "http" || origin?.kind === "oci" ? origin : undefined;
}
