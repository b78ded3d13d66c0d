/** A server's own kubeconfig as a Secret in it, for tools that may read no files: the authority stands in it, not its path. */
import { readFile } from "node:fs/promises";
import type { KubeApiServer } from "./start-kube-apiserver.ts";

/** Makes the Namespace too. */
export async function addKubeconfig(
  server: KubeApiServer,
  { namespace, secret, key }: { readonly namespace: string; readonly secret: string; readonly key: string },
): Promise<void> {
  const authority = (await readFile(server.caFile)).toString("base64");
  // Flux takes no path of a file that would be its own.
  const kubeconfig = (await readFile(server.kubeconfigFile, "utf8")).replace(
    /"?certificate-authority"?: *("[^"]*"|[^,}\s]+)/,
    `certificate-authority-data: ${authority}`,
  );
  await server.request("POST", "/api/v1/namespaces", { metadata: { name: namespace } });
  await server.request("POST", `/api/v1/namespaces/${namespace}/secrets`, {
    metadata: { name: secret },
    stringData: { [key]: kubeconfig },
  });
}
