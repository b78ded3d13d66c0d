/**
 * One pass over a cluster: what the plan names is applied and removed, in order, and each object for itself. One that is
 * refused holds up nothing else; a server that does not answer, or a lease that is lost, ends the pass, and it is begun
 * anew from what it began with.
 */
import { ClusterRefusal } from "../model/cluster-refusal.ts";
import { isCoreKind } from "../model/manifest.ts";
import type { Problem } from "../model/problem.ts";
import type { ClusterReader, ClusterWriter, LiveMetadata, ObjectRef, ResourceKind } from "../ports/cluster.ts";
import type { BlobReader } from "../ports/git.ts";
import type { Clock } from "../ports/system.ts";
import type { AppliedParent } from "./applied-parent.ts";
import { partOfLabel, setIdLabel } from "./apply-set.ts";
import { decideApply, mayReplace, type Ownership } from "./decide.ts";
import { type DesiredObject, type ObjectKey, objectKey, readDesired } from "./desired-object.ts";
import { type LookUp, LookUpLists, lookUp } from "./look-up.ts";
import { withMember } from "./members.ts";
import { applyOrder, kindPartOf, rankOf } from "./object-rank.ts";
import type { ObjectOutcome } from "./outcome.ts";
import { type ApplyItem, blobAnnotation, blobMark, type PassPlan } from "./pass-plan.ts";
import type { OwnerDependencies } from "./removal-rounds.ts";
import { removeObjects } from "./remove-objects.ts";
import { settleDefinitions } from "./settle-definitions.ts";
import { waitUntilGone } from "./wait-until-gone.ts";

export interface PassParts {
  readonly reader: ClusterReader;
  readonly writer: ClusterWriter;
  readonly blobs: BlobReader;
  readonly clock: Clock;
  readonly parent: AppliedParent;
  /** The cluster's own file: the parent of the set, which is no member of it. */
  readonly parentKey: ObjectKey;
  readonly manager: string;
  readonly ownership: Ownership;
  /** What becomes of each object, as it becomes known. */
  readonly onOutcome: (key: ObjectKey, outcome: ObjectOutcome, applied?: AppliedObject) => void;
  readonly dependsOn: OwnerDependencies;
  /** What an object that is new has to wait for; undefined: nothing. */
  readonly prerequisiteOf: (desired: DesiredObject) => Promise<string | undefined>;
  /** The object without the fields that somebody else has for himself, and may. */
  readonly leaveOut: (desired: DesiredObject, live: LiveMetadata) => DesiredObject["object"];
}

/** An object as the server has it after it was applied. */
export interface AppliedObject {
  readonly kind: ResourceKind;
  readonly live: LiveMetadata;
}

/** Files are read, and objects looked up, so many at a time; the next ones while those before are sent. */
const chunkObjects = 200;
const chunksAtOnce = 2;

/** Throws where the pass has to be begun anew. */
export async function runPass(parts: PassParts, plan: PassPlan): Promise<void> {
  const pass = new ApplyPass(parts, plan);
  for (const rank of applyOrder) {
    await pass.applyItems(plan.apply.filter(({ key }) => rankOf(key) === rank));
    if (rank === "definitions") await pass.settle();
  }
  await removeObjects(parts, plan.remove, plan.live, pass.appliedUids);
}

interface Resolved {
  readonly key: ObjectKey;
  readonly desired: DesiredObject;
  readonly ref: ObjectRef;
}

class ApplyPass {
  readonly appliedUids = new Set<string>();
  readonly #parts: PassParts;
  readonly #live: ReadonlyMap<ObjectKey, LiveMetadata>;
  readonly #lists: LookUpLists;
  readonly #kinds = new Map<string, Promise<ResourceKind | undefined>>();
  readonly #newDefinitions: DesiredObject[] = [];

