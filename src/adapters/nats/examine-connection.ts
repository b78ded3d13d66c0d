/**
 * Looks at a connection as it would be read, for `doctor`: reachable, let in, what the streams are like, what the user
 * may do. Nothing on the server is created or changed: what creating a consumer needs is asked for with a request that
 * the server can only refuse as nonsense, once it has let it through.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { jetstreamManager, type StreamInfo } from "@nats-io/jetstream";
import type { NatsConnection, PermissionViolationError } from "@nats-io/transport-node";
import type { Connection, NatsEndpoint } from "../../model/connection.ts";
import { countOf } from "../../model/count-of.ts";
import { type Examination, judgeClock } from "../../model/examination.ts";
import { overlapSubjects } from "../../model/nats-subjects.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import { parseConsumerName } from "./consumer-names.ts";
import { explainJetStreamError, explainLoss, explainPermission, findForbidden } from "./explain-stream-error.ts";
import { listConsumers } from "./list-consumers.ts";
import { createNatsLink, type OpenLink } from "./nats-link.ts";

const answerMsMax = 5_000;
/** What the server forbids of what is published without an answer comes behind the answer to a ping at the latest. */
const forbiddenMs = 50;
const nanosPerMs = 1_000_000;
const shortAgeMs = 3_600_000;

export interface ExamineOptions {
  readonly now: () => number;
  /** Of the state branch; undefined: there is none yet, or it can't be read. */
  readonly stateId: string | undefined;
}

interface Findings {
  readonly facts: string[];
  readonly problems: Problem[];
}

export async function examineConnection(connection: Connection, options: ExamineOptions): Promise<Examination> {
  const found: Findings = { facts: [], problems: [] };
  const { core, jetstream } = connection;
  if (core !== undefined)
    await examineEndpoint(connection, core, found, (link) => examineSubjects(link, core.subjects, found));
  if (jetstream !== undefined) {
    await examineEndpoint(connection, jetstream, found, async (link) => {
      for (const stream of jetstream.streams) await examineStream(link.connection, connection, stream, options, found);
    });
  }
  return { subject: `connection ${connection.name}`, ...found };
}

async function examineEndpoint(
  connection: Connection,
  endpoint: NatsEndpoint,
  found: Findings,
  look: (link: OpenLink) => Promise<void>,
): Promise<void> {
  const name = `sluice doctor ${connection.name}`;
  const link = createNatsLink(name, connection.domain, async () => ({ endpoint, connection }));
  try {
    const opened = await link.connect();
    const { info } = opened.connection;
    found.facts.push(`${opened.connection.getServer()} lets it in: nats-server ${info?.version}`);
    const isForbidden = opened.onForbidden((error) => addOnce(found, explainPermission(error).problem));
    await look(opened);
    await settle(opened.connection);
    isForbidden();
  } catch (error) {
    addOnce(found, (error instanceof SluiceError ? error : explainLoss(error)).problem);
  } finally {
    await link.release();
  }
}

async function examineSubjects({ connection }: OpenLink, subjects: readonly string[], found: Findings): Promise<void> {
  for (const subject of subjects) {
    let forbidden: PermissionViolationError | undefined;
    const subscription = connection.subscribe(subject, {
      callback: (error) => {
        forbidden ??= error === null ? undefined : findForbidden(error);
      },
    });
    await settle(connection);
    if (forbidden === undefined) found.facts.push(`may subscribe to ${subject}`);
    else addOnce(found, explainPermission(forbidden).problem);
    subscription.unsubscribe();
  }
}

