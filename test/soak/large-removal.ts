/**
 * `npm run soak:removal -- --base PATH`: a bare repository with very many entities, as `npm run bench -- throughput` makes
 * it: how long until a change that takes all of them is held, until it is counted, and in how much memory; taken back, the
 * tree as before.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { requestControl } from "../../src/adapters/control/control-socket.ts";
import type { LeadingSnapshot } from "../../src/pipeline/loop/snapshot.ts";
import { BenchSite } from "../bench/bench-site.ts";

const { values } = parseArgs({ options: { base: { type: "string" } } });
if (values.base === undefined) throw new Error("--base PATH: a bare repository to begin with, which is copied");
const waitMsMax = 900_000;

const site = await BenchSite.open({ clusters: 1, shards: 2, base: values.base });
const tree = () => execFileSync("git", ["-C", site.repository, "rev-parse", "main:rendered"]).toString();
const held = async () => {
  const text = await requestControl(join(site.folder, "state"), { command: "status" });
  return (JSON.parse(text).leading as LeadingSnapshot).held;
};

async function timed(isTrue: () => Promise<boolean>): Promise<string> {
  const began = performance.now();
  while (!(await isTrue())) {
    if (performance.now() - began > waitMsMax) throw new Error("it never comes to that");
    await sleep(100);
  }
  return `${((performance.now() - began) / 1000).toFixed(1)} s`;
}

try {
  const began = performance.now();
  const service = await site.startService();
  const memory = () =>
    `peak ${service.usage().peakMiB.toFixed(0)} MiB, now ${service.usage().currentMiB.toFixed(0)} MiB`;
  console.log(`ready after ${((performance.now() - began) / 1000).toFixed(1)} s: ${memory()}`);
  const before = tree();
  const file = join(site.folder, "config", "user-namespaces.yaml");
  const text = readFileSync(file, "utf8");
  const changes = {
    "the trigger removed": text
      .split(/^---\n/m)
      .filter((document) => !document.includes("kind: EventTrigger"))
      .join("---\n"),
    "a template that renders nothing":
      text.slice(0, text.indexOf("  namespace.yaml: |")) + "  namespace.yaml: '# nothing'\n",
  };
  for (const [name, changed] of Object.entries(changes)) {
    assert.notEqual(changed, text);
    writeFileSync(file, changed);
    const time = await timed(async () => (await held()).length > 0);
    const first = await held();
    console.log(`${name}: held after ${time}, by ${first[0]?.removals} removals: ${memory()}`);
    if (name === "the trigger removed") {
      const counted = await timed(async () => (await held()).every(({ isCounting }) => isCounting === undefined));
      console.log(`${name}: counted ${counted} later, ${(await held())[0]?.removals} removals: ${memory()}`);
    }
    writeFileSync(file, text);
    const back = await timed(async () => (await held()).length === 0);
    assert.equal(tree(), before);
    console.log(`${name}: taken back after ${back}, the tree as before: ${memory()}`);
  }
  await service.stop();
} finally {
  await site.close();
}
