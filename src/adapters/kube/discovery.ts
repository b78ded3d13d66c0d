/**
 * Which kinds an API server has, by aggregated discovery: two requests for all of them (Kubernetes 1.27 and newer). Kept,
 * and asked for again when a kind is looked for that is not among them: a CustomResourceDefinition may just have come.
 */
import { ClusterRefusal } from "../../model/cluster-refusal.ts";
import { SluiceError } from "../../model/problem.ts";
import type { ResourceKind } from "../../ports/cluster.ts";
import type { KubeConnection } from "./kube-connection.ts";
import { parseAnswer } from "./parse-answer.ts";

const discoveryType = ["v2", "v2beta1"]
  .map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .join(",");

interface GroupList {
  readonly kind?: string;
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string };
    readonly versions?: readonly {
      readonly version: string;
      /** `Stale`: who serves it does not answer, and there may be more, or other, kinds. */
      readonly freshness?: "Current" | "Stale";
      readonly resources?: readonly {
        readonly resource: string;
        readonly responseKind?: { readonly kind?: string };
        readonly scope: "Namespaced" | "Cluster";
        readonly verbs?: readonly string[];
      }[];
    }[];
  }[];
}

export class Discovery {
  readonly #connection: KubeConnection;
  /** By group and kind in lower case: the versions, the server's favourite first. */
  #kinds: ReadonlyMap<string, readonly ResourceKind[]> | undefined;
  /** Groups of which the server does not know at the moment what they have. */
  #unserved: ReadonlySet<string> = new Set();
  #reading: Promise<void> | undefined;

  constructor(connection: KubeConnection) {
    this.#connection = connection;
  }

  async find(group: string, kind: string, version: string | undefined): Promise<ResourceKind | undefined> {
    const known = this.#look(group, kind, version);
    if (known !== undefined) return known;
    await this.#read();
    const found = this.#look(group, kind, version);
    if (found === undefined && this.#unserved.has(group)) {
      const message = `who serves ${group} is not available, so nobody can see its kind ${kind}`;
      throw new ClusterRefusal("unserved", message, `Look at the APIService: kubectl get apiservices | grep ${group}`);
    }
    return found;
  }

  #look(group: string, kind: string, version: string | undefined): ResourceKind | undefined {
    const versions = this.#kinds?.get(keyOf(group, kind));
    return version === undefined ? versions?.[0] : versions?.find((one) => one.version === version);
  }

  /** Whoever asks while it is read waits for the same answer. */
  #read(): Promise<void> {
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readAll(): Promise<void> {
    const kinds = new Map<string, ResourceKind[]>();
    const unserved = new Set<string>();
    const lists = await Promise.all(["/api", "/apis"].map((path) => this.#readList(path)));
    for (const list of lists) {
      if (list.kind !== "APIGroupDiscoveryList") {
        throw new SluiceError({
          code: "CLUSTER_UNAVAILABLE",
          message: "the API server has no aggregated discovery",
          hint: "It needs Kubernetes 1.27 or newer.",
        });
      }
      for (const { metadata, versions = [] } of list.items ?? []) {
        const group = metadata?.name ?? "";
        for (const { version, freshness, resources = [] } of versions) {
          if (freshness === "Stale") unserved.add(group);
          for (const { resource, responseKind, scope, verbs = [] } of resources) {
            const kind = responseKind?.kind;
            if (!kind || !verbs.includes("get")) continue;
            const found = { group, version, kind, plural: resource, isNamespaced: scope === "Namespaced" };
            const key = keyOf(group, kind);
            kinds.set(key, [...(kinds.get(key) ?? []), found]);
          }
        }
      }
    }
    this.#kinds = kinds;
    this.#unserved = unserved;
  }

  async #readList(path: string): Promise<GroupList> {
    return parseAnswer<GroupList>(await this.#connection.read({ method: "GET", path, accept: discoveryType }));
  }
}

function keyOf(group: string, kind: string): string {
  return `${group}/${kind.toLowerCase()}`;
}
