/**
 * The service's fold over its inputs, run in memory: a catalog coming into force, recorded entities rendered with it,
 * deliveries. The same planning as the service's, on an overlay instead of a branch.
 */
import type { Catalog } from "../../model/catalog.ts";
import { ownersOf } from "../../model/catalog-owners.ts";
import type { Checkpoint, Pass } from "../../model/change-set.ts";
import type { Delivery } from "../../model/delivery.ts";
import { folderMode } from "../../model/folder-mode.ts";
import type { Problem, SourcePlace } from "../../model/problem.ts";
import { affectedOwners } from "../../plan/affected-owners.ts";
import { behindPassRank, nextPassRank } from "../../plan/claims-file.ts";
import { keepWithdrawn } from "../../plan/keep-withdrawn.ts";
import { parseOwner } from "../../plan/owner-file.ts";
import { catalogFolder, objectPath, ownersFolder } from "../../plan/paths.ts";
import { joinPass } from "../../plan/pending-work.ts";
import { planCatalogChange } from "../../plan/plan-catalog-change.ts";
import { type PlanInput, renderingsOf } from "../../plan/state-fold.ts";
import type { RenderSettings } from "../../render/render-spec.ts";
import { CountedEntities } from "../aggregates/counted-entities.ts";
import { deliveryInputs } from "../delivery-inputs.ts";
import { foldInputs } from "../fold-inputs.ts";
import { findEmptyClusters, findEmptyUnits } from "../forget-withdrawn.ts";
import { processDelivery } from "../process-delivery.ts";
import { listFolder, readFolder } from "../read-folder.ts";
import { chunkLimits, renderPendingChunk } from "../render-pending.ts";
import { renderingOf } from "../rendering-of.ts";
import { rulesOf } from "../rules-of.ts";
import type { Sealer } from "../seal-secrets.ts";
import { StateOverlay, type StateTree } from "./state-overlay.ts";

export interface FoldOptions {
  readonly records: "full" | "identity";
  readonly render: RenderSettings;
  /** Recorded entities beyond are not rendered. */
  readonly entitiesMax: number;
  readonly outputPath: string;
  /** One that encrypts nothing. */
  readonly sealer?: Sealer;
}

export class Fold {
  readonly overlay: StateOverlay;
  /** By path, where the template stands that printed a manifest that changed here. */
  readonly places = new Map<string, SourcePlace>();
  #checkpoint: Checkpoint;
  /** With the owners that are withdrawn. */
  #inForce: Catalog | undefined;
  readonly #counted = new CountedEntities();
  #entities = 0;
  #isComplete = true;
  readonly #options: FoldOptions;

  /** `inForce`: the catalog that the state is of, as far as known. */
  constructor(below: StateTree | undefined, checkpoint: Checkpoint, options: FoldOptions, inForce?: Catalog) {
    this.overlay = new StateOverlay(below);
    this.#checkpoint = checkpoint;
    this.#inForce = inForce;
    this.#options = options;
  }

