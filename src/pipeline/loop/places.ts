/**
 * Where manifests stand, while a service leads: holds the place that the settings want until it is approved, lets it take
 * over then, and follows what a hand-over moves.
 */
import type { HeldChange } from "../../model/mass-change.ts";
import { SluiceError } from "../../model/problem.ts";
import type { Log } from "../../ports/system.ts";
import type { BranchNames } from "../branches/branch-parts.ts";
import type { Branches } from "../branches/branches.ts";
import { namesInForce } from "../branches/names-in-force.ts";
import type { OutcomeTeller } from "../outcomes/outcome-teller.ts";
import { type Documents, heldProblem } from "./documents.ts";
import type { WaitingPlace } from "./held-place.ts";
import type { InForce } from "./in-force.ts";
import type { LeftBehind } from "./left-behind.ts";
import { openPlace } from "./prepare-settings.ts";
import type { Reviewing } from "./reviewing.ts";

export interface PlacesParts {
  readonly log: Log;
  readonly inForce: () => InForce;
  /** Everything goes by that from now on. */
  readonly takeOver: (next: InForce) => void;
  readonly documents: Documents;
  readonly leftBehind: LeftBehind;
  readonly reviewing: Reviewing;
  readonly teller: OutcomeTeller;
}

export class Places {
  readonly #parts: PlacesParts;
  /** Where the settings want manifests, and may not have them yet. */
  #held: WaitingPlace | undefined;

  constructor(parts: PlacesParts) {
    this.#parts = parts;
  }

  /** What waits for somebody to approve it. */
  get held(): readonly HeldChange[] {
    return this.#held === undefined ? [] : [this.#held.change];
  }

  /** Holds what the settings ask for, in place of what was held until now; undefined: they have it. */
  hold(held: WaitingPlace | undefined): void {
    const isNew = held !== undefined && held.change.id !== this.#held?.change.id;
    this.#held = held;
    if (isNew) this.#parts.log.problem(heldProblem([held.change]));
  }

  /** Lets the place that the settings want take over once it is approved. */
  async follow(): Promise<void> {
    const { log, inForce, takeOver, documents, leftBehind, reviewing, teller } = this.#parts;
    const held = this.#held;
    const { keeper: old, streams, outcomes: told } = inForce();
    if (held === undefined || !old.approvals.includes(held.change.id)) return;
    const { settings, names, change } = held;
    let branches: Branches;
    try {
      branches = await openPlace(inForce(), namesInForce(names, old.checkpoint.parts));
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      // Approved, and not to be had: it stays held, and is looked at again.
      if (held.obstacle !== error.message) log.problem(error.problem);
      this.#held = { ...held, obstacle: error.message };
      return;
    }
    const keeper = old.changeOver(settings.options, branches);
    await keeper.notePlace(change.id);
    await keeper.putInForce(old.loaded, { budget: 0, approved: [] });
    takeOver({ ...settings, streams, names, branches, keeper });
    this.hold(undefined);
    await teller.exchange(told);
    await leftBehind.look();
    await reviewing.exchange();
    documents.judgeAgain();
    log.info("manifests stand elsewhere from now on", { branch: names.target, path: names.outputPath });
  }

  /** What is delivered may stand elsewhere on the target since the last step of a hand-over. */
  async followNames(): Promise<void> {
    const { inForce, takeOver, documents, leftBehind } = this.#parts;
    const { branches: before, keeper: old, names, options } = inForce();
    documents.judgeAgain();
    documents.tellDelivery();
    const wanted = namesInForce(names, old.checkpoint.parts);
    if (isSameNames(wanted, before.names)) return;
    const branches = before.renamed(wanted);
    takeOver({ ...inForce(), branches, keeper: old.changeOver(options, branches) });
    await leftBehind.look();
  }
}

function isSameNames(one: BranchNames, other: BranchNames): boolean {
  const text = ({ outputPath, deliveryPath, formerDeliveryPath, hasReleases }: BranchNames) =>
    JSON.stringify([outputPath, deliveryPath, formerDeliveryPath, hasReleases]);
  return text(one) === text(other);
}
