/** One document of the config folder: what it is, whether it is well formed, and what it says. */
import { createHash } from "node:crypto";
import schema from "../../schemas/documents.schema.json" with { type: "json" };
import type { ClusterSet, ContentDocument, EventSource, EventTrigger, Profile, RawDocument } from "../model/catalog.ts";
import type { Cluster } from "../model/cluster.ts";
import { countOf } from "../model/count-of.ts";
import type { CustomKind } from "../model/custom-kind.ts";
import { type DocumentKey, documentKey } from "../model/document-key.ts";
import { isJsonObject, writeJson } from "../model/json.ts";
import { nearestWord } from "../model/nearest-word.ts";
import { isSourcePlace, type Problem, type SourcePlace } from "../model/problem.ts";
import { faultOfName, faultOfNamespace } from "../render/manifests/check-names.ts";
import { crdGroup, crdKind, readCustomKind } from "../render/manifests/schema/read-crd.ts";
import { writeCanonicalYaml } from "../render/yaml/write-canonical-yaml.ts";
import { type ShapeCheck, shapeCheck } from "./check-shape.ts";
import type { Compatibility } from "./compile-pattern.ts";
import {
  findFaultOfArgoCluster,
  isArgoCluster,
  readArgoCluster,
  readCluster,
  withoutCredentials,
} from "./read-cluster.ts";
import { readClusterSet } from "./read-cluster-set.ts";
import { readContent } from "./read-content.ts";
import { readEventSource } from "./read-event-source.ts";
import { readEventTrigger } from "./read-event-trigger.ts";
import { readProfile } from "./read-profile.ts";
import { findProfileReferences, findTriggerReferences, type Reference } from "./references.ts";
import { takeApart } from "./take-apart.ts";
import { withoutNulls } from "./without-nulls.ts";
import { memberObject, memberText, type YamlDocument } from "./yaml-document.ts";

export type DocumentContent =
  | { readonly kind: "EventSource"; readonly eventSource: EventSource }
  | { readonly kind: "EventTrigger"; readonly trigger: EventTrigger; readonly references: readonly Reference[] }
  | { readonly kind: "profile"; readonly profile: Profile; readonly references: readonly Reference[] }
  | { readonly kind: "content"; readonly content: ContentDocument }
  | { readonly kind: "cluster"; readonly cluster: Cluster }
  | { readonly kind: "clusterSet"; readonly clusterSet: ClusterSet }
  | { readonly kind: "customKind"; readonly customKind: CustomKind };

export interface ReadDocument {
  /** The file of the config folder that it stands in. */
  readonly file: string;
  readonly at: SourcePlace;
  /** Undefined where it can't be told which document it is. */
  readonly key: DocumentKey | undefined;
  readonly raw: RawDocument | undefined;
  /** Undefined for kinds without effect, and for documents too bad to be read. A bad EventTrigger's may be partial. */
  readonly content: DocumentContent | undefined;
  /** Over the document's value: comments and layout do not count. */
  readonly hash: string;
  readonly problems: readonly Problem[];
}

const libGroup = "lib.projectsveltos.io";
const configGroup = "config.projectsveltos.io";

interface KindInfo {
  readonly group: string;
  readonly versions: readonly string[];
  readonly isNamespaced: boolean;
  readonly check: ShapeCheck;
}

function kindInfo(kind: string, group: string, versions: readonly string[], isNamespaced: boolean): [string, KindInfo] {
  return [kind, { group, versions, isNamespaced, check: shapeCheck(schema, kind) }];
}

const kinds: ReadonlyMap<string, KindInfo> = new Map([
  kindInfo("EventSource", libGroup, ["v1beta1"], false),
  kindInfo("EventTrigger", libGroup, ["v1beta1"], false),
  kindInfo("ClusterSet", libGroup, ["v1beta1"], false),
  kindInfo("Set", libGroup, ["v1beta1"], true),
  kindInfo("SveltosCluster", libGroup, ["v1beta1"], true),
  kindInfo("ClusterProfile", configGroup, ["v1beta1"], false),
  kindInfo("Profile", configGroup, ["v1beta1"], true),
  kindInfo("Cluster", "cluster.x-k8s.io", ["v1beta1", "v1beta2"], true),
  kindInfo("ConfigMap", "", ["v1"], true),
  kindInfo("Secret", "", ["v1"], true),
]);

/** Kinds of Sveltos that are not read, and are no misspelt ones. test/fixtures/sveltos-fields.json has them of the CRDs. */
const otherKinds = new Set(
  (
    "AccessRequest Classifier ClassifierReport ClusterConfiguration ClusterHealthCheck ClusterPromotion ClusterReport " +
    "ClusterSummary ConfigurationBundle ConfigurationGroup DebuggingConfiguration EventReport HealthCheck " +
    "HealthCheckReport ManagementClusterClassifier ManagementClusterClassifierReport Reloader ReloaderReport " +
    "ResourceSummary RoleRequest SveltosLicense Techsupport"
  ).split(" "),
);

