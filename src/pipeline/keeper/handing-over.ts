/** Hand-overs as the state keeps them: each step is one commit, with the hand-over's place in it. */
import { isOfCharts } from "../../delivery/charts/chart-paths.ts";
import { withDelivery, writeDeliveryInForce } from "../../delivery/delivery-in-force.ts";
import {
  describeChange,
  endsCharts,
  type HandOver,
  type HandOverChange,
  type HandOverStep,
  isExclusive,
  isFreezing,
  nextStep,
  readHandOvers,
  stepsOf,
  writeHandOvers,
} from "../../delivery/hand-over/hand-over.ts";
import { findStrays, type StepScope, writeStep } from "../../delivery/hand-over/step-files.ts";
import type { Catalog } from "../../model/catalog.ts";
import type { Checkpoint } from "../../model/change-set.ts";
import type { JsonObject } from "../../model/json.ts";
import { clustersWithFolders } from "../../model/local-object.ts";
import { isSameOwner } from "../../model/owner.ts";
import { SluiceError } from "../../model/problem.ts";
import { fileInputs, unitsOfFile } from "../../plan/hub-file.ts";
import { changeId } from "../../plan/mass-change/change-id.ts";
import {
  clusterDeliveryCharts,
  clusterFolder,
  deliveryChartsFolder,
  deliveryFilePath,
  deliveryFolder,
  desiredFolder,
  formerDeliveryFolder,
  layOutPath,
  leavingChartsFolder,
  leavingFolder,
  type OwnedPath,
  ownerFolderName,
  readOwnedPath,
} from "../../plan/paths.ts";
import type { PlanInput } from "../../plan/state-fold.ts";
import { moveTo } from "../../plan/target-place.ts";
import { retireCluster } from "../give-up.ts";
import { listFolder, readFolder } from "../read-folder.ts";
import { reshardTree } from "../reshard-tree.ts";
import { refuseHandOver } from "../review/paused-review.ts";
import type { StateCommits } from "./state-commits.ts";

export class HandingOver {
  readonly #commits: StateCommits;

  constructor(commits: StateCommits) {
    this.#commits = commits;
  }

