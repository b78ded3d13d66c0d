/** A unit as Argo CD's Application (argoproj.io/v1alpha1). */
import type { ArgocdDelivery } from "../../model/hub-delivery.ts";
import type { OutputOwner } from "../../plan/cluster-file.ts";
import { writeHubObject } from "../hub-object.ts";
import type { Unit } from "../unit.ts";
import { destinationOf, ownCluster } from "./destination.ts";

/** Deletes what is the Application's when the Application is deleted, as Flux's Kustomizations do. */
export const finalizer = "resources-finalizer.argocd.argoproj.io";
/** Only a commit that touches the folder has it rendered again. */
const pathsAnnotation = "argocd.argoproj.io/manifest-generate-paths";

export function writeApplication(unit: Unit, argocd: ArgocdDelivery, output: OutputOwner): string {
  const { namespace, project, repoURL, revision } = argocd;
  const path = `${output.outputPath}/${unit.folder}`;
  const spec = {
    project,
    source: { repoURL, targetRevision: revision, path, directory: { recurse: true } },
    destination: destinationOf(unit.cluster),
    syncPolicy: {
      automated: { prune: true, selfHeal: unit.corrects },
      retry: { limit: 5, backoff: { duration: "5s", factor: 2, maxDuration: "3m" } },
      syncOptions: ["ServerSideApply=true"],
    },
  };
  const annotations = { [pathsAnnotation]: `/${path}` };
  const metadata = { name: unit.objectName, namespace, annotations, finalizers: [finalizer] };
  return writeHubObject(
    { apiVersion: "argoproj.io/v1alpha1", kind: "Application", metadata, content: { spec } },
    output.instance,
  );
}

/** What applies the Applications of a unit's charts, in Argo CD's own cluster. */
export function wrapApplication(unit: Unit, argocd: ArgocdDelivery, { instance }: OutputOwner): string {
  const { namespace, project, repoURL, revision, path: folder } = argocd;
  const path = `${folder}/charts/${unit.folder}`;
  const spec = {
    project,
    source: { repoURL, targetRevision: revision, path, directory: { recurse: true } },
    destination: { ...ownCluster, namespace },
    syncPolicy: {
      automated: { prune: true, selfHeal: true },
      retry: { limit: 5, backoff: { duration: "5s", factor: 2, maxDuration: "3m" } },
    },
  };
  const annotations = { [pathsAnnotation]: `/${path}` };
  const metadata = { name: unit.objectName, namespace, annotations, finalizers: [finalizer] };
  return writeHubObject(
    { apiVersion: "argoproj.io/v1alpha1", kind: "Application", metadata, content: { spec } },
    instance,
  );
}
