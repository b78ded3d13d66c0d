/**
 * What one changed object among 4,000 costs Flux's kustomize-controller, by how they are parted: in one Kustomization, in
 * buckets of one repository, and in buckets with an artifact for each unit. Hub and cluster are one API server.
 *
 * Neither source-controller nor source-watcher runs: what they do is done by hand, in `flux-hub.ts`. Each commit is packed
 * as the GitRepository's artifact, and each folder that the ArtifactGenerators on the hub ask for as an ExternalArtifact of
 * its own, whose revision changes with what is in it alone. Their own CPU seconds are so in no figure.
 *
 * Needs kube-apiserver, etcd and kustomize-controller: `npm run tools`, then `npm run test:all`.
 */
import { loadavg } from "node:os";
import { afterEach, describe, expect, it } from "vitest";
import { FluxHub, type HubKustomization, hasHubTools } from "./flux-hub.ts";
import { usersConfig } from "./users-config.ts";
import { until } from "./workbench.ts";

const hasTools = await hasHubTools();
const waitMs = 1_200_000;
const objects = 4000;
const changes = 3;
/** `base` and the folders of triggers. */
const units = (parts: number) => 1 + parts;

/** Each Namespace says by which type of event it was last asked for. */
const config = {
  ...usersConfig,
  "others.yaml": usersConfig["others.yaml"].replace(
    'metadata: {name: "{{ .CloudEvent.subject }}"}',
    'metadata: {name: "{{ .CloudEvent.subject }}", annotations: {example.com/last: "{{ .CloudEvent.type }}"}}',
  ),
};

interface Namespace {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

let hub: FluxHub | undefined;
afterEach(async () => {
  await hub?.close();
  hub = undefined;
});

describe.skipIf(!hasTools)("4,000 objects beside Flux (npm run tools, then npm run test:all)", () => {
  it.each([
    { parted: "one Kustomization", delivery: "", parts: 1, applied: units(1) },
    { parted: "4 buckets", delivery: "buckets: 4, ", parts: 4, applied: units(4) },
    { parted: "16 buckets", delivery: "buckets: 16, ", parts: 16, applied: units(16) },
    { parted: "16 buckets with artifacts", delivery: "buckets: 16, artifacts: true, ", parts: 16, applied: 1 },
  ])(
    "$parted: each change arrives, and has $applied of its units applied",
    async ({ parted, delivery, parts, applied }) => {
      const own = await FluxHub.open({ config, delivery: `${delivery}interval: 24h, ` });
      hub = own;
      const { flux, bench } = own;
      const namespaces = async () => {
        const { body } = await own.server.request("GET", "/api/v1/namespaces");
        const { items } = body as { items: readonly Namespace[] };
        return new Map(items.map((one) => [one.metadata.name, one.metadata] as const));
      };
      const isAllApplied = async () => (await own.isApplied()) && (await own.isRootApplied());

      await flux.halt();
      await own.send("login", ...Array.from({ length: objects }, (_, index) => `user-${index}`));
      await until(async () => (await bench.rendered()).length === objects, "all are committed", waitMs);
      await flux.resume();
      await own.until(isAllApplied, "all is applied", waitMs);
      const before = await namespaces();
      const users = [...before.keys()].filter((name) => name.startsWith("user-"));
      expect(users.length).toBe(objects);
      const counts = [...(await own.kustomizations()).values()].map(countOf).sort((a, b) => a - b);
      expect(counts.length).toBe(units(parts));
      // Each unit has what keeps its folder besides.
      expect(counts.reduce((sum, count) => sum + count)).toBe(objects + units(parts));
      const first = await flux.cpuSeconds();

      const costs: number[] = [];
      const load = loadavg()[0]!;
      const started = performance.now();
      for (let index = 0; index < changes; index++) {
        const [name, value] = [`user-${index * 1000 + 7}`, `change-${index}`];
        const [revisions, spent] = [revisionsOf(await own.kustomizations()), await flux.cpuSeconds()];
        const head = await bench.git("rev-parse", "main");
        await own.send(value, name);
        await own.until(async () => (await bench.git("rev-parse", "main")) !== head, "the change is committed", waitMs);
        await own.until(isAllApplied, "the change is applied", waitMs);
        costs.push((await flux.cpuSeconds()) - spent);

        expect((await namespaces()).get(name)?.annotations).toMatchObject({ "example.com/last": value });
        const after = revisionsOf(await own.kustomizations());
        expect([...after].filter(([unit, revision]) => revisions.get(unit) !== revision).length).toBe(applied);
      }
      const after = await namespaces();
      expect(users.filter((name) => after.get(name)?.uid !== before.get(name)!.uid)).toEqual([]);
      console.log(
        `${parted}: ${(costs.reduce((sum, cost) => sum + cost) / changes).toFixed(2)} CPU s for each changed object ` +
          `(${costs.map((cost) => cost.toFixed(2)).join(", ")}), in ${((performance.now() - started) / changes / 1000).toFixed(1)} s; ` +
          `${first.toFixed(1)} CPU s until all were there; largest unit ${counts.at(-1)}; load ${load.toFixed(1)}`,
      );
    },
    waitMs * 2,
  );
});

/** How many objects it has in the cluster. */
function countOf({ status }: HubKustomization): number {
  return status?.inventory?.entries?.length ?? 0;
}

function revisionsOf(all: ReadonlyMap<string, HubKustomization>): ReadonlyMap<string, string | undefined> {
  return new Map([...all].map(([name, { status }]) => [name, status?.lastAppliedRevision]));
}
