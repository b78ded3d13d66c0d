/** The lease that the settings ask for, and where this process is to be found by whoever reads it. */
import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { openLease } from "../../adapters/nats/open-lease.ts";
import type { Lease } from "../../ports/lease.ts";
import type { CliContext } from "../cli/context.ts";
import { readConnection, type ServiceConfig } from "../read-config.ts";

/** Each call ends within this part of the duration, but is given a second. */
const callsPerDuration = 5;
const callMsMin = 1_000;

export function composeLease(
  context: CliContext,
  { settings, connections }: ServiceConfig,
  stateId: () => string | undefined,
): { readonly lease: Lease; readonly address: string } {
  const { lease, repository, server, state } = settings;
  const used = connections.find(({ connection }) => connection.name === lease?.connection);
  if (lease === undefined || used === undefined) throw new Error("the settings ask for no lease");
  // Before there is a state it has no id; who makes it goes on under the id that it gets.
  const placeholder = `new-${createHash("sha256").update(`${repository.url} ${state.branch}`).digest("hex").slice(0, 16)}`;
  const opened = openLease({
    connection: used.connection,
    bucket: lease.bucket,
    key: () => stateId() ?? placeholder,
    callMsMax: Math.max(callMsMin, lease.durationMs / callsPerDuration),
    rereadConnection: async () => (await readConnection(context, used.settings)).value ?? used.connection,
  });
  const port = server === undefined ? "" : `:${server.port}`;
  return { lease: opened, address: `${hostname()}${port}` };
}
