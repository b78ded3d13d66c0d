/**
 * Joins documents into a catalog.
 *
 * A bad document holds only itself and what refers to it. Its last good version stays in force, and the triggers
 * concerned are marked broken: they still match, so that their events are kept, and do not render until it is mended.
 * A trigger that never had a good version is in force as far as it could be read, for the same reason.
 */
import type {
  Catalog,
  CatalogSettings,
  ClusterSet,
  ConfigFile,
  ContentDocument,
  EventSource,
  EventTrigger,
  Profile,
  RawDocument,
} from "../model/catalog.ts";
import { type Cluster, type ClusterKey, clusterKey } from "../model/cluster.ts";
import { type CustomKind, customKindKey } from "../model/custom-kind.ts";
import type { DocumentKey } from "../model/document-key.ts";
import { groupOf } from "../model/manifest.ts";
import { type OwnerKey, ownerKey } from "../model/owner.ts";
import { type Checked, formatPlace, type Problem } from "../model/problem.ts";
import type { SecretsPolicy } from "../model/secrets-policy.ts";
import { customKindsOfText } from "../render/manifests/schema/read-crd.ts";
import { mayRenderSecrets } from "../render/may-render-secrets.ts";
import { type ContentScope, checkContent } from "./check-contents.ts";
import { checkPolicy } from "./check-policy.ts";
import { checkSelectors } from "./check-selectors.ts";
import { checkEventSourceNames, checkSubscriptions } from "./check-subscriptions.ts";
import { chooseReplicas } from "./choose-replicas.ts";
import { deriveConnections } from "./derive-connections.ts";
import { findDependencyCycles } from "./find-dependency-cycles.ts";
import type { CatalogOptions } from "./load-catalog.ts";
import { clusterSetKey } from "./read-cluster-set.ts";
import type { ReadDocument } from "./read-document.ts";
import type { Reference } from "./references.ts";
import { revisionOf } from "./revision-of.ts";
import { sortProblems } from "./sort-problems.ts";

type BuildOptions = Required<Omit<CatalogOptions, "previous" | "delivery" | "digestText" | "recipients">>;

export class CatalogBuilder {
  /** After `build`: the documents of the catalog, of bad ones the last good version. */
  readonly inForce = new Map<DocumentKey, ReadDocument>();
  readonly #files: ReadonlySet<string>;
  /** Files and folders that can't be read: whatever was below such a path may still be there. */
  readonly #unreadable: readonly { readonly path: string; readonly fault: Problem }[];
  readonly #lastInForce: ReadonlyMap<DocumentKey, ReadDocument>;
  /** By set, which clusters it has chosen so far. */
  readonly #chosen = new Map<string, readonly ClusterKey[]>();
  readonly #problems: Problem[] = [];
  readonly #added = new Map<DocumentKey, ReadDocument>();
  /** Bad documents, and what is wrong with each. */
  readonly #faults = new Map<DocumentKey, Problem>();
  /** By file, its first bad document: that may be what has become of any other that the file held. */
  readonly #fileFaults = new Map<string, Problem>();
  /** The first bad document that can't be told which it is: it may be one of any file that is gone. */
  #illegible: Problem | undefined;
  readonly #faultsByName = new Map<string, Problem>();
  /** Of documents that the state keeps, what was wrong with each when it was written. */
  readonly #keptFaults = new Map<DocumentKey, Problem>();
  /** Contents that are gone and that an owner still names, as they were last in force. */
  readonly #absent = new Map<DocumentKey, ReadDocument>();

  /** `files`: all that documents may come from; `lastInForce`: the catalog before this one. */
  constructor(
    files: readonly ConfigFile[],
    lastInForce: ReadonlyMap<DocumentKey, ReadDocument>,
    sets: Catalog["clusterSets"] = new Map(),
  ) {
    for (const [key, { chosen }] of sets) if (chosen !== undefined) this.#chosen.set(key, chosen);
    this.#files = new Set(files.map(({ path }) => path));
    this.#unreadable = files.flatMap(({ path, fault }) => (fault === undefined ? [] : [{ path, fault }]));
    this.#lastInForce = lastInForce;
    this.#problems.push(...this.#unreadable.map(({ fault }) => fault));
  }

