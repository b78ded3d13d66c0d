/**
 * The stream that keeps what is published on core subjects: created where there is none, kept to its subjects and bounds,
 * and never removed.
 */
import {
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from "@nats-io/jetstream";
import type { CaptureSettings } from "../../model/connection.ts";
import { streamError } from "./explain-stream-error.ts";

const nanosPerMs = 1_000_000;
const streamNotFound = 10059;
const subjectsOverlap = 10065;

export interface CaptureRequest {
  /** The stream's name on the server. */
  readonly stream: string;
  readonly connection: string;
  readonly subjects: readonly string[];
  readonly settings: CaptureSettings;
}

/** Letters, digits, `-` and `_` alone: what a stream may be called. */
export function captureName(stateId: string, connection: string, { stream }: CaptureSettings): string {
  return stream ?? `sluice-${stateId}-${connection.replace(/[^A-Za-z0-9_-]/g, "_")}`;
}

/** True: it was created. Throws a SluiceError (NATS_STREAM), or what the client library throws. */
export async function keepCapture(manager: JetStreamManager, request: CaptureRequest): Promise<boolean> {
  const wanted = configOf(request);
  let there: Partial<StreamConfig>;
  try {
    there = (await manager.streams.info(request.stream)).config;
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== streamNotFound) throw error;
    await explained(request, () => manager.streams.add(wanted));
    return true;
  }
  if (there.retention !== RetentionPolicy.Limits || there.no_ack !== true) {
    throw streamError(
      `stream ${request.stream} is there already and is none that captures: it has other retention, or acknowledges what it takes`,
      "Give connections.*.capture.stream another name, or remove the stream.",
    );
  }
  if (isSame(there, wanted)) return false;
  await explained(request, () => manager.streams.update(request.stream, { ...there, ...wanted }));
  return false;
}

function configOf({ stream, connection, subjects, settings }: CaptureRequest) {
  const { replicas, maxAgeMs, maxBytes } = settings;
  return {
    name: stream,
    description: `What is published on the core subjects of Sluice's connection ${connection}`,
    subjects: [...subjects].sort(),
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    // It must not answer requests in the responder's stead.
    no_ack: true,
    max_age: maxAgeMs * nanosPerMs,
    max_bytes: maxBytes,
    ...(replicas === undefined ? {} : { num_replicas: replicas }),
  };
}

function isSame(there: Partial<StreamConfig>, wanted: ReturnType<typeof configOf>): boolean {
  return Object.entries(wanted).every(([key, value]) => {
    const has = there[key as keyof StreamConfig];
    return JSON.stringify(Array.isArray(has) ? [...has].sort() : has) === JSON.stringify(value);
  });
}

async function explained({ stream, subjects }: CaptureRequest, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== subjectsOverlap) throw error;
    throw streamError(
      `stream ${stream} can't take ${subjects.join(", ")}: another stream holds some of it already`,
      "Let the connection read that stream: list it with its subjects under jetstream in the connection's file.",
    );
  }
}
