/** What Sluice told of events, as the stream OUTCOMES has it. */
import { jetstream } from "@nats-io/jetstream";
import type { Workbench } from "./workbench.ts";

export const keptOutcomes = "outcomes: {connection: bus, subject: sluice.outcomes, stream: OUTCOMES}";

export interface ToldOutcome {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export async function addOutcomesStream({ streams }: Workbench): Promise<void> {
  await streams.streams.add({ name: "OUTCOMES", subjects: ["sluice.outcomes"] });
}

export async function readTold({ nats, streams }: Workbench): Promise<readonly ToldOutcome[]> {
  const { state } = await streams.streams.info("OUTCOMES");
  const stream = await jetstream(nats).streams.get("OUTCOMES");
  const told: ToldOutcome[] = [];
  // Of a stream that never had a message the first is 0, which none can be asked for.
  for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq++)
    told.push((await stream.getMessage({ seq }))!.json<ToldOutcome>());
  return told;
}
