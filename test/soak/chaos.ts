/**
 * `npm run soak:chaos -- [--events N] [--seed S] [--only core|limits|workqueue|interest] [--replicas 1|3]
 * [--transport http|ssh|path]`: so many events over core NATS and over streams of each retention, on one server and on three,
 * with a repository over each transport in turn, under faults that follow each other. Says what was lost and doubled (nothing
 * may be), and how long it took to recover.
 */
import { parseArgs } from "node:util";
import { type ChaosOptions, runChaos } from "../chaos/chaos-run.ts";

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "20000" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
    replicas: { type: "string" },
    transport: { type: "string" },
  },
});
const cases: readonly Pick<ChaosOptions, "retention" | "replicas">[] = (
  ["core", "limits", "workqueue", "interest"] as const
).flatMap((retention) => (retention === "core" ? [1] : [1, 3]).map((one) => ({ retention, replicas: one as 1 | 3 })));
const transports = ["http", "ssh", "path"] as const;
let hasFailed = false;

for (const [index, one] of cases.entries()) {
  if (values.only !== undefined && values.only !== one.retention) continue;
  if (values.replicas !== undefined && values.replicas !== String(one.replicas)) continue;
  const transport = transports.find((name) => name === values.transport) ?? transports[index % transports.length]!;
  const since = performance.now();
  const events = Number(values.events);
  const result = await runChaos({ ...one, transport, events, seed: Number(values.seed), faultsMin: 20 });
  const { received, recoveries, wrong, faults, pushesOfPeople } = result;
  const at = (share: number) => (recoveries[Math.floor((recoveries.length - 1) * share)] ?? 0).toFixed(1);
  const seconds = Math.round((performance.now() - since) / 1000);
  console.log(
    `${one.retention} R${one.replicas}, Git by ${transport}: ${values.events} published, ${received} received, ${wrong.length} wrong, ` +
      `${recoveries.length} faults (${JSON.stringify(faults)}), recovered after p50 ${at(0.5)} s, worst ${at(1)} s, ` +
      `${pushesOfPeople} pushes of people, ${seconds} s`,
  );
  for (const text of wrong.slice(0, 20)) console.log(`  ${text}`);
  hasFailed ||= wrong.length > 0;
}
process.exitCode = hasFailed ? 1 : 0;
