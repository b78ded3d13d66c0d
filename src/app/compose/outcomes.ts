/** Outcomes: over which connection it is told what became of events. */
import { openPublisher } from "../../adapters/nats/open-publisher.ts";
import { SluiceError } from "../../model/problem.ts";
import type { OutcomesSettings } from "../../model/settings.ts";
import type { OutcomeSettings } from "../../pipeline/outcomes/outcome-teller.ts";
import type { EventPublisher } from "../../ports/event-stream.ts";
import type { CliContext } from "../cli/context.ts";
import { type ReadConnections, readConnection } from "../read-config.ts";

/** Dials nothing before there is something to tell. A connection that can't be used says so then. */
export function composeOutcomes(
  context: CliContext,
  { connection: name, subject, stream }: OutcomesSettings,
  connections: ReadConnections["connections"],
): OutcomeSettings {
  const used = connections.find(({ connection }) => connection.name === name);
  const { redactor } = context;
  if (used === undefined) return { subject, publisher: unusable(name), redactor };
  const publisher = openPublisher(used.connection, {
    ...(stream === undefined ? {} : { stream }),
    rereadConnection: async () => (await readConnection(context, used.settings)).value ?? used.connection,
  });
  return { subject, publisher, redactor };
}

function unusable(name: string): EventPublisher {
  return {
    publish: async () => {
      throw new SluiceError({
        code: "CONNECTION_INVALID",
        message: `connection ${name} is not usable`,
        hint: "Run sluice validate, and mend the connection: they are told then.",
      });
    },
    close: async () => undefined,
  };
}
