/** Sample events, as if they had come over a connection. */
import type { Delivery } from "../../model/delivery.ts";
import type { Settings } from "../../model/settings.ts";
import { type CliContext, usageError } from "../cli/context.ts";
import type { FileSource } from "../file-source.ts";
import { type ReadConnections, subjectsOf } from "../read-config.ts";
import { chooseRoute, makeDelivery, readNamedEvents } from "../read-events.ts";
import type { DryRunOptions } from "./options.ts";

const samplesMax = 10_000;

export async function readSamples(
  context: CliContext,
  options: DryRunOptions,
  settings: Settings,
  read: ReadConnections,
  source: FileSource,
): Promise<readonly Delivery[]> {
  if (options.event === undefined || options.event.length === 0) return [];
  const route = chooseRoute(options, subjectsOf(read), settings.connections[0]?.name);
  const payloads: Uint8Array[] = [];
  for (const path of options.event) {
    for (const payload of await readNamedEvents(source, context, path)) payloads.push(payload);
    if (payloads.length > samplesMax) throw usageError(`there are more than ${samplesMax} sample events`);
  }
  return payloads.map((payload, index) => makeDelivery(route, payload, index + 1));
}
