/** Which subjects streams hold that are read whole: core subjects among them would be read twice. */
import { compileSubjects } from "../../model/nats-subjects.ts";

export interface HeldSubjects {
  /** Streams whose subjects have to be known before it can be told what they hold. */
  expect(streams: readonly string[]): void;
  tell(stream: string, subjects: readonly string[]): void;
  /** Of the expected streams those that have not told yet. */
  missing(): readonly string[];
  /** Resolves when another stream has told, or the signal aborts. */
  changed(signal: AbortSignal): Promise<void>;
  /** Whether an expected stream holds messages of the subject. */
  holds(subject: string): boolean;
}

export function createHeldSubjects(): HeldSubjects {
  const told = new Map<string, readonly string[]>();
  const waiting = new Set<() => void>();
  let expected: readonly string[] = [];
  let matches: (subject: string) => boolean = () => false;

  function update(): void {
    matches = compileSubjects(expected.flatMap((stream) => told.get(stream) ?? []));
    for (const wake of [...waiting]) wake();
  }

  return {
    expect(streams) {
      expected = streams;
      update();
    },
    tell(stream, subjects) {
      told.set(stream, subjects);
      update();
    },
    missing: () => expected.filter((stream) => !told.has(stream)),
    changed(signal) {
      if (signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const wake = () => {
          waiting.delete(wake);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        waiting.add(wake);
        signal.addEventListener("abort", wake);
      });
    },
    holds: (subject) => matches(subject),
  };
}
