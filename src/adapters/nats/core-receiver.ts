/** Receiving over core NATS: subscribed for as long as it runs, whatever happens to the server or the connection. */
import { errors, type Msg, type NatsConnection, type Subscription } from "@nats-io/transport-node";
import { compileSubjects, coversSubject, overlapSubjects, reduceSubjects } from "../../model/nats-subjects.ts";
import type { Problem } from "../../model/problem.ts";
import { createBackoff } from "./backoff.ts";
import { explainLoss, explainPermission } from "./explain-stream-error.ts";
import type { NatsLink } from "./nats-link.ts";
import { untilAborted } from "./until-aborted.ts";

export interface CoreReceiverOptions {
  readonly link: NatsLink;
  readonly subjects: readonly string[];
  /** Subjects that are read from JetStream, and so not here. */
  readonly excluded: readonly string[];
  readonly receive: (message: Msg) => void;
  /** The server has the subscriptions. */
  readonly onSubscribed: () => void;
  readonly onTrouble: (problem: Problem) => void;
}

/** Receives until the signal aborts; then what is under way is still received, and it resolves. */
export async function receiveCore(options: CoreReceiverOptions, signal: AbortSignal): Promise<void> {
  const { link, onSubscribed, onTrouble } = options;
  const backoff = createBackoff();
  while (!signal.aborted) {
    try {
      const connection = await untilAborted(link.connect(), signal);
      await receiveFrom(connection, options, signal, () => {
        onSubscribed();
        backoff.reset();
      });
    } catch (error) {
      if (!signal.aborted) onTrouble(explainLoss(error).problem);
    }
    await backoff.wait(signal);
  }
}

/** Resolves when the signal aborts; rejects when the connection or a subscription is lost. */
async function receiveFrom(
  connection: NatsConnection,
  { subjects, excluded, receive }: CoreReceiverOptions,
  signal: AbortSignal,
  onSubscribed: () => void,
): Promise<void> {
  const subscriptions: Subscription[] = [];
  const lost = new Promise<never>((_, reject) => {
    for (const { subject, accepts } of selectSubjects(subjects, excluded)) {
      const callback = (error: Error | null, message: Msg) => {
        if (error !== null) reject(error instanceof errors.PermissionViolationError ? explainPermission(error) : error);
        else if (accepts(message.subject)) receive(message);
      };
      subscriptions.push(connection.subscribe(subject, { callback }));
    }
    connection.closed().then((error) => reject(explainLoss(error)));
  });
  try {
    // A round trip: the server has the subscriptions, and has complained where it does not allow them.
    await untilAborted(Promise.race([connection.flush(), lost]), signal);
    onSubscribed();
    await untilAborted(lost, signal);
  } finally {
    if (signal.aborted && !connection.isClosed()) {
      await Promise.allSettled(subscriptions.map((subscription) => subscription.drain()));
    } else {
      for (const subscription of subscriptions) subscription.unsubscribe();
    }
  }
}

/** What to subscribe to, and which of its messages to take: each message once, and none that JetStream brings. */
function selectSubjects(
  subjects: readonly string[],
  excluded: readonly string[],
): readonly { readonly subject: string; readonly accepts: (subject: string) => boolean }[] {
  const wanted = reduceSubjects(subjects).filter((subject) => !excluded.some((other) => coversSubject(other, subject)));
  return wanted.map((subject, index) => {
    const elsewhere = [...wanted.slice(0, index), ...excluded].filter((other) => overlapSubjects(other, subject));
    const isElsewhere = compileSubjects(elsewhere);
    return { subject, accepts: elsewhere.length === 0 ? () => true : (message) => !isElsewhere(message) };
  });
}
