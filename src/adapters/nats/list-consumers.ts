/**
 * The names of a stream's consumers: all of them, also where their servers do not answer for them.
 *
 * A cluster answers with the consumers that were described within four seconds, and names the others apart. The client
 * library drops those, and a consumer that is thought to be gone is a loss reported, or a predecessor left behind.
 */
import { JetStreamApiError, type JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";

/** JetStream as one connection reaches it. */
export interface JetStreamApi {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  /** Of its requests' subjects: `$JS.API`, or `$JS.<domain>.API`. */
  readonly prefix: string;
}

/** What Sluice reads of JSApiConsumerListResponse in nats-server's jetstream_api.go. */
interface ConsumerPage {
  readonly error?: ConstructorParameters<typeof JetStreamApiError>[0];
  readonly total?: number;
  readonly consumers?: readonly {
    readonly name?: string;
    readonly config?: { readonly name?: string; readonly durable_name?: string };
  }[];
  readonly missing?: readonly string[];
}

/** Longer than the four seconds that a cluster waits for its servers. */
const answerMsMax = 8_000;

/** In no order. Errors are those of the client library. */
export async function listConsumers(
  { connection, prefix }: Pick<JetStreamApi, "connection" | "prefix">,
  stream: string,
): Promise<readonly string[]> {
  const names = new Set<string>();
  for (let offset = 0; ; ) {
    const request = JSON.stringify({ offset });
    const answer = await connection.request(`${prefix}.CONSUMER.LIST.${stream}`, request, { timeout: answerMsMax });
    const { error, total = 0, consumers = [], missing = [] } = answer.json<ConsumerPage>();
    if (error !== undefined) throw new JetStreamApiError(error);
    // One whose servers are all offline is described by its configuration alone, and named among the missing too.
    const page = new Set([
      ...consumers.map(({ name, config }) => name || config?.name || config?.durable_name),
      ...missing,
    ]);
    for (const name of page) if (name) names.add(name);
    offset += page.size;
    if (page.size === 0 || offset >= total) return [...names];
  }
}
