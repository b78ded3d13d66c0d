/** What a repository is made of. */
import type { Log } from "../../ports/system.ts";
import type { Identity } from "./commit-bytes.ts";
import type { LocalStore } from "./local-store.ts";
import type { ObjectStoreLimits } from "./object-store.ts";
import type { CommitSigner } from "./sign-commit.ts";
import type { RequestObjects, Transport } from "./transport.ts";

export interface RepositoryParts {
  readonly local: LocalStore;
  readonly transport: Transport;
  /** Undefined: this way allows none. */
  readonly requestObjects?: RequestObjects;
  readonly author: Identity;
  readonly committer: Identity;
  readonly signer?: CommitSigner;
  readonly log: Log;
  /** Called when the repository is closed. */
  readonly onClose: () => void;
  readonly limits: ObjectStoreLimits & {
    /** The local store is fetched anew when it has grown by that much and doubled. */
    readonly storeGrowthBytesMax: number;
  };
}
