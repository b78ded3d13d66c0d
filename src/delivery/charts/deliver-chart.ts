/**
 * From a chart's file to what a hub applies of it: its release, and where that gets its chart from. The files of a source,
 * and of all releases that are of it, are in one folder, so that what is in the folder tells whether the source is needed.
 *
 *     delivery/charts/<cluster>/<owner's folder>/<source>/sluice-source.yaml
 *     delivery/charts/<cluster>/<owner's folder>/<source>/<namespace>/<name>.yaml
 *     delivery/charts/<cluster>/<owner's folder>/<source>/values/<namespace>/<name>.yaml    a Secret's
 */
import type { Catalog } from "../../model/catalog.ts";
import { type Cluster, clusterKey } from "../../model/cluster.ts";
import type { HubDelivery } from "../../model/hub-delivery.ts";
import { chartFolderOf, deliveryChartsFolder } from "../../plan/paths.ts";
import { findSharedNames } from "../argocd/shared-names.ts";
import { writeChartApplication } from "../argocd/write-chart.ts";
import { fluxNamespace, fluxReach } from "../flux/flux-object.ts";
import { writeBuilt } from "../flux/write-built.ts";
import { writeRelease } from "../flux/write-release.ts";
import { sourceKey, writeSource } from "../flux/write-source.ts";
import { type HubObject, writeHubObject } from "../hub-object.ts";
import { type Chart, readChart } from "./read-chart.ts";

export const sourceFileName = "sluice-source.yaml";
/** Of what has no source that is made for it; a release may be called what a kustomization is. */
const noSource = { HelmChart: "own", Kustomization: "built" } as const;

/** A chart's files in `delivery/` of the state. */
export interface DeliveredChart {
  /** Of its source and all that are of it. */
  readonly folder: string;
  /** The source's file; undefined: it has none. */
  readonly source: string | undefined;
  /** By path. */
  readonly files: ReadonlyMap<string, string>;
}

/** `path`, `text`: the chart's, of the state. Undefined: the hub is told nothing of it. */
export function deliverChart(
  path: string,
  text: string,
  cluster: Cluster,
  delivery: HubDelivery,
  instance: string,
): DeliveredChart | undefined {
  const chart = readChart(text);
  const { folder, values, release } = chartPaths(path, chart);
  const unit = chartFolderOf(path).folder;
  const [first, secret] = objectsOf(chart, unit, cluster, delivery);
  if (first === undefined) return undefined;
  const files = new Map([[release, writeHubObject(first, instance)]]);
  if (secret !== undefined) files.set(values, writeHubObject(secret, instance));
  const source =
    delivery.kind === "flux" ? writeSource(chart, unit, fluxNamespace(cluster, delivery), delivery) : undefined;
  return { folder, files, source: source === undefined ? undefined : writeHubObject(source, instance) };
}

/** Where its files are, there or not. */
export function deliveredPaths(
  path: string,
  text: string,
): { readonly folder: string; readonly paths: readonly string[] } {
  const { folder, release, values } = chartPaths(path, readChart(text));
  return { folder, paths: [release, values] };
}

function chartPaths(path: string, chart: Chart) {
  const { folder: unit, file } = chartFolderOf(path);
  const folder = `${deliveryChartsFolder}/${unit}/${sourceKey(chart) || noSource[chart.kind]}`;
  return { folder, release: `${folder}/${file}`, values: `${folder}/values/${file}` };
}

function objectsOf(chart: Chart, unit: string, cluster: Cluster, delivery: HubDelivery): readonly HubObject[] {
  if (delivery.kind === "argocd")
    return [writeChartApplication(chart, cluster, delivery)].filter((one) => one !== undefined);
  const kubeconfig = fluxReach(cluster);
  if (kubeconfig.kind === "none") return [];
  const place = { cluster, kubeconfig, unit, flux: delivery };
  return chart.kind === "HelmChart" ? writeRelease(chart, place) : [writeBuilt(chart, place)];
}

/** What tells of which chart of its cluster a file is, wherever it gets its chart from; undefined: of none, but of a unit or a source. */
export function chartOfDelivered(path: string): string | undefined {
  const parts = path.split("/");
  if (parts.length < releaseDepth) return undefined;
  const kind = parts[sourceAt] === noSource.Kustomization ? "Kustomization" : "HelmChart";
  return [kind, ...parts.slice(-2)].join("/");
}

/** Names in `delivery/charts/<namespace>/<cluster>/<area>/<owner>/<source>/<namespace>/<name>.yaml`. */
const releaseDepth = 9;
const sourceAt = 6;

/**
 * All that what is made of a cluster's charts depends on besides themselves, as text; undefined: nothing is made, and what
 * was stays.
 */
export function chartSurroundings(catalog: Catalog, cluster: Cluster): string | undefined {
  const { delivery } = catalog;
  if (delivery === undefined) return undefined;
  if (delivery.kind === "argocd") {
    return findSharedNames(catalog).has(cluster.name) ? undefined : JSON.stringify([delivery, clusterKey(cluster)]);
  }
  const kubeconfig = fluxReach(cluster);
  return kubeconfig.kind === "none" ? undefined : JSON.stringify([delivery, clusterKey(cluster), kubeconfig]);
}
