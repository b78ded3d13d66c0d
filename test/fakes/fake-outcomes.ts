/** Who is told outcomes, in memory, under a test's control. */
import type { OutcomeSettings } from "../../src/pipeline/outcomes/outcome-teller.ts";

/** What was published, as its reader would see it. */
export interface ToldOutcome {
  readonly id: string;
  readonly type: string;
  readonly subject?: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface FakeOutcomes extends OutcomeSettings {
  /** In the order of their arrival. */
  readonly told: ToldOutcome[];
  /** Is asked before each is taken: throws, or never resolves. */
  before: (told: ToldOutcome) => Promise<void> | void;
  isClosed: boolean;
}

export function createFakeOutcomes(): FakeOutcomes {
  const fake: FakeOutcomes = {
    told: [],
    before: () => undefined,
    isClosed: false,
    subject: "outcomes",
    redactor: { redact: (text) => text.replaceAll("hunter2", "***") },
    publisher: {
      async publish(_, payload) {
        const told = JSON.parse(new TextDecoder().decode(payload)) as ToldOutcome;
        await fake.before(told);
        fake.told.push(told);
      },
      async close() {
        fake.isClosed = true;
      },
    },
  };
  return fake;
}
