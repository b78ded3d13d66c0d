/** What the settings say of keeping the state. */
import type { Layout } from "../../model/change-set.ts";
import type { GuardSettings } from "../../model/mass-change.ts";
import type { OutboxRules } from "../../model/outcome.ts";
import type { HiddenTexts } from "../../ports/hidden-texts.ts";
import type { RenderSettings } from "../../render/render-spec.ts";
import type { Sealer } from "../seal-secrets.ts";

export interface KeeperOptions {
  readonly eventsMax: number;
  readonly per: "batch" | "event";
  readonly layout: Layout;
  readonly records: "full" | "identity";
  readonly deadLettersMax: number;
  readonly render: RenderSettings;
  /** `output.path` as it is wanted: where something is delivered it changes by a hand-over. */
  readonly outputPath: string;
  /** Limits are part of the catalog; this is the rest of it. */
  readonly guard: Pick<GuardSettings, "keepWithdrawnMinutes" | "eventRemovals">;
  /** How old the state branch's history may become, in minutes during which a leader ran; absent: as old as it gets. */
  readonly historyMinutesMax?: number;
  /** Absent: nobody is told what became of events. */
  readonly outbox?: OutboxRules;
  /** What documents say that must stand on no branch; absent: the catalog has none such. */
  readonly hidden?: HiddenTexts;
  /** Encrypts Secrets; given where the settings ask for that. */
  readonly sealer?: Sealer;
}
