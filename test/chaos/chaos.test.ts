/**
 * Chaos in short: some faults of each kind of retention. All of them, on one and on three servers, with SLUICE_TEST_ALL;
 * at length by `npm run soak:chaos`.
 */
import { describe, expect, it } from "vitest";
import { runChaos } from "./chaos-run.ts";
import { seed } from "./random.ts";

const all = process.env.SLUICE_TEST_ALL !== undefined;
const short = [{ retention: "workqueue", replicas: 1, transport: "http" }] as const;
const every = [
  { retention: "core", replicas: 1, transport: "http" },
  { retention: "limits", replicas: 1, transport: "ssh" },
  { retention: "limits", replicas: 3, transport: "path" },
  { retention: "workqueue", replicas: 1, transport: "http" },
  { retention: "workqueue", replicas: 3, transport: "ssh" },
  { retention: "interest", replicas: 1, transport: "path" },
  { retention: "interest", replicas: 3, transport: "http" },
] as const;

describe("under faults of everything around it", () => {
  it.each(all ? every : short)(
    `loses and doubles nothing: $retention, R$replicas, Git by $transport (seed ${seed})`,
    async (one) => {
      const options = all ? { events: 2_000, faultsMin: 12 } : { events: 300, faultsMin: 2 };
      const { wrong, received, recoveries, faults } = await runChaos({ ...one, ...options, seed });
      expect(wrong).toEqual([]);
      expect(received).toBeGreaterThan(0);
      console.log(JSON.stringify({ ...one, received, faults, recoveries: recoveries.map((one) => one.toFixed(1)) }));
    },
  );
});
