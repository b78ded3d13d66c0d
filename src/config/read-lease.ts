/** `lease`: that there may be a second instance, and how the instances agree on whose turn it is. */
import type { Connection } from "../model/connection.ts";
import type { Json, JsonObject } from "../model/json.ts";
import { parseDuration } from "../model/parse-duration.ts";
import type { Problem } from "../model/problem.ts";
import type { LeaseSettings, Settings } from "../model/settings.ts";
import type { SettingsScope } from "./read-review-settings.ts";
import { memberText } from "./yaml-document.ts";

const durationMsMin = 2_000;

export function readLease(
  lease: JsonObject | undefined,
  connections: readonly Json[],
  { fault }: SettingsScope,
): LeaseSettings | undefined {
  if (lease === undefined) return undefined;
  const connection = memberText(lease, "connection")!;
  if (!connections.some((one) => memberText(one, "name") === connection)) {
    fault(["lease", "connection"], `there is no connection ${connection}`);
  }
  const durationMs = parseDuration(memberText(lease, "duration") ?? "10s");
  if (durationMs < durationMsMin) {
    fault(["lease", "duration"], "a lease of less than 2 s changes hands at every hiccup", "Write 10s.");
  }
  return { connection, bucket: memberText(lease, "bucket") ?? "sluice-leases", durationMs };
}

/** With a lease nobody listens to core subjects while it changes hands: a stream has to keep what is published. */
export function findUncaptured(
  { connections, lease }: Settings,
  read: readonly { readonly connection: Connection }[],
): readonly Problem[] {
  if (lease === undefined) return [];
  return connections.flatMap(({ name, capture, at }) => {
    const { core, jetstream } = read.find(({ connection }) => connection.name === name)?.connection ?? {};
    const stored = new Set(jetstream?.streams.flatMap(({ subjects }) => subjects) ?? []);
    const open = (core?.subjects ?? []).filter((subject) => !stored.has(subject));
    if (capture !== undefined || open.length === 0) return [];
    return [
      {
        code: "SETTINGS_INVALID",
        severity: "error",
        message: `connection ${name} reads core subjects (${open.join(", ")}), and with a lease nobody listens while it changes hands`,
        at,
        hint: `Set capture: true on connection ${name}, have a stream hold these subjects, or leave the lease out.`,
      } satisfies Problem,
    ];
  });
}
