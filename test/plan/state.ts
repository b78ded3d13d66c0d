/** The state branch as a plain map from paths to texts, and planning on it as the pipeline does it. */
import type { ChangeSet, Checkpoint } from "../../src/model/change-set.ts";
import type { Entity } from "../../src/model/cloud-event.ts";
import type { ClusterKey } from "../../src/model/cluster.ts";
import { localEntity } from "../../src/model/local-object.ts";
import type { ClusterRendering, Manifest, ObjectIdentity } from "../../src/model/manifest.ts";
import { ownerKey, triggerOwner } from "../../src/model/owner.ts";
import type { Problem } from "../../src/model/problem.ts";
import type { EntityRecord, RankedObjects } from "../../src/model/record.ts";
import type { EntityInput } from "../../src/plan/apply-event.ts";
import type { ReplayInput } from "../../src/plan/apply-replay.ts";
import { emptyCheckpoint, nothingPending, parseCheckpoint } from "../../src/plan/checkpoint-file.ts";
import { checkpointPath, hashEntity, recordPath } from "../../src/plan/paths.ts";
import { parseIdentity, parseRecord, writeIdentity } from "../../src/plan/record-file.ts";
import { type PlanInput, type PlanRules, pathsToRead, StateFold } from "../../src/plan/state-fold.ts";
import { noStateFiles, type StateFiles, type StateNeeds } from "../../src/plan/state-view.ts";
import { objectId } from "../fakes/git-objects.ts";

export type State = ReadonlyMap<string, string>;

export interface Planning {
  readonly changeSet: ChangeSet;
  /** The state with the changes in it. */
  readonly state: State;
  /** Objects whose other claimants have to be looked at, as folders of `claims/`. */
  readonly reviews: readonly string[];
}

export const emptyState: State = new Map();

/** Rules over triggers given as `name` or `name:tier`. */
export function rulesOf(triggers: readonly string[], rules: Partial<PlanRules> = {}): PlanRules {
  const owners = triggers.map((trigger) => {
    const [name = "", tier = "100"] = trigger.split(":");
    const owner = triggerOwner(name);
    return [ownerKey(owner), { owner, tier: Number(tier) }] as const;
  });
  return {
    layout: { shards: 0, buckets: 1 },
    instance: "sluice",
    records: "full",
    deadLettersMax: 1000,
    owners: new Map(owners),
    ownerOfCutFolder: () => undefined,
    ...rules,
  };
}

/** The checkpoint is the state's, without what is pending; `change`: what else becomes of it. */
export function plan(
  state: State,
  inputs: readonly PlanInput[],
  rules: PlanRules = rulesOf([]),
  change: Partial<Checkpoint> = {},
): Planning {
  const files = noStateFiles();
  readNeeds(state, pathsToRead(inputs, rules), files);
  const text = state.get(checkpointPath);
  const stored = text === undefined ? emptyCheckpoint : parseCheckpoint(text);
  const fold = new StateFold(stored, { ...stored, pending: nothingPending, ...change }, rules, files);
  const within = <T>(step: () => T): T => {
    for (let round = 0; round < 50; round++) {
      const result = step();
      const needs = needsOf(result);
      if (needs === undefined) return result;
      readNeeds(state, needs, files);
    }
    throw new Error("planning asks for ever more files");
  };
  for (const input of inputs) within(() => fold.apply(input));
  const finished = within(() => fold.finish());
  if ("needs" in finished) throw new Error("planning asks for ever more files");
  const { changeSet, checkpoint } = finished;
  const reviews = checkpoint.pending.reviews.map(({ claims }) => claims);
  return { changeSet, state: applyChanges(state, changeSet), reviews };
}

function needsOf(result: unknown): StateNeeds | undefined {
  if (typeof result !== "object" || result === null) return undefined;
  if ("needs" in result) return result.needs as StateNeeds;
  return "texts" in result ? (result as StateNeeds) : undefined;
}

