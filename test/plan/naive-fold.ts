/**
 * The fold over inputs, told as plainly as possible: every object has the list of all its claims, always, and everything
 * else is computed from these lists. The planner, which keeps files and only where it must, has to come to the same.
 */
import type { Entity } from "../../src/model/cloud-event.ts";
import { type ClusterKey, managementCluster } from "../../src/model/cluster.ts";
import { identityKey, type Manifest } from "../../src/model/manifest.ts";
import { type Owner, ownerKey } from "../../src/model/owner.ts";
import type { EntityInput } from "../../src/plan/apply-event.ts";
import type { ReplayInput } from "../../src/plan/apply-replay.ts";
import { markLeft } from "../../src/plan/left-mark.ts";
import { generatedNamespacePath, hashEntity, objectPath, recordPath } from "../../src/plan/paths.ts";
import { parseIdentity } from "../../src/plan/record-file.ts";
import type { PlanInput, PlanRules } from "../../src/plan/state-fold.ts";

interface Claim {
  /** The record's path. */
  readonly who: string;
  readonly owner: Owner;
  readonly rank: number;
  /** The reference's. */
  readonly tier: number;
  /** The manifest, and what of it claimants must agree on. */
  readonly text: string;
  readonly bare: string;
}

interface NaiveObject {
  claims: readonly Claim[];
  /** By owner, as it was when one of its entities last claimed. */
  readonly tiers: Map<string, number>;
  /** Entities that need the Namespace. */
  readonly needs: Set<string>;
  /** Whose folder it is in; undefined: Sluice's own. */
  place: Owner | undefined;
  /** What it was like when it was left; undefined: it was not, or is somebody's again. */
  left?: string;
}

export interface NaiveCluster {
  readonly action: "Create" | "Delete";
  /** Ranks by identity key. */
  readonly objects: ReadonlyMap<string, number>;
  readonly waiting: ReadonlyMap<string, number>;
  readonly withdrawn: ReadonlyMap<string, number>;
  readonly hasFailed: boolean;
}

const nothing: NaiveCluster = {
  action: "Create",
  objects: new Map(),
  waiting: new Map(),
  withdrawn: new Map(),
  hasFailed: false,
};

export class NaiveFold {
  readonly records = new Map<string, Map<ClusterKey, NaiveCluster>>();
  /** By cluster and identity key. */
  readonly objects = new Map<string, NaiveObject>();
  readonly #rules: PlanRules;
  readonly #passRank: number;
  #next = 1;

  constructor(rules: PlanRules, passRank: number) {
    this.#rules = rules;
    this.#passRank = passRank;
  }