/** For what may be no document of ours at all: values of charts, kustomizations, sample events. */
const exclusionHint =
  "If it is no document for Sluice, leave its file out: config.exclude in the settings, or a .sluiceignore.";

/** What of a document is the business of others, and kept as it is. No object: a kind can have any name. */
const opaqueMembers: ReadonlyMap<string, readonly string[]> = new Map([
  ["Cluster", ["spec", "status"]],
  ["CustomResourceDefinition", ["spec", "status"]],
]);

/**
 * What a document of a file holds: itself, or the items of a list. `file`: which of the config folder's it stands in;
 * places have the name that people know it by.
 */
export function readDocuments(document: YamlDocument, file: string, compatibility: Compatibility): ReadDocument[] {
  const { documents, problems } = takeApart(document, (kind) => kinds.has(kind));
  const read = documents.map((part) => boundProblems(readDocument(part, file, compatibility)));
  if (problems.length === 0) return read;
  const list = { file, at: document.placeOf([]), key: undefined, raw: undefined, content: undefined, hash: "" };
  return [...read, { ...list, problems }];
}

/** Whoever has more is not helped by the rest, and a generated file can have any number. */
const problemsMax = 100;

function boundProblems(document: ReadDocument): ReadDocument {
  const { problems } = document;
  if (problems.length <= problemsMax) return document;
  const isError = ({ severity }: Problem) => severity === "error";
  const shown = [...problems.filter(isError), ...problems.filter((problem) => !isError(problem))].slice(0, problemsMax);
  const { at } = document;
  const message = `${countOf(problems.length - problemsMax, "more problem of the document is", "more problems of the document are")} not shown`;
  return { ...document, problems: [...shown, { code: "DOCUMENT_INVALID", severity: "warning", message, at }] };
}

function readDocument(written: YamlDocument, file: string, compatibility: Compatibility): ReadDocument {
  const document = written.withValue(
    withoutNulls(written.value, opaqueMembers.get(memberText(written.value, "kind") ?? "")),
  );
  const { value } = document;
  const at = document.placeOf([]);
  const kind = memberText(value, "kind");
  const info = kind === undefined ? undefined : kinds.get(kind);
  const metadata = memberObject(value, "metadata");
  const name = memberText(metadata, "name");
  const namespace = info?.isNamespaced ? memberText(metadata, "namespace") || "default" : "";
  const isCrd = kind === crdKind && memberText(value, "apiVersion")?.startsWith(`${crdGroup}/`) === true;
  const isIdentified = isJsonObject(value) && (info !== undefined || isCrd) && kind !== undefined && name !== undefined;
  // Credentials of clusters are nobody's to read, nor to keep on the state branch.
  const hasCredentials = isJsonObject(value) && isArgoCluster(value);
  const kept = hasCredentials ? withoutCredentials(value) : value;
  const text = hasCredentials && isJsonObject(kept) ? writeCanonicalYaml(kept) : document.text;
  const raw: RawDocument | undefined =
    isIdentified && isJsonObject(kept)
      ? { apiVersion: memberText(value, "apiVersion") ?? "", kind, namespace, name, value: kept, text, file, at }
      : undefined;
  const base = {
    file,
    at,
    key: raw === undefined ? undefined : documentKey(raw),
    raw,
    hash: createHash("sha256")
      .update(hasCredentials ? text : writeJson(value))
      .digest("hex"),
  };
  if (document.syntaxErrors.length > 0) {
    const problems = document.syntaxErrors.map((problem) => ({ ...problem, hint: exclusionHint }));
    return { ...base, content: undefined, problems };
  }

  if (isCrd) return { ...base, ...readCrd(document) };
  const kindProblem = checkKind(document, kind, info);
  if (kindProblem !== undefined || info === undefined) {
    // A document for others that has the name of one of ours is not it.
    const mine = kindProblem?.severity === "error" ? {} : { key: undefined, raw: undefined };
    return { ...base, ...mine, content: undefined, problems: kindProblem === undefined ? [] : [kindProblem] };
  }
  const shapeProblems = info.check(document, "DOCUMENT_INVALID");
  if (raw === undefined) return { ...base, content: undefined, problems: shapeProblems };
  // By them it stands in paths, and is named in what a hub applies: one that an API server refuses would hold up all clusters there.
  const faults = {
    name: faultOfName(info.group, kind!, raw.name),
    namespace: namespace && faultOfNamespace(namespace),
  };
  for (const [member, fault] of Object.entries(faults)) {
    if (!fault) continue;
    const message = `${raw.kind}'s ${member} ${fault}`;
    shapeProblems.push(document.problem("DOCUMENT_INVALID", message, document.placeOf(["metadata", member])));
  }
  if (shapeProblems.length > 0 && kind !== "EventTrigger")
    return { ...base, content: undefined, problems: shapeProblems };
  const { content, problems } = readContentOf(document, raw, compatibility);
  return { ...base, content, problems: [...shapeProblems, ...withoutRepetitions(document, shapeProblems, problems)] };
}

