/** `outcomes`: where it is told what became of events. */
import type { Connection } from "../model/connection.ts";
import type { Json, JsonObject } from "../model/json.ts";
import { coversSubject, hasWildcard } from "../model/nats-subjects.ts";
import type { Problem, SourcePlace } from "../model/problem.ts";
import type { OutcomesSettings, Settings } from "../model/settings.ts";
import type { SettingsScope } from "./read-review-settings.ts";
import { memberText, type Path } from "./yaml-document.ts";

export function readOutcomes(
  outcomes: JsonObject | undefined,
  connections: readonly Json[],
  { fault }: SettingsScope,
  placeOf: (path: Path) => SourcePlace,
): OutcomesSettings | undefined {
  if (outcomes === undefined) return undefined;
  const connection = memberText(outcomes, "connection")!;
  const subject = memberText(outcomes, "subject")!;
  const stream = memberText(outcomes, "stream");
  const named = connections.find((one) => memberText(one, "name") === connection);
  if (named === undefined) fault(["outcomes", "connection"], `there is no connection ${connection}`);
  else if (memberText(named, "file") === undefined) {
    fault(["outcomes", "connection"], `connection ${connection} is made of Secrets`, "Name one that has a file.");
  }
  if (hasWildcard(subject)) {
    fault(["outcomes", "subject"], `nothing can be published on ${subject}`, "Write it without wildcards.");
  }
  return { connection, subject, ...(stream === undefined ? {} : { stream }), at: placeOf(["outcomes", "subject"]) };
}

/** What Sluice tells must not come back to it as an event. */
export function findReadOutcomes(
  { outcomes }: Settings,
  read: readonly { readonly connection: Connection }[],
): readonly Problem[] {
  if (outcomes === undefined) return [];
  const { subject, stream, at } = outcomes;
  return read.flatMap(({ connection: { name, core, jetstream } }) => {
    const streams = jetstream?.streams ?? [];
    const subjects = [...(core?.subjects ?? []), ...streams.flatMap((one) => one.subjects)];
    const reading = subjects.find((one) => coversSubject(one, subject));
    const whole = streams.find((one) => one.subjects.length === 0 && one.name === stream);
    if (reading === undefined && whole === undefined) return [];
    const what = reading === undefined ? `stream ${whole?.name}, and all of it` : reading;
    const hint = `Choose a subject${stream === undefined ? "" : " and a stream"} that nobody here reads.`;
    const message = `outcomes are told on ${subject}, and connection ${name} reads ${what}: Sluice would act on what it tells`;
    return [{ code: "SETTINGS_INVALID", severity: "error", message, at, hint } satisfies Problem];
  });
}
