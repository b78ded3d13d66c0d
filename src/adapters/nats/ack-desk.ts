/** Acknowledging messages, and hearing whether the server took it. */
import { RetentionPolicy } from "@nats-io/jetstream";
import { errors, type NatsConnection } from "@nats-io/transport-node";
import { SluiceError } from "../../model/problem.ts";
import { causes } from "./error-causes.ts";
import { explainPermission, findForbidden, generalizeSubject } from "./explain-stream-error.ts";

export interface AckDesk {
  /** Acknowledges messages, in order, by their reply subjects. An answer is asked for the last one. */
  settle(replies: readonly string[]): void;
  /** Acknowledges a message that was settled before; no answer is asked for: it would come again. */
  repeat(reply: string): void;
  /** The binding is over: nothing is asked any more. */
  stop(): void;
}

export interface AckOutcome {
  /** The server has what was settled. */
  onTaken(): void;
  /** The user may not acknowledge: reading goes on, and the messages stay with the server. It is tried again. */
  onForbidden(error: SluiceError): void;
  /** The user may again: the consumer has to be bound anew, so that what was refused comes again and is acknowledged. */
  onAllowed(): void;
  /** No answer came: the consumer has to be bound anew. */
  onSilence(error: SluiceError): void;
}

const answerMsMax = 10_000;
/** How long after a refusal the same acknowledgement is tried again. */
const againMs = 10_000;
const ack = "+ACK";

/** On an interest stream one acknowledgement is for all before it; on a work-queue stream each message has its own. */
export function createAckDesk(connection: NatsConnection, retention: RetentionPolicy, outcome: AckOutcome): AckDesk {
  let isForbidden = false;
  let again: NodeJS.Timeout | undefined;

  function askAgain(reply: string): void {
    clearTimeout(again);
    again = setTimeout(() => {
      if (!connection.isClosed()) void ask(reply);
    }, againMs);
    again.unref();
  }

  async function ask(reply: string): Promise<void> {
    try {
      await connection.request(reply, ack, { timeout: answerMsMax });
      if (isForbidden) outcome.onAllowed();
      else outcome.onTaken();
    } catch (error) {
      const forbidden = findForbidden(error);
      const chain = causes(error);
      const isGone = chain.some((cause) => cause instanceof errors.NoRespondersError);
      if (forbidden !== undefined) {
        isForbidden = true;
        askAgain(reply);
        outcome.onForbidden(explainPermission(forbidden));
      } else if (isGone || chain.some((cause) => cause instanceof errors.TimeoutError)) {
        outcome.onSilence(silence(reply, isGone, error));
      }
      // Anything else is the connection's end, with which the consumer is bound anew anyway.
    }
  }

  return {
    settle(replies) {
      const last = replies.at(-1);
      if (last === undefined || connection.isClosed()) return;
      if (retention === RetentionPolicy.Workqueue) {
        for (const reply of replies.slice(0, -1)) connection.publish(reply, ack);
      }
      void ask(last);
    },
    repeat(reply) {
      if (!connection.isClosed()) connection.publish(reply, ack);
    },
    stop: () => clearTimeout(again),
  };
}

function silence(reply: string, isGone: boolean, error: unknown): SluiceError {
  const subject = generalizeSubject(reply);
  return new SluiceError(
    {
      code: "NATS_STREAM",
      message: isGone
        ? `nobody takes acknowledgements on ${subject}: the consumer is gone`
        : `the server did not confirm an acknowledgement on ${subject} within ${answerMsMax / 1000} s`,
      hint: `The consumer is bound anew by itself. If it goes on, see that the user may publish to ${subject} and subscribe to its inbox.`,
    },
    error,
  );
}
