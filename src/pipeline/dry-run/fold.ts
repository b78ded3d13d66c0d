/**
 * The service's fold over its inputs, run in memory: a catalog coming into force, recorded entities rendered with it,
 * deliveries. The same planning as the service's, on an overlay instead of a branch.
 */
import type { Catalog } from "../../model/catalog.ts";
import type { Checkpoint } from "../../model/change-set.ts";
import type { Delivery } from "../../model/delivery.ts";
import type { Problem, SourcePlace } from "../../model/problem.ts";
import { parseOwner } from "../../plan/owner-file.ts";
import { catalogFolder, encodePathPart, objectPath, ownersFolder } from "../../plan/paths.ts";
import { planCatalogChange } from "../../plan/plan-catalog-change.ts";
import type { PlanInput } from "../../plan/plan-change-set.ts";
import type { RenderSettings } from "../../render/render-trigger.ts";
import { planBatch } from "../plan-batch.ts";
import { processDelivery } from "../process-delivery.ts";
import { readFolder } from "../read-folder.ts";
import { renderPendingChunk } from "../render-pending.ts";
import { rulesOf } from "../state-keeper.ts";
import { StateOverlay, type StateTree } from "./state-overlay.ts";

export interface FoldOptions {
  readonly records: "full" | "identity";
  readonly render: RenderSettings;
  /** Recorded entities beyond are not rendered. */
  readonly entitiesMax: number;
}

const chunkRecordsMax = 500;

export class Fold {
  readonly overlay: StateOverlay;
  /** By path, where the template stands that printed a manifest that changed here. */
  readonly places = new Map<string, SourcePlace>();
  #checkpoint: Checkpoint;
  #entities = 0;
  #isComplete = true;
  readonly #options: FoldOptions;

  constructor(below: StateTree | undefined, checkpoint: Checkpoint, options: FoldOptions) {
    this.overlay = new StateOverlay(below);
    this.#checkpoint = checkpoint;
    this.#options = options;
  }

  /** Another fold that goes on from here and leaves this one as it is. */
  branch(): Fold {
    return new Fold(this.overlay, this.#checkpoint, this.#options);
  }

  /** Recorded entities that were rendered or withdrawn here. */
  get entities(): number {
    return this.#entities;
  }

  /** False where there were more entities than the bound. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Puts the catalog in force and brings all that is concerned to it. */
  async putInForce(catalog: Catalog): Promise<void> {
    const { overlay } = this;
    const owners = [];
    for await (const [path, text] of readFolder(overlay, overlay.tree, ownersFolder))
      owners.push(parseOwner(text, path));
    const kept: string[] = [];
    for await (const path of overlay.listFiles(overlay.tree, catalogFolder)) kept.push(path);
    const { inputs, pending } = planCatalogChange(catalog, kept, owners, this.#checkpoint.pending);
    this.#checkpoint = { ...this.#checkpoint, catalog: catalog.revision, pending };
    await this.#plan(inputs, catalog);
    await this.renderPending(catalog);
  }

  /** Renders what the checkpoint says is still to be rendered. */
  async renderPending(catalog: Catalog): Promise<void> {
    await this.#renderPending(catalog, (inputs) => inputs);
  }

  /** Renders the entities of triggers in sync mode DryRun as if they were not. */
  async unfoldDryRuns(catalog: Catalog): Promise<void> {
    const triggers = [...catalog.eventTriggers.values()]
      .filter(({ syncMode }) => syncMode === "DryRun")
      .map(({ name }) => ({ trigger: name, after: "" }));
    this.#checkpoint = { ...this.#checkpoint, pending: { triggers, records: [] } };
    await this.#renderPending(catalog, (inputs) =>
      inputs.map((input) => (input.kind === "entity" ? { ...input, syncMode: "Continuous" } : input)),
    );
  }

  /** Folds deliveries in, in their order; returns what could not be decoded. */
  async receive(catalog: Catalog, deliveries: readonly Delivery[]): Promise<readonly Problem[]> {
    const undecoded: Problem[] = [];
    for (const delivery of deliveries) {
      const { inputs } = processDelivery(catalog, delivery, this.#options.render);
      for (const input of inputs) if (input.kind === "dead-letter") undecoded.push(input.letter.problem);
      await this.#plan(inputs, catalog);
    }
    return undecoded;
  }

  async #renderPending(
    catalog: Catalog,
    change: (inputs: readonly PlanInput[]) => readonly PlanInput[],
  ): Promise<void> {
    const { overlay } = this;
    const { render, entitiesMax } = this.#options;
    for (let left = entitiesMax; ; left -= chunkRecordsMax) {
      const { pending } = this.#checkpoint;
      if (pending.triggers.length === 0 && pending.records.length === 0) return;
      if (left <= 0) {
        this.#isComplete = false;
        return;
      }
      const size = Math.min(left, chunkRecordsMax);
      const chunk = await renderPendingChunk(overlay, overlay.tree, pending, catalog, render, size);
      this.#checkpoint = { ...this.#checkpoint, pending: chunk.pending };
      this.#entities += chunk.inputs.filter(({ kind }) => kind === "entity" || kind === "withdraw").length;
      await this.#plan(change(chunk.inputs), catalog);
    }
  }

  async #plan(inputs: readonly PlanInput[], catalog: Catalog): Promise<void> {
    const { overlay } = this;
    const { records } = this.#options;
    const { shards } = this.#checkpoint;
    const rules = rulesOf({ shards, records, deadLettersMax: Number.POSITIVE_INFINITY }, catalog);
    const { changes, revived } = await planBatch(overlay, overlay.tree, inputs, this.#checkpoint, rules);
    overlay.apply(changes);
    this.#notePlaces(inputs, new Set(changes.map(({ path }) => path)));
    if (revived.length === 0) return;
    const { pending } = this.#checkpoint;
    const waiting = [...new Set([...pending.records, ...revived])];
    this.#checkpoint = { ...this.#checkpoint, pending: { ...pending, records: waiting } };
  }

  #notePlaces(inputs: readonly PlanInput[], changed: ReadonlySet<string>): void {
    for (const input of inputs) {
      if (input.kind !== "entity") continue;
      const owner = encodePathPart(input.trigger);
      for (const rendering of input.renderings) {
        if (rendering.action !== "Create") continue;
        for (const { identity, at } of rendering.manifests) {
          const path = objectPath(rendering.cluster, owner, identity, this.#checkpoint.shards);
          if (changed.has(path)) this.places.set(path, at);
        }
      }
    }
  }
}
