/** A dry run foretells what the service does: the same inputs in memory and on a branch end in the same tree. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { loadCatalog } from "../../../src/config/load-catalog.ts";
import type { Catalog } from "../../../src/model/catalog.ts";
import type { Checkpoint } from "../../../src/model/change-set.ts";
import type { Delivery } from "../../../src/model/delivery.ts";
import { defaultGuard } from "../../../src/model/mass-change.ts";
import { Branches } from "../../../src/pipeline/branches/branches.ts";
import { dryRun } from "../../../src/pipeline/dry-run/dry-run.ts";
import { Fold } from "../../../src/pipeline/dry-run/fold.ts";
import type { StateTree } from "../../../src/pipeline/dry-run/state-overlay.ts";
import { processDelivery } from "../../../src/pipeline/process-delivery.ts";
import { readFolder } from "../../../src/pipeline/read-folder.ts";
import { StateKeeper } from "../../../src/pipeline/state-keeper.ts";
import { createFakeClock } from "../../fakes/fake-clock.ts";
import { FakeGitRemote } from "../../fakes/fake-git-remote.ts";
import { FakeGitRepository } from "../../fakes/fake-git-repository.ts";
import { casesOf } from "../../tools/cases-of.ts";
import { MemoryLog } from "../../tools/memory-log.ts";

/** What the guard would say of a change is no matter here. */
const unlimited = { budget: Number.MAX_SAFE_INTEGER, approved: [] };

const never = new AbortController().signal;
const render = { instance: "sluice", secrets: "plain" } as const;
const foldOptions = { records: "full", render, entitiesMax: 10_000, outputPath: "rendered" } as const;

/** What a catalog may be: the triggers that there are, their clusters, and what their templates say. */
interface Shape {
  readonly clusters: readonly string[];
  readonly triggers: readonly {
    readonly name: string;
    readonly tier: number;
    readonly value: string;
    readonly leaves: boolean;
  }[];
}

function catalogOf({ clusters, triggers }: Shape): Catalog {
  const text = [
    ...clusters.map(
      (name) => `apiVersion: lib.projectsveltos.io/v1beta1
kind: SveltosCluster
metadata: {name: ${name}, namespace: fleet, labels: {env: production}}`,
    ),
    `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: users}
spec: {messagingMatchCriteria: [{subject: users}]}`,
    ...triggers.map(
      ({ name, tier, value, leaves }) => `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: ${name}}
spec:
  sourceClusterSelector: {matchLabels: {env: production}}
  eventSourceName: users
  oneForEvent: true
  tier: ${tier}
  stopMatchingBehavior: ${leaves ? "LeavePolicies" : "WithdrawPolicies"}
  cloudEventAction: '{{.CloudEvent.type}}'
  policyRefs: [{name: ${name}, namespace: default, kind: ConfigMap}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: ${name}, namespace: default, annotations: {projectsveltos.io/instantiate: ok}}
data:
  a.yaml: |
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: "{{ .CloudEvent.subject }}", namespace: users}
    data: {value: "${value}"}`,
    ),
  ].join("\n---\n");
  return loadCatalog([{ path: "config.yaml", text }], { compatibility: "strict" }).value;
}

const shape = fc.record({
  clusters: fc.subarray(["eu-1", "us-1"], { minLength: 1 }),
  triggers: fc.subarray(["first", "second"]).chain((names) =>
    fc.tuple(
      ...names.map((name) =>
        fc.record({
          name: fc.constant(name),
          tier: fc.constantFrom(50, 100),
          value: fc.constantFrom("one", "two", "{{ .CloudEvent.data.size }}", "{{ .CloudEvent.missing }}"),
          leaves: fc.boolean(),
        }),
      ),
    ),
  ),
});
const events = fc.array(
  fc.record({
    type: fc.constantFrom("Create", "Create", "Delete", "nonsense"),
    user: fc.constantFrom("alice", "bob"),
    size: fc.nat(2),
  }),
  { maxLength: 8 },
);

function deliveryOf({ type, user, size }: { type: string; user: string; size: number }, index: number): Delivery {
  const event = { specversion: "1.0", type, source: "auth", id: String(index), subject: user, data: { size } };
  return {
    connection: "bus",
    stream: "bus/@journal",
    position: { epoch: "test", sequence: index + 1, time: "2026-01-01T00:00:00Z" },
    subject: "users",
    headers: new Map(),
    payload: new TextEncoder().encode(JSON.stringify(event)),
  };
}

/** A service without streams: its state, kept on a repository in memory. */
async function keepState(catalog: Catalog) {
  const git = new FakeGitRepository(new FakeGitRemote());
  const ports = { git, log: new MemoryLog(), clock: createFakeClock(), chance: { next: () => 0 } };
  const branches = new Branches({ target: "main", state: "state", outputPath: "rendered" }, ports, () => "x\n");
  const options = {
    eventsMax: 100,
    per: "batch",
    layout: { shards: 0, buckets: 1 },
    outputPath: "rendered",
    guard: defaultGuard,
    records: "full",
    deadLettersMax: 10,
    render,
  } as const;
  const keeper = StateKeeper.open(options, branches, ports, catalog, await branches.open());
  await keeper.putInForce(catalog, unlimited);
  return {
    receive: async (deliveries: readonly Delivery[]) => {
      const entries = deliveries.map((delivery) => ({
        delivery,
        catalog: keeper.catalog,
        inputs: processDelivery(keeper.catalog, delivery, render).inputs,
      }));
      await keeper.commitBatch(entries, true, never);
      while (keeper.hasPending) await keeper.commitBatch([], true, never);
    },
    follow: async (next: Catalog) => {
      await keeper.putInForce(next, unlimited);
      do await keeper.commitBatch([], true, never);
      while (keeper.hasPending);
    },
    state: (): StateTree & { checkpoint: Checkpoint } => ({
      git,
      tree: branches.stateTree!,
      checkpoint: keeper.checkpoint,
    }),
  };
}

