/** What a hub's tool can't do of what documents say, and clusters that it does not reach: warnings, each at its place. */
import type { Catalog } from "../model/catalog.ts";
import type { Cluster } from "../model/cluster.ts";
import { countOf } from "../model/count-of.ts";
import type { FluxDelivery, HubDelivery } from "../model/hub-delivery.ts";
import { clustersWithFolders } from "../model/local-object.ts";
import type { Problem } from "../model/problem.ts";
import { findSharedNames } from "./argocd/shared-names.ts";
import { checkCharts, checkHealths } from "./check-charts.ts";
import { fluxReach } from "./flux/flux-object.ts";
import { findUnits } from "./unit.ts";

export function checkDelivery(catalog: Catalog, delivery: HubDelivery): readonly Problem[] {
  return [
    ...checkClusters(catalog, delivery),
    ...(delivery.kind === "argocd" ? checkOrder(catalog) : checkCost(catalog, delivery)),
    ...checkCharts(catalog, delivery.kind),
    ...checkHealths(catalog, delivery.kind),
  ];
}

/** So many Kustomizations may take one repository whole. */
const kustomizationsMax = 50;

/** Each commit has every Kustomization of a source fetch and unpack all of it, and build its folder, changed or not. */
function checkCost(catalog: Catalog, delivery: FluxDelivery): readonly Problem[] {
  if (delivery.artifacts) return [];
  const unitsOf = findUnits(catalog, delivery);
  let count = 0;
  for (const cluster of clustersWithFolders(catalog).values()) {
    if (fluxReach(cluster).kind !== "none") count += unitsOf(cluster).length;
  }
  if (count <= kustomizationsMax) return [];
  const { source } = delivery;
  return [
    {
      code: "DELIVERY_COSTLY",
      severity: "warning",
      message: `${countOf(count, "Kustomization takes", "Kustomizations take")} the source ${source.namespace}/${source.name} whole: each commit has all of them fetch, unpack and build, changed or not`,
      hint: "Set delivery.artifacts: true, which needs Flux's source-watcher; see docs/delivery.md for what size costs.",
    },
  ];
}

/** Argo CD's Applications have no order among them. */
function checkOrder({ eventTriggers, profiles }: Catalog): readonly Problem[] {
  return [...eventTriggers.values(), ...profiles.values()].flatMap(({ dependsOn, at }) =>
    dependsOn.length === 0
      ? []
      : [
          {
            code: "DELIVERY_IMPOSSIBLE",
            severity: "warning",
            message: "dependsOn can't be expressed by delivery.kind argocd",
            at,
          },
        ],
  );
}

function checkClusters({ clusters, documents }: Catalog, delivery: HubDelivery): readonly Problem[] {
  const shared = findSharedNames({ clusters });
  return [...clusters.values()].flatMap((cluster) => {
    const fault = delivery.kind === "flux" ? explainFlux(cluster) : explainArgocd(cluster, shared);
    if (fault === undefined) return [];
    const at = documents.get(cluster.documentKey)?.at;
    const message = `cluster ${cluster.namespace}/${cluster.name} ${fault.message}`;
    return [
      {
        code: "DELIVERY_IMPOSSIBLE",
        severity: "warning",
        message,
        hint: fault.hint,
        ...(at === undefined ? {} : { at }),
      },
    ];
  });
}

interface Fault {
  readonly message: string;
  readonly hint: string;
}

function explainFlux(cluster: Cluster): Fault | undefined {
  const kubeconfig = fluxReach(cluster);
  if (kubeconfig.kind === "none") {
    return {
      message: `is not delivered to by delivery.kind flux: ${kubeconfig.reason}`,
      hint: "Run Flux in that cluster and point it at the cluster's folder, or leave it out.",
    };
  }
  if (kubeconfig.kind === "hub" || !kubeconfig.isGuessed) return undefined;
  return {
    message: `does not say which key of its Secret ${kubeconfig.name} holds the kubeconfig: ${kubeconfig.key} is assumed`,
    hint: "Give spec.kubeconfigKeyName, as sveltosctl register cluster does.",
  };
}

/** Argo CD names clusters by Secrets of its own, which nothing makes of a SveltosCluster or a Cluster of Cluster API. */
function explainArgocd({ name, document }: Cluster, shared: ReadonlySet<string>): Fault | undefined {
  if (shared.has(name)) {
    return {
      message: `is not delivered to by delivery.kind argocd: another cluster is called ${name} too, and Argo CD tells them by that alone`,
      hint: "Give each cluster a name of its own, whatever its namespace.",
    };
  }
  if (document.get("kind") === "Secret") return undefined;
  return {
    message: `has to be known to Argo CD as ${name}: delivery.kind argocd refers to it by that name`,
    hint: `Have a cluster Secret in Argo CD's namespace whose name is ${name}: argocd cluster add … --name ${name}.`,
  };
}
