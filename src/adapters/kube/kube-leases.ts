/** Leases of coordination.k8s.io. What decides is the version that was read: the server takes one change of it. */
import { ClusterRefusal } from "../../model/cluster-refusal.ts";
import { type JsonObject, writeJson } from "../../model/json.ts";
import type { ClusterLeases, LeaseClaim, LeaseName, LeaseState } from "../../ports/cluster.ts";
import type { KubeConnection } from "./kube-connection.ts";
import { parseAnswer } from "./parse-answer.ts";

interface WrittenLease {
  readonly metadata: {
    readonly resourceVersion: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: { readonly holderIdentity?: string; readonly leaseDurationSeconds?: number };
}

export class KubeLeases implements ClusterLeases {
  readonly #connection: KubeConnection;

  constructor(connection: KubeConnection) {
    this.#connection = connection;
  }

  async readLease(name: LeaseName): Promise<LeaseState | undefined> {
    const lease = await this.#read(name);
    return lease === undefined ? undefined : stateOf(lease);
  }

  async takeLease(name: LeaseName, claim: LeaseClaim, expected: LeaseState | undefined): Promise<LeaseState> {
    const body = writeJson(leaseOf(name, claim, expected?.version));
    const request =
      expected === undefined
        ? ({ method: "POST", path: pathOf({ ...name, name: "" }).replace(/\/$/, ""), body } as const)
        : ({ method: "PUT", path: pathOf(name), body } as const);
    try {
      return stateOf(parseAnswer<WrittenLease>(await this.#connection.read({ ...request, isUrgent: true })));
    } catch (error) {
      const isLost = error instanceof ClusterRefusal && (error.reason === "conflict" || error.reason === "not-found");
      if (!isLost) throw error;
      const found = await this.readLease(name);
      // Nobody else was faster: it was refused by itself, and was neither taken nor kept.
      if (found !== undefined && found.version === expected?.version) throw error;
      if (found !== undefined) return found;
    }
    // It went meanwhile: the next attempt makes it.
    return { holder: "", durationSeconds: claim.durationSeconds, version: "" };
  }

  async releaseLease(name: LeaseName, holder: string): Promise<void> {
    const lease = await this.#read(name);
    if (lease === undefined || stateOf(lease).holder !== holder) return;
    const annotations = new Map(Object.entries(lease.metadata.annotations ?? {}));
    const claim = { holder: "", durationSeconds: 1, now: 0, annotations };
    const body = writeJson(leaseOf(name, claim, lease.metadata.resourceVersion));
    // Where somebody was faster it is theirs.
    await this.#connection.ask({ method: "PUT", path: pathOf(name), body, isUrgent: true });
  }

  async #read(name: LeaseName): Promise<WrittenLease | undefined> {
    const answer = await this.#connection.find({ method: "GET", path: pathOf(name), isUrgent: true });
    return answer === undefined ? undefined : parseAnswer<WrittenLease>(answer.body);
  }
}

function pathOf({ namespace, name }: LeaseName): string {
  return `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases/${encodeURIComponent(name)}`;
}

function leaseOf({ namespace, name }: LeaseName, claim: LeaseClaim, version: string | undefined): JsonObject {
  const { holder, durationSeconds, now, annotations = new Map() } = claim;
  const metadata: [string, string | JsonObject][] = [
    ["name", name],
    ["namespace", namespace],
    ["annotations", annotations],
  ];
  if (version !== undefined && version !== "") metadata.push(["resourceVersion", version]);
  const time = new Date(now).toISOString().replace("Z", "000Z");
  return new Map<string, string | JsonObject>([
    ["apiVersion", "coordination.k8s.io/v1"],
    ["kind", "Lease"],
    ["metadata", new Map(metadata)],
    [
      "spec",
      new Map<string, string | bigint>([
        ["holderIdentity", holder],
        ["leaseDurationSeconds", BigInt(durationSeconds)],
        ["renewTime", time],
      ]),
    ],
  ]);
}

function stateOf({ metadata, spec }: WrittenLease): LeaseState {
  return {
    holder: spec?.holderIdentity ?? "",
    durationSeconds: spec?.leaseDurationSeconds ?? 0,
    version: metadata.resourceVersion,
  };
}