  get all(): readonly HandOver[] {
    return readHandOvers(this.#commits.checkpoint.parts);
  }

  /** The one beside which there is no other; undefined: there is none. */
  get exclusive(): HandOver | undefined {
    return this.all.find(isExclusive);
  }

  /** Documents stay as they are: those that make a trigger take over another too, as soon as they are in force. */
  get isFreezing(): boolean {
    return this.all.some((one) => isFreezing(one) || this.#isAdopting(one));
  }

  #isAdopting({ change, step }: HandOver): boolean {
    if (change.kind !== "rename" || step !== "adopt") return false;
    const { eventTriggers } = this.#commits.catalog;
    return eventTriggers.has(change.to.name) && !eventTriggers.has(change.from.name);
  }

  /**
   * The renaming that waits for its documents while those that are put in force keep the former name: it was taken back,
   * or is held. What let go has to hold on again before anybody may begin anew.
   */
  findTakenBack({ eventTriggers }: Pick<Catalog, "eventTriggers">): HandOver | undefined {
    return this.all.find(
      ({ change, step }) => change.kind === "rename" && step === "adopt" && eventTriggers.has(change.from.name),
    );
  }

  /** The checkpoint's parts where this one is at its last step with the next commit: nothing moves, and what let go holds on. */
  takeBack(parts: JsonObject, { id, change }: HandOver): JsonObject {
    const others = readHandOvers(parts).filter((one) => one.id !== id);
    const { commits } = this.#commits.checkpoint;
    return writeHandOvers(parts, [...others, { id, change, step: "close", commits: commits + 1 }]);
  }

  /** Whether a trigger has taken over all that it is to. */
  isAdopted({ change }: HandOver): boolean {
    if (change.kind !== "rename") return true;
    const { catalog, checkpoint } = this.#commits;
    const { from, to } = change;
    const isTaking = checkpoint.pending.passes.some((pass) => pass.from !== undefined && isSameOwner(pass.from, from));
    return catalog.eventTriggers.has(to.name) && !catalog.eventTriggers.has(from.name) && !isTaking;
  }

  /** Files of the hub as the state has them, a unit by the path that it is spoken of by; where one of the changes ends what is made of charts, that too. */
  async present(changes: readonly HandOverChange[]): Promise<ReadonlyMap<string, string>> {
    const { tree, ports } = this.#commits;
    const ofCharts = changes
      .filter(endsCharts)
      .map((change) => (change.kind === "retire" ? clusterDeliveryCharts(change.cluster) : deliveryChartsFolder));
    const folders = [`${deliveryFolder}/hub`, `${formerDeliveryFolder}/hub`, ...new Set(ofCharts)];
    const present = new Map<string, string>();
    for (const folder of folders) {
      for await (const [path, text] of readFolder(ports.git, tree, folder))
        for (const [one, of] of unitsOfFile(path, text)) present.set(one, of);
    }
    return present;
  }

  /**
   * The first step. Throws a SluiceError (CHANGE_HELD) under review, where another hand-over is under way, or where the hub has units
   * that no document asks for any more: whose they would be then nobody could tell.
   */
  async begin(id: string, change: HandOverChange): Promise<void> {
    refuseHandOver(this.#commits.branches.names.isReviewed);
    const others = change.kind === "retire" ? this.all.filter(isExclusive) : this.all;
    const [other] = others;
    if (other !== undefined) {
      throw new SluiceError({
        code: "CHANGE_HELD",
        message: `${describeChange(other.change)}: that hand-over is under way, and one goes at a time`,
        hint: "See sluice status for what it waits for.",
      });
    }
    if (change.kind === "delivery") await this.#refuseStrays(change);
    await this.#do({ id, change, step: stepsOf(change)[0]! });
  }

  /** The next step, or the end behind the last. Undefined: it has ended; else the step that was done. */
  async advance(id: string): Promise<HandOverStep | undefined> {
    refuseHandOver(this.#commits.branches.names.isReviewed);
    const handOver = this.all.find((one) => one.id === id);
    if (handOver === undefined) return undefined;
    const next = nextStep(handOver);
    const isNothing = next === "clear" && !(await this.#hasCharts(handOver));
    const step = isNothing ? nextStep({ change: handOver.change, step: next }) : next;
    if (step === undefined) await this.#end(handOver);
    else await this.#do({ ...handOver, step });
    return step;
  }

  async #hasCharts({ change }: HandOver): Promise<boolean> {
    return [...(await this.present([change])).keys()].some(isOfCharts);
  }

  async #refuseStrays(change: Extract<HandOverChange, { kind: "delivery" }>): Promise<void> {
    const strays = findStrays(change.from, await this.#scope(change));
    if (strays.length === 0) return;
    throw new SluiceError({
      code: "CHANGE_HELD",
      message: `the hub has units that no document asks for any more: ${strays.slice(0, 5).join(", ")}${strays.length > 5 ? ` and ${strays.length - 5} more` : ""}`,
      hint: "What is left in them has to go first: sluice retire NS/NAME for a cluster, sluice forget --left for what LeavePolicies left.",
    });
  }

  async #scope(change: HandOverChange): Promise<StepScope> {
    const { catalog, output } = this.#commits;
    return { present: await this.present([change]), catalog, output };
  }

  async #do(handOver: Pick<HandOver, "id" | "change" | "step">): Promise<void> {
    const commits = this.#commits;
    const { ports } = commits;
    const { change, step } = handOver;
    const isMove = change.kind === "delivery" && step === "move";
    const scope = await this.#scope(change);
    const catalog = isMove ? withDelivery(scope.catalog, change.to.delivery) : scope.catalog;
    const inputs: PlanInput[] = [];
    const changed: { -readonly [Key in keyof Checkpoint]?: Checkpoint[Key] } = {};
    let { parts } = commits.checkpoint;
    let base = commits.tree;
    if (isMove) {
      const { outputPath, delivery } = change.to;
      parts = writeDeliveryInForce(parts, delivery);
      const { target: branch } = commits.branches.names;
      parts = moveTo(parts, { branch, path: outputPath }, commits.options.render.instance) ?? parts;
      const { inputs: planned } = await commits.planCatalog(catalog, new Map(), outputPath);
      inputs.push(...planned);
      const layout = { ...commits.checkpoint.layout, buckets: delivery?.buckets ?? 1 };
      if (layout.buckets !== commits.checkpoint.layout.buckets && base !== undefined) {
        inputs.push(...(await this.#moveLeaving((owned) => layOutPath(owned, layout))));
        base = await reshardTree(ports.git, base, layout, ports.clock.now());
        changed.layout = layout;
      }
    }
    if (change.kind === "rename" && step === "move") {
      const [was, is] = [change.from, change.to].map((owner) => ownerFolderName(owner, ""));
      const { layout } = commits.checkpoint;
      const place = (owned: OwnedPath) =>
        layOutPath(
          owned.kind === "EventTrigger" && owned.ownerFolder === was ? { ...owned, ownerFolder: is! } : owned,
          layout,
        );
      inputs.push(...(await this.#moveLeaving(place)));
    }
    inputs.push(...fileInputs(writeStep(handOver, { ...scope, catalog })));
    const number = commits.checkpoint.commits + 1;
    const all = [...this.all.filter(({ id }) => id !== handOver.id), { ...handOver, commits: number }];
    await commits.commit(inputs, { ...changed, parts: writeHandOvers(parts, all) }, { base });
    commits.use(catalog);
  }

  /** What was deleted meanwhile has its place in the new units too. */
  async #moveLeaving(place: (owned: OwnedPath) => string): Promise<readonly PlanInput[]> {
    const { tree, ports } = this.#commits;
    const inputs: PlanInput[] = [];
    for await (const [path, text] of readFolder(ports.git, tree, leavingFolder)) {
      const [root, namespace, name, ...rest] = path.split("/");
      const owned = readOwnedPath(rest.join("/"));
      if (owned === undefined) continue;
      const to = `${root}/${namespace}/${name}/${place(owned)}`;
      if (to === path) continue;
      inputs.push({ kind: "file", path, text: undefined }, { kind: "file", path: to, text });
    }
    return inputs;
  }

  /** What was deleted meanwhile goes now; of a cluster that is given up, everything. */
  async #end({ id, change }: HandOver): Promise<void> {
    const commits = this.#commits;
    const { ports } = commits;
    const rest = () => ({
      parts: writeHandOvers(
        commits.checkpoint.parts,
        this.all.filter((one) => one.id !== id),
      ),
    });
    if (change.kind !== "retire") {
      const paths: string[] = [];
      for (const folder of [leavingFolder, leavingChartsFolder])
        paths.push(...(await listFolder(ports.git, commits.tree, folder)));
      // It kept the folder that a root applies, so that the root took the last unit from the hub.
      if (change.kind === "delivery" && change.to.delivery === undefined) paths.push(deliveryFilePath);
      const gone = paths.map((path) => ({ kind: "file" as const, path, text: undefined }));
      await commits.commit([...gone, ...(await commits.sweepCharts())], rest());
      return;
    }
    const { cluster } = change;
    const isThere =
      commits.tree !== undefined && (await ports.git.findEntry(commits.tree, folderOf(cluster))) !== undefined;
    if (isThere && !clustersWithFolders(commits.catalog).has(cluster)) {
      const commit = async (inputs: readonly PlanInput[]) => void (await commits.commit(inputs, {}));
      await retireCluster({ git: ports.git, tree: commits.tree, catalog: commits.catalog, commit }, cluster);
    }
    await commits.commit([], rest());
  }
}

function folderOf(cluster: string): string {
  return `${desiredFolder}/${clusterFolder(cluster)}`;
}

/** By which id a person says that what a hand-over waits for was seen: another one for each step. */
export function sayId({ id, step }: Pick<HandOver, "id" | "step">): string {
  return changeId([{ key: "HandOver", before: id, after: step }]);
}

/** By which id a cluster is given up. */
export function retireId(cluster: string): string {
  return changeId([{ key: "HandOver//retire", before: cluster, after: undefined }]);
}
