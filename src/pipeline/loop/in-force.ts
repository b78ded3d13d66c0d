/**
 * What a service that leads goes by: settings, branches, the keeper of the state, streams, documents, review. All of it
 * is exchanged at once, between two batches, so that its parts always fit each other.
 */
import type { DerivedConnections } from "../../config/derive-connections.ts";
import type { Catalog, CatalogSettings, ConfigFile } from "../../model/catalog.ts";
import type { TargetPlace } from "../../model/mass-change.ts";
import type { Checked } from "../../model/problem.ts";
import type { ClusterReader } from "../../ports/cluster.ts";
import type { EventStream } from "../../ports/event-stream.ts";
import type { BranchNames } from "../branches/branch-parts.ts";
import type { Branches } from "../branches/branches.ts";
import type { KeeperOptions } from "../keeper/keeper-options.ts";
import type { OutcomeSettings } from "../outcomes/outcome-teller.ts";
import type { ReviewPublisher } from "../review/review-publisher.ts";
import type { StateKeeper } from "../state-keeper.ts";
import type { ConfigSource } from "./config-source.ts";

export interface LeadingOptions extends KeeperOptions {
  readonly intervalMsMin: number;
  /** How often to look whether people have changed the target, or documents outside it. */
  readonly lookMs: number;
}

/** Reads documents into a catalog; `previous`: the one in force, whose good versions stay where documents are bad. */
export type LoadCatalog = (
  files: readonly ConfigFile[],
  previous: Catalog | undefined,
  /** In place of what the settings file says. */
  instead?: Partial<CatalogSettings>,
) => Checked<Catalog>;

/** A connection to the hub, as long as it is looked at. */
export interface OpenHub extends Pick<ClusterReader, "findKind" | "listObjects"> {
  close(): void;
}

/** What the settings say, composed. */
export interface LeadingSettings {
  readonly options: LeadingOptions;
  readonly streams: readonly EventStream[];
  readonly config: ConfigSource;
  readonly loadCatalog: LoadCatalog;
  /** Connections that the catalog's profiles describe; absent: the settings ask for none. */
  readonly derive?: (catalog: Catalog) => DerivedConnections;
  /** Where the target is changed by review only. */
  readonly review?: ReviewPublisher;
  /** The hub, to be read while units are handed over; absent: a person says what was seen there. */
  readonly openHub?: () => OpenHub;
  /** Who is told what became of events; absent: nobody. */
  readonly outcomes?: OutcomeSettings;
  /** The same settings with manifests at another place of the target. */
  readonly at: (place: TargetPlace) => Omit<LeadingSettings, "streams">;
}

export interface InForce extends LeadingSettings {
  /** As the settings have them: what is delivered stands where the state says. */
  readonly names: BranchNames;
  readonly branches: Branches;
  readonly keeper: StateKeeper;
}
