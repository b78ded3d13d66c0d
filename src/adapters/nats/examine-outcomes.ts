/**
 * Looks whether outcomes can be told, for `doctor`, without telling one: what the user may publish, as the server itself
 * says, and whether the stream that is to keep them holds their subject.
 */
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import type { Connection } from "../../model/connection.ts";
import type { Examination } from "../../model/examination.ts";
import { compileSubjects } from "../../model/nats-subjects.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import { explainJetStreamError, explainLoss } from "./explain-stream-error.ts";
import { createNatsLink } from "./nats-link.ts";

const answerMsMax = 5_000;
/** Every user may ask for its own rights there, unless it is forbidden. */
const rightsSubject = "$SYS.REQ.USER.INFO";

interface Rights {
  readonly data?: {
    readonly permissions?: {
      readonly publish?: { readonly allow?: readonly string[]; readonly deny?: readonly string[] };
    };
  };
}

export async function examineOutcomes(
  connection: Connection,
  { subject, stream }: { readonly subject: string; readonly stream?: string },
): Promise<Examination> {
  const facts: string[] = [];
  const problems: Problem[] = [];
  const endpoint = (stream === undefined ? connection.core : undefined) ?? connection.jetstream ?? connection.core;
  const link = createNatsLink(`sluice doctor ${connection.name}`, connection.domain, async () => {
    if (endpoint === undefined) throw new Error(`connection ${connection.name} has no endpoint`);
    return { endpoint, connection };
  });
  try {
    const nats = (await link.connect()).connection;
    const may = await mayPublish(nats, subject);
    if (may === true) facts.push(`may publish to ${subject}`);
    else if (may === undefined) facts.push(`whether it may publish to ${subject} the server does not say`);
    else {
      const hint = "Allow the user to publish to it: docs/outcomes.md lists what telling outcomes needs.";
      problems.push({
        code: "NATS_AUTH",
        severity: "error",
        message: `the server forbids publishing to ${subject}`,
        hint,
      });
    }
    if (stream !== undefined) problems.push(...(await examineKeeper(nats, connection, stream, subject, facts)));
  } catch (error) {
    problems.push((error instanceof SluiceError ? error : explainLoss(error)).problem);
  } finally {
    await link.release();
  }
  return { subject: "outcomes", facts, problems };
}

/** Undefined: the server does not tell this user. */
async function mayPublish(nats: NatsConnection, subject: string): Promise<boolean | undefined> {
  let rights: Rights;
  try {
    rights = (await nats.request(rightsSubject, "", { timeout: answerMsMax })).json<Rights>();
  } catch {
    return undefined;
  }
  const { allow, deny = [] } = rights.data?.permissions?.publish ?? {};
  if (compileSubjects(deny)(subject)) return false;
  return allow === undefined || compileSubjects(allow)(subject);
}

/** What the stream that is to keep them is like; of a user who may not ask it is no fault. */
async function examineKeeper(
  nats: NatsConnection,
  { domain }: Connection,
  stream: string,
  subject: string,
  facts: string[],
): Promise<readonly Problem[]> {
  const within = domain === undefined ? {} : { domain };
  try {
    const manager = await jetstreamManager(nats, { checkAPI: false, timeout: answerMsMax, ...within });
    const { config } = await manager.streams.info(stream);
    const held = config.subjects ?? [];
    if (!compileSubjects(held)(subject)) {
      const message = `stream ${stream} holds no messages of ${subject}`;
      const hint = `It holds ${held.join(", ")}: add the subject to it, or correct outcomes.stream.`;
      return [{ code: "NATS_STREAM", severity: "error", message, hint }];
    }
    facts.push(`stream ${stream} keeps it`);
    return [];
  } catch (error) {
    const { problem } = explainJetStreamError(error, { stream, subjects: [subject], ...within });
    if (problem.code !== "NATS_AUTH") return [problem];
    facts.push(`whether stream ${stream} keeps it the server does not say`);
    return [];
  }
}
