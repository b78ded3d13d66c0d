/**
 * The subscriptions of one open connection to NATS, while what is wanted of it changes.
 *
 * One that stands is never exchanged for another: between the two a message could be missed or come twice. A new one
 * takes only what none that is older covers, and one that nobody needs any more goes last.
 */
import { errors, type Msg, type NatsConnection, type Subscription } from "@nats-io/transport-node";
import { compileSubjects, coversSubject, overlapSubjects, reduceSubjects } from "../../model/nats-subjects.ts";
import { explainPermission } from "./explain-stream-error.ts";

/** What to receive. */
export interface WantedSubjects {
  readonly subjects: readonly string[];
  /** Subjects that are read from JetStream, and so not here. */
  readonly excluded: readonly string[];
}

export interface CoreSubscriptions {
  /** Resolves when the server has the subscriptions that are wanted now. */
  want(wanted: WantedSubjects): Promise<void>;
  /** Ends them all once what is under way was received. */
  drain(): Promise<void>;
}

interface Standing {
  readonly subject: string;
  readonly subscription: Subscription;
  readonly matches: (subject: string) => boolean;
}

/** `fail` is told that a subscription is no more, or not allowed. */
export function createCoreSubscriptions(
  connection: NatsConnection,
  receive: (message: Msg) => void,
  fail: (error: unknown) => void,
): CoreSubscriptions {
  /** Oldest first. */
  let standing: Standing[] = [];
  let isWanted: (subject: string) => boolean = () => false;

  function subscribe(subject: string): void {
    const matches = compileSubjects([subject]);
    const subscription = connection.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) fail(error instanceof errors.PermissionViolationError ? explainPermission(error) : error);
        else if (isWanted(message.subject) && oldest(message.subject) === subscription) receive(message);
      },
    });
    standing.push({ subject, subscription, matches });
  }

  /** The subscription that takes a message: each of several that match brings it. */
  function oldest(subject: string): Subscription | undefined {
    return standing.find(({ matches }) => matches(subject))?.subscription;
  }

  return {
    async want({ subjects, excluded }) {
      const wanted = reduceSubjects(subjects).filter(
        (subject) => !excluded.some((other) => coversSubject(other, subject)),
      );
      const matches = compileSubjects(wanted);
      const isElsewhere = compileSubjects(excluded);
      for (const subject of wanted) {
        if (!standing.some((other) => coversSubject(other.subject, subject))) subscribe(subject);
      }
      isWanted = excluded.length === 0 ? matches : (subject) => matches(subject) && !isElsewhere(subject);
      // A round trip: the server has the subscriptions, and has complained where it does not allow them.
      await connection.flush();
      const needless = standing.filter(({ subject }) => !wanted.some((other) => overlapSubjects(other, subject)));
      standing = standing.filter((one) => !needless.includes(one));
      for (const { subscription } of needless) subscription.unsubscribe();
    },
    async drain() {
      if (connection.isClosed()) return;
      await Promise.allSettled(standing.map(({ subscription }) => subscription.drain()));
    },
  };
}
