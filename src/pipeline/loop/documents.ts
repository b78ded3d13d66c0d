/**
 * Documents: follows what people want, and puts it in force.
 *
 * Absence is never emptiness. A folder that is not there, or that has no document in it, changes nothing: what is in force
 * stays, and it is told. Only what can be read and says less counts as less.
 */
import type { Catalog, ConfigFile } from "../../model/catalog.ts";
import { countOf } from "../../model/count-of.ts";
import type { HeldChange } from "../../model/mass-change.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { Clock, Log } from "../../ports/system.ts";
import { describeHeld, judgeChange, type Verdict } from "../mass-change/judge-change.ts";
import type { Absences } from "./absences.ts";
import type { InForce, LeadingSettings } from "./in-force.ts";
import { nameSome } from "./name-some.ts";

/** A catalog that is wanted, and what its documents' version was. */
export interface WantedCatalog {
  readonly catalog: Catalog;
  /** What was in force when it was read: behind another one it would take that back. */
  readonly previous: Catalog;
  /** What it was loaded from. */
  readonly files: readonly ConfigFile[];
  readonly version: string | undefined;
  readonly problems: readonly Problem[];
  /** There is no document in it: it must not be put in force by itself. */
  readonly absent?: Problem;
}

/** Files outside the repository count when they have been the same for so long. */
const settleMs = 2_000;

export interface DocumentsParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly absences: Absences;
  readonly inForce: () => InForce;
}

/** What a look came to: nothing new, something that the next look has to see as well, or a catalog that is wanted. */
export type Look = "nothing" | "again" | WantedCatalog;

export class Documents {
  readonly #parts: DocumentsParts;
  /** Of what was judged last; undefined: not known. */
  #version: string | undefined;
  /** What the last look saw, and since when looks have seen it, by the monotonic clock. */
  #seen: string | undefined;
  #seenSince: number | undefined;
  /** Of which the problems were told. */
  #told: string | undefined;
  #held: readonly HeldChange[] = [];
  /** What is being counted; undefined: nothing is. */
  #judging: string | undefined;

  constructor(parts: DocumentsParts) {
    this.#parts = parts;
  }

  /** Changes that are not in force until somebody approves them, or takes them back. */
  get held(): readonly HeldChange[] {
    return this.#held;
  }

  /** The next look judges what is wanted anew: something was approved. */
  judgeAgain(): void {
    this.#version = undefined;
    this.#seen = undefined;
  }