  /** All manifests by path. */
  desired(): Map<string, string> {
    const files = new Map<string, string>();
    for (const [key, object] of this.objects) {
      const [cluster = "", identity = ""] = split(key);
      const parsed = parseIdentity(identity);
      const path =
        object.place === undefined
          ? generatedNamespacePath(cluster, parsed.name)
          : objectPath(cluster, object.place, parsed, this.#rules.layout);
      files.set(path, this.#first(object)?.text ?? (object.left === undefined ? "generated" : markLeft(object.left)));
    }
    return files;
  }

  apply(input: PlanInput): void {
    if (input.kind === "entity") this.#applyEvent(input);
    if (input.kind === "replay") this.#applyReplay(input);
    if (input.kind === "remove") {
      const who = whoIs(input.owner, input.entity);
      for (const cluster of this.records.get(who)?.keys() ?? []) this.#dropAll(who, cluster);
      this.records.delete(who);
    }
    if (input.kind === "forget-left") {
      const key = join(input.cluster, identityKey(input.identity));
      const object = this.objects.get(key);
      if (object?.left === undefined) return;
      delete object.left;
      this.#need(input.cluster, identityKey(input.identity), key, false);
      this.#dropIfNothing(key);
    }
  }

  #applyEvent(input: EntityInput): void {
    const told = input.renderings.filter(({ action }) => action !== "none");
    if (told.length === 0 && input.elsewhere === "none") return;
    const who = whoIs(input.owner, input.entity);
    const old = this.records.get(who);
    const record = new Map(old);
    if (this.#next % 64 === 0) this.#next++;
    const rank = this.#next;
    for (const [cluster, on] of old ?? []) {
      if (input.renderings.some((one) => one.cluster === cluster) || input.elsewhere === "none") continue;
      if (input.elsewhere === "Create" && input.stopMatching === "keep") {
        record.set(cluster, { ...on, hasFailed: false });
        continue;
      }
      const had = on.objects.size + on.waiting.size > 0;
      this.#dropAll(who, cluster, input.elsewhere === "Create" && input.stopMatching === "LeavePolicies");
      record.delete(cluster);
      if (input.elsewhere === "Create" && !had && on.withdrawn.size > 0)
        record.set(cluster, { ...nothing, withdrawn: on.withdrawn });
    }
    for (const rendering of inOrder(told, old)) {
      const { cluster } = rendering;
      const on = old?.get(cluster);
      if (rendering.action === "fail") record.set(cluster, { ...(on ?? nothing), hasFailed: true });
      else if (rendering.action === "Create") {
        const after = this.#place(input, rank, cluster, on, rendering.manifests, false);
        record.set(cluster, after);
      } else {
        this.#dropAll(who, cluster);
        record.set(cluster, { ...nothing, action: "Delete" });
      }
    }
    const isEmpty = [...record.values()].every(
      ({ action, hasFailed, objects, waiting }) =>
        action === "Delete" && !hasFailed && objects.size + waiting.size === 0,
    );
    const isGone = isEmpty && input.elsewhere === "Delete";
    if (isGone && old === undefined) return;
    this.#next++;
    if (isGone) this.records.delete(who);
    else this.records.set(who, record);
  }

  #applyReplay(input: ReplayInput): void {
    const who = whoIs(input.owner, input.entity);
    const old = this.records.get(who);
    if (old === undefined) return;
    const record = new Map(old);
    for (const { cluster, rendering } of inOrder(input.clusters, old)) {
      const on = old.get(cluster);
      if (rendering.action === "fail") record.set(cluster, { ...(on ?? nothing), hasFailed: true });
      else if (rendering.action === "Create") {
        record.set(cluster, this.#place(input, this.#passRank, cluster, on, rendering.manifests, true));
      } else if (on === undefined) continue;
      else {
        this.#dropAll(who, cluster, rendering.action === "leave");
        const withdrawn = new Map([...on.withdrawn, ...on.objects, ...on.waiting]);
        record.set(cluster, { ...nothing, action: on.action, withdrawn });
      }
    }
    this.records.set(who, record);
  }

  #place(
    input: EntityInput | ReplayInput,
    rank: number,
    cluster: ClusterKey,
    on: NaiveCluster | undefined,
    manifests: readonly Manifest[],
    isPass: boolean,
  ): NaiveCluster {
    const isDone = on !== undefined && on.action === "Create" && !on.hasFailed && on.withdrawn.size === 0;
    if (input.syncMode === "OneTime" && isDone) return on;
    const who = whoIs(input.owner, input.entity);
    const before = on ?? nothing;
    const known = new Map([...before.withdrawn, ...before.waiting, ...before.objects]);
    const wanted = new Map(
      (input.syncMode === "DryRun" ? [] : manifests).map(({ identity, text, tier = 100 }) => {
        const id = identityKey(identity);
        const claimant = siteOf(who, cluster, id).who;
        return [id, { who: claimant, owner: input.owner, rank: known.get(id) ?? rank, tier, text, bare: bareOf(text) }];
      }),
    );
    const lost = new Set([...wanted].filter(([id, claim]) => !this.#wouldAgree(cluster, id, claim)).map(([id]) => id));
    const ranked = (ids: Iterable<string>) => new Map([...ids].map((id) => [id, wanted.get(id)!.rank]));
    if (lost.size > 0 && !input.continueOnConflict) {
      for (const id of lost) this.#put(cluster, id, wanted.get(id)!);
      const without = (ranks: ReadonlyMap<string, number>) => new Map([...ranks].filter(([id]) => !lost.has(id)));
      const objects = without(before.objects);
      const waiting = new Map([...before.waiting, ...ranked(lost)]);
      this.#settleNeeds(who, cluster, [...objects.keys(), ...waiting.keys()]);
      return { action: "Create", objects, waiting, withdrawn: without(before.withdrawn), hasFailed: true };
    }
    for (const [id, claim] of wanted) this.#put(cluster, id, claim);
    const withdrawn = new Map<string, number>();
    for (const [id, had] of [...before.objects, ...before.waiting]) {
      if (wanted.has(id)) continue;
      this.#drop(who, cluster, id);
      if (isPass) withdrawn.set(id, had);
    }
    if (isPass) for (const [id, had] of before.withdrawn) if (!wanted.has(id)) withdrawn.set(id, had);
    this.#settleNeeds(who, cluster, [...wanted.keys()]);
    const objects = ranked([...wanted.keys()].filter((id) => !lost.has(id)));
    return { action: "Create", objects, waiting: ranked(lost), withdrawn, hasFailed: lost.size > 0 };
  }

  #first(object: NaiveObject): Claim | undefined {
    const tier = (claim: Claim) => object.tiers.get(ownerKey(claim.owner)) ?? 0;
    return [...object.claims].sort(
      (a, b) => tier(a) - tier(b) || a.tier - b.tier || a.rank - b.rank || (a.who < b.who ? -1 : a.who > b.who ? 1 : 0),
    )[0];
  }

  #wouldAgree(cluster: ClusterKey, id: string, claim: Claim): boolean {
    const site = siteOf("", cluster, id);
    const object = this.objects.get(join(site.cluster, site.id));
    return this.#first(this.#with(object, claim))?.bare === claim.bare;
  }

  #with(object: NaiveObject | undefined, claim: Claim): NaiveObject {
    const tier = this.#rules.owners.get(ownerKey(claim.owner))?.tier ?? 100;
    const others = object?.claims.filter(({ who }) => who !== claim.who) ?? [];
    return {
      claims: [...others, claim],
      tiers: new Map(object?.tiers).set(ownerKey(claim.owner), tier),
      needs: object?.needs ?? new Set(),
      place: object === undefined ? claim.owner : object.place,
    };
  }

