/** What is on file of charts: what `show` and the applier read of them. */
import { isChart } from "../model/chart.ts";
import { isJsonObject, type JsonObject } from "../model/json.ts";
import { parseCheckpoint } from "../plan/checkpoint-file.ts";
import { checkpointPath, objectPath } from "../plan/paths.ts";
import type { GitReader, ObjectId } from "../ports/git.ts";
import { readValue } from "../render/manifests/read-value.ts";
import { looksPosition } from "../render/manifests/string-positions.ts";
import { parseYaml } from "../render/yaml/parse-yaml.ts";
import type { Addon } from "./list-addons.ts";

/** The versions of the Helm charts among these, as they are asked for; a chart that names none is taken at its newest: `*`. */
export async function readChartVersions<Row extends Addon>(
  git: GitReader,
  tree: ObjectId | undefined,
  addons: readonly Row[],
): Promise<ReadonlyMap<Row, string>> {
  const versions = new Map<Row, string>();
  const charts = addons.filter(({ identity }) => isChart(identity) && identity.kind === "HelmChart");
  if (tree === undefined || charts.length === 0) return versions;
  const checkpoint = (await git.readFiles(tree, [checkpointPath])).get(checkpointPath);
  if (checkpoint === undefined) return versions;
  const { layout } = parseCheckpoint(checkpoint);
  const paths = new Map<string, Row>();
  for (const addon of charts) {
    // It stands in the folder of one of those who want it.
    for (const owner of addon.owners.values())
      paths.set(objectPath(addon.cluster, owner, addon.identity, layout), addon);
  }
  for (const [path, text] of await git.readFiles(tree, [...paths.keys()])) {
    const version = chartSpec(text).get("chartVersion");
    versions.set(paths.get(path)!, typeof version === "string" && version !== "" ? version : "*");
  }
  return versions;
}

/** The `spec` of a chart's file. */
function chartSpec(text: string): JsonObject {
  const [node] = parseYaml(text);
  const value = node === undefined ? undefined : readValue(node, looksPosition);
  const spec = isJsonObject(value) ? value.get("spec") : undefined;
  return isJsonObject(spec) ? spec : new Map();
}