  /**
   * Looks once. Throws a SluiceError where something can't be read now; what was in force is then, as ever.
   */
  async look(): Promise<Look> {
    const { absences, inForce, log } = this.#parts;
    const { branches, config, keeper } = inForce();
    // Told as what it is: the branch is not there, and nobody can know what is in its folder.
    if (branches.isTargetMissing && config.isOutside !== true) return "nothing";
    // Which unit has what must not change twice: documents wait for the end of a hand-over.
    if (keeper.handingOver.isFreezing) return "nothing";
    try {
      const version = await config.version(branches.targetTree);
      if (version !== undefined && version === this.#judging) return "nothing";
      if (version !== undefined && version === this.#version) {
        this.#seen = version;
        this.#seenSince = undefined;
        if (this.#held.length === 0) absences.clear("documents");
        return "nothing";
      }
      if (config.isOutside === true && keeper.catalog.documents.size > 0 && !this.#hasSettled(version)) return "again";
      this.#seen = version;
      const wanted = await readWanted(inForce(), branches.targetTree, keeper.loaded, version);
      // Files that changed while they were read are none that anybody wants.
      if (config.isOutside === true && (await config.version(branches.targetTree)) !== version) return "again";
      if (version === undefined || version !== this.#told) for (const problem of wanted.problems) log.problem(problem);
      this.#told = version;
      if (wanted.absent !== undefined && keeper.loaded.documents.size === 0) throw new SluiceError(wanted.absent);
      return wanted;
    } catch (error) {
      if (!(error instanceof SluiceError) || error.problem.code !== "CONFIG_MISSING") throw error;
      absences.raise("documents", error.problem);
      return "nothing";
    }
  }

  /** Whether every look since a while ago has seen the same: files outside the repository change one by one. */
  #hasSettled(version: string | undefined): boolean {
    const now = this.#parts.clock.monotonic();
    if (version !== this.#seen || this.#seenSince === undefined) this.#seenSince = now;
    this.#seen = version;
    return now - this.#seenSince >= settleMs;
  }

  /**
   * Counts what the catalog would do, on the state as it is now. Reads, and changes nothing: it may run beside the loop.
   * What is beyond the limits is held, and told, as soon as that is known. Undefined: `isWanted`, asked now and then, said
   * no; what was held by then stays so until the next is judged.
   */
  async judge(wanted: WantedCatalog, isWanted: () => boolean): Promise<Verdict | undefined> {
    const { inForce: current } = this.#parts;
    const { keeper, loadCatalog } = current();
    const { loaded, catalog: inForce } = keeper;
    const scope = keeper.countScope;
    if (scope === undefined) return { catalog: wanted.catalog, budget: 0, held: [], approved: [] };
    const approvals = () => current().keeper.approvals;
    this.#judging = wanted.version;
    try {
      return await judgeChange({ ...scope, inForce, loaded, loadCatalog, approvals }, wanted, {
        isWanted,
        onHeld: (held) => this.#holdSoFar(held),
      });
    } finally {
      this.#judging = undefined;
    }
  }

  #holdSoFar(held: readonly HeldChange[]): void {
    // Taken back meanwhile it is another version, also where that is the one in force.
    this.#version = undefined;
    this.#held = held;
    this.#parts.absences.raise("documents", heldProblem(held));
  }

  /**
   * Puts in force what may be, between two batches, and tells what is held. At a start it is told with `ready`. False: other
   * settings took over meanwhile, and it was read with those of before: it has to be read again.
   */
  async putInForce(wanted: WantedCatalog, verdict: Verdict, isStart = false): Promise<boolean> {
    const { inForce, log } = this.#parts;
    const { keeper } = inForce();
    if (wanted.previous !== keeper.loaded) {
      this.judgeAgain();
      return false;
    }
    const { catalog, held, ...grant } = verdict;
    if (catalog !== undefined) {
      await keeper.putInForce(catalog, grant);
      this.adopt(wanted, held);
      const counts = { ...countProblems(wanted.problems), held: held.length === 0 ? undefined : held.length };
      if (!isStart) log.info("configuration in force", { ...describeCatalog(catalog), ...counts });
    } else this.adopt(wanted, held);
    // Approved when it had been judged already.
    if (held.some(({ id }) => keeper.approvals.includes(id))) this.judgeAgain();
    return true;
  }

  /** Documents of this version were judged: they are in force, but for those that are held. */
  adopt({ version, catalog }: Pick<WantedCatalog, "version" | "catalog">, held: readonly HeldChange[]): void {
    const { absences, inForce, log } = this.#parts;
    this.#version = version;
    this.#seen = version;
    this.#held = held;
    if (held.length === 0) absences.clear("documents");
    else absences.raise("documents", heldProblem(held));
    const { keeper } = inForce();
    if (held.length > 0 && JSON.stringify(catalog.guard) !== JSON.stringify(keeper.catalog.guard))
      log.warn("limits of guard that were raised do not count before what is held is approved or taken back");
    if (hasOwner(keeper.catalog)) absences.clear("owners");
    this.tellDelivery();
  }

  /** What of the wanted delivery is held, as it is now. */
  tellDelivery(): void {
    const { absences, inForce } = this.#parts;
    const { heldDelivery } = inForce().keeper;
    if (heldDelivery === undefined) absences.clear("delivery");
    else absences.raise("delivery", heldDelivery);
  }
}

/** The changes that are held, as one problem. */
export function heldProblem(held: readonly HeldChange[]): Problem {
  const ids = held.map(({ id }) => id).join(" ");
  return {
    code: "CHANGE_HELD",
    severity: "error",
    message: held.map(describeHeld).join("; "),
    hint: `What is in force stays. Take it back, or allow it with: sluice approve ${ids}`,
  };
}

/**
 * Reads what is wanted. Throws a SluiceError (CONFIG_MISSING) where the folder is not there. Where it has no document,
 * that is in the answer: CONFIG_MISSING at a first start, CHANGE_HELD where it had some.
 */
export async function readWanted(
  { config, loadCatalog }: Pick<LeadingSettings, "config" | "loadCatalog">,
  target: string | undefined,
  previous: Catalog,
  version: string | undefined,
): Promise<WantedCatalog> {
  const files = await config.read(target);
  if (version === undefined) throw new SluiceError(missing);
  const { value: catalog, problems } = loadCatalog(files, previous);
  const wanted = { catalog, previous, files, version, problems };
  if (catalog.documents.size > 0) return wanted;
  return { ...wanted, absent: previous.documents.size > 0 ? emptied(previous) : empty };
}

/** Somebody who renders objects. */
export function hasOwner({ eventTriggers, profiles }: Catalog): boolean {
  return eventTriggers.size + profiles.size > 0;
}

/** For the log: which revision, and whom it has. */
function describeCatalog({ revision, eventTriggers, profiles, clusters }: Catalog) {
  return {
    revision: revision.slice(0, 12),
    triggers: nameSome([...eventTriggers.keys()]),
    ...(profiles.size === 0 ? {} : { profiles: nameSome([...profiles.keys()]) }),
    clusters: nameSome([...clusters.keys()]),
  };
}

function countProblems(problems: readonly Problem[]): { readonly errors: number; readonly warnings: number } {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  return { errors, warnings: problems.length - errors };
}

const missing: Problem = {
  code: "CONFIG_MISSING",
  severity: "error",
  message: "the config folder is not there",
  hint: "What is in force stays. See config.path, a folder of the target branch, or config.directory.",
};

const empty: Problem = {
  code: "CONFIG_MISSING",
  severity: "error",
  message: "the config folder has no document in it",
  hint: "Put an EventTrigger, its EventSource and Clusters there; until then no event is taken.",
};

function emptied({ documents, eventTriggers, profiles }: Catalog): Problem {
  const had = `${countOf(documents.size, "document")}, ${countOf(eventTriggers.size, "EventTrigger")} and ${countOf(profiles.size, "profile")} among them`;
  return {
    code: "CHANGE_HELD",
    severity: "error",
    message: `the config folder has no document in it any more; it had ${had}`,
    hint: "What is in force stays. Is a volume not mounted, or the wrong folder named? Put the documents back.",
  };
}
