/** What the two branches are held by. */
import type { ChangeSet } from "../../model/change-set.ts";
import type { GitRepository } from "../../ports/git.ts";
import type { Chance, Clock, Log } from "../../ports/system.ts";
import type { Absences } from "./absences.ts";
import type { StateChain } from "./state-chain.ts";
import type { TargetBranch } from "./target-branch.ts";

export interface BranchNames {
  readonly target: string;
  readonly state: string;
  /** Folder of the target that the desired tree is projected into. */
  readonly outputPath: string;
  /** Folder of the target for what a hub applies; absent: none. */
  readonly deliveryPath?: string;
  /** The folder that it had before, as long as it is handed over. */
  readonly formerDeliveryPath?: string;
  /** Releases of charts stand among the manifests: whoever applies these has helm install them. */
  readonly hasReleases?: boolean;
  /** What goes to the target goes by review: it is only looked at here. */
  readonly isReviewed?: boolean;
  /** What the repository is called however it is reached; absent: a state of another one is taken for its own. */
  readonly repository?: string;
  /** Settings' `name`: files of another Sluice are left alone. */
  readonly instance?: string;
}

export interface Ports {
  readonly git: GitRepository;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
}

/** Builds the message of a target commit from what its batch did. */
export type WriteMessage = (changeSet: ChangeSet) => string;

/** Both branches as they are held, for whatever writes them. */
export interface BranchParts {
  readonly names: BranchNames;
  readonly ports: Ports;
  readonly writeMessage: WriteMessage;
  readonly chain: StateChain;
  readonly target: TargetBranch;
  readonly absences: Absences;
}