  /** Counts an object that was left, under its key, among those that need its Namespace. */
  #need(cluster: ClusterKey, id: string, key: string, isNeeded: boolean): void {
    const { namespace } = parseIdentity(id);
    if (builtIn.has(namespace)) return;
    const namespaceKey = join(cluster, `:namespace /${namespace}`);
    const object = this.objects.get(namespaceKey) ?? {
      claims: [],
      tiers: new Map(),
      needs: new Set(),
      place: undefined,
    };
    if (isNeeded) object.needs.add(key);
    else object.needs.delete(key);
    this.objects.set(namespaceKey, object);
    this.#dropIfNothing(namespaceKey);
  }

  #dropIfNothing(key: string): void {
    const { claims, needs, left } = this.objects.get(key) ?? { claims: [], needs: new Set(), left: undefined };
    if (claims.length === 0 && needs.size === 0 && left === undefined) this.objects.delete(key);
  }

  #put(renderedFor: ClusterKey, identity: string, claim: Claim): void {
    const { cluster, id } = siteOf("", renderedFor, identity);
    const key = join(cluster, id);
    const before = this.objects.get(key);
    this.objects.set(key, this.#with(before, claim));
    if (before?.left !== undefined) this.#need(cluster, id, key, false);
  }

  #drop(entity: string, renderedFor: ClusterKey, identity: string, isLeft = false): void {
    const { who, cluster, id } = siteOf(entity, renderedFor, identity);
    const key = join(cluster, id);
    const object = this.objects.get(key);
    if (object === undefined || !object.claims.some((claim) => claim.who === who)) return;
    const text = this.#first(object)?.text;
    object.claims = object.claims.filter((claim) => claim.who !== who);
    if (isLeft && object.claims.length === 0 && text !== undefined) {
      object.left = text;
      this.#need(cluster, id, key, true);
    }
    this.#dropIfNothing(key);
  }

  #dropAll(who: string, cluster: ClusterKey, isLeft = false): void {
    for (const key of [...this.objects.keys()]) {
      const [place, id = ""] = split(key);
      if (place === cluster) this.#drop(who, cluster, id, isLeft);
      if (place === managementCluster) this.#drop(who, cluster, `${hub}${id}`, isLeft);
    }
    this.#settleNeeds(who, cluster, []);
  }

  #settleNeeds(entity: string, renderedFor: ClusterKey, all: readonly string[]): void {
    const own = all.filter((id) => !id.startsWith(hub));
    const local = all.filter((id) => id.startsWith(hub)).map((id) => id.slice(hub.length));
    this.#settleNeedsAt(siteOf(entity, renderedFor, ""), own);
    this.#settleNeedsAt(siteOf(entity, renderedFor, hub), local);
  }

  #settleNeedsAt({ who, cluster }: Site, ids: readonly string[]): void {
    const needed = new Set(ids.map((id) => parseIdentity(id).namespace).filter((name) => !builtIn.has(name)));
    for (const id of ids) if (id.startsWith(":namespace ")) needed.delete(parseIdentity(id).name);
    for (const name of needed) {
      const key = join(cluster, `:namespace /${name}`);
      const object = this.objects.get(key) ?? { claims: [], tiers: new Map(), needs: new Set(), place: undefined };
      object.needs.add(who);
      this.objects.set(key, object);
    }
    for (const [key, object] of [...this.objects]) {
      const [place, id = ""] = split(key);
      if (place !== cluster || !object.needs.has(who) || needed.has(parseIdentity(id).name)) continue;
      object.needs.delete(who);
      this.#dropIfNothing(key);
    }
  }
}