  /**
   * Of documents with the same key the one that is in force already counts, else the first: a copy that somebody adds by
   * mistake changes nothing.
   */
  add(document: ReadDocument): void {
    const { key, file, raw, problems } = document;
    const first = key === undefined ? undefined : this.#added.get(key);
    if (key !== undefined && first !== undefined) {
      const last = this.#lastInForce.get(key)?.hash;
      const isLast = last === document.hash && last !== first.hash;
      const [kept, other] = isLast ? [document, first] : [first, document];
      const message = `${titleOf(key)} is there already, at ${formatPlace(kept.at)}`;
      this.#problems.push({ code: "DOCUMENT_DUPLICATE", severity: "error", message, at: other.at });
      if (!isLast) return;
      this.#faults.delete(key);
    }
    this.#problems.push(...problems);
    const fault = problems.find(({ severity }) => severity === "error");
    if (key !== undefined) this.#added.set(key, document);
    if (fault === undefined) return;
    if (!this.#fileFaults.has(file)) this.#fileFaults.set(file, fault);
    if (key === undefined || raw === undefined) this.#illegible ??= fault;
    else {
      this.#faults.set(key, fault);
      this.#faultsByName.set(raw.name, fault);
    }
  }

  /** What sets have chosen, as the state keeps it with their documents. */
  remember(documents: readonly ReadDocument[], chosen: readonly ClusterKey[]): void {
    for (const { content } of documents)
      if (content?.kind === "clusterSet") this.#chosen.set(clusterSetKey(content.clusterSet), chosen);
  }

  /** What was wrong with documents when the state kept them: they are their last good versions, and stay broken. */
  rememberFault(documents: readonly ReadDocument[], fault: Problem): void {
    for (const { key } of documents) if (key !== undefined) this.#keptFaults.set(key, fault);
  }

  build(options: BuildOptions): Checked<Catalog> {
    const { compatibility, checks, policy, secrets, guard, records, isCommitted, connections, fromSecrets } = options;
    this.#chooseInForce();
    this.#checkContents({ customKinds: this.#findCustomKinds(), checks, isCommitted });
    this.#keepAbsent();
    const broken = this.#followReferences(records, secrets);
    for (const [key, document] of this.#absent) this.inForce.set(key, document);
    const connectionClusters = new Map(
      connections.flatMap(({ connection, clusters }) =>
        clusters === undefined ? [] : [[connection.name, clusters] as const],
      ),
    );
    const joined = this.#join(broken);
    const revision = revisionOf(this.inForce, { compatibility, connectionClusters, broken, sets: joined.clusterSets });
    const shaping = { connectionClusters, compatibility, checks, policy, secrets, guard };
    const value = { ...joined, revision, ...shaping };
    this.#problems.push(...checkEventSourceNames(value), ...checkSelectors(value), ...checkPolicy(value));
    if (connections.length > 0) {
      const derived = deriveConnections(value, fromSecrets);
      const all = [...connections, ...derived.value].map(({ connection }) => connection);
      this.#problems.push(...derived.problems);
      // What a connection reads that can't be used itself is not known.
      const isUnread = connections.some(
        ({ connection: { name, core, jetstream } }) =>
          core === undefined && jetstream === undefined && !fromSecrets.some((one) => one.name === name),
      );
      if (!isUnread) this.#problems.push(...checkSubscriptions(value, all));
    }
    return { value, problems: sortProblems(this.#problems) };
  }

  #chooseInForce(): void {
    for (const [key, document] of this.#added) {
      if (!this.#faults.has(key)) this.inForce.set(key, document);
    }
    for (const [key, document] of this.#lastInForce) {
      const fault = this.#faults.get(key) ?? (this.#added.has(key) ? undefined : this.#findFileFault(document));
      if (fault === undefined) continue;
      this.#faults.set(key, fault);
      this.inForce.set(key, document);
    }
    for (const key of this.#faults.keys()) {
      const document = this.#added.get(key);
      // One that is withheld is there, and changes nothing while nobody knows what it says.
      const isReadable = document?.content?.kind === "EventTrigger" || isWithheld(document);
      if (document !== undefined && isReadable && !this.inForce.has(key)) this.inForce.set(key, document);
    }
    for (const [key, fault] of this.#keptFaults) if (!this.#faults.has(key)) this.#faults.set(key, fault);
  }

  /**
   * Why a document may only seem to be gone: its file can't be read, or has a bad document that may be what became of
   * it. A file that is not there any more, or not by that name, leaves open where its documents went: to a file that
   * can't be read, to a document that can't be told which it is, or to a bad one of the same name.
   */
  #findFileFault({ file, raw }: ReadDocument): Problem | undefined {
    const unreadable = this.#unreadable.find(({ path }) => path === "" || file === path || file.startsWith(`${path}/`));
    const fault = unreadable?.fault ?? this.#fileFaults.get(file);
    if (fault !== undefined || this.#files.has(file)) return fault;
    return this.#unreadable[0]?.fault ?? this.#illegible ?? this.#faultsByName.get(raw?.name ?? "");
  }

  /** What owners refer to outright is read as it would be rendered, where it is no template. */
  #checkContents(scope: ContentScope): void {
    const named = new Set<string>();
    for (const { content } of this.inForce.values()) {
      if (content?.kind !== "EventTrigger" && content?.kind !== "profile") continue;
      for (const one of content.references) if (one.isRendered) named.add(one.key ?? one.anyNamespace);
    }
    for (const [key, { content }] of this.inForce) {
      if (content?.kind !== "content" || this.#faults.has(key)) continue;
      const { kind, name } = content.content;
      if (!named.has(key) && !named.has(`${kind}/${name}`)) continue;
      const problems = checkContent(content.content, scope);
      this.#problems.push(...problems);
      const fault = problems.find(({ severity }) => severity === "error");
      if (fault !== undefined) this.#faults.set(key, fault);
    }
  }

  #findCustomKinds(): ReadonlyMap<string, CustomKind> {
    const kinds = new Map<string, CustomKind>();
    const documents = [...this.inForce].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { content }]) => content);
    for (const content of documents) if (content?.kind === "customKind") addCustomKind(kinds, content.customKind);
    for (const content of documents) {
      if (content?.kind !== "content") continue;
      for (const kind of rolledOutKinds(content.content)) addCustomKind(kinds, kind);
    }
    return kinds;
  }

  /** The owners that must not render, by the keys of their documents, each with the first reason. */
  #followReferences(records: "full" | "identity", secrets: SecretsPolicy): Map<DocumentKey, Problem> {
    const broken = new Map<DocumentKey, Problem>();
    const contentNames = new Set<string>();
    for (const { content, raw } of this.inForce.values()) {
      if (raw !== undefined && content?.kind !== "cluster") contentNames.add(`${raw.kind}/${raw.name}`);
    }
    const contents = this.#contents();
    for (const [key, { content }] of this.inForce) {
      if (content?.kind !== "EventTrigger" && content?.kind !== "profile") continue;
      const { references } = content;
      const faults: Problem[] = [];
      const own = this.#faults.get(key);
      if (own !== undefined) faults.push(own);
      const why =
        content.kind === "EventTrigger" ? whyForgetful(content.trigger, records, secrets, contents) : undefined;
      if (content.kind === "EventTrigger" && why !== undefined) {
        const problem = noEventsKept(content.trigger, why);
        this.#problems.push(problem);
        faults.push(problem);
      }
      for (const reference of references) {
        const fault = reference.key === undefined ? undefined : this.#faults.get(reference.key);
        // A prerequisite that is bad stays as it was, and so what depends on it can go on.
        const isKept = fault !== undefined && this.inForce.get(reference.key!)?.content?.kind === "profile";
        if (fault !== undefined && !isKept) {
          faults.push(fault);
          continue;
        }
        const isThere =
          reference.key === undefined ? contentNames.has(reference.anyNamespace) : this.#isReferable(reference);
        if (isThere || reference.optional) continue;
        const missing: Problem = {
          code: "REFERENCE_MISSING",
          severity: "error",
          message: `${titleOf(key)} refers to ${reference.title}, which is not there`,
          at: reference.at,
        };
        // The trigger's own fault tells of the same document: one message is enough.
        if (own === undefined) this.#problems.push(missing);
        faults.push(missing);
        this.#keepForMatching(reference.key);
      }
      if (faults[0] !== undefined) broken.set(key, faults[0]);
    }
    for (const [key, cycle] of findDependencyCycles(this.inForce)) {
      this.#problems.push(cycle);
      broken.set(key, broken.get(key) ?? cycle);
    }
    return broken;
  }

