/** The catalog: the users' documents at one revision of the config folder, parsed, validated and indexed. */
import type { Pause } from "./change-set.ts";
import type { ChartRef } from "./chart.ts";
import type { Cluster, ClusterKey, ClusterName, LabelSelector } from "./cluster.ts";
import type { CustomKinds } from "./custom-kind.ts";
import type { DocumentRef } from "./document-ref.ts";
import type { HubDelivery } from "./hub-delivery.ts";
import type { JsonObject } from "./json.ts";
import type { GuardLimits } from "./mass-change.ts";
import type { Owner, OwnerKey } from "./owner.ts";
import type { Patch, PatchesRef } from "./patch.ts";
import type { PolicyRule } from "./policy.ts";
import type { Problem, SourcePlace } from "./problem.ts";
import type { SecretsPolicy } from "./secrets-policy.ts";
import type { Template } from "./template.ts";

/** A pattern of an EventSource: RE2, linear in the length of the value. */
export interface Pattern {
  readonly source: string;
  /** What every value has in it that matches, nearly or wholly; empty where nothing is known. */
  readonly required: string;
  matches(value: string): boolean;
  /** Would match unanchored although `matches` says no: a near miss that `run` counts and shows. */
  nearlyMatches(value: string): boolean;
}

/** One criterion; all given patterns must match. */
export interface MessagingMatchCriteria {
  readonly subject?: Pattern;
  readonly cloudEventSource?: Pattern;
  readonly cloudEventType?: Pattern;
  readonly cloudEventSubject?: Pattern;
  /** Of its subject, or of itself where it has none. */
  readonly at: SourcePlace;
}

export interface EventSource {
  readonly name: string;
  /** Any of them suffices; an empty list matches nothing. */
  readonly messagingMatchCriteria: readonly MessagingMatchCriteria[];
  readonly at: SourcePlace;
}

export type SyncMode = "OneTime" | "Continuous" | "ContinuousWithDriftDetection" | "DryRun";
export type StopMatchingBehavior = "WithdrawPolicies" | "LeavePolicies";

/** A field that is text for most users and a template for some; rendered for each event and cluster. */
export type TemplateField = Template;

/** A ConfigMap or Secret whose content is rendered. */
export interface PolicyRef extends DocumentRef {
  readonly kind: "ConfigMap" | "Secret";
  /** Whether its objects are put on the hub, instead of the clusters that match. */
  readonly isLocal: boolean;
  /** Whether Sluice leaves it to others to make the Namespaces that its objects are in. */
  readonly skipNamespaceCreation: boolean;
  /** Whether an object is made anew where it can't be changed as it is. */
  readonly force: boolean;
  /** Lower wins a conflict among owners of one tier; absent: 100. */
  readonly tier?: number;
}

/** A document that templates may read by its identifier: `getResource`. */
export interface TemplateResourceRef extends DocumentRef {
  readonly identifier: string;
  /** As it is given; its group is that of the document. */
  readonly apiVersion: string;
}

/** A ConfigMap or Secret that is rendered into one that only the other references of the same owner can name. */
export interface Generator extends DocumentRef {
  readonly kind: "ConfigMap" | "Secret";
  /** The name of what comes of it, in {@link generatedNamespace}. */
  readonly nameFormat: TemplateField;
}

/** Where Sveltos puts what generators make. */
export const generatedNamespace = "projectsveltos";

