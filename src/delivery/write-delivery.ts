/**
 * What a hub applies to bring the manifests to clusters, and the objects that keep the units' folders: a function of
 * the catalog and of settings.
 *
 * It only ever adds and changes. A cluster that is in no document any more keeps its units until it has no objects left,
 * and one that a hub can't reach any more keeps those that it had: a unit that ends takes its objects with it.
 */
import type { Catalog } from "../model/catalog.ts";
import { clusterKey } from "../model/cluster.ts";
import type { HubDelivery } from "../model/hub-delivery.ts";
import { clustersWithFolders } from "../model/local-object.ts";
import type { OutputOwner } from "../plan/cluster-file.ts";
import {
  baseFolder,
  deliveryChartsFolder,
  deliveryFilePath,
  deliveryPath,
  desiredFolder,
  unitFileName,
} from "../plan/paths.ts";
import { toDnsName } from "../render/dns-name.ts";
import { findSharedNames } from "./argocd/shared-names.ts";
import { wrapApplication, writeApplication } from "./argocd/write-application.ts";
import { fluxNamespace } from "./flux/flux-object.ts";
import { writeGenerators } from "./flux/write-generators.ts";
import { wrapKustomization, writeKustomization } from "./flux/write-kustomization.ts";
import { writeHubObject } from "./hub-object.ts";
import { findChartUnits, findUnits, keeperName, type Unit } from "./unit.ts";

/** A file, or a unit of a hub's, by the path that it is spoken of by. */
type Written = readonly [path: string, text: string];

/** Files of the state branch, a cluster's at a time: of many it takes long, and others may want their turn in between. */
export function* writeInSteps(
  catalog: Catalog,
  delivery: HubDelivery,
  output: OutputOwner,
): Iterable<readonly Written[]> {
  yield* stepsWithUnits(unitsByCluster(catalog, delivery, output), delivery, output);
}

/** Files of the state branch, by path. */
export function writeDelivery(
  catalog: Catalog,
  delivery: HubDelivery,
  output: OutputOwner,
): ReadonlyMap<string, string> {
  return new Map([...writeInSteps(catalog, delivery, output)].flat());
}

/** All that is delivered where the units are known. */
export function writeWithUnits(
  units: ReadonlyMap<string, WrittenUnit>,
  delivery: HubDelivery,
  output: OutputOwner,
): ReadonlyMap<string, string> {
  return new Map([...stepsWithUnits([[...units]], delivery, output)].flat());
}

function* stepsWithUnits(
  clusters: Iterable<readonly PlacedUnit[]>,
  delivery: HubDelivery,
  output: OutputOwner,
): Iterable<readonly Written[]> {
  const all: Unit[] = [];
  // Those of one name have one text on every cluster.
  const keepers = new Map<string, string>();
  for (const units of clusters) {
    const files: Written[] = [];
    for (const [path, { unit, text }] of units) {
      all.push(unit);
      files.push([path, text]);
      // The cluster's own file keeps the base.
      if (unit.name === baseFolder) continue;
      const keeper = keepers.get(unit.name) ?? writeKeeper(unit, output, delivery);
      if (!unit.isOfCharts) keepers.set(unit.name, keeper);
      files.push([keeperPath(unit), keeper]);
    }
    yield files;
  }
  if (delivery.kind === "flux") for (const file of writeGenerators(all, delivery, output)) yield [file];
  yield [[deliveryFilePath, writeHubFile(delivery, output)]];
}

export interface WrittenUnit {
  readonly unit: Unit;
  readonly text: string;
}

/** The hub's objects for all units that it can reach, by path. */
export function writeUnits(
  catalog: Catalog,
  delivery: HubDelivery,
  output: OutputOwner,
): ReadonlyMap<string, WrittenUnit> {
  return new Map([...unitsByCluster(catalog, delivery, output)].flat());
}

type PlacedUnit = readonly [path: string, unit: WrittenUnit];

function* unitsByCluster(
  catalog: Catalog,
  delivery: HubDelivery,
  output: OutputOwner,
): Iterable<readonly PlacedUnit[]> {
  const shared = delivery.kind === "argocd" ? findSharedNames(catalog) : new Set();
  const [unitsOf, chartUnitsOf] = [findUnits(catalog, delivery), findChartUnits(catalog)];
  for (const cluster of clustersWithFolders(catalog).values()) {
    if (shared.has(cluster.name)) continue;
    const units: PlacedUnit[] = [];
    for (const unit of chartUnitsOf(cluster)) {
      // Where a hub can't reach the cluster its releases are not written either.
      const text =
        delivery.kind === "flux" ? wrapKustomization(unit, delivery, output) : wrapApplication(unit, delivery, output);
      if (text !== undefined) units.push([deliveryPath(clusterKey(cluster), unit.name), { unit, text }]);
    }
    for (const unit of unitsOf(cluster)) {
      const text =
        delivery.kind === "flux"
          ? writeKustomization(unit, delivery, output)
          : writeApplication(unit, delivery, output);
      if (text !== undefined) units.push([deliveryPath(clusterKey(cluster), unit.name), { unit, text }]);
    }
    yield units;
  }
}

/** Where the file stands that keeps a unit's folder; `base/` has the cluster's. */
export function keeperPath(unit: Unit): string {
  return `${unit.isOfCharts ? deliveryChartsFolder : desiredFolder}/${unit.folder}/${unitFileName}`;
}

/** On the hub, where the units' objects are; of flux in the source's namespace, since clusters' may differ. */
function writeHubFile(delivery: HubDelivery, output: OutputOwner): string {
  const namespace = delivery.kind === "flux" ? delivery.source.namespace : delivery.namespace;
  return writeConfigMap(`sluice-${output.instance}-delivery`, namespace, output);
}

/** On the cluster; of charts on the hub, beside the releases. */
export function writeKeeper(unit: Unit, output: OutputOwner, delivery: HubDelivery): string {
  const name = keeperName(unit, output);
  if (!unit.isOfCharts) return writeConfigMap(name, "default", output);
  const namespace = delivery.kind === "flux" ? fluxNamespace(unit.cluster, delivery) : delivery.namespace;
  return writeConfigMap(toDnsName(`${clusterKey(unit.cluster)}/${name}`), namespace, output);
}

function writeConfigMap(name: string, namespace: string, { instance }: OutputOwner): string {
  const data = { purpose: "Keeps this folder, and what is deployed from it, from vanishing." };
  return writeHubObject(
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, content: { data } },
    instance,
  );
}