  /**
   * What an owner still names and is gone is kept as a bad document is: nothing is rendered of it, and it still tells
   * whether an event may be printed into a Secret, of which nothing may be remembered.
   */
  #keepAbsent(): void {
    for (const { content } of this.inForce.values()) {
      if (content?.kind !== "EventTrigger" && content?.kind !== "profile") continue;
      for (const { key, optional } of content.references) {
        if (key === undefined || optional || this.inForce.has(key)) continue;
        const last = this.#lastInForce.get(key);
        if (last?.content?.kind === "content") this.#absent.set(key, last);
      }
    }
  }

  #contents(): Catalog["contents"] {
    return new Map(
      [...this.inForce, ...this.#absent].flatMap(([key, { content }]) =>
        content?.kind === "content" ? [[key, content.content]] : [],
      ),
    );
  }

  /** Argo CD's cluster Secrets are clusters: nothing to deploy, and their credentials nothing to read. */
  #isReferable({ key, group }: Reference): boolean {
    const { content, raw } = this.inForce.get(key!) ?? {};
    if (content?.kind === "cluster" && raw?.kind === "Secret") return false;
    if (group === undefined) return content !== undefined && content.kind !== "cluster";
    return raw !== undefined && groupOf(raw.apiVersion) === group;
  }

  /** An EventSource or ClusterSet that is gone while a trigger still names it: absent data must not lose events. */
  #keepForMatching(key: DocumentKey | undefined): void {
    const last = key === undefined ? undefined : this.#lastInForce.get(key);
    if (last?.content?.kind === "EventSource" || last?.content?.kind === "clusterSet") this.inForce.set(key!, last);
  }

  #join(broken: ReadonlyMap<DocumentKey, Problem>): Omit<Catalog, keyof CatalogSettings | "revision"> {
    const eventSources = new Map<string, EventSource>();
    const eventTriggers = new Map<string, EventTrigger>();
    const profiles = new Map<OwnerKey, Profile>();
    const contents = new Map<DocumentKey, ContentDocument>();
    const clusters = new Map<string, Cluster>();
    const clusterSets = new Map<string, ClusterSet>();
    const documents = new Map<DocumentKey, RawDocument>();
    // By key and not by file, so that moving a document to another file changes nothing.
    for (const [key, document] of [...this.inForce].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const { content, raw } = document;
      const own = this.#faults.get(key) ?? (this.#absent.has(key) ? goneFault(document) : undefined);
      const why = broken.get(key) ?? own;
      if (raw !== undefined) documents.set(key, why === undefined ? raw : { ...raw, broken: why });
      switch (content?.kind) {
        case "EventSource":
          eventSources.set(content.eventSource.name, content.eventSource);
          break;
        case "EventTrigger": {
          const { trigger } = content;
          const fault = broken.get(key);
          eventTriggers.set(trigger.name, fault === undefined ? trigger : { ...trigger, broken: fault });
          break;
        }
        case "content": {
          contents.set(key, own === undefined ? content.content : { ...content.content, broken: own });
          break;
        }
        case "cluster":
          this.#putCluster(clusters, content.cluster, document);
          break;
        case "profile": {
          const { profile } = content;
          const fault = broken.get(key);
          profiles.set(ownerKey(profile.owner), fault === undefined ? profile : { ...profile, broken: fault });
          break;
        }
        case "clusterSet":
          clusterSets.set(clusterSetKey(content.clusterSet), content.clusterSet);
          break;
        case "customKind":
        case undefined:
          break;
      }
    }
    const sorted = new Map([...clusters].sort(([a], [b]) => (a < b ? -1 : 1)));
    for (const [key, set] of clusterSets) {
      const chosen = chooseReplicas(set, sorted.values(), this.#chosen.get(key));
      if (chosen !== undefined) clusterSets.set(key, { ...set, chosen });
    }
    return {
      eventSources,
      eventTriggers,
      profiles,
      contents,
      clusters: sorted,
      clusterSets,
      customKinds: this.#findCustomKinds(),
      documents,
    };
  }

  /** Documents of different kinds may describe a cluster of the same name. */
  #putCluster(clusters: Map<string, Cluster>, cluster: Cluster, document: ReadDocument): void {
    const key = clusterKey(cluster);
    if (clusters.has(key)) {
      const message = `cluster ${key} is described by another document already`;
      this.#problems.push({ code: "DOCUMENT_DUPLICATE", severity: "error", message, at: document.at });
    } else clusters.set(key, cluster);
  }
}

