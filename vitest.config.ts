import { defineConfig } from "vitest/config";

/** Suites that start real programs, and the few that try so much that they take seconds: all else is the unit suite. */
const slow = [
  ...["contract", "e2e", "sim", "chaos"].map((folder) => `test/${folder}/*.test.ts`),
  "test/go-template/**/limits.test.ts",
  "test/adapters/checkout/open-checkout.test.ts",
  "test/adapters/journal/open-journal.test.ts",
  "test/adapters/kube/bad-servers.test.ts",
  "test/delivery/hand-over.test.ts",
  "test/config/large-documents.test.ts",
  "test/deploy/prometheus.test.ts",
  "test/docs/gallery.test.ts",
  "test/app/http/page/page-routes.test.ts",
  "test/plan/compare-catalogs/unaffected.test.ts",
  "test/plan/fold.test.ts",
  "test/plan/mass-change/mass-change.test.ts",
  "test/render/guard/hostile-values.test.ts",
  "test/render/handlebars/conformance.test.ts",
  "test/pipeline/hostile-messages.test.ts",
  "test/pipeline/backfill.test.ts",
  "test/pipeline/cuts.test.ts",
  "test/pipeline/guard.test.ts",
  "test/pipeline/withdrawn.test.ts",
];

/** For how long a condition is polled for: vitest's own second is no word about a machine that is busy. */
const pollMsMax = 30_000;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          setupFiles: "./test/fixed-seeds.ts",
          include: ["test/**/*.test.ts"],
          exclude: ["**/node_modules/**", ...slow],
          testTimeout: 60_000,
          expect: { poll: { timeout: pollMsMax } },
          // Pure parts keep nothing between tests, so that modules need to be loaded only once.
          isolate: false,
          // Tests leave much behind that is soon rubbish: with more room for it less is copied.
          execArgv: ["--max-semi-space-size=64"],
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "integration",
          setupFiles: "./test/fixed-seeds.ts",
          globalSetup: "./test/e2e/global-setup.ts",
          include: slow,
          testTimeout: 600_000,
          hookTimeout: 900_000,
          expect: { poll: { timeout: pollMsMax } },
          // They wait more than they compute, on ports and in folders of their own. After the cheap ones, never beside them.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
