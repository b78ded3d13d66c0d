/**
 * The fold over inputs, told as plainly as possible: every object has the list of all its claims, always, in order of
 * arrival; everything else is computed from these lists. The planner, which keeps files and only where it must, has to
 * come to the same.
 */
import type { Entity } from "../../src/model/cloud-event.ts";
import type { ClusterKey } from "../../src/model/cluster.ts";
import type { EntityInput } from "../../src/plan/apply-entity.ts";
import { encodePathPart, generatedNamespacePath, hashEntity, objectPath } from "../../src/plan/paths.ts";
import type { PlanInput, PlanRules } from "../../src/plan/plan-change-set.ts";
import { parseIdentity, writeIdentity } from "../../src/plan/record-file.ts";

interface Claim {
  /** `<trigger> <entity hash>`; empty for Sluice itself. */
  readonly who: string;
  readonly trigger: string;
  readonly tier: number;
  /** The manifest, and what of it claimants must agree on. */
  readonly text: string;
  readonly bare: string;
}

export interface NaiveRecord {
  readonly objects: Map<ClusterKey, Set<string>>;
  readonly waiting: Map<ClusterKey, Set<string>>;
  readonly failures: Set<ClusterKey>;
}

export class NaiveFold {
  readonly records = new Map<string, NaiveRecord>();
  /** By cluster and identity. */
  readonly claims = new Map<string, readonly Claim[]>();
  /** Those in force; a claim keeps the tier that it was made with. */
  rules: PlanRules;

  constructor(rules: PlanRules) {
    this.rules = rules;
  }

  /** All manifests by path. */
  desired(): Map<string, string> {
    const files = new Map<string, string>();
    for (const [key, claims] of this.claims) {
      const [cluster = "", identity = ""] = split(key);
      const winner = first(claims);
      if (winner === undefined) continue;
      const object = parseIdentity(identity);
      const path =
        winner.who === ""
          ? generatedNamespacePath(cluster, object.name)
          : objectPath(cluster, encodePathPart(winner.trigger), object, this.rules.shards);
      files.set(path, winner.text);
    }
    return files;
  }

  /** How many objects several want. */
  get contested(): number {
    return [...this.claims.values()].filter((claims) => claims.length > 1).length;
  }

  apply(input: PlanInput): void {
    if (input.kind === "entity") this.#applyEntity(input);
    if (input.kind === "withdraw") this.#withdraw(input.trigger, input.entity, input.clusters);
  }

  #applyEntity(input: EntityInput): void {
    const who = whoIs(input.trigger, input.entity);
    const old = this.records.get(who);
    const record: NaiveRecord = { objects: new Map(), waiting: new Map(), failures: new Set() };
    const concerned = new Set(input.renderings.map(({ cluster }) => cluster));
    const keep = (cluster: ClusterKey) => {
      const objects = old?.objects.get(cluster);
      const waiting = old?.waiting.get(cluster);
      if (objects !== undefined) record.objects.set(cluster, objects);
      if (waiting !== undefined) record.waiting.set(cluster, waiting);
    };

    for (const cluster of clustersOf(old)) {
      if (concerned.has(cluster)) continue;
      if (input.elsewhere === "Delete" || input.stopMatching === "WithdrawPolicies") this.#dropAll(who, cluster);
      else keep(cluster);
    }
    for (const rendering of input.renderings) {
      const { cluster } = rendering;
      if (rendering.action === "Delete") this.#dropAll(who, cluster);
      else if (rendering.action === "fail") {
        keep(cluster);
        record.failures.add(cluster);
      } else if (input.syncMode === "OneTime" && old?.objects.has(cluster) && !old.failures.has(cluster)) keep(cluster);
      else {
        const manifests = input.syncMode === "DryRun" ? [] : rendering.manifests;
        const wanted = new Map(manifests.map(({ identity, text }) => [writeIdentity(identity), text]));
        const lost = new Set(
          [...wanted].filter(([id, text]) => !this.#wouldAgree(input, cluster, id, text)).map(([id]) => id),
        );
        if (lost.size > 0) record.failures.add(cluster);
        if (lost.size > 0 && !input.continueOnConflict) {
          for (const id of lost) this.#put(input, cluster, id, wanted.get(id)!);
          keep(cluster);
          const objects = record.objects.get(cluster);
          if (objects !== undefined) record.objects.set(cluster, new Set([...objects].filter((id) => !lost.has(id))));
          record.waiting.set(cluster, new Set([...(record.waiting.get(cluster) ?? []), ...lost]));
          continue;
        }
        for (const [id, text] of wanted) this.#put(input, cluster, id, text);
        this.#makeNamespaces(cluster, [...wanted.keys()]);
        for (const [key, claims] of this.claims) {
          const [place, id = ""] = split(key);
          if (place === cluster && !wanted.has(id))
            this.claims.set(
              key,
              claims.filter((claim) => claim.who !== who),
            );
        }
        record.objects.set(cluster, new Set([...wanted.keys()].filter((id) => !lost.has(id))));
        if (lost.size > 0) record.waiting.set(cluster, lost);
      }
    }

    const isEmpty = record.objects.size + record.waiting.size + record.failures.size === 0;
    if (isEmpty && input.elsewhere === "Delete") this.records.delete(who);
    else this.records.set(who, record);
  }