/** Of keys of identities that stand on the hub. */
const hub = "hub ";

interface Site {
  readonly who: string;
  readonly cluster: ClusterKey;
  readonly id: string;
}

/** Who claims what where, of an object that an entity has for a cluster. */
function siteOf(entity: string, cluster: ClusterKey, id: string): Site {
  if (!id.startsWith(hub)) return { who: entity, cluster, id };
  return { who: `${entity}@${cluster}`, cluster: managementCluster, id: id.slice(hub.length) };
}

/** Clusters that have something on the hub come first, in the order in which they claimed it. */
function inOrder<T extends { readonly cluster: ClusterKey }>(
  all: readonly T[],
  before: ReadonlyMap<ClusterKey, NaiveCluster> | undefined,
): readonly T[] {
  const rank = ({ cluster }: T) =>
    Math.min(
      Number.MAX_SAFE_INTEGER,
      ...[...(before?.get(cluster)?.objects ?? [])].filter(([id]) => id.startsWith(hub)).map(([, held]) => held),
    );
  return all.toSorted((a, b) => rank(a) - rank(b));
}

const builtIn = new Set(["", "default", "kube-system", "kube-public", "kube-node-lease"]);

export function whoIs(owner: Owner, entity: Entity): string {
  return recordPath(owner, hashEntity(entity));
}

function bareOf(text: string): string {
  return text.replace(/^ {4}sluice\.dev\/(owner|entity|instance):.*$/gm, "");
}

const join = (cluster: ClusterKey, identity: string) => `${cluster}\n${identity}`;
const split = (key: string) => key.split("\n");
