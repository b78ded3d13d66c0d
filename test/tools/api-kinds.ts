/** What an API server has: the path of each kind, as its discovery says. */
import type { KubeApiServer } from "./start-kube-apiserver.ts";

export interface ApiKind {
  /** `/api/v1` or `/apis/<group>/<version>`. */
  readonly base: string;
  readonly plural: string;
  readonly isNamespaced: boolean;
}

interface ResourceList {
  readonly resources: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

/** By `<apiVersion>/<kind>`. */
export async function readApiKinds(server: KubeApiServer): Promise<ReadonlyMap<string, ApiKind>> {
  const groups = (await server.request("GET", "/apis")).body as {
    groups: { versions: { groupVersion: string }[] }[];
  };
  const versions = ["v1", ...groups.groups.flatMap((group) => group.versions.map(({ groupVersion }) => groupVersion))];
  const kinds = new Map<string, ApiKind>();
  for (const version of versions) {
    const base = version === "v1" ? "/api/v1" : `/apis/${version}`;
    const { resources } = (await server.request("GET", base)).body as ResourceList;
    for (const { name, kind, namespaced } of resources) {
      if (!name.includes("/")) kinds.set(`${version}/${kind}`, { base, plural: name, isNamespaced: namespaced });
    }
  }
  return kinds;
}