  #withdraw(trigger: string, entity: Entity, clusters: ReadonlySet<ClusterKey> | undefined): void {
    const who = whoIs(trigger, entity);
    const record = this.records.get(who);
    if (record === undefined) return;
    for (const cluster of clustersOf(record)) if (clusters?.has(cluster) ?? true) this.#dropAll(who, cluster);
    if (clusters === undefined) this.records.delete(who);
    else {
      for (const cluster of clusters) {
        record.objects.delete(cluster);
        record.waiting.delete(cluster);
        record.failures.delete(cluster);
      }
    }
  }

  #wouldAgree(input: EntityInput, cluster: ClusterKey, id: string, text: string): boolean {
    const claims = this.#with(this.claims.get(join(cluster, id)) ?? [], this.#claimOf(input, text));
    return first(claims)?.bare === bareOf(text);
  }

  #put(input: EntityInput, cluster: ClusterKey, id: string, text: string): void {
    const key = join(cluster, id);
    this.claims.set(key, this.#with(this.claims.get(key) ?? [], this.#claimOf(input, text)));
  }

  #with(claims: readonly Claim[], claim: Claim): readonly Claim[] {
    const isThere = claims.some(({ who }) => who === claim.who);
    return isThere ? claims.map((other) => (other.who === claim.who ? claim : other)) : [...claims, claim];
  }

  #claimOf({ trigger, entity }: EntityInput, text: string): Claim {
    const tier = this.rules.owners.get(encodePathPart(trigger))?.tier ?? 100;
    return { who: whoIs(trigger, entity), trigger, tier, text, bare: bareOf(text) };
  }

  #makeNamespaces(cluster: ClusterKey, ids: readonly string[]): void {
    const builtIn = ["", "default", "kube-system", "kube-public", "kube-node-lease"];
    for (const { namespace } of ids.map(parseIdentity)) {
      const id = `:Namespace /${namespace}`;
      if (builtIn.includes(namespace) || ids.includes(id)) continue;
      const claims = this.claims.get(join(cluster, id)) ?? [];
      if (claims.some(({ who }) => who === "")) continue;
      const text = "generated";
      this.claims.set(join(cluster, id), [
        ...claims,
        { who: "", trigger: "", tier: Number.MAX_SAFE_INTEGER, text, bare: text },
      ]);
    }
  }

  #dropAll(who: string, cluster: ClusterKey): void {
    for (const [key, claims] of this.claims) {
      if (split(key)[0] === cluster)
        this.claims.set(
          key,
          claims.filter((claim) => claim.who !== who),
        );
    }
  }
}

export function whoIs(trigger: string, entity: Entity): string {
  return `${trigger} ${hashEntity(entity)}`;
}

function clustersOf(record: NaiveRecord | undefined): ReadonlySet<ClusterKey> {
  return new Set([...(record?.objects.keys() ?? []), ...(record?.waiting.keys() ?? [])]);
}

function bareOf(text: string): string {
  return text.replace(/^ {4}sluice\.dev\/(owner|entity):.*$/gm, "");
}

function first(claims: readonly Claim[]): Claim | undefined {
  return [...claims].sort((a, b) => a.tier - b.tier)[0];
}

const join = (cluster: ClusterKey, identity: string) => `${cluster}\n${identity}`;
const split = (key: string) => key.split("\n");