async function filesOf({ git, tree }: StateTree, folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for await (const [path, text] of readFolder(git, tree, folder)) files[path] = text;
  return files;
}

const side = { fold: foldOptions, placement: { outputPath: "rendered", layout: { shards: 0, buckets: 1 } } };

it("base and head end where the service ends, and the report counts the difference", async () => {
  await fc.assert(
    fc.asyncProperty(shape, shape, events, async (before, after, sent) => {
      const [base, head] = [catalogOf(before), catalogOf(after)];
      const service = await keepState(base);
      await service.receive(sent.map(deliveryOf));
      const { checkpoint, ...state } = service.state();

      const fold = new Fold(state, checkpoint, foldOptions);
      await fold.putInForce(head);
      const { report } = await dryRun(
        {
          state,
          checkpoint,
          base: { ...side, catalog: base, isInForce: true, title: "base" },
          head: { ...side, catalog: head, title: "head" },
          samples: [],
          settings: [],
          showsData: true,
          objectsMax: 1000,
        },
        100_000,
      );
      const was = await filesOf(state, "desired");
      await service.follow(head);
      const is = await filesOf(service.state(), "desired");

      expect(await filesOf(fold.overlay, "desired")).toEqual(is);
      expect(await filesOf(fold.overlay, "records")).toEqual(await filesOf(service.state(), "records"));
      expect(await filesOf(fold.overlay, "claims")).toEqual(await filesOf(service.state(), "claims"));
      const paths = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((path) => was[path] !== is[path]);
      expect(report.objects.map(({ path }) => path)).toEqual(
        paths.sort().map((path) => path.replace("desired", "rendered")),
      );
      const { create, update, delete: deleted } = report.counts;
      expect(create + update + deleted).toBe(paths.length);
    }),
    { numRuns: casesOf(60) },
  );
});

it("a base that is not in force is folded first: only what lies between base and head is told", async () => {
  const trigger = { name: "first", tier: 100, leaves: false };
  const [inForce, base, head] = ["one", "two", "three"].map((value) =>
    catalogOf({ clusters: ["eu-1"], triggers: [{ ...trigger, value }] }),
  );
  const service = await keepState(inForce!);
  await service.receive([deliveryOf({ type: "Create", user: "alice", size: 1 }, 0)]);
  const { checkpoint, ...state } = service.state();
  const { report } = await dryRun(
    {
      state,
      checkpoint,
      base: { ...side, catalog: base!, isInForce: false, title: "base" },
      head: { ...side, catalog: head!, title: "head" },
      samples: [],
      settings: [],
      showsData: false,
      objectsMax: 10,
    },
    100_000,
  );
  expect(report.objects[0]?.hunks[0]?.lines.filter(({ sign }) => sign !== " ")).toEqual([
    { sign: "-", text: "  value: two" },
    { sign: "+", text: "  value: three" },
  ]);
});

it("beyond the bound it stops, and says so", async () => {
  const one = { name: "first", tier: 100, leaves: false, value: "one" };
  const [base, head] = ["one", "two"].map((value) => catalogOf({ clusters: ["eu-1"], triggers: [{ ...one, value }] }));
  const service = await keepState(base!);
  await service.receive(["alice", "bob"].map((user, index) => deliveryOf({ type: "Create", user, size: 1 }, index)));
  const { checkpoint, ...state } = service.state();
  const fold = new Fold(state, checkpoint, { ...foldOptions, entitiesMax: 1, outputPath: "rendered" });
  await fold.putInForce(head!);
  expect({ entities: fold.entities, isComplete: fold.isComplete }).toEqual({ entities: 1, isComplete: false });
});

it("other shards and another folder move every manifest, and what changes besides counts apart", async () => {
  const trigger = { name: "first", tier: 100, leaves: false };
  const [base, head] = ["one", "two"].map((value) =>
    catalogOf({ clusters: ["eu-1"], triggers: [{ ...trigger, value }] }),
  );
  const service = await keepState(base!);
  await service.receive(["alice", "bob"].map((user, index) => deliveryOf({ type: "Create", user, size: 1 }, index)));
  const { checkpoint, ...state } = service.state();
  const placement = { outputPath: "manifests", layout: { shards: 1, buckets: 1 } };
  const compare = async (catalog: Catalog) => {
    const input = {
      ...{ state, checkpoint, samples: [], settings: [], showsData: false, objectsMax: 10 },
      base: { ...side, catalog: base!, isInForce: true, title: "base" },
      head: { ...side, catalog, title: "head", placement },
    };
    return (await dryRun(input, 100_000)).report;
  };
  const moved = await compare(base!);
  // Nothing is rendered otherwise but each cluster's own file, which is named after the folder.
  expect(moved.objects.filter(({ object }) => !object.startsWith("configmap default/sluice"))).toEqual([]);
  expect(moved.moves.objects).toBe(Object.keys(await filesOf(state, "desired")).length);
  expect(moved.moves.examples.map(({ from, to }) => [from.split("/")[0], to.split("/")[0]])).toContainEqual([
    "rendered",
    "manifests",
  ]);
  expect(
    moved.moves.examples.some(({ to }) => /^manifests\/fleet\/eu-1\/triggers\/first\/[0-9a-f]{2}\//.test(to)),
  ).toBe(true);

  const changed = await compare(head!);
  expect(changed.counts.update).toBeGreaterThanOrEqual(2);
  expect(changed.objects.map(({ path }) => path).every((path) => path.startsWith("manifests/"))).toBe(true);
  expect(changed.moves.objects).toBe(moved.moves.objects);
});
