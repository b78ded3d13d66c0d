/**
 * A release as the cluster keeps it: helm's own Secrets, one for each revision, told by their labels alone. Labels say too
 * whose a release is, and of which file it was made; helm copies them from revision to revision.
 */
import { leftAnnotations, leftKey } from "../../plan/left-mark.ts";
import type { FieldManager, LiveMetadata, ResourceKind } from "../../ports/cluster.ts";
import { ownerLabel } from "../../render/manifests/provenance.ts";
import { partOfLabel } from "../apply-set.ts";
import { adoptAnnotation } from "../decide.ts";
import { blobAnnotation } from "../pass-plan.ts";

/** Releases as objects of the group that charts' files are of. */
export const releaseKind: ResourceKind = {
  group: "sluice.dev",
  version: "v1alpha1",
  kind: "HelmChart",
  plural: "helmcharts",
  isNamespaced: true,
};

export const secretKind: ResourceKind = {
  group: "",
  version: "v1",
  kind: "Secret",
  plural: "secrets",
  isNamespaced: true,
};

/** On a release: `set`: whose it is. `uninstall`: how it goes. `left`: it stays when its file goes. */
export const releaseLabels = {
  set: "sluice.dev/part-of",
  blob: "sluice.dev/blob",
  owner: ownerLabel,
  left: leftKey,
  uninstall: "sluice.dev/uninstall",
} as const;

export const releaseSelector = "owner=helm";

/** As helm has it, in the label `status`. */
export type ReleaseStatus =
  | "deployed"
  | "failed"
  | "superseded"
  | "uninstalled"
  | "uninstalling"
  | "pending-install"
  | "pending-upgrade"
  | "pending-rollback";

/** The newest revision of a release. */
export interface Release {
  readonly namespace: string;
  readonly name: string;
  readonly revision: number;
  readonly status: ReleaseStatus;
  /** Seconds since 1970, by the clock of who ran helm; 0: not known. */
  readonly changedAt: number;
  readonly secret: LiveMetadata;
}

/** Of revisions of any releases: the newest of each. */
export function readReleases(secrets: Iterable<LiveMetadata>): readonly Release[] {
  const newest = new Map<string, Release>();
  for (const secret of secrets) {
    const { namespace, labels } = secret;
    const name = labels.get("name");
    const revision = Number(labels.get("version"));
    if (labels.get("owner") !== "helm" || name === undefined || !Number.isInteger(revision)) continue;
    const known = newest.get(`${namespace}/${name}`);
    if (known !== undefined && known.revision > revision) continue;
    const status = (labels.get("status") ?? "failed") as ReleaseStatus;
    const changedAt = Number(labels.get("modifiedAt") ?? labels.get("createdAt") ?? 0);
    newest.set(`${namespace}/${name}`, { namespace, name, revision, status, changedAt, secret });
  }
  // One that is uninstalled with its history kept is not there.
  return [...newest.values()].filter(({ status }) => status !== "uninstalled");
}

/** Helm is at work on it, or was when it was ended. */
export function isUnfinished({ status }: Release): boolean {
  return status.startsWith("pending-") || status === "uninstalling";
}

/**
 * The release as an object among the others. It has the mark of its file only where all of it went well, so that what
 * went wrong is applied again.
 */
export function describeRelease(release: Release, manager: string): LiveMetadata {
  const { namespace, name, status, secret } = release;
  const set = secret.labels.get(releaseLabels.set);
  const blob = secret.labels.get(releaseLabels.blob);
  const owner = secret.labels.get(releaseLabels.owner);
  const annotations = new Map([
    ...secret.annotations,
    ...entries({ [adoptAnnotation]: secret.labels.get(adoptAnnotation) }),
  ]);
  if (status === "deployed" && blob !== undefined) annotations.set(blobAnnotation, blob);
  if (secret.labels.get(releaseLabels.left) === "true") {
    for (const [key, value] of Object.entries(leftAnnotations.flux)) annotations.set(key, value);
  }
  const own: FieldManager[] = set === undefined ? [] : [ownFields(manager, release)];
  return {
    namespace,
    name,
    uid: secret.uid,
    resourceVersion: secret.resourceVersion,
    labels: new Map(entries({ [partOfLabel]: set, [releaseLabels.owner]: owner })),
    annotations,
    managers: [...own, ...secret.managers],
    // Where that was cut short it is begun again.
    isTerminating: false,
  };
}

function ownFields(name: string, { changedAt }: Release): FieldManager {
  const time = changedAt === 0 ? "" : new Date(changedAt * 1000).toISOString();
  return { name, operation: "Apply", subresource: "", time, fields: `{"f:${partOfLabel}":{}}` };
}

function entries(texts: Readonly<Record<string, string | undefined>>): [string, string][] {
  return Object.entries(texts).filter((entry): entry is [string, string] => entry[1] !== undefined);
}