  constructor(parts: PassParts, plan: PassPlan) {
    this.#parts = parts;
    this.#live = plan.live;
    const unknown = plan.apply.filter(({ key, isNew }) => !plan.live.has(key) && isNew !== true);
    this.#lists = new LookUpLists(
      parts.reader,
      unknown.map(({ key }) => key),
    );
  }

  async applyItems(items: readonly ApplyItem[]): Promise<void> {
    let next = 0;
    const work = async () => {
      while (next < items.length) {
        const chunk = items.slice(next, next + chunkObjects);
        next += chunk.length;
        try {
          await this.#applyChunk(chunk);
        } catch (error) {
          next = items.length;
          throw error;
        }
      }
    };
    // What was begun beside one that failed is over before the pass is begun anew.
    const ended = await Promise.allSettled(Array.from({ length: chunksAtOnce }, work));
    for (const one of ended) if (one.status === "rejected") throw one.reason;
  }

  /** Definitions that are new serve their kind a moment later. */
  async settle(): Promise<void> {
    if (this.#newDefinitions.length === 0) return;
    await settleDefinitions(this.#parts, this.#newDefinitions.splice(0));
    this.#kinds.clear();
  }

  async #applyChunk(items: readonly ApplyItem[]): Promise<void> {
    const wanted = new Map(items.map((item) => [item.key, item]));
    const files = [...new Map(items.map(({ file }) => [file.path, file])).values()];
    const read = await readDesired(this.#parts.blobs, files);
    for (const problem of read.problems) this.#tellUnreadable(items, problem);
    const objects = read.value.filter(({ identity, file }) => wanted.get(objectKey(identity))?.file.path === file.path);
    const resolved = (await Promise.all(objects.map((desired) => this.#resolve(desired)))).flat();
    const isGuessed = (key: ObjectKey) =>
      !this.#live.has(key) && wanted.get(key)?.isNew === true && key !== this.#parts.parentKey;
    const unknown: LookUp[] = resolved.filter(({ key }) => !this.#live.has(key) && !isGuessed(key));
    const { found, refused } = await lookUp(this.#parts.reader, unknown, this.#lists);
    await Promise.all(
      resolved.map(async (one) => {
        const refusal = refused.get(one.key);
        if (refusal !== undefined) this.#tell(one.desired, explainRefusal(one.desired, refusal));
        else if (isGuessed(one.key)) await this.#apply(one, "absent");
        else await this.#apply(one, this.#live.get(one.key) ?? found.get(one.key));
      }),
    );
  }

  #tellUnreadable(items: readonly ApplyItem[], { at, code, message }: Problem): void {
    for (const { key, file } of items) {
      if (at === undefined || !("file" in at) || at.file !== file.path) continue;
      const [scope = "", kind = "", name = ""] = key.split("/");
      const identity = { group: "", kind, namespace: scope === "_cluster" ? "" : scope, name };
      const { path } = file;
      this.#parts.onOutcome(key, { action: "failed", identity, owner: "", path, code, message, isPending: true });
    }
  }

  /** Where the object is in the cluster; none where that is told already. */
  async #resolve(desired: DesiredObject): Promise<Resolved[]> {
    const { identity, version } = desired;
    const key = objectKey(identity);
    const name = `${version}/${kindPartOf(key)}`;
    let finding = this.#kinds.get(name);
    if (finding === undefined) {
      finding = this.#parts.reader.findKind(identity.group, identity.kind, version);
      this.#kinds.set(name, finding);
    }
    let kind: ResourceKind | undefined;
    try {
      kind = await finding;
    } catch (error) {
      this.#tell(desired, explainRefusal(desired, error));
      return [];
    }
    if (kind === undefined) {
      const apiVersion = identity.group === "" ? version : `${identity.group}/${version}`;
      const message = `the cluster has no kind ${identity.kind} of ${apiVersion}`;
      this.#tell(desired, { action: "failed", code: "KIND_UNKNOWN", message, isPending: true });
      return [];
    }
    if (kind.isNamespaced === (identity.namespace === "")) {
      const message = kind.isNamespaced
        ? `a ${kind.kind} is in a namespace, and this one names none`
        : `a ${kind.kind} is in no namespace, and this one names ${identity.namespace}`;
      this.#tell(desired, { action: "failed", code: "MANIFEST_INVALID", message, isPending: true });
      return [];
    }
    return [{ key, desired, ref: { kind, namespace: identity.namespace, name: identity.name } }];
  }

  /** `absent`: nobody has looked, and it is taken for that. */
  async #apply(one: Resolved, seen: LiveMetadata | undefined | "absent", looksMax = 2): Promise<void> {
    const { key, desired, ref } = one;
    const live = seen === "absent" ? undefined : seen;
    const isParent = key === this.#parts.parentKey;
    const decision = isParent ? ({ kind: "apply" } as const) : decideApply(desired, live, this.#parts.ownership);
    switch (decision.kind) {
      case "skip":
        return this.#tell(desired, { action: "skipped", message: decision.message });
      case "wait":
        return this.#tell(desired, { action: "skipped", message: decision.message, isPending: true });
      case "conflict": {
        const message = `${decision.message}. ${decision.hint}`;
        return this.#tell(desired, { action: "conflict", code: "OBJECT_CONFLICT", message, isPending: true });
      }
      case "apply":
    }
    const missing = live === undefined && !isParent ? await this.#parts.prerequisiteOf(desired) : undefined;
    if (missing !== undefined) {
      if (seen === "absent") return this.#look(one, looksMax);
      return this.#tell(desired, { action: "skipped", message: missing, isPending: true });
    }
    try {
      if (!isParent) await this.#parts.parent.nameKind(ref.kind);
      const taken = decision.adoptFrom === undefined ? live : await this.#takeFields(ref, live, decision.adoptFrom);
      const outcome = await this.#send(desired, ref, taken, isParent);
      if (kindPartOf(key).startsWith("customresourcedefinition.") && outcome.action !== "unchanged") {
        this.#newDefinitions.push(desired);
      }
      this.appliedUids.add(outcome.applied.uid);
      this.#tell(desired, outcome, { kind: ref.kind, live: outcome.applied });
    } catch (error) {
      // Somebody else's, or what we made ourselves, of which the answer was lost.
      const isThere = live === undefined && error instanceof ClusterRefusal && error.reason === "conflict";
      if (isThere && looksMax > 0) return this.#look(one, looksMax);
      this.#tell(desired, explainRefusal(desired, error));
    }
  }

  async #look(one: Resolved, looksMax: number): Promise<void> {
    let live: LiveMetadata | undefined;
    try {
      live = await this.#parts.reader.readMetadata(one.ref);
    } catch (error) {
      return this.#tell(one.desired, explainRefusal(one.desired, error));
    }
    await this.#apply(one, live, looksMax - 1);
  }

  /** What that field manager had is ours from now on; returns the object as it is then. */
  async #takeFields(ref: ObjectRef, live: LiveMetadata | undefined, from: string): Promise<LiveMetadata | undefined> {
    const { writer, manager } = this.#parts;
    await writer.renameManager(ref, from, manager);
    if (live === undefined) return undefined;
    return { ...live, managers: live.managers.map((one) => (one.name === from ? { ...one, name: manager } : one)) };
  }

  async #send(
    desired: DesiredObject,
    ref: ObjectRef,
    live: LiveMetadata | undefined,
    isParent: boolean,
  ): Promise<Told & { readonly applied: LiveMetadata }> {
    const { writer, clock, reader, manager } = this.#parts;
    const mark = (bare: DesiredObject["object"]) =>
      isParent ? withMember(bare, ["metadata", "labels", setIdLabel], this.#setId) : this.#mark(desired, bare);
    const object = mark(live === undefined ? desired.object : this.#parts.leaveOut(desired, live));
    try {
      // Between looking and applying somebody may have made it, or have made it anew.
      const meant = isParent ? undefined : live === undefined ? ("absent" as const) : { uid: live.uid };
      const { isNew, metadata } = await writer.apply(ref, object, manager, meant);
      // It is not told whether the server changed anything; its version tells.
      const isSame = metadata.resourceVersion === live?.resourceVersion;
      return { action: isNew ? "created" : isSame ? "unchanged" : "configured", applied: metadata };
    } catch (error) {
      const isImmutable = error instanceof ClusterRefusal && error.reason === "immutable";
      if (!isImmutable || live === undefined || !mayReplace(desired.annotations)) throw error;
      await writer.remove(ref, live.uid, "foreground");
      await waitUntilGone({ reader, clock }, ref, live.uid);
      const { metadata } = await writer.apply(ref, mark(desired.object), manager, "absent");
      return { action: "configured", message: "deleted and made anew", applied: metadata };
    }
  }

  get #setId(): string {
    return this.#parts.ownership.setId;
  }

  #mark({ file }: DesiredObject, object: DesiredObject["object"]): DesiredObject["object"] {
    const labelled = withMember(object, ["metadata", "labels", partOfLabel], this.#setId);
    return withMember(labelled, ["metadata", "annotations", blobAnnotation], blobMark(file.id));
  }

  #tell(desired: DesiredObject, told: Told, applied?: AppliedObject): void {
    const { identity, owner, file } = desired;
    const { action, code, message, isPending } = told;
    this.#parts.onOutcome(
      objectKey(identity),
      {
        action,
        identity,
        owner,
        path: file.path,
        ...(code === undefined ? {} : { code }),
        ...(message === undefined ? {} : { message }),
        ...(isPending === undefined ? {} : { isPending }),
      },
      applied,
    );
  }
}

type Told = Pick<ObjectOutcome, "action" | "code" | "message" | "isPending">;

/** What the server said, as an outcome. What is not this object's own trouble is thrown on. */
function explainRefusal(desired: DesiredObject, error: unknown): Told {
  if (!(error instanceof ClusterRefusal)) throw error;
  const { reason, problem } = error;
  if (reason === "terminating") {
    return {
      action: "skipped",
      message: "waits until its namespace, which is being deleted, is gone",
      isPending: true,
    };
  }
  if (reason === "under-way") return { action: "skipped", message: problem.message, isPending: true };
  const isSecret = isCoreKind(desired.identity, "Secret");
  // What fails within a Secret is never quoted.
  const said = isSecret ? `the API server refuses this Secret (${reason})` : problem.message;
  const hint =
    reason === "immutable"
      ? " Annotated kustomize.toolkit.fluxcd.io/force: enabled, it would be deleted and made anew."
      : problem.hint === undefined
        ? ""
        : ` ${problem.hint}`;
  return { action: "failed", code: problem.code, message: `${said}${hint}`, isPending: true };
}
