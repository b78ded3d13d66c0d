/** Names of Sluice's consumers, which say whose they are: `sluice-<state>-<connection>-<term>-<random>`. */
import { createHash } from "node:crypto";
import { nuid } from "@nats-io/transport-node";

/** Who reads. */
export interface ConsumerOwner {
  /** The id of the state that the positions are in: letters, digits, `_` and `-`. */
  readonly stateId: string;
  /** The connection's name. */
  readonly connection: string;
  /** A counter in the checkpoint: of two leaders of one state the one with the higher term reads. */
  readonly term: number;
}

export interface ParsedName {
  readonly stateId: string;
  readonly connectionHash: string;
  readonly term: number;
}

const pattern = /^sluice-([A-Za-z0-9_-]+)-([0-9a-f]{8})-(\d+)-[A-Za-z0-9]+$/;

/** A new name; consumer names allow neither dots nor slashes, and are at most 255 bytes long. */
export function nameConsumer({ stateId, connection, term }: ConsumerOwner): string {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(stateId)) throw new Error(`not the id of a state: ${JSON.stringify(stateId)}`);
  if (!Number.isSafeInteger(term) || term < 0) throw new Error(`not a term: ${term}`);
  return `sluice-${stateId}-${hashConnection(connection)}-${term}-${nuid.next()}`;
}

/** Undefined: it is no consumer of any Sluice, or of one that named them in another way. */
export function parseConsumerName(name: string): ParsedName | undefined {
  const [, stateId, connectionHash, term] = pattern.exec(name) ?? [];
  if (stateId === undefined || connectionHash === undefined || term === undefined) return undefined;
  return { stateId, connectionHash, term: Number(term) };
}

/** How another consumer of the stream stands to its owner. */
export function compareConsumer(name: string, owner: ConsumerOwner): "foreign" | "earlier" | "later" | "beside" {
  const parsed = parseConsumerName(name);
  if (parsed === undefined || parsed.stateId !== owner.stateId) return "foreign";
  if (parsed.term > owner.term) return "later";
  if (parsed.term < owner.term) return "earlier";
  // Of the owner's own term: its predecessor, unless another connection reads the same stream.
  return parsed.connectionHash === hashConnection(owner.connection) ? "earlier" : "beside";
}

function hashConnection(connection: string): string {
  return createHash("sha256").update(connection).digest("hex").slice(0, 8);
}
