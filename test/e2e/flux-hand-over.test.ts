/**
 * Hand-overs with the built program and Flux's kustomize-controller on a hub: 500 Namespaces go from unit to unit, with the
 * controller stopped when it begins, and none is deleted. Hub and cluster are one API server; sources are served here.
 *
 * Needs kube-apiserver, etcd and kustomize-controller: `npm run tools`, then `npm run test:all`.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FluxHub, hasHubTools } from "./flux-hub.ts";
import { usersConfig, usersTrigger } from "./users-config.ts";
import { until } from "./workbench.ts";

const hasTools = await hasHubTools();
const users = 500;
const waitMs = 300_000;

const trigger = `${usersTrigger}  cloudEventAction: '{{ if eq .CloudEvent.type "logout" }}Delete{{ else }}Create{{ end }}'
  stopMatchingBehavior: LeavePolicies
`;

let hub: FluxHub;

beforeAll(async () => {
  if (hasTools) hub = await FluxHub.open({ config: { ...usersConfig, "trigger.yaml": trigger } });
}, 120_000);

afterAll(() => hub?.close());

/** The users' Namespaces that are not on their way out, with their uids. */
const namespaces = () => hub.namespaces(/^user-|^late-|^gone-/);

describe.skipIf(!hasTools)("units are handed over beside Flux (npm run tools, then npm run test:all)", () => {
  let before: ReadonlyMap<string, string>;

  it(
    `brings ${users} Namespaces`,
    async () => {
      await hub.send("login", ...Array.from({ length: users }, (_, index) => `user-${index}`));
      await until(async () => (await namespaces()).size === users, "the Namespaces", waitMs);
      before = await namespaces();
    },
    waitMs,
  );

  it.each([
    ["buckets 1 → 4", (text: string) => text.replace("kind: flux,", "kind: flux, buckets: 4,"), ["fleet"]],
    [
      "another source",
      (text: string) => text.replace("kind: flux,", "kind: flux, source: {name: other},"),
      ["fleet", "other"],
    ],
    ["cluster → owner", (text: string) => text.replace("kind: flux,", "kind: flux, split: owner,"), ["fleet", "other"]],
  ] as const)(
    "%s: with the hub stopped it waits, and no Namespace is deleted",
    async (name, change, wantedSources) => {
      const [late, gone] = [`late-${name.length}`, `gone-${name.length}`];
      await hub.send("login", gone);
      await until(async () => (await namespaces()).has(gone), "another Namespace", waitMs);
      hub.sources = wantedSources;
      await hub.flux.halt();
      await hub.bench.changeSettings(change);
      await until(async () => (await hub.leading()).absent.delivery !== undefined, "the change is held", waitMs);
      const [, id = ""] = /sluice approve ([0-9a-f]{12})/.exec((await hub.leading()).absent.delivery?.hint ?? "") ?? [];
      expect(await hub.bench.sluice("approve", id)).toMatchObject({ code: 0 });

      // A login, a logout, and many looks at a hub where nothing happens.
      await hub.send("logout", gone);
      await hub.send("login", late);
      await sleep(8000);
      const waiting = (await hub.leading()).handOvers;
      expect(waiting).toMatchObject([{ steps: expect.stringMatching(/^1 of/), sees: true }]);
      expect(waiting[0]!.unseenCount).toBeGreaterThan(0);

      const started = performance.now();
      await hub.flux.resume();
      await until(async () => (await hub.leading()).handOvers.length === 0, "the hand-over is done", waitMs);
      console.log(
        `${name}: ${Math.round((performance.now() - started) / 1000)} s, controller ${(await hub.flux.cpuSeconds()).toFixed(1)} CPU s`,
      );
      // What was deleted meanwhile goes, what came is there, and nothing else has changed.
      await until(
        async () => !(await namespaces()).has(gone) && (await namespaces()).has(late),
        "login and logout",
        waitMs,
      );
      const after = await namespaces();
      const changed = [...before].filter(([one, uid]) => after.get(one) !== uid);
      expect(changed).toEqual([]);
      const units = [...(await hub.kustomizations()).values()];
      expect(units.filter(({ spec }) => !spec.prune || spec.suspend === true)).toEqual([]);
    },
    waitMs * 2,
  );

  it(
    "a cluster is given up whose kubeconfig is gone: everything stays in it",
    async () => {
      const all = await namespaces();
      await hub.bench.commitConfig({
        "others.yaml": usersConfig["others.yaml"].replace("name: eu, namespace: fleet", "name: us, namespace: fleet"),
      });
      await until(
        async () => (await hub.leading()).held.length > 0 || (await hub.leading()).catalog.clusters === 1,
        "the change is seen",
        waitMs,
      );
      for (const { id } of (await hub.leading()).held) await hub.bench.sluice("approve", id);
      await until(
        async () => (await hub.bench.git("ls-tree", "-r", "--name-only", "main", "rendered/fleet/us")) !== "",
        "the other cluster",
        waitMs,
      );
      await hub.server.request("DELETE", "/api/v1/namespaces/fleet/secrets/eu-sveltos-kubeconfig");

      expect(await hub.bench.sluice("retire", "fleet/eu")).toMatchObject({ code: 0 });
      await until(async () => (await hub.leading()).handOvers.length === 0, "the hand-over is done", waitMs);

      expect(
        await hub.bench.git("ls-tree", "-r", "--name-only", "main", "rendered/fleet/eu", "delivery/hub/fleet/eu.yaml"),
      ).toBe("");
      await until(
        async () => [...(await hub.kustomizations()).keys()].every((name) => !name.includes("-eu-")),
        "the units are gone",
        waitMs,
      );
      const after = await namespaces();
      expect([...all].filter(([name, uid]) => after.get(name) !== uid)).toEqual([]);
    },
    waitMs,
  );
});
