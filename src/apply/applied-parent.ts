/**
 * The ApplySet's parent, the ConfigMap `default/sluice-<id>`: what is applied, by whom, how it went. It is the cluster's file
 * as well, so what is written of it here is a field manager's of its own. Nothing of it goes to Git.
 */
import type { ClusterKey } from "../model/cluster.ts";
import type { Json, JsonObject } from "../model/json.ts";
import { writeJson } from "../model/json.ts";
import type { ClusterWriter, LiveMetadata, ObjectRef, ResourceKind } from "../ports/cluster.ts";
import {
  kindsAnnotation,
  readGroupKinds,
  setIdLabel,
  tooling,
  toolingAnnotation,
  writeGroupKind,
} from "./apply-set.ts";
import { countActions, isTrouble, type ObjectOutcome } from "./outcome.ts";

const appliedAnnotations = {
  commit: "sluice.dev/applied",
  time: "sluice.dev/applied-at",
  by: "sluice.dev/applied-by",
  summary: "sluice.dev/applied-summary",
  before: "sluice.dev/applied-before",
} as const;

/** Whose folder is applied here: clusters of one Sluice have parents of one name, each in its own cluster. */
export const clusterAnnotation = "sluice.dev/cluster";
/** Behind the name of the field manager that applies the set: who writes the parent's own annotations. */
const parentManagerSuffix = "-applier";

/** How many commits that the target had are remembered: to know one that is behind. */
const commitsMax = 100;
const failuresMax = 100;

export interface AppliedMark {
  /** The commit of the target; empty: none yet. */
  readonly commit: string;
  /** ISO 8601. */
  readonly time: string;
  /** Whose lease it was. */
  readonly by: string;
  /** Counts by action of the last pass that did something, as JSON. */
  readonly summary: string;
  /** Commits that the target had before it, as far as they were seen, newest first. */
  readonly before: readonly string[];
}

const configMap: ResourceKind = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  isNamespaced: true,
};

export const parentNamespace = "default";

export function parentRef(name: string): ObjectRef {
  return { kind: configMap, namespace: parentNamespace, name };
}

export function readMark({ annotations }: LiveMetadata): AppliedMark {
  const text = (key: keyof typeof appliedAnnotations) => annotations.get(appliedAnnotations[key]) ?? "";
  return {
    commit: text("commit"),
    time: text("time"),
    by: text("by"),
    summary: text("summary"),
    before: text("before")
      .split(" ")
      .filter((commit) => commit !== ""),
  };
}

/**
 * The field managers that have applied the set: as it is called now, then as it was before. Whoever wrote the parent's own
 * annotations has applied the objects too.
 */
export function managersOf(parent: LiveMetadata | undefined, manager: string): readonly string[] {
  const writers = (parent?.managers ?? []).filter(
    ({ name, operation, subresource, fields }) =>
      operation === "Apply" &&
      subresource === "" &&
      name.endsWith(parentManagerSuffix) &&
      fields.includes(`"f:${toolingAnnotation}"`),
  );
  return [...new Set([manager, ...writers.map(({ name }) => name.slice(0, -parentManagerSuffix.length))])];
}

/** The kinds that the parent names. */
export function readSetKinds({ annotations }: LiveMetadata): ReturnType<typeof readGroupKinds> {
  return readGroupKinds(annotations.get(kindsAnnotation) ?? "");
}

export interface TargetCommit {
  readonly commit: string;
  /** Its first parent, which the target had, or passed over, before it. */
  readonly parent?: string;
}

export interface ParentOptions {
  readonly cluster: ClusterKey;
  readonly name: string;
  readonly setId: string;
  readonly manager: string;
}

export class AppliedParent {
  readonly #writer: ClusterWriter;
  readonly #options: ParentOptions;
  readonly #kinds = new Map<string, Promise<void> | undefined>();
  #managers: readonly string[];
  #mark: AppliedMark = { commit: "", time: "", by: "", summary: "", before: [] };
  #failures: readonly ObjectOutcome[] = [];
  #writing: Promise<void> = Promise.resolve();
  /** One that has not begun yet, and will say all that is known by then. */
  #queued: Promise<void> | undefined;
  /** Commits that the target had, newest first; also those that changed nothing here. */
  #line: readonly string[] = [];

  constructor(writer: ClusterWriter, options: ParentOptions) {
    this.#writer = writer;
    this.#options = options;
    this.#managers = [options.manager];
  }

  /** See `managersOf`. */
  get managers(): readonly string[] {
    return this.#managers;
  }