function readNeeds(state: State, { texts, ids, folders }: StateNeeds, files: StateFiles): void {
  for (const path of texts) files.texts.set(path, state.get(path));
  for (const path of ids) {
    const text = state.get(path);
    files.ids.set(path, text === undefined ? undefined : objectId({ type: "blob", text }));
  }
  for (const folder of folders) {
    const below = [...state.keys()].filter((path) => path.startsWith(`${folder}/`));
    files.folders.set(folder, [...new Set(below.map((path) => path.slice(folder.length + 1).split("/")[0]!))]);
  }
}

function applyChanges(state: State, { changes }: ChangeSet): State {
  const after = new Map(state);
  for (const change of changes) {
    if (change.action === "delete") {
      if (!after.delete(change.path)) throw new Error(`${change.path} is deleted and was not there`);
    } else {
      if (after.get(change.path) === change.text) throw new Error(`${change.path} is written and was so before`);
      after.set(change.path, change.text);
    }
  }
  return after;
}

/** Plans batch after batch. */
export function planAll(state: State, batches: readonly (readonly PlanInput[])[], rules: PlanRules): State {
  return batches.reduce((before, batch) => plan(before, batch, rules).state, state);
}

export const entity = (subject: string): Entity => ({ connection: "bus", source: "auth", subject });

/** `:Kind namespace/name`, with a text that tells versions apart; as canonical YAML has it. `localTo`: on the hub for that cluster. */
export function manifest(
  trigger: string,
  owner: Entity,
  identity: string,
  value: string,
  localTo?: ClusterKey,
): Manifest {
  const entityHash = localTo === undefined ? hashEntity(owner) : localEntity(hashEntity(owner), localTo);
  const { group, kind, namespace, name } = parseIdentity(identity);
  const text = `apiVersion: ${group === "" ? "v1" : `${group}/v1`}
kind: ${kind}
metadata:
  name: ${name}
${namespace === "" ? "" : `  namespace: ${namespace}\n`}  labels:
    app.kubernetes.io/managed-by: sluice
    sluice.dev/instance: sluice
    sluice.dev/owner: EventTrigger.${trigger}
  annotations:
    sluice.dev/entity: ${writeHash(entityHash)}
data:
  value: ${value}
`;
  const own = { group, kind, namespace, name };
  const placed: ObjectIdentity = localTo === undefined ? own : { ...own, isLocal: true };
  return { identity: placed, text, at: { file: "config.yaml", line: 1, column: 1 } };
}

/** As canonical YAML has it: without quotes where it begins with a letter. */
function writeHash(hash: string): string {
  return /^[a-f]/.test(hash) ? hash : JSON.stringify(hash);
}

export const failure: Problem = { code: "TEMPLATE_FAILED", severity: "error", message: "it does not render" };

/**
 * What an event renders on a cluster: `a/c Delete`, `a/c fail`, or `a/c :ConfigMap ns/name=value …`, where nothing
 * behind the cluster is Create without objects; `=value!`: its Namespace is others' to make; `@:ConfigMap …`: on the hub;
 * `=value~50`: of a reference of that tier.
 */
export function rendering(trigger: string, owner: Entity, text: string): ClusterRendering {
  const [cluster = "", ...words] = text.split(" ");
  if (words[0] === "none") return { cluster, action: "none" };
  if (words[0] === "Delete") return { cluster, action: "Delete" };
  if (words[0] === "fail") return { cluster, action: "fail", problem: failure };
  const manifests: Manifest[] = [];
  for (let index = 0; index < words.length; index += 2) {
    const [name, value = ""] = words[index + 1]!.split("=");
    const [, at = "", kind = ""] = /^(@?)(.*)$/.exec(words[index]!)!;
    const [, text = "", tier] = /^([^!~]*)(?:~(\d+))?/.exec(value)!;
    const made = manifest(trigger, owner, `${kind} ${name}`, text, at === "" ? undefined : cluster);
    manifests.push({
      ...made,
      ...(value.endsWith("!") ? { skipsNamespace: true } : {}),
      ...(tier === undefined ? {} : { tier: Number(tier) }),
    });
  }
  return { cluster, action: "Create", manifests };
}

