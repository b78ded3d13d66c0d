/** How a commit on a review branch is known to be Sluice's, and what it proposes: by a line of its message. */
import { createHash } from "node:crypto";
import type { FileDifference } from "../model/review.ts";

/** Forty hex digits that stand for a proposal: equal as long as neither it nor what it changes has changed. */
export function fingerprintProposal(proposal: readonly FileDifference[]): string {
  return hash(proposal.map(({ path, have, want }) => [path, have ?? null, want ?? null]));
}

export interface ProjectionCommit {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
}

const trailer = /^Sluice-Projection: ([0-9a-f]{40}) ([0-9a-f]{40})$/m;

export function writeProjectionTrailer(
  fingerprint: string,
  { tree, parents }: Omit<ProjectionCommit, "message">,
): string {
  return `Sluice-Projection: ${fingerprint} ${seal(fingerprint, tree, parents)}`;
}

/**
 * The fingerprint of the proposal that the commit holds; undefined for a commit that somebody else made. A commit of
 * ours with other contents or another parent is somebody else's. This tells accidents, not attackers: whoever may push
 * to the branch may forge it.
 */
export function readProjection({ tree, parents, message }: ProjectionCommit): string | undefined {
  const [, fingerprint = "", found] = trailer.exec(message) ?? [];
  return found === seal(fingerprint, tree, parents) ? fingerprint : undefined;
}

function seal(fingerprint: string, tree: string, parents: readonly string[]): string {
  return hash([fingerprint, tree, ...parents]);
}

function hash(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 40);
}