/** What every owner says of what it renders, and of its objects, whatever has it rendered. */
export interface OwnerSpec {
  readonly policyRefs: readonly PolicyRef[];
  readonly templateResourceRefs: readonly TemplateResourceRef[];
  /** Helm charts and kustomizations. */
  readonly charts: readonly ChartRef[];
  /** What delivery heeds: driftExclusions, maxConsecutiveFailures, validateHealths, as they are written. */
  readonly upkeep: JsonObject;
  /** Only an EventTrigger has any. */
  readonly generators: readonly Generator[];
  /** Applied to what policyRefs render, in their order. */
  readonly patches: readonly Patch[];
  /** What more patches are taken from; they come behind `patches`. */
  readonly patchesFrom: readonly PatchesRef[];
  readonly syncMode: SyncMode;
  /** Lower wins a conflict; 100 unless given. */
  readonly tier: number;
  readonly continueOnConflict: boolean;
  readonly stopMatchingBehavior: StopMatchingBehavior;
  readonly extraLabels: ReadonlyMap<string, TemplateField>;
  readonly extraAnnotations: ReadonlyMap<string, TemplateField>;
  /** Profiles that have to be there before: names of ClusterProfiles, a Profile's of Profiles in its namespace. */
  readonly dependsOn: readonly string[];
  readonly at: SourcePlace;
  /** Annotated `profile.projectsveltos.io/paused`. */
  readonly isPaused?: true;
  /** Why it does not render now although its last good version still matches; its entities become failed records. */
  readonly broken?: Problem;
}

/** Every document that an owner names, for whatever purpose. */
export function referencesOf(
  spec: Pick<OwnerSpec, "policyRefs" | "templateResourceRefs" | "generators" | "charts" | "patchesFrom">,
): DocumentRef[] {
  const values = spec.charts.flatMap(({ valuesFrom }) => valuesFrom);
  return [...spec.policyRefs, ...spec.templateResourceRefs, ...spec.generators, ...values, ...spec.patchesFrom];
}

/** An event trigger whose fields were all understood. */
export interface EventTrigger extends OwnerSpec {
  readonly name: string;
  /** A template over `.Cluster`. */
  readonly eventSourceName: TemplateField;
  readonly sourceClusterSelector?: LabelSelector;
  readonly clusterSetRefs: readonly string[];
  readonly destinationClusterSelector?: LabelSelector;
  /** Templates over the event; an empty namespace is the cluster's that the event counts for. */
  readonly destinationCluster?: { readonly namespace: TemplateField; readonly name: TemplateField };
  readonly oneForEvent: boolean;
  readonly cloudEventAction: TemplateField;
  /** Its documents are gone: this last version still matches events and renders nothing but the action. */
  readonly withdrawn?: true;
}

/** A ClusterProfile or a Profile: what it says is rendered for its clusters, without any event. */
export interface Profile extends OwnerSpec {
  readonly owner: Owner;
  /** With neither this nor references it has only the clusters of those that depend on it. */
  readonly clusterSelector?: LabelSelector;
  readonly clusterRefs: readonly ClusterName[];
  /** Names of ClusterSets; a Profile's of Sets in its namespace. */
  readonly setRefs: readonly string[];
}

/** A ConfigMap or Secret that documents refer to. */
export interface ContentDocument {
  readonly kind: "ConfigMap" | "Secret";
  readonly namespace: string;
  readonly name: string;
  /** Annotated `projectsveltos.io/instantiate` or `projectsveltos.io/template`. */
  readonly isTemplate: boolean;
  /** It was encrypted: what it says stands nowhere in clear. */
  readonly isHidden?: true;
  /** The document is bad now and this its last good version, which must not be rendered. */
  readonly broken?: Problem;
  /** In the document's order: the entries of data (a Secret's decoded) and stringData. */
  readonly entries: readonly ContentEntry[];
  readonly at: SourcePlace;
}

export interface ContentEntry {
  readonly key: string;
  /** Compiled where the document is a template, else text that is printed as it is. */
  readonly content: Template;
}

/** A ClusterSet, or a Set: that has a namespace, and only clusters of it. */
export interface ClusterSet {
  /** Empty for a ClusterSet. */
  readonly namespace: string;
  readonly name: string;
  readonly clusterSelector?: LabelSelector;
  readonly clusterRefs: readonly ClusterName[];
  /** How many of the clusters that match it has; 0: all. */
  readonly maxReplicas: number;
  /** Which ones these are; absent where it has all. */
  readonly chosen?: readonly ClusterKey[];
  readonly at: SourcePlace;
}

