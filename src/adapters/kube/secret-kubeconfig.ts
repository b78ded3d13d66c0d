/** A kubeconfig that a Secret of the hub holds, as whoever registered the cluster keeps it there. */
import { isJsonObject, type Json } from "../../model/json.ts";
import { SluiceError } from "../../model/problem.ts";
import type { ClusterReader } from "../../ports/cluster.ts";
import type { KubeconfigSource } from "./kubeconfig.ts";

export interface SecretKey {
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
}

/** Read from the hub each time: who renews it there need tell nobody. Throws KUBECONFIG_INVALID, and as the hub's port does. */
export function secretKubeconfig(hub: ClusterReader, { namespace, name, key }: SecretKey): KubeconfigSource {
  const where = `Secret ${namespace}/${name} of the hub`;
  const fail = (message: string, hint: string): never => {
    throw new SluiceError({ code: "KUBECONFIG_INVALID", message: `${where} ${message}`, hint });
  };
  return {
    name: where,
    read: async () => {
      const kind = { group: "", version: "v1", kind: "Secret", plural: "secrets", isNamespaced: true };
      const data = memberOf(await hub.readObject({ kind, namespace, name }), "data");
      if (data === undefined) fail("is not there", "Whoever registers the cluster with the hub makes it.");
      const value = memberOf(data, key);
      if (typeof value === "string") return Buffer.from(value, "base64").toString("utf8");
      const keys = isJsonObject(data) ? [...data.keys()] : [];
      const others = keys.length === 0 ? "nothing" : keys.join(", ");
      return fail(`has no ${key}`, `It has ${others}. A SveltosCluster names the key as spec.kubeconfigKeyName.`);
    },
  };
}

function memberOf(value: Json | undefined, key: string): Json | undefined {
  return isJsonObject(value) ? value.get(key) : undefined;
}
