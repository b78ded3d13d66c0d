/**
 * Documents: follows what people want, and puts it in force.
 *
 * Absence is never emptiness. A folder that is not there, or that has no document in it, changes nothing: what is in force
 * stays, and it is told. Only what can be read and says less counts as less.
 */
import type { Catalog } from "../../model/catalog.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { Log } from "../../ports/system.ts";
import type { Absences } from "./absences.ts";
import type { InForce, LeadingSettings } from "./in-force.ts";
import { nameSome } from "./name-some.ts";

/** A catalog that is wanted, and what its documents' version was. */
export interface WantedCatalog {
  readonly catalog: Catalog;
  readonly version: string | undefined;
  readonly problems: readonly Problem[];
  /** There is no document in it: it must not be put in force. */
  readonly absent?: Problem;
}

export interface DocumentsParts {
  readonly log: Log;
  readonly absences: Absences;
  readonly inForce: () => InForce;
}

export class Documents {
  readonly #parts: DocumentsParts;
  /** Of what is in force; undefined: not known. */
  #version: string | undefined;
  /** What the last look saw. */
  #seen: string | undefined;
  /** Of which the problems were told. */
  #told: string | undefined;

  constructor(parts: DocumentsParts) {
    this.#parts = parts;
  }

  /**
   * Looks once, and puts in force what is wanted. True where something was seen that counts only when the next look sees
   * it as well. Throws a SluiceError where something can't be read now; what was in force is then, as ever. At a start
   * what is in force is told with `ready`.
   */
  async follow(isStart = false): Promise<boolean> {
    const { absences, inForce, log } = this.#parts;
    const { branches, config, keeper } = inForce();
    // Told as what it is: the branch is not there, and nobody can know what is in its folder.
    if (branches.isTargetMissing && config.isOutside !== true) return false;
    try {
      const version = await config.version(branches.targetTree);
      if (version !== undefined && version === this.#version) {
        this.#seen = version;
        absences.clear("documents");
        return false;
      }
      if (config.isOutside === true && version !== this.#seen && keeper.catalog.documents.size > 0) {
        this.#seen = version;
        return true;
      }
      this.#seen = version;
      const { catalog, problems, absent } = await readWanted(inForce(), branches.targetTree, keeper.loaded, version);
      // Files that changed while they were read are none that anybody wants.
      if (config.isOutside === true && (await config.version(branches.targetTree)) !== version) return true;
      if (version === undefined || version !== this.#told) for (const problem of problems) log.problem(problem);
      this.#told = version;
      if (absent !== undefined) throw new SluiceError(absent);
      await keeper.putInForce(catalog);
      this.adopt(version);
      if (!isStart) log.info("configuration in force", { ...describeCatalog(catalog), ...countProblems(problems) });
    } catch (error) {
      if (!(error instanceof SluiceError) || !absentCodes.has(error.problem.code)) throw error;
      absences.raise("documents", error.problem);
    }
    return false;
  }

  /** Documents of this version are in force now. */
  adopt(version: string | undefined): void {
    const { absences, inForce } = this.#parts;
    this.#version = version;
    this.#seen = version;
    absences.clear("documents");
    if (hasOwner(inForce().keeper.catalog)) absences.clear("owners");
  }
}

const absentCodes = new Set<Problem["code"]>(["CONFIG_MISSING", "CHANGE_HELD"]);

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
  if (catalog.documents.size > 0) return { catalog, version, problems };
  return { catalog, version, problems, absent: previous.documents.size > 0 ? emptied(previous) : empty };
}

/** Somebody who renders objects. */
export function hasOwner({ eventTriggers }: Catalog): boolean {
  return eventTriggers.size > 0;
}

/** For the log: which revision, and whom it has. */
export function describeCatalog({ revision, eventTriggers, clusters }: Catalog) {
  return {
    revision: revision.slice(0, 12),
    triggers: nameSome([...eventTriggers.keys()]),
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

function emptied({ documents, eventTriggers }: Catalog): Problem {
  const had = `${documents.size} documents, ${eventTriggers.size} EventTriggers among them`;
  return {
    code: "CHANGE_HELD",
    severity: "error",
    message: `the config folder has no document in it any more; it had ${had}`,
    hint: "What is in force stays. Is a volume not mounted, or the wrong folder named? Put the documents back.",
  };
}
