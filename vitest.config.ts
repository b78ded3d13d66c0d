import { defineConfig } from "vitest/config";

/** Suites that start real programs: everything else is the unit suite. */
const slow = ["test/contract/**", "test/e2e/**", "test/sim/**", "test/chaos/**"];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["**/node_modules/**", ...slow],
          testTimeout: 60_000,
          // Pure parts keep nothing between tests, so that modules need to be loaded only once.
          isolate: false,
        },
      },
      {
        test: {
          name: "integration",
          globalSetup: "./test/e2e/global-setup.ts",
          include: slow.map((folder) => `${folder}/*.test.ts`),
          testTimeout: 600_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