  get mark(): AppliedMark {
    return this.#mark;
  }

  /** Whether the target had this commit before the one that it had last. */
  isBehind(commit: string): boolean {
    return this.#line.indexOf(commit) > 0;
  }

  /** The target has come to this commit; one that it was set back to on purpose ends the line that it was in. */
  pass({ commit, parent }: TargetCommit): void {
    const at = this.#line.indexOf(commit);
    const missed = parent === undefined || this.#line.includes(parent) ? [] : [parent];
    this.#line = at >= 0 ? this.#line.slice(at) : [commit, ...missed, ...this.#line].slice(0, commitsMax + 1);
  }

  /** The kinds that the set may have objects of. */
  get kinds(): ReturnType<typeof readGroupKinds> {
    return readGroupKinds([...this.#kinds.keys()].join(","));
  }

  /** What there is of it when work on the cluster begins; undefined: nothing. */
  take(live: LiveMetadata | undefined): void {
    this.#managers = managersOf(live, this.#options.manager);
    if (live === undefined) return;
    this.#mark = readMark(live);
    this.#line = this.#mark.commit === "" ? [] : [this.#mark.commit, ...this.#mark.before];
    for (const kind of readSetKinds(live)) this.#kinds.set(writeGroupKind(kind), undefined);
  }

  /** Sees to it that the parent names the kind before there is an object of it: else nobody would find it again. */
  async nameKind(kind: ResourceKind): Promise<void> {
    const key = writeGroupKind(kind);
    if (!this.#kinds.has(key)) {
      // Whoever comes meanwhile waits for the same write.
      const writing = Promise.resolve().then(() => this.#write());
      this.#kinds.set(key, writing);
      try {
        await writing;
        this.#kinds.set(key, undefined);
      } catch (error) {
        this.#kinds.delete(key);
        throw error;
      }
    } else await this.#kinds.get(key);
  }

  /** Says what was applied; `outcomes` are all that are not as they should be, and what the last pass did. */
  async tell(
    applied: TargetCommit & { readonly now: number; readonly by: string },
    outcomes: readonly ObjectOutcome[],
    troubles: readonly ObjectOutcome[],
  ): Promise<void> {
    const { commit, by } = applied;
    this.pass(applied);
    this.#mark = {
      commit,
      by,
      time: new Date(applied.now).toISOString(),
      summary: JSON.stringify(countActions(outcomes)),
      before: this.#line.slice(1),
    };
    this.#failures = troubles.filter(isTrouble).slice(0, failuresMax);
    await this.#write();
  }

  /** One after the other: the server may turn two around, and the earlier one names fewer kinds. */
  #write(): Promise<void> {
    if (this.#queued !== undefined) return this.#queued;
    const writing = this.#writing.then(() => {
      this.#queued = undefined;
      return this.#writeNow();
    });
    this.#queued = writing;
    this.#writing = writing.catch(() => undefined);
    return writing;
  }

  async #writeNow(): Promise<void> {
    const { name, setId, manager, cluster } = this.#options;
    const mark = this.#mark;
    const annotations = new Map<string, Json>([
      [toolingAnnotation, tooling],
      [clusterAnnotation, cluster],
      [kindsAnnotation, [...this.#kinds.keys()].sort().join(",")],
    ]);
    if (mark.commit !== "") {
      annotations.set(appliedAnnotations.commit, mark.commit);
      annotations.set(appliedAnnotations.time, mark.time);
      annotations.set(appliedAnnotations.by, mark.by);
      annotations.set(appliedAnnotations.summary, mark.summary);
      annotations.set(appliedAnnotations.before, mark.before.join(" "));
    }
    const object: JsonObject = new Map<string, Json>([
      ["apiVersion", "v1"],
      ["kind", "ConfigMap"],
      [
        "metadata",
        new Map<string, Json>([
          ["name", name],
          ["namespace", parentNamespace],
          ["labels", new Map([[setIdLabel, setId]])],
          ["annotations", annotations],
        ]),
      ],
      ["data", new Map([["failures", writeJson(this.#failures.map(plainOutcome))]])],
    ]);
    await this.#writer.apply(parentRef(name), object, `${manager}${parentManagerSuffix}`);
  }
}

function plainOutcome({ action, identity, code, message }: ObjectOutcome): Json {
  const { group, kind, namespace, name } = identity;
  return new Map<string, Json>([
    ["group", group],
    ["kind", kind],
    ["namespace", namespace],
    ["name", name],
    ["action", action],
    ["code", code ?? ""],
    ["message", (message ?? "").slice(0, 500)],
  ]);
}