/** Event `n` of an entity under a trigger. */
export function event(
  trigger: string,
  subject: string,
  renderings: readonly string[],
  more: Partial<EntityInput> & { readonly n?: number } = {},
): EntityInput {
  const { n = 1, ...fields } = more;
  const owner = entity(subject);
  const id = `event-${n}`;
  const document = new Map([
    ["specversion", "1.0"],
    ["id", id],
    ["source", owner.source],
    ["type", "login"],
    ["subject", subject],
  ]);
  const time = new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString();
  return {
    kind: "entity",
    owner: triggerOwner(trigger),
    syncMode: "Continuous",
    continueOnConflict: false,
    entity: owner,
    last: {
      event: { id, source: owner.source, type: "login", subject, document },
      message: { subject: "user", headers: new Map(), stream: "bus/EVENTS", sequence: n, time },
    },
    renderings: renderings.map((text) => rendering(trigger, owner, text)),
    elsewhere: "Create",
    stopMatching: "keep",
    ...fields,
  };
}

/** The record's newest event rendered again, on each cluster so; `a/c withdraw` and `a/c leave` too. */
export function again(
  trigger: string,
  subject: string,
  renderings: readonly string[],
  more: Partial<ReplayInput> = {},
): ReplayInput {
  const owner = entity(subject);
  return {
    kind: "replay",
    owner: triggerOwner(trigger),
    entity: owner,
    syncMode: "Continuous",
    continueOnConflict: false,
    clusters: renderings.map((text) => {
      const [cluster = "", action] = text.split(" ");
      if (action === "withdraw" || action === "leave") return { cluster, event: undefined, rendering: { action } };
      return { cluster, event: 0, rendering: rendering(trigger, owner, text) };
    }),
    ...more,
  };
}

/** An event's renderings as those of a pass. */
export function replayed({ owner, entity: of, syncMode, continueOnConflict, renderings }: EntityInput): ReplayInput {
  const told = renderings.filter(({ action }) => action !== "none");
  const clusters = told.map((one) => ({ cluster: one.cluster, event: 0, rendering: one }));
  return { kind: "replay", owner, entity: of, syncMode, continueOnConflict, clusters };
}

/** What was left on a cluster taken away: `a/c :Kind namespace/name`. */
export function forgetLeft(text: string): PlanInput {
  const [cluster = "", ...words] = text.split(" ");
  return { kind: "forget-left", cluster, identity: parseIdentity(words.join(" ")) };
}

export function remove(trigger: string, subject: string): PlanInput {
  return { kind: "remove", owner: triggerOwner(trigger), entity: entity(subject) };
}

/** What a record says of its clusters, those apart where its last event was a Delete. */
export function holdingsOf(record: EntityRecord | undefined) {
  const there = [...(record?.clusters ?? [])].filter(([, { action }]) => action === "Create");
  const texts = (objects: RankedObjects) => [...objects.values()].map(({ identity }) => writeIdentity(identity)).sort();
  return Object.fromEntries(
    there.map(([cluster, { objects, waiting, withdrawn, failure }]) => [
      cluster,
      { objects: texts(objects), waiting: texts(waiting), withdrawn: texts(withdrawn), code: failure?.code },
    ]),
  );
}

export function recordOf(state: State, trigger: string, subject: string): EntityRecord | undefined {
  const path = recordPath(triggerOwner(trigger), hashEntity(entity(subject)));
  const text = state.get(path);
  return text === undefined ? undefined : parseRecord(text, path);
}

/** What is desired, without the folder: `a/c/triggers/…` to the value of the manifest (`generated` for namespaces). */
export function desired(state: State): Record<string, string> {
  const files = [...state].filter(([path]) => path.startsWith("desired/")).sort();
  return Object.fromEntries(
    files.map(([path, text]) => [path.slice("desired/".length), /^ {2}value: (.*)$/m.exec(text)?.[1] ?? "generated"]),
  );
}

/** One for each object that several want, or whose Namespace is needed. */
export function claimFiles(state: State): string[] {
  return [...state.keys()].filter((path) => path.startsWith("claims/") && path.endsWith("/head.json"));
}

export type { ClusterKey, ObjectIdentity };
