/**
 * Takes hand-overs on: looks at the hub, beside everything else, whether a step was seen, and does the next one between
 * two pushes. Where the hub can't be looked at, or does not come to it, a person says so.
 */
import { readApplication } from "../../delivery/argocd/read-application.ts";
import { readKustomization } from "../../delivery/flux/read-kustomization.ts";
import { describeChange, type HandOver, type HandOverStep, stepsOf } from "../../delivery/hand-over/hand-over.ts";
import { hubKey } from "../../delivery/hand-over/let-go.ts";
import { findUnseen, type HubUnit } from "../../delivery/hand-over/seen.ts";
import { findUnits } from "../../delivery/unit.ts";
import type { Catalog } from "../../model/catalog.ts";
import { dispositionOf } from "../../model/disposition.ts";
import type { HeldChange } from "../../model/mass-change.ts";
import { triggerOwner } from "../../model/owner.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import { leavingFolder } from "../../plan/paths.ts";
import { readStateTrailers } from "../../plan/state-mark.ts";
import type { GitRepository } from "../../ports/git.ts";
import type { Clock, Log } from "../../ports/system.ts";
import { sayId } from "../keeper/handing-over.ts";
import { listFolder } from "../read-folder.ts";
import type { InForce } from "./in-force.ts";

/** A hand-over as people are told of it. Survives JSON. */
export interface ShownHandOver {
  /** By which it is said that what it waits for was seen. */
  readonly id: string;
  readonly what: string;
  /** What is done. */
  readonly step: string;
  /** As in `2 of 3`. */
  readonly steps: string;
  /** The first of what was not seen yet; none where nobody looks. */
  readonly unseen: readonly string[];
  readonly unseenCount: number;
  /** Whether the hub is looked at. */
  readonly sees: boolean;
  /** What keeps it from being looked at. */
  readonly problem?: Problem;
}

export interface HandOversParts {
  readonly git: GitRepository;
  readonly clock: Clock;
  readonly log: Log;
  readonly inForce: () => InForce;
  /** Has something changed between two pushes, and pushed. */
  readonly change: (work: () => Promise<void>) => Promise<void>;
  /** Changes that wait for a person. */
  readonly held: () => readonly HeldChange[];
  /** A step was done: what stands where may be another thing now. */
  readonly onStep: () => Promise<void>;
}

const shownMax = 5;
/** So many commits of the target are looked through for the one that a unit has applied. */
const historyMax = 500;

const stepTexts: Readonly<Record<HandOverStep, string>> = {
  release: "who has the objects is told to let go",
  adopt: "the records go from the one to the other",
  move: "the objects are where they are to be",
  leave: "the former folder is cleared",
  close: "who had the objects goes",
};

export class HandOvers {
  readonly #parts: HandOversParts;
  #hasten: () => void = () => undefined;
  /** What the last look found, by the hand-over. */
  readonly #unseen = new Map<string, readonly string[]>();
  #problem: Problem | undefined;

  constructor(parts: HandOversParts) {
    this.#parts = parts;
  }

  /** Looks at once. */
  hint(): void {
    this.#hasten();
  }