/** What of the settings shapes a catalog: part of it, kept in the state, and held like its documents. */
export interface CatalogSettings {
  /** How patterns are read, and the numbers of an event. */
  readonly compatibility: "strict" | "sveltos";
  /** How strictly objects are held against the schemas of their kinds. */
  readonly checks: "refuse" | "warn" | "off";
  /** What triggers may render; the first rule that matches decides. */
  readonly policy: readonly PolicyRule[];
  /** `output.secrets`: what becomes of a Secret that a template renders. */
  readonly secrets: SecretsPolicy;
  /** Names whom Secrets are encrypted for; absent: they are not, or it is not known. */
  readonly recipients?: string;
  /** What may change without anybody's approval. Those in force judge a change, also one that brings others. */
  readonly guard: GuardLimits;
  /** Which clusters a connection serves, by the connection's name; absent: all of them. */
  readonly connectionClusters: ReadonlyMap<string, LabelSelector>;
}

export interface Catalog extends CatalogSettings {
  /** Hash over the documents: equal revisions render equally. */
  readonly revision: string;
  readonly eventSources: ReadonlyMap<string, EventSource>;
  readonly eventTriggers: ReadonlyMap<string, EventTrigger>;
  readonly profiles: ReadonlyMap<OwnerKey, Profile>;
  /** By `<kind>/<namespace>/<name>`. */
  readonly contents: ReadonlyMap<string, ContentDocument>;
  /** By `<namespace>/<name>`. */
  readonly clusters: ReadonlyMap<string, Cluster>;
  /** ClusterSets by name, Sets by `<namespace>/<name>`. */
  readonly clusterSets: ReadonlyMap<string, ClusterSet>;
  /** What CustomResourceDefinitions bring, of the config folder and of what its documents roll out as they are. */
  readonly customKinds: CustomKinds;
  /** Owners and clusters that commands have paused. */
  readonly pauses?: readonly Pause[];
  /** What is made for a hub; absent: nothing. */
  readonly delivery?: HubDelivery;
  /** Every document in force, by `<kind>/<namespace>/<name>`: of a bad one its last good version. */
  readonly documents: ReadonlyMap<string, RawDocument>;
}

/** A file of the config folder as it was read. */
export interface ConfigFile {
  /** Relative to the config folder, with `/`. Several may have one path: documents that were one file once. */
  readonly path: string;
  /** The name that people know it by, for places in messages, unless it is the path; no two files have the same. */
  readonly shown?: string;
  /** Empty where there is a fault. */
  readonly text: string;
  /** Why it can't be read: what the file held, or the folder of that name, stays as it was. */
  readonly fault?: Problem;
  /** Of a ClusterSet or Set that the state keeps: which clusters it has chosen. */
  readonly chosen?: readonly ClusterKey[];
  /** Of a document that the state keeps: why nothing is rendered of it. */
  readonly broken?: Problem;
  /** What its documents say must stand on no branch: it was encrypted, or the state keeps a digest of it already. */
  readonly isHidden?: true;
  /** The state keeps this digest of its document, and the text is not on this machine. */
  readonly withheld?: string;
}

/** A document as it was written: for tools that show or list documents, and for keeping what is in force. */
export interface RawDocument {
  readonly apiVersion: string;
  readonly kind: string;
  /** Empty for kinds without one. */
  readonly namespace: string;
  readonly name: string;
  readonly value: JsonObject;
  /** Its YAML or JSON, byte for byte; of an item of a List, the same value as a document of its own. */
  readonly text: string;
  /** The file of the config folder that it stands in: {@link ConfigFile.path}. */
  readonly file: string;
  readonly at: SourcePlace;
  /** Why nothing is rendered of it, where this is the last good version of a bad one, or refers to what is bad. */
  readonly broken?: Problem;
  /** What it says must stand on no branch: `text` is then what the state keeps of it, and this what it says. */
  readonly hidden?: HiddenText;
}

export interface HiddenText {
  /** An HMAC of what the document says. */
  readonly digest: string;
  /** Undefined: it is not on this machine. */
  readonly text: string | undefined;
}
