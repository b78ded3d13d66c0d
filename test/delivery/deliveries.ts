/** Deliveries as settings give them, for tests. */
import type { ArgocdDelivery, FluxDelivery } from "../../src/model/hub-delivery.ts";

const flux: FluxDelivery = {
  kind: "flux",
  path: "delivery",
  split: "cluster",
  buckets: 1,
  source: { name: "fleet", namespace: "flux-system" },
  artifacts: false,
  interval: "10m",
  retryInterval: "30s",
  timeout: "1m",
};
const argocd: ArgocdDelivery = {
  kind: "argocd",
  path: "delivery",
  split: "cluster",
  buckets: 1,
  namespace: "argocd",
  project: "default",
  repoURL: "https://git.example.com/acme/fleet.git",
  revision: "main",
};

export const deliveries = { flux, argocd };
