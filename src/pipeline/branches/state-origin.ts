/**
 * A state remembers the repository that it is of. Met in another one it is held until a person says what happened: the
 * repository was moved, and everything goes on; or it was copied, for a rehearsal say, and the copy becomes a state of its
 * own, which takes none of the original's consumers.
 */
import type { Checkpoint } from "../../model/change-set.ts";
import { SluiceError } from "../../model/problem.ts";

export type OriginClaim = "moved" | "copied";

export class StateOrigin {
  /** As it is called however it is reached; undefined: nobody is to be told from anybody. */
  readonly #repository: string | undefined;
  #remembered: string | undefined;
  #claim: OriginClaim | undefined;

  constructor(repository: string | undefined) {
    this.#repository = repository;
  }

  /** A person says what became of the repository. Throws a SluiceError (USAGE) where the state is not held for that. */
  claim(claim: OriginClaim): string {
    if (this.#remembered === undefined) {
      const message = "the state is of this very repository: nothing is held";
      throw new SluiceError({ code: "USAGE", message });
    }
    this.#claim = claim;
    return claim === "moved"
      ? `the state moves from ${this.#remembered} to ${this.#repository}`
      : `the state of ${this.#repository} is a copy, and gets an id of its own`;
  }

  /** The checkpoint as it is to be gone on from. Throws a SluiceError (CHANGE_HELD) where a person has to be asked first. */
  judge(checkpoint: Checkpoint, newId: () => string): Checkpoint {
    const here = this.#repository;
    const { repository } = checkpoint;
    if (here === undefined || repository === here) return checkpoint;
    if (repository === "" || this.#claim === "moved") return { ...checkpoint, repository: here };
    // Without a catalog in force everything that bears the id is made anew.
    if (this.#claim === "copied") return { ...checkpoint, repository: here, stateId: newId(), catalog: "" };
    this.#remembered = repository;
    throw new SluiceError({
      code: "CHANGE_HELD",
      message: `the state is of ${repository}, and this is ${here}: was the repository moved, or is this a copy?`,
      hint: "Nothing is read or pushed until then. Moved: `sluice repair --moved`. A copy beside the original: `sluice repair --copied`.",
    });
  }
}
