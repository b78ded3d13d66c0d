/**
 * The lease as a key of a NATS KV bucket. The bucket is made where there is none, and opened anew after every trouble: it
 * may have been removed, and made again by another instance.
 */
import { JetStreamApiError, jetstream, StorageType } from "@nats-io/jetstream";
import { type KV, Kvm } from "@nats-io/kv";
import type { Connection } from "../../model/connection.ts";
import { SluiceError } from "../../model/problem.ts";
import type { Lease, LeaseEntry, LeaseValue } from "../../ports/lease.ts";
import { explainJetStreamError } from "./explain-stream-error.ts";
import { createNatsLink } from "./nats-link.ts";

export interface LeaseOptions {
  readonly connection: Connection;
  readonly bucket: string;
  /** One of the bucket's keys: the state's id. Asked at each call. */
  readonly key: () => string;
  /** Each call ends within about that. */
  readonly callMsMax: number;
  /** Reads the connection's file again, for credentials that were replaced; called before each dialling. */
  readonly rereadConnection?: () => Promise<Connection>;
}

const wrongRevision = new Set([10071, 10164]);
const streamNotFound = 10059;
const bucketIsOther = 10058;
/** So many servers keep the bucket, where there are so many. */
const replicasWanted = 3;

export function openLease({ connection, bucket, key, callMsMax, rereadConnection }: LeaseOptions): Lease {
  const { name, domain } = connection;
  const link = createNatsLink(`sluice lease ${name}`, domain, async () => {
    const endpoint = connection.jetstream ?? connection.core;
    if (endpoint === undefined) throw new Error(`connection ${name} has no endpoint`);
    const read = await rereadConnection?.();
    const current = read?.jetstream ?? read?.core ?? endpoint;
    return { endpoint: { url: endpoint.url, authorization: current.authorization }, connection };
  });
  let opened: Promise<KV> | undefined;

  async function openBucket(): Promise<KV> {
    const { connection: nats } = await link.connect();
    const client = jetstream(nats, { timeout: callMsMax, ...link.domain });
    const manager = new Kvm(client);
    try {
      const found = await manager.open(bucket);
      // Opening asks nobody.
      await found.status();
      return found;
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    const options = { history: 1, storage: StorageType.File };
    const isCluster = nats.info?.cluster !== undefined;
    try {
      return await manager.create(bucket, { ...options, replicas: isCluster ? replicasWanted : 1 });
    } catch (error) {
      // A cluster of fewer servers; or another instance was quicker, with as many replicas as it could have.
      if (!(error instanceof JetStreamApiError)) throw error;
      if (error.code === bucketIsOther) return await manager.open(bucket);
      if (!isCluster) throw error;
      return await manager.create(bucket, options);
    }
  }

  /** Runs a call on the bucket, in time; whatever fails, the next call opens the bucket anew. */
  async function call<T>(work: (kv: KV) => Promise<T>): Promise<T> {
    opened ??= openBucket();
    const mine = opened;
    try {
      return await within(callMsMax, mine.then(work));
    } catch (error) {
      if (opened === mine) opened = undefined;
      throw explainJetStreamError(error, { stream: `KV_${bucket}`, subjects: [], ...link.domain });
    }
  }

  return {
    read: () =>
      call(async (kv) => {
        const entry = await kv.get(key());
        if (entry === null || entry.operation !== "PUT") return undefined;
        return { value: parseValue(entry.string(), bucket), revision: entry.revision } satisfies LeaseEntry;
      }),
    write: (value, at) =>
      call(async (kv) => {
        const text = JSON.stringify(value);
        try {
          return at === undefined ? await kv.create(key(), text) : await kv.update(key(), text, at);
        } catch (error) {
          if (error instanceof JetStreamApiError && wrongRevision.has(error.code)) return undefined;
          throw error;
        }
      }),
    close: () => link.release(),
  };
}

function isMissing(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return error.code === streamNotFound;
  return error instanceof Error && /bucket not found|stream not found/i.test(error.message);
}

function parseValue(text: string, bucket: string): LeaseValue {
  try {
    const { holder, address, count } = JSON.parse(text) as Record<string, unknown>;
    if (typeof holder === "string" && typeof address === "string" && typeof count === "number") {
      return { holder, address, count };
    }
  } catch {
    // Said below.
  }
  throw new SluiceError({
    code: "NATS_STREAM",
    message: `bucket ${bucket} holds something else than leases`,
    hint: "Set lease.bucket to one that is Sluice's alone.",
  });
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `the lease was not answered for within ${milliseconds / 1000} s`;
      reject(new SluiceError({ code: "NATS_UNAVAILABLE", message }));
    }, milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}
