/**
 * A hub of Sveltos: a real API server that has Sveltos' own definitions. Its modules lack EventTrigger's, which takes any
 * fields here.
 */
import { type KubeApiServer, startKubeApiServer } from "../tools/start-kube-apiserver.ts";
import { readSveltosCrds } from "../tools/sveltos-fields.ts";
import { until } from "./workbench.ts";

export interface SveltosHub {
  readonly server: KubeApiServer;
  /** Creates an object; `path`: of its collection. Throws what the server has against it. */
  post(path: string, body: unknown): Promise<void>;
}

export const libPath = "/apis/lib.projectsveltos.io/v1beta1";
export const profilesPath = "/apis/config.projectsveltos.io/v1beta1/clusterprofiles";
const crdPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const kinds = ["EventSource", "ClusterSet", "Set", "SveltosCluster", "ClusterProfile", "Profile"];

/** Resolves when the kinds are served and the Namespace `fleet` is there. The server is the caller's to stop. */
export async function startSveltosHub(): Promise<SveltosHub> {
  const server = await startKubeApiServer();
  const post = async (path: string, body: unknown): Promise<void> => {
    const answer = await server.request("POST", path, body);
    if (answer.status >= 300) throw new Error(`POST ${path}: ${JSON.stringify(answer.body)}`);
  };
  const crds: object[] = readSveltosCrds().filter(({ spec }) => kinds.includes(spec.names.kind));
  if (crds.length !== kinds.length) throw new Error(`the modules have ${crds.length} of ${kinds.length} definitions`);
  crds.push(looseCrd("lib.projectsveltos.io/v1beta1", "EventTrigger", "eventtriggers", "Cluster"));
  for (const crd of crds) await post(crdPath, crd);
  for (const path of [`${libPath}/sveltosclusters`, `${libPath}/eventtriggers`, profilesPath])
    await until(async () => (await server.request("GET", path)).status === 200, path);
  await post("/api/v1/namespaces", { metadata: { name: "fleet" } });
  return { server, post };
}

/** Has the server know a kind that takes any fields. */
export async function addLooseKind(server: KubeApiServer, ...of: Parameters<typeof looseCrd>): Promise<void> {
  await server.request("POST", crdPath, looseCrd(...of));
  const [apiVersion, , plural] = of;
  await until(async () => (await server.request("GET", `/apis/${apiVersion}/${plural}`)).status === 200, plural);
}

function looseCrd(apiVersion: string, kind: string, plural: string, scope: "Cluster" | "Namespaced"): object {
  const [group, name] = apiVersion.split("/");
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: { group, scope, names: { kind, plural }, versions: [{ name, served: true, storage: true, schema }] },
  };
}