  /** Another fold that goes on from here, by other settings perhaps, and leaves this one as it is. */
  branch(options: FoldOptions = this.#options): Fold {
    return new Fold(this.overlay, this.#checkpoint, options, this.#inForce);
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
  async putInForce(wanted: Catalog): Promise<void> {
    const { overlay } = this;
    const { outputPath, render } = this.#options;
    const catalog = keepWithdrawn(wanted, this.#inForce);
    const owners = [];
    for await (const [path, text] of readFolder(overlay, overlay.tree, ownersFolder))
      owners.push(parseOwner(text, path));
    const paths = await listFolder(overlay, overlay.tree, catalogFolder);
    const { pending: before, minutes, nextRank, stateId } = this.#checkpoint;
    const output = { stateId, outputPath, instance: render.instance };
    const affected = affectedOwners(this.#inForce, catalog);
    const kept = { paths, owners, pending: before, minutes };
    const { inputs, pending } = planCatalogChange(catalog, kept, affected, output);
    const catalogRank = nextPassRank(nextRank);
    const ranks = { catalogRank, nextRank: behindPassRank(catalogRank) };
    this.#checkpoint = { ...this.#checkpoint, catalog: catalog.revision, pending, ...ranks };
    this.#inForce = catalog;
    await this.#plan([...inputs, ...(await deliveryInputs(catalog, output))], catalog);
    await this.renderPending(catalog);
    await this.#plan(await findEmptyClusters(overlay, overlay.tree, catalog), catalog);
    await this.#plan(await findEmptyUnits(overlay, overlay.tree, catalog), catalog);
  }

  /** Renders what the checkpoint says is still to be rendered. */
  async renderPending(catalog: Catalog): Promise<void> {
    this.#inForce ??= catalog;
    await this.#renderPending(this.#catalogOf(catalog), (inputs) => inputs);
  }

  /** Renders what owners in sync mode DryRun have as if they were not. */
  async unfoldDryRuns(catalog: Catalog): Promise<void> {
    const dry = ownersOf(catalog).filter(({ spec }) => spec.syncMode === "DryRun");
    const passes = dry.reduce((all, { owner }) => joinPass(all, owner), [] as readonly Pass[]);
    this.#checkpoint = { ...this.#checkpoint, pending: { passes, reviews: [] } };
    await this.#renderPending(catalog, (inputs) =>
      inputs.map((input) => (input.kind === "replay" ? { ...input, syncMode: "Continuous" } : input)),
    );
  }

  /** Folds deliveries in, in their order; returns what could not be decoded. */
  async receive(catalog: Catalog, deliveries: readonly Delivery[]): Promise<readonly Problem[]> {
    const undecoded: Problem[] = [];
    for (const delivery of deliveries) {
      const { inputs } = processDelivery(this.#catalogOf(catalog), delivery, this.#renderingOf(catalog));
      for (const input of inputs) if (input.kind === "dead-letter") undecoded.push(input.letter.problem);
      await this.#plan(inputs, catalog);
    }
    return undecoded;
  }

  #renderingOf(catalog: Catalog): RenderSettings {
    return renderingOf(this.#options.render, catalog);
  }

  /** The catalog with those of its owners that are withdrawn. */
  #catalogOf(catalog: Catalog): Catalog {
    return this.#inForce?.revision === catalog.revision ? this.#inForce : catalog;
  }

  async #renderPending(
    catalog: Catalog,
    change: (inputs: readonly PlanInput[]) => readonly PlanInput[],
  ): Promise<void> {
    const { overlay } = this;
    const settings = this.#renderingOf(catalog);
    const { entitiesMax } = this.#options;
    for (let left = entitiesMax; ; ) {
      const { pending } = this.#checkpoint;
      if (pending.passes.every(({ held }) => held !== undefined) && pending.reviews.length === 0) return;
      if (left <= 0) {
        this.#isComplete = false;
        return;
      }
      const scope = { git: overlay, tree: overlay.tree, catalog, settings, counted: this.#counted };
      const limits = { ...chunkLimits, recordsMax: Math.min(left, chunkLimits.recordsMax) };
      const chunk = await renderPendingChunk(scope, pending, limits);
      left -= Math.max(1, chunk.records);
      this.#checkpoint = { ...this.#checkpoint, pending: chunk.pending };
      this.#entities += chunk.inputs.filter(({ kind }) => kind === "replay").length;
      await this.#plan(change(chunk.inputs), catalog);
    }
  }

  async #plan(inputs: readonly PlanInput[], catalog: Catalog): Promise<void> {
    const { overlay } = this;
    const { records, render, sealer } = this.#options;
    const { layout } = this.#checkpoint;
    const deadLettersMax = Number.POSITIVE_INFINITY;
    const rules = rulesOf({ layout, records, deadLettersMax, instance: render.instance }, catalog);
    const scope = {
      git: overlay,
      tree: overlay.tree,
      rules,
      catalog: this.#catalogOf(catalog),
      settings: render,
      counted: this.#counted,
      ...(sealer === undefined ? {} : { sealer }),
    };
    const { changeSet, checkpoint } = await foldInputs(scope, inputs, this.#checkpoint, this.#checkpoint);
    this.#checkpoint = checkpoint;
    for (const change of changeSet.changes) {
      const entry = change.action === "delete" ? await overlay.findEntry(overlay.tree, change.path) : undefined;
      if (entry?.mode !== folderMode) overlay.apply([change]);
      // A folder goes with everything below it.
      else
        for await (const path of overlay.listFiles(entry.id, ""))
          overlay.apply([{ path: `${change.path}/${path}`, action: "delete" }]);
    }
    this.#notePlaces(inputs, new Set(changeSet.changes.map(({ path }) => path)));
  }

  #notePlaces(inputs: readonly PlanInput[], changed: ReadonlySet<string>): void {
    for (const input of inputs) {
      if (input.kind !== "entity" && input.kind !== "replay") continue;
      for (const rendering of renderingsOf(input)) {
        if (rendering.action !== "Create") continue;
        for (const { identity, at } of rendering.manifests) {
          const path = objectPath(rendering.cluster, input.owner, identity, this.#checkpoint.layout);
          if (changed.has(path)) this.places.set(path, at);
        }
      }
    }
  }
}
