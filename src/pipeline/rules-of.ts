/** What planning under a catalog goes by. */
import type { Catalog } from "../model/catalog.ts";
import { ownersOf } from "../model/catalog-owners.ts";
import type { Layout } from "../model/change-set.ts";
import type { OutboxRules } from "../model/outcome.ts";
import { ownerKey } from "../model/owner.ts";
import { ownerFolderName } from "../plan/paths.ts";
import type { PlanRules } from "../plan/state-fold.ts";

export interface RuleOptions {
  readonly layout: Layout;
  readonly records: "full" | "identity";
  readonly deadLettersMax: number;
  /** Settings' `name`. */
  readonly instance: string;
  readonly outbox?: OutboxRules;
}

export function rulesOf(
  { layout, records, deadLettersMax, instance, outbox }: RuleOptions,
  catalog: Catalog,
): PlanRules {
  const owners = ownersOf(catalog).map(({ owner, spec }) => ({ owner, tier: spec.tier }));
  return {
    layout,
    records,
    deadLettersMax,
    instance,
    ...(outbox === undefined ? {} : { outbox }),
    owners: new Map(owners.map((one) => [ownerKey(one.owner), one])),
    ownerOfCutFolder: (kind, folderName, cluster) =>
      owners.find(({ owner }) => owner.kind === kind && ownerFolderName(owner, cluster) === folderName)?.owner,
  };
}