/** That a member has no effect is not worth a word beside the error that is in it. */
function withoutRepetitions(
  document: YamlDocument,
  errors: readonly Problem[],
  problems: readonly Problem[],
): readonly Problem[] {
  const places = errors.flatMap(({ at }) => (at !== undefined && isSourcePlace(at) ? [at] : []));
  if (places.length === 0) return problems;
  const isSaid = document.holdsOneOf(places);
  return problems.filter(
    ({ code, at }) => !(code === "FIELD_WITHOUT_EFFECT" && at !== undefined && isSourcePlace(at) && isSaid(at)),
  );
}

/** A CustomResourceDefinition deploys nothing: rendered objects of its kind are held against it. */
function readCrd(document: YamlDocument): Pick<ReadDocument, "content" | "problems"> {
  const customKind = readCustomKind(document.value);
  if (customKind !== undefined) return { content: { kind: "customKind", customKind }, problems: [] };
  const message =
    "this CustomResourceDefinition is not of apiextensions.k8s.io/v1, or lacks group, kind, scope or versions";
  return { content: undefined, problems: [document.problem("DOCUMENT_INVALID", message, document.placeOf(["spec"]))] };
}

/** An error for what was meant for us and is misspelt, a warning for documents that are for others. */
function checkKind(document: YamlDocument, kind: string | undefined, info: KindInfo | undefined): Problem | undefined {
  const apiVersion = memberText(document.value, "apiVersion");
  if (apiVersion === undefined || kind === undefined) {
    const message = "the document lacks apiVersion or kind";
    return document.problem("DOCUMENT_INVALID", message, document.placeOf([]), exclusionHint);
  }
  const [group, version] = apiVersion.includes("/") ? apiVersion.split("/", 2) : ["", apiVersion];
  if (info !== undefined && info.group === group) {
    if (info.versions.includes(version!)) return undefined;
    const wanted = info.versions.map((known) => (group === "" ? known : `${group}/${known}`)).join(" or ");
    return document.problem(
      "DOCUMENT_INVALID",
      `${kind} is read as ${wanted}, not ${apiVersion}`,
      document.placeOf(["apiVersion"]),
    );
  }
  const isOther = otherKinds.has(kind.endsWith("List") ? kind.slice(0, -"List".length) : kind);
  const nearest = info !== undefined ? kind : isOther ? undefined : nearestWord(kind, [...kinds.keys()]);
  const isOurs =
    group === libGroup || group === configGroup || group === "sluice.dev" || kinds.get(nearest ?? "")?.group === group;
  if (nearest !== undefined && (isOurs || nearestWord(group!, [libGroup, configGroup]) !== undefined)) {
    return document.problem(
      "DOCUMENT_INVALID",
      `unknown kind ${kind} of ${apiVersion}`,
      document.placeOf(["kind"]),
      `did you mean ${nearest} of ${kinds.get(nearest)!.group || "v1"}?`,
    );
  }
  return document.warning(
    "FIELD_WITHOUT_EFFECT",
    `documents of kind ${kind} (${apiVersion}) have no effect`,
    document.placeOf(["kind"]),
  );
}

function readContentOf(
  document: YamlDocument,
  raw: RawDocument,
  compatibility: Compatibility,
): { content: DocumentContent | undefined; problems: readonly Problem[] } {
  const { kind, namespace, name, value } = raw;
  switch (kind) {
    case "EventSource": {
      const read = readEventSource(document, name, compatibility);
      return { content: { kind, eventSource: read.value }, problems: read.problems };
    }
    case "EventTrigger": {
      const { value: trigger, problems } = readEventTrigger(document, name);
      if (trigger === undefined) return { content: undefined, problems };
      return { content: { kind, trigger, references: findTriggerReferences(document, trigger) }, problems };
    }
    case "ClusterSet":
    case "Set": {
      const read = readClusterSet(document, namespace, name);
      return { content: { kind: "clusterSet", clusterSet: read.value }, problems: read.problems };
    }
    case "ClusterProfile":
    case "Profile": {
      const { value: profile, problems } = readProfile(document, namespace, name);
      const references = findProfileReferences(document, profile);
      return { content: { kind: "profile", profile, references }, problems };
    }
    case "SveltosCluster":
    case "Cluster":
      return { content: { kind: "cluster", cluster: readCluster(raw) }, problems: [] };
    case "ConfigMap":
    case "Secret": {
      if (isArgoCluster(value)) {
        const path = findFaultOfArgoCluster(value);
        if (path === undefined) return { content: { kind: "cluster", cluster: readArgoCluster(raw) }, problems: [] };
        const message = `${path.join(".")} is not base64 of text`;
        return {
          content: undefined,
          problems: [document.problem("DOCUMENT_INVALID", message, document.placeOf(path))],
        };
      }
      const read = readContent(document, kind, namespace, name);
      return { content: { kind: "content", content: read.value }, problems: read.problems };
    }
    default:
      throw new Error(`${kind} is a kind that is read`);
  }
}