function isWithheld(document: ReadDocument | undefined): boolean {
  const hidden = document?.raw?.hidden;
  return hidden !== undefined && hidden.text === undefined;
}

/** What renders it all the same, by a name that a template makes, is told what an owner is that names it outright. */
function goneFault({ key, at }: ReadDocument): Problem {
  return { code: "REFERENCE_MISSING", severity: "error", message: `${titleOf(key!)} is not there any more`, at };
}

/** Why no event is kept of a trigger that renders all of them together; undefined: they are, or it does not. */
function whyForgetful(
  trigger: EventTrigger,
  records: "full" | "identity",
  secrets: SecretsPolicy,
  contents: Catalog["contents"],
): string | undefined {
  if (trigger.oneForEvent) return undefined;
  if (records === "identity") return "output.records is identity";
  if (secrets === "plain" || !mayRenderSecrets(trigger, { contents })) return undefined;
  return `it renders Secrets, which must not stand in clear (output.secrets ${secrets})`;
}

/** What is rendered over all events of a cluster needs them on record. */
function noEventsKept({ name, at }: EventTrigger, why: string): Problem {
  return {
    code: "DOCUMENT_INVALID",
    severity: "error",
    message: `EventTrigger ${name} has oneForEvent: false, and ${why}: no event is kept that it could render`,
    at,
    hint: "Leave oneForEvent out, or set output.records to full and render no Secrets.",
  };
}

/** `<kind> [<namespace>/]<name>`. */
function titleOf(key: DocumentKey): string {
  return key.replace("//", " ").replace("/", " ");
}

/** Of a kind that several define the first counts: documents of the config folder before what is rolled out. */
function addCustomKind(kinds: Map<string, CustomKind>, kind: CustomKind): void {
  const key = customKindKey(kind.group, kind.kind);
  if (!kinds.has(key)) kinds.set(key, kind);
}

const rolledOut = new WeakMap<ContentDocument["entries"], readonly CustomKind[]>();

/** The kinds that a ConfigMap or Secret brings to clusters, where it is no template; looked for once. */
function rolledOutKinds({ isTemplate, entries }: ContentDocument): readonly CustomKind[] {
  if (isTemplate) return [];
  let kinds = rolledOut.get(entries);
  if (kinds === undefined) {
    kinds = entries.flatMap(({ content }) => customKindsOfText(content.source.text));
    rolledOut.set(entries, kinds);
  }
  return kinds;
}