async function examineStream(
  nats: NatsConnection,
  connection: Connection,
  { name, subjects }: { readonly name: string; readonly subjects: readonly string[] },
  options: ExamineOptions,
  found: Findings,
): Promise<void> {
  const domain = connection.domain === undefined ? {} : { domain: connection.domain };
  const explain = (error: unknown) => explainJetStreamError(error, { stream: name, subjects, ...domain }).problem;
  let info: StreamInfo;
  const askedAt = options.now();
  try {
    const manager = await jetstreamManager(nats, { checkAPI: false, timeout: answerMsMax, ...domain });
    info = await manager.streams.info(name);
  } catch (error) {
    addOnce(found, explain(error));
    return;
  }
  const { config, state } = info;
  found.facts.push(`stream ${name}: ${config.retention} retention, ${countOf(state.messages, "message")}`);
  found.problems.push(...judgeStream(info, subjects));
  const serverTime = Date.parse((info as { ts?: string }).ts ?? "");
  const clock = Number.isNaN(serverTime)
    ? undefined
    : judgeClock(`the NATS server's`, serverTime, (askedAt + options.now()) / 2);
  if (clock !== undefined) addOnce(found, clock);

  const prefix = connection.domain === undefined ? "$JS.API" : `$JS.${connection.domain}.API`;
  await examineConsumers(nats, prefix, info, options.stateId, found, explain);
  const needed = [`CONSUMER.CREATE.${name}.sluice-doctor.x`, `CONSUMER.DELETE.${name}.sluice-doctor`];
  needed.push(`CONSUMER.MSG.NEXT.${name}.sluice-doctor`);
  for (const subject of needed) {
    try {
      // No request: the server refuses it, or nobody is there to answer.
      await nats.request(`${prefix}.${subject}`, "no request", { timeout: answerMsMax });
    } catch (error) {
      const forbidden = findForbidden(error);
      if (forbidden !== undefined) addOnce(found, explainPermission(forbidden).problem);
    }
  }
  if (config.retention !== "limits") nats.publish(`$JS.ACK.${name}.sluice-doctor.1.1.1.1.1`);
}

/** What of a stream will surprise somebody. */
function judgeStream({ config }: StreamInfo, subjects: readonly string[]): Problem[] {
  const problems: Problem[] = [];
  const warn = (message: string, hint: string) =>
    problems.push({ code: "NATS_STREAM", severity: "warning", message: `stream ${config.name} ${message}`, hint });
  const held = config.subjects ?? [];
  for (const subject of subjects) {
    if (held.length === 0 || held.some((other) => overlapSubjects(other, subject))) continue;
    warn(`holds no messages of ${subject}`, `It holds ${held.join(", ")}: correct the connection, or the stream.`);
  }
  const ageMs = config.max_age / nanosPerMs;
  if (config.retention === "limits" && ageMs > 0 && ageMs < shortAgeMs) {
    const minutes = Math.max(1, Math.round(ageMs / 60_000));
    warn(`keeps messages for ${minutes} min`, "What expires while Sluice is away has no effect: raise max_age.");
  }
  if (config.retention === "interest") {
    const threshold = (config as { consumer_limits?: { inactive_threshold?: number } }).consumer_limits
      ?.inactive_threshold;
    if (threshold !== undefined && threshold > 0)
      warn(
        "removes idle consumers",
        "What comes in a longer absence is lost: take consumer_limits.inactive_threshold out.",
      );
  }
  return problems;
}

async function examineConsumers(
  connection: NatsConnection,
  prefix: string,
  { config }: StreamInfo,
  stateId: string | undefined,
  found: Findings,
  explain: (error: unknown) => Problem,
): Promise<void> {
  let names: readonly string[];
  try {
    names = await listConsumers({ connection, prefix }, config.name);
  } catch (error) {
    // With limits retention it is not needed.
    if (config.retention !== "limits") addOnce(found, explain(error));
    return;
  }
  const warn = (message: string, hint: string) =>
    addOnce(found, { code: "NATS_STREAM", severity: "warning", message: `stream ${config.name}: ${message}`, hint });
  const others = names.filter((name) => parseConsumerName(name)?.stateId !== stateId || stateId === undefined);
  for (const name of others) {
    if (parseConsumerName(name) !== undefined) {
      const hint = `Where nobody uses it, remove it: nats consumer rm ${config.name} ${name}`;
      warn(`consumer ${name} is another Sluice's, or was left by one`, hint);
    } else if (config.retention === "workqueue") {
      warn(`consumer ${name} takes messages too`, "On a work-queue stream nobody else may take the same subjects.");
    }
  }
  const max = config.max_consumers;
  const needed = config.retention === "interest" ? 2 : 1;
  if (max > 0 && others.length + needed > max) {
    const message = `it allows ${countOf(max, "consumer")}, ${countOf(others.length, "is another's", "are others'")}, and Sluice needs ${needed}`;
    warn(message, "Raise max_consumers, or remove consumers that nobody uses.");
  }
}

async function settle(connection: NatsConnection): Promise<void> {
  await connection.flush();
  await sleep(forbiddenMs);
}

function addOnce({ problems }: Findings, problem: Problem): void {
  if (!problems.some(({ message }) => message === problem.message)) problems.push(problem);
}
