/**
 * What owners want of the applier besides their objects: whether drift is corrected, and which fields somebody else may have
 * for himself. Read from the documents of the catalog in force, as the state branch keeps them.
 */
import type { LabelSelector } from "../model/cluster.ts";
import type { Json } from "../model/json.ts";
import { type Owner, type OwnerKind, ownerKey } from "../model/owner.ts";
import { parseSelector } from "../model/parse-selector.ts";
import type { PatchTarget, TextPattern } from "../model/patch.ts";
import { catalogFolder, encodePathPart, readOwnedPath } from "../plan/paths.ts";
import type { ObjectId } from "../ports/git.ts";
import { ownerLabelValue } from "../render/manifests/provenance.ts";
import { type KeptRepository, parseKeptText, readKeptTexts } from "./kept-documents.ts";
import { listAt, textAt } from "./members.ts";
import type { OwnerDependencies } from "./removal-rounds.ts";

/** Fields that are not ours to correct, in the objects that `target` means; all objects where it says nothing. */
export interface DriftExclusion {
  /** JSON pointers. */
  readonly paths: readonly string[];
  readonly target: PatchTarget;
}

export interface OwnerPolicy {
  readonly correctsDrift: boolean;
  readonly exclusions: readonly DriftExclusion[];
  /** Owners whose objects have to be there and well before new ones of this one come; by the same keys. */
  readonly dependsOn: readonly string[];
  /** The label that its objects carry, and those of the owners that it depends on, in their order. */
  readonly label: string;
  readonly labelsOfPrerequisites: readonly string[];
}

/** By `<kind>/<the owner's folder>`; owners that want nothing special are absent. */
export type OwnerPolicies = ReadonlyMap<string, OwnerPolicy>;

const noPolicies: OwnerPolicies = new Map();

const ownerKinds: Readonly<Record<string, OwnerKind>> = {
  eventtrigger: "EventTrigger",
  clusterprofile: "ClusterProfile",
  profile: "Profile",
};

/** The folder of a ClusterProfile or Profile with this key, in the cluster's folder. */
export function folderOfOwner(key: string): string {
  const slash = key.indexOf("/");
  return `${key.slice(0, slash).toLowerCase()}s${key.slice(slash)}`;
}

/** Whose policy counts for a file of the cluster's folder. */
export function policyOf(policies: OwnerPolicies, path: string): OwnerPolicy | undefined {
  if (policies.size === 0) return undefined;
  const owned = readOwnedPath(path);
  return owned === undefined ? undefined : policies.get(`${owned.kind}/${owned.ownerFolder}`);
}

/** Which owners depend on which, by the labels that their objects carry. */
export function dependenciesOf(policies: OwnerPolicies): OwnerDependencies {
  const all = [...policies.values()].filter(({ dependsOn }) => dependsOn.length > 0);
  return new Map(all.map(({ label, labelsOfPrerequisites }) => [label, labelsOfPrerequisites]));
}

/** The policies of the catalog in force, read again only where its documents have changed. */
export class PolicyReader {
  readonly #git: KeptRepository;
  readonly #byNamespace = new Map<string, { readonly folder: ObjectId; readonly policies: OwnerPolicies }>();

  constructor(git: KeptRepository) {
    this.#git = git;
  }

  /** The same object for the same documents. `stateTree` undefined: there is no state yet. */
  async read(stateTree: ObjectId | undefined, namespace: string): Promise<OwnerPolicies> {
    const entry = stateTree === undefined ? undefined : await this.#git.findEntry(stateTree, catalogFolder);
    if (entry === undefined) return noPolicies;
    const known = this.#byNamespace.get(namespace);
    if (known?.folder === entry.id) return known.policies;
    const read = await readOwnerPolicies(this.#git, entry.id, namespace);
    const policies = read.size === 0 ? noPolicies : read;
    this.#byNamespace.set(namespace, { folder: entry.id, policies });
    return policies;
  }
}

/** `namespace` is the cluster's: Profiles of other namespaces concern other clusters. */
async function readOwnerPolicies(
  git: KeptRepository,
  catalogTree: ObjectId,
  namespace: string,
): Promise<OwnerPolicies> {
  const policies = new Map<string, OwnerPolicy>();
  for (const group of ["lib.projectsveltos.io", "config.projectsveltos.io"]) {
    const folder = await git.findEntry(catalogTree, encodePathPart(group));
    if (folder === undefined) continue;
    const isMeant = (path: string) => {
      const [kind = "", scope] = path.split("/");
      return ownerKinds[kind] !== undefined && (kind !== "profile" || scope === encodePathPart(namespace));
    };
    for await (const text of readKeptTexts(git, folder.id, isMeant)) addPolicy(policies, text);
  }
  return policies;
}

function addPolicy(policies: Map<string, OwnerPolicy>, text: string): void {
  // Most documents want nothing special, and need not be parsed for that.
  if (!/ContinuousWithDriftDetection|driftExclusions|dependsOn/.test(text)) return;
  const document = parseKeptText(text);
  const kind = ownerKinds[(textAt(document, "kind") ?? "").toLowerCase()];
  const name = textAt(document, "metadata", "name");
  if (kind === undefined || name === undefined) return;
  const namespace = kind === "Profile" ? (textAt(document, "metadata", "namespace") ?? "") : "";
  // A Profile depends on Profiles beside it, everybody else on ClusterProfiles.
  const prerequisites = listAt(document, "spec", "dependsOn").flatMap((one) =>
    typeof one === "string"
      ? [{ kind: kind === "Profile" ? kind : "ClusterProfile", namespace, name: one } as const]
      : [],
  );
  policies.set(policyKey({ kind, namespace, name }), {
    correctsDrift: textAt(document, "spec", "syncMode") === "ContinuousWithDriftDetection",
    exclusions: listAt(document, "spec", "driftExclusions").flatMap(readExclusion),
    dependsOn: prerequisites.map(policyKey),
    label: ownerLabelValue(ownerKey({ kind, namespace, name })),
    labelsOfPrerequisites: prerequisites.map((owner) => ownerLabelValue(ownerKey(owner))),
  });
}

function policyKey({ kind, name }: Owner): string {
  return `${kind}/${encodePathPart(name)}`;
}

const patternFields = ["group", "version", "kind", "namespace", "name"] as const;
const selectorFields = { labelSelector: "labels", annotationSelector: "annotations" } as const;

/** None where its selectors can't be read: it must not leave out more than it means. */
function readExclusion(written: Json): DriftExclusion[] {
  const paths = listAt(written, "paths").filter((path) => typeof path === "string");
  const target: Record<string, TextPattern | LabelSelector> = {};
  for (const field of patternFields) {
    const pattern = textAt(written, "target", field) ?? "";
    if (pattern !== "") target[field] = { matches: (text) => matchesWhole(pattern, text) };
  }
  for (const [field, name] of Object.entries(selectorFields)) {
    const text = textAt(written, "target", field) ?? "";
    if (text === "") continue;
    const selector = parseSelector(text);
    if (selector === undefined) return [];
    target[name] = selector;
  }
  return [{ paths, target }];
}

/** Patterns are kustomize's, of people who write the catalog; one that is none stands for itself. */
function matchesWhole(pattern: string, value: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`).test(value);
  } catch {
    return pattern === value;
  }
}
