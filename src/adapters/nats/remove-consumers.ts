/** Removing Sluice's own consumers: those that were replaced, and those that died readers left. */
import { JetStreamApiError, type JetStreamManager } from "@nats-io/jetstream";
import { type ConsumerOwner, compareConsumer } from "./consumer-names.ts";
import { type JetStreamApi, listConsumers } from "./list-consumers.ts";

const consumerNotFound = 10014;
const streamNotFound = 10059;

/** One that is gone already is no trouble. */
export async function removeConsumer(manager: JetStreamManager, stream: string, consumer: string): Promise<void> {
  try {
    await manager.consumers.delete(stream, consumer);
  } catch (error) {
    const isGone =
      error instanceof JetStreamApiError && (error.code === consumerNotFound || error.code === streamNotFound);
    if (!isGone) throw error;
  }
}

/**
 * Removes consumers of earlier terms of the owner's state, and those of its own term and connection except `inUse`.
 * Says how many they were.
 */
export async function removePredecessors(
  api: JetStreamApi,
  stream: string,
  owner: ConsumerOwner,
  inUse: string | undefined,
): Promise<number> {
  const names = await listConsumers(api, stream);
  const earlier = names.filter((name) => name !== inUse && compareConsumer(name, owner) === "earlier");
  for (const name of earlier) await removeConsumer(api.manager, stream, name);
  return earlier.length;
}
