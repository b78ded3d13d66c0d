/**
 * Takes hand-overs on: looks at the hub, beside everything else, whether a step was seen, and does the next one between
 * two pushes. Where the hub can't be looked at, or does not come to it, a person says so.
 */
import { readApplication } from "../../delivery/argocd/read-application.ts";
import { readKustomization } from "../../delivery/flux/read-kustomization.ts";
import { readRelease } from "../../delivery/flux/read-release.ts";
import {
  describeChange,
  endsCharts,
  type HandOver,
  type HandOverStep,
  stepsOf,
} from "../../delivery/hand-over/hand-over.ts";
import { hubKey } from "../../delivery/hand-over/let-go.ts";
import { findLeaving, findUnseen, type HasLeaving, type HubUnit } from "../../delivery/hand-over/seen.ts";
import { dispositionOf } from "../../model/disposition.ts";
import type { HeldChange } from "../../model/mass-change.ts";
import { triggerOwner } from "../../model/owner.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import { leavingChartsFolder, leavingFolder } from "../../plan/paths.ts";
import type { GitRepository } from "../../ports/git.ts";
import type { Clock, Log } from "../../ports/system.ts";
import { sayId } from "../keeper/handing-over.ts";
import { listFolder, readFolder } from "../read-folder.ts";
import { readApplied } from "./applied-commits.ts";
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

type FindUnseen = (handOver: HandOver, hasLeaving: HasLeaving) => readonly string[];

const shownMax = 5;

const stepTexts: Readonly<Record<HandOverStep, string>> = {
  release: "who has the objects is told to let go",
  clear: "what the hub has of charts goes from it, and stays in the clusters",
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
      const looked = this.#all.filter(({ step }) => step !== "adopt");
      if (looked.length === 0) return;
      const hub = await this.#readHub(openHub, looked);
      const findUnseen = await this.#readState(looked, hub);
      for (const handOver of looked) {
        if (this.#find(handOver, findUnseen, await this.#readLeaving()).length > 0) continue;
        await change(async () => {
          // A person may have said it meanwhile.
          const now = this.#all.find(({ id }) => id === handOver.id);
          if (now?.step !== handOver.step || now.commits !== handOver.commits) return;
          // What was deleted since the look goes with the end too.
          if (this.#find(now, findUnseen, await this.#readLeaving()).length === 0) await this.#advance(now);
        });
      }
      this.#problem = undefined;
    } catch (error) {
      if (!(error instanceof SluiceError) || dispositionOf(error, "run") === "crash") throw error;
      if (this.#problem?.message !== error.problem.message) log.problem(error.problem);
      this.#problem = error.problem;
    }
  }

  #find(handOver: HandOver, findUnseen: FindUnseen, hasLeaving: HasLeaving): readonly string[] {
    const unseen = findUnseen(handOver, hasLeaving);
    this.#unseen.set(handOver.id, unseen);
    return unseen;
  }

  /** What was deleted meanwhile, by the state as it is now. */
  async #readLeaving(): Promise<HasLeaving> {
    const { git, inForce } = this.#parts;
    const { stateTree } = inForce().branches;
    const charts: (readonly [string, string])[] = [];
    for await (const chart of readFolder(git, stateTree, leavingChartsFolder)) charts.push(chart);
    return findLeaving(await listFolder(git, stateTree, leavingFolder), charts);
  }

  async #readHub(
    openHub: NonNullable<InForce["openHub"]>,
    handOvers: readonly HandOver[],
  ): Promise<ReadonlyMap<string, HubUnit>> {
    const { options } = this.#parts.inForce();
    const hub = new Map<string, HubUnit>();
    const reader = openHub();
    try {
      // What is lent the hub may be allowed to read nothing but units, where nobody asks for more.
      const withCharts = handOvers.some(({ change }) => endsCharts(change));
      for (const [group, name, read] of withCharts ? [...unitKinds, releaseKind] : unitKinds) {
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

  /** What of a hand-over's step is not to be seen, by the hub as it was read and the state as it is now. */
  async #readState(handOvers: readonly HandOver[], hub: ReadonlyMap<string, HubUnit>): Promise<FindUnseen> {
    const { git, inForce } = this.#parts;
    const { keeper, branches } = inForce();
    if (branches.hasUnpushed || branches.isTargetBehind) return () => ["the step is not on the target yet"];
    const present = await keeper.handingOver.present(handOvers.map(({ change }) => change));
    const { target, outputPath } = branches.names;
    const { catalog, checkpoint } = keeper;
    const scope = { git, target, targetTree: branches.targetTree, outputPath, catalog, stateId: checkpoint.stateId };
    const hasApplied = await readApplied(scope, hub.values(), Math.max(...handOvers.map(({ commits }) => commits)));
    return (handOver, hasLeaving) =>
      findUnseen(handOver, { present, hub, isApplied: (unit) => hasApplied(unit, handOver.commits), hasLeaving });
  }
}

const unitKinds = [
  ["kustomize.toolkit.fluxcd.io", "Kustomization", readKustomization],
  ["argoproj.io", "Application", readApplication],
] as const;
const releaseKind = ["helm.toolkit.fluxcd.io", "HelmRelease", readRelease] as const;