  get #all(): readonly HandOver[] {
    return this.#parts.inForce().keeper.handingOver.all;
  }

  /** By which something can be said, or begun. */
  get ids(): readonly string[] {
    const { heldDeliveryId } = this.#parts.inForce().keeper;
    // Nobody can say that records have gone over.
    const said = this.#all.filter(({ step }) => step !== "adopt").map(sayId);
    return [...said, ...(heldDeliveryId === undefined ? [] : [heldDeliveryId])];
  }

  get shown(): readonly ShownHandOver[] {
    const sees = this.#parts.inForce().openHub !== undefined;
    return this.#all.map((handOver) => {
      const { id, change, step } = handOver;
      const unseen = this.#unseen.get(id) ?? [];
      const steps = stepsOf(change);
      return {
        id: sayId(handOver),
        what: describeChange(change),
        step: stepTexts[step],
        steps: `${steps.indexOf(step) + 1} of ${steps.length}`,
        unseen: unseen.slice(0, shownMax),
        unseenCount: unseen.length,
        sees,
        ...(this.#problem === undefined ? {} : { problem: this.#problem }),
      };
    });
  }

  /** Looks until the signal aborts. Throws what the service can't go on with. */
  async run(stopped: AbortSignal): Promise<void> {
    const { clock, inForce } = this.#parts;
    while (!stopped.aborted) {
      const waiting = new AbortController();
      this.#hasten = () => waiting.abort();
      await clock.sleep(inForce().options.lookMs, AbortSignal.any([waiting.signal, stopped]));
      const isReviewed = inForce().branches.names.isReviewed === true;
      if (!stopped.aborted && !isReviewed && this.#all.length > 0) await this.#look();
    }
  }

  /** A person begins one, or says that what it waits for was seen. Undefined: the id is none of theirs. To be called between two pushes. */
  async approve(id: string): Promise<string | undefined> {
    const { keeper } = this.#parts.inForce();
    const said = this.#all.find((handOver) => sayId(handOver) === id);
    if (said === undefined) {
      const rename = this.#parts.held().find((change) => change.id === id)?.handOver;
      if (typeof rename === "object") {
        const [from, to] = [triggerOwner(rename.from), triggerOwner(rename.to)];
        await keeper.handingOver.begin(id, { kind: "rename", from, to });
      } else if (!(await keeper.beginDelivery(id))) return undefined;
      await this.#parts.onStep();
      this.hint();
      return `the hand-over has begun: ${stepTexts.release}. See sluice status`;
    }
    const unseen = this.#unseen.get(said.id) ?? [];
    await this.#advance(said);
    const told = unseen.length === 0 ? "" : `, though this was not seen: ${unseen.slice(0, shownMax).join("; ")}`;
    const now = this.#all.find((one) => one.id === said.id);
    return `${now === undefined ? "the hand-over is done" : stepTexts[now.step]}${told}`;
  }

  async #advance(handOver: HandOver): Promise<void> {
    const { inForce, log, onStep } = this.#parts;
    const step = await inForce().keeper.handingOver.advance(handOver.id);
    this.#unseen.delete(handOver.id);
    await onStep();
    const what = describeChange(handOver.change);
    if (step === undefined) log.info("hand-over done", { id: handOver.id, what });
    else log.info("hand-over", { id: handOver.id, what, step: stepTexts[step] });
    this.hint();
  }

  async #look(): Promise<void> {
    const { change, inForce, log } = this.#parts;
    const { openHub, keeper } = inForce();
    for (const handOver of this.#all.filter((one) => one.step === "adopt" && keeper.handingOver.isAdopted(one))) {
      await change(() => this.#advance(handOver));
    }
    if (openHub === undefined) return;
    try {
      const hub = await this.#readHub(openHub);
      for (const handOver of this.#all.filter(({ step }) => step !== "adopt")) {
        const unseen = await this.#findUnseen(handOver, hub);
        this.#unseen.set(handOver.id, unseen);
        if (unseen.length > 0) continue;
        await change(async () => {
          // A person may have said it meanwhile.
          const now = this.#all.find(({ id }) => id === handOver.id);
          if (now?.step === handOver.step && now.commits === handOver.commits) await this.#advance(now);
        });
      }
      this.#problem = undefined;
    } catch (error) {
      if (!(error instanceof SluiceError) || dispositionOf(error, "run") === "crash") throw error;
      if (this.#problem?.message !== error.problem.message) log.problem(error.problem);
      this.#problem = error.problem;
    }
  }

  async #readHub(openHub: NonNullable<InForce["openHub"]>): Promise<ReadonlyMap<string, HubUnit>> {
    const { options } = this.#parts.inForce();
    const hub = new Map<string, HubUnit>();
    const reader = openHub();
    try {
      for (const [group, name, read] of kinds) {
        const kind = await reader.findKind(group, name);
        if (kind === undefined) continue;
        const labelSelector = `sluice.dev/instance=${options.render.instance}`;
        for await (const object of reader.listObjects(kind, { labelSelector })) {
          const unit = read(object);
          hub.set(hubKey(unit), unit);
        }
      }
    } finally {
      reader.close();
    }
    return hub;
  }

  async #findUnseen(handOver: HandOver, hub: ReadonlyMap<string, HubUnit>): Promise<readonly string[]> {
    const { git, inForce } = this.#parts;
    const { keeper, branches } = inForce();
    if (branches.hasUnpushed || branches.isTargetBehind) return ["the step is not on the target yet"];
    const present = await keeper.handingOver.present();
    const leaving = await listFolder(git, branches.stateTree, leavingFolder);
    const clusters = new Set(leaving.map((path) => path.split("/").slice(1, 3).join("/")));
    const applied = await this.#appliedSince(handOver, hub);
    return findUnseen(handOver, {
      present,
      hub,
      isApplied: applied,
      hasLeaving: (path) => clusters.has(path.split("/").slice(2, 4).join("/")),
    });
  }

  /** Whether a commit of the target has what the step made: by the trailers of Sluice's commits, or because the folder is the same. */
  async #appliedSince({ commits }: HandOver, hub: ReadonlyMap<string, HubUnit>): Promise<(unit: HubUnit) => boolean> {
    const { git, inForce } = this.#parts;
    const { branches, keeper } = inForce();
    const { stateId } = keeper.checkpoint;
    const history = await git.readHistory(branches.names.target, historyMax);
    const applied = new Set<string>();
    const trees = new Map<string, string>();
    // Newest first: people's commits have what the next one of Sluice's below them has.
    let above: string[] = [];
    for (const { id, tree, message } of history) {
      trees.set(id, tree);
      above.push(id);
      const ours = readStateTrailers(message).filter((trailer) => trailer.stateId === stateId);
      if (ours.length === 0) continue;
      if (Math.max(...ours.map((trailer) => trailer.commits)) < commits) break;
      for (const one of above) applied.add(one);
      above = [];
    }
    const same = new Set<string>();
    const head = branches.targetTree;
    const folderOf = foldersOf(keeper.catalog, branches.names.outputPath);
    for (const unit of hub.values()) {
      const { commit } = unit;
      const folder = folderOf(unit);
      const tree = commit === undefined ? undefined : trees.get(commit);
      if (tree === undefined || head === undefined || folder === undefined || applied.has(commit!)) continue;
      const [then, now] = [await git.findEntry(tree, folder), await git.findEntry(head, folder)];
      if (then !== undefined && then.id === now?.id) same.add(`${commit} ${folder}`);
    }
    return (unit) =>
      unit.commit !== undefined && (applied.has(unit.commit) || same.has(`${unit.commit} ${folderOf(unit)}`));
  }
}

/** The folder of a unit on the target: of one that is taken from an artifact the hub does not say it. */
function foldersOf(catalog: Catalog, outputPath: string): (unit: HubUnit) => string | undefined {
  const { delivery } = catalog;
  const folders = new Map<string, string>();
  if (delivery?.kind === "flux" && delivery.artifacts) {
    const unitsOf = findUnits(catalog, delivery);
    for (const cluster of catalog.clusters.values()) {
      for (const unit of unitsOf(cluster)) folders.set(unit.objectName, `${outputPath}/${unit.folder}`);
    }
  }
  return ({ folder, name }) => folder ?? folders.get(name);
}

const kinds = [
  ["kustomize.toolkit.fluxcd.io", "Kustomization", readKustomization],
  ["argoproj.io", "Application", readApplication],
] as const;
