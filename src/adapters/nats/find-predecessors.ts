/** Which consumers a stream has already: those that the one to be bound replaces, and those that stand in its way. */
import { type JetStreamApiError, RetentionPolicy, type StreamInfo } from "@nats-io/jetstream";
import { countOf } from "../../model/count-of.ts";
import { overlapSubjects } from "../../model/nats-subjects.ts";
import type { SluiceError } from "../../model/problem.ts";
import { type ConsumerOwner, compareConsumer } from "./consumer-names.ts";
import { streamError } from "./explain-stream-error.ts";
import { type JetStreamApi, listConsumers } from "./list-consumers.ts";

/** Of the reader itself, in earlier bindings and terms. Throws a SluiceError (NATS_STREAM) where there is no way in. */
export async function findPredecessors(
  api: JetStreamApi,
  { config }: StreamInfo,
  owner: ConsumerOwner,
): Promise<readonly string[]> {
  const names = await listConsumers(api, config.name);
  const later = names.find((name) => compareConsumer(name, owner) === "later");
  if (later !== undefined) {
    throw streamError(
      `stream ${config.name} is being read by another instance of this Sluice, with a later term (consumer ${later})`,
      `This instance should stop leading by itself. If there is no other, remove that consumer: nats consumer rm ${config.name} ${later}.`,
    );
  }
  const predecessors = names.filter((name) => compareConsumer(name, owner) === "earlier");
  const others = names.length - predecessors.length;
  if (config.retention === RetentionPolicy.Interest && config.max_consumers > 0 && others + 2 > config.max_consumers) {
    throw streamError(
      `stream ${config.name} has room for ${countOf(config.max_consumers, "consumer")} and ${countOf(others, "is another's", "are others'")}: replacing Sluice's own without losing messages takes two`,
      `Raise max_consumers to ${others + 2}: nats stream edit ${config.name} --max-consumers ${others + 2}.`,
    );
  }
  return predecessors;
}

/** Whose the messages of a work-queue stream are: it gives each to one consumer only. */
export async function explainTaken(
  { manager }: JetStreamApi,
  stream: string,
  filters: readonly string[],
  cause: JetStreamApiError,
): Promise<SluiceError> {
  const takers: string[] = [];
  for await (const { name, config } of manager.consumers.list(stream)) {
    const theirs = config.filter_subjects ?? (config.filter_subject ? [config.filter_subject] : []);
    const isEither = theirs.length === 0 || filters.length === 0;
    if (isEither || theirs.some((a) => filters.some((b) => overlapSubjects(a, b)))) takers.push(name);
  }
  const isSluice = takers.some((name) => name.startsWith("sluice-"));
  return streamError(
    `of stream ${stream}, which gives each message to one consumer only, ${takers.join(", ")} takes the messages already`,
    isSluice
      ? `It is that of a Sluice with another state: stop that one, or if there is none any more, remove it: nats consumer rm ${stream} ${takers[0]}.`
      : "Remove that consumer, or give Sluice other subjects.",
    cause,
  );
}
