/**
 * What must have come of a world, told by its state branch's history and the plain fold: each state commit says which
 * deliveries it took, with which catalog, and which records were to be rendered again.
 */
import type { Catalog } from "../../src/model/catalog.ts";
import type { Checkpoint } from "../../src/model/change-set.ts";
import type { Delivery } from "../../src/model/delivery.ts";
import type { EntityRecord } from "../../src/model/record.ts";
import { processDelivery, renderRecordAgain } from "../../src/pipeline/process-delivery.ts";
import type { EntityInput } from "../../src/plan/apply-entity.ts";
import { encodePathPart, hashEntity, recordPath } from "../../src/plan/paths.ts";
import type { PlanRules } from "../../src/plan/plan-change-set.ts";
import { renderSettings } from "../pipeline/service-bench.ts";
import { NaiveFold, whoIs } from "../plan/naive-fold.ts";

type Last = Pick<EntityInput, "trigger" | "entity" | "last">;

export class Oracle {
  readonly fold: NaiveFold;
  #catalog: Catalog | undefined;
  /** By record path, the last event of every record there is. */
  readonly #last = new Map<string, Last>();
  /** What triggers asked for when they were last in the catalog. */
  readonly #behaviors = new Map<string, string>();

  constructor() {
    this.fold = new NaiveFold(rulesOf(undefined));
  }

  /** A state commit: the checkpoint before and after it, and what was delivered in between. */
  advance(
    before: Checkpoint | undefined,
    after: Checkpoint,
    deliveries: readonly Delivery[],
    catalogs: ReadonlyMap<string, Catalog>,
  ): void {
    const isCatalogChange = before?.catalog !== after.catalog;
    if (before !== undefined && !isCatalogChange) this.#renderPending(before, after);
    for (const delivery of deliveries) this.#deliver(delivery);
    if (!isCatalogChange) return;
    this.#catalog = catalogs.get(after.catalog);
    if (this.#catalog === undefined) throw new Error(`nobody has loaded catalog ${after.catalog}`);
    this.fold.rules = rulesOf(this.#catalog);
    for (const { name, stopMatchingBehavior } of this.#catalog.eventTriggers.values()) {
      this.#behaviors.set(name, stopMatchingBehavior);
    }
  }

  #deliver(delivery: Delivery): void {
    for (const input of processDelivery(this.#catalog!, delivery, renderSettings).inputs) {
      this.fold.apply(input);
      if (input.kind === "entity") this.#remember(input);
    }
  }

  #remember({ trigger, entity, last }: EntityInput): void {
    const path = recordPath(trigger, hashEntity(entity));
    if (this.fold.records.has(whoIs(trigger, entity))) this.#last.set(path, { trigger, entity, last });
    else this.#last.delete(path);
  }

  /** A batch takes single records first, else the first trigger; chunks that changed nothing went before unseen. */
  #renderPending({ pending: before }: Checkpoint, { pending: after }: Checkpoint): void {
    const triggers = before.triggers.map(({ trigger }) => trigger);
    const left = new Set(after.triggers.map(({ trigger }) => trigger));
    if (before.records.length > 0) this.#renderAgain(before.records);
    for (const trigger of triggers) {
      if (left.has(trigger)) return;
      const paths = [...this.#last].filter(([, known]) => known.trigger === trigger).map(([path]) => path);
      this.#renderAgain(paths.sort());
    }
  }

  #renderAgain(paths: readonly string[]): void {
    // As one batch does it: everything is rendered from what was on record before.
    for (const path of paths) {
      const known = this.#last.get(path);
      if (known !== undefined) this.#renderRecord(known);
    }
  }

  #renderRecord({ trigger, entity, last }: Last): void {
    const current = this.#catalog!.eventTriggers.get(trigger);
    const behavior = this.#behaviors.get(trigger);
    if (current === undefined) {
      if (behavior !== "WithdrawPolicies") return;
      this.fold.apply({ kind: "withdraw", trigger, entity });
      this.#last.delete(recordPath(trigger, hashEntity(entity)));
      return;
    }
    const none = { objects: new Map(), waiting: new Map(), failures: new Map() };
    const record: EntityRecord = { trigger, entity, last, ...none, changedAt: "" };
    const input = renderRecordAgain(this.#catalog!, record, renderSettings);
    if (input !== undefined) {
      this.fold.apply(input);
      this.#remember(input);
    } else if (behavior === "WithdrawPolicies" && current.broken === undefined) {
      const known = this.fold.records.get(whoIs(trigger, entity));
      const clusters = new Set([...known!.objects.keys(), ...known!.waiting.keys(), ...known!.failures]);
      this.fold.apply({ kind: "withdraw", trigger, entity, clusters });
    }
  }
}

function rulesOf(catalog: Catalog | undefined): PlanRules {
  const triggers = [...(catalog?.eventTriggers.values() ?? [])];
  const owners = new Map(triggers.map(({ name, tier }) => [encodePathPart(name), { trigger: name, tier }]));
  return { shards: 0, records: "full", deadLettersMax: 1000, owners };
}
