/**
 * What takes a source apart into an artifact for each unit: Flux's ArtifactGenerators (source.extensions.fluxcd.io/v1beta1,
 * source-watcher v2). One for each namespace of clusters, as many as its limit needs: each unpacks the repository.
 */
import type { FluxDelivery } from "../../model/hub-delivery.ts";
import type { OutputOwner } from "../../plan/cluster-file.ts";
import { generatorPath, outputId } from "../../plan/paths.ts";
import { toDnsName } from "../../render/dns-name.ts";
import { writeHubObject } from "../hub-object.ts";
import type { Unit } from "../unit.ts";
import { fluxNamespace } from "./flux-object.ts";

/** Of a generator; the rest of its 1,000 are for what a hash puts together unevenly. */
const artifactsMax = 800;
const alias = "repo";

/** A unit's artifact: in the name of a Kustomization there may be dots, in that of an artifact there are none. */
export function artifactName({ objectName }: Unit): string {
  return objectName.replaceAll(".", "-");
}

/** Files of the hub with their paths, one by one; none where units are taken from the repository itself. */
export function* writeGenerators(
  units: Iterable<Unit>,
  { artifacts, source }: FluxDelivery,
  output: OutputOwner,
): Iterable<readonly [path: string, text: string]> {
  if (!artifacts) return;
  // What is made of charts is the hub's own, and taken from the repository.
  const ofClusters = [...units].filter(({ isOfCharts }) => isOfCharts !== true);
  const byNamespace = groupBy(ofClusters, ({ cluster }) => fluxNamespace(cluster, { source }));
  for (const [namespace, own] of byNamespace) {
    // By a power of two and a hash, so that a unit that comes or goes leaves the others where they are.
    let count = 1;
    while (own.length > count * artifactsMax) count *= 2;
    const parts = groupBy(own, (unit) => partOf(artifactName(unit), count));
    for (const [part, some] of parts) {
      const name = toDnsName(`sluice-${output.instance}-artifacts${count === 1 ? "" : `-${part}`}`);
      yield [generatorPath(namespace, part, count), writeGenerator(name, namespace, some, source, output)];
    }
  }
}

function groupBy<T, K>(all: Iterable<T>, keyOf: (one: T) => K): ReadonlyMap<K, readonly T[]> {
  const groups = new Map<K, T[]>();
  for (const one of all) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return groups;
}

function partOf(name: string, count: number): number {
  return Number.parseInt(outputId(name, "").slice(0, 8), 16) % count;
}

function writeGenerator(
  name: string,
  namespace: string,
  units: readonly Unit[],
  source: FluxDelivery["source"],
  output: OutputOwner,
): string {
  const artifacts = units
    .map((unit) => ({
      name: artifactName(unit),
      // Its own revision is of what is in it: what did not change is not built again.
      originRevision: `@${alias}`,
      copy: [{ from: `@${alias}/${output.outputPath}/${unit.folder}/**`, to: "@artifact/" }],
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const sources = [{ alias, kind: "GitRepository", name: source.name, namespace: source.namespace }];
  return writeHubObject(
    {
      apiVersion: "source.extensions.fluxcd.io/v1beta1",
      kind: "ArtifactGenerator",
      metadata: { name, namespace },
      content: { spec: { sources, artifacts } },
    },
    output.instance,
  );
}
