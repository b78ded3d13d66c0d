/** Where what a hub has of charts ends: every release lets go first, what comes meanwhile too, and none is lost. */
import { expect, it } from "vitest";
import { readHubIdentity } from "../../src/delivery/hand-over/let-go.ts";
import type { HubDelivery } from "../../src/model/hub-delivery.ts";
import { type JsonObject, jsonOf } from "../../src/model/json.ts";
import { readValue } from "../../src/render/manifests/read-value.ts";
import { looksPosition } from "../../src/render/manifests/string-positions.ts";
import { parseYaml } from "../../src/render/yaml/parse-yaml.ts";
import { deliveries } from "../delivery/deliveries.ts";
import { createFakeEventStream } from "../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import {
  cloudEvent,
  createInstance,
  eventSourceDocument,
  hubFiles,
  stateBranch,
  turns,
  until,
} from "./service-bench.ts";

const cluster = `apiVersion: lib.projectsveltos.io/v1beta1
kind: SveltosCluster
metadata: {name: one, namespace: mgmt, labels: {env: production}}
spec: {kubeconfigKeyName: k}
`;
const trigger = `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: login}
spec:
  sourceClusterSelector: {matchLabels: {env: production}}
  eventSourceName: user
  cloudEventAction: '{{if eq .CloudEvent.type "logout"}}Delete{{else}}Create{{end}}'
  helmCharts: [{repositoryURL: "https://charts.example.com", chartName: t, chartVersion: "1.0.0", releaseName: '{{ .CloudEvent.subject }}', releaseNamespace: tenants}]
`;

const ends: readonly [string, HubDelivery | undefined, string][] = [
  ["another kind has them", deliveries.argocd, "Application"],
  ["nobody is told of them any more", undefined, ""],
];

it.each(ends)("%s", async (_, wanted, kind) => {
  const remote = new FakeGitRemote();
  const stream = createFakeEventStream();
  remote.commitAsPerson("main", {
    "config/one.yaml": cluster,
    "config/source.yaml": eventSourceDocument,
    "config/trigger.yaml": trigger,
  });
  const run = async (
    delivery: HubDelivery | undefined,
    work: (instance: ReturnType<typeof createInstance>) => Promise<void>,
  ) => {
    const instance = createInstance({ remote, streams: [stream], ...(delivery === undefined ? {} : { delivery }) });
    const ended = instance.start();
    await until(() => instance.ready.isReady, [instance.clock]);
    await work(instance);
    instance.stop();
    await ended;
  };
  const releases = () =>
    new Map(
      [...remote.files("main", "delivery/charts")].flatMap(([path, text]) =>
        /^kind: (?:HelmRelease|Application)$/m.test(text) ? [[path.split("/").at(-1)!, text] as const] : [],
      ),
    );
  const send = (type: string, subject: string) => stream.publish("user", cloudEvent({ subject, type }));
  const recorded = () => remote.files(stateBranch, "charts").size;

  await run(deliveries.flux, async ({ clock }) => {
    for (const subject of ["a", "b"]) send("login", subject);
    await until(() => releases().size === 2, [clock]);
  });
  await run(wanted, async ({ clock, service }) => {
    const say = async () => {
      const { handOvers, absent } = service!.snapshot();
      const id = handOvers[0]?.id ?? /sluice approve ([0-9a-f]{12})/.exec(absent.delivery?.hint ?? "")?.[1];
      const told = service!.execute({ command: "approve", ids: [id!] });
      told.catch(() => undefined);
      await turns(80);
      return told;
    };
    const isSuspended = (text: string) => /^ {2}suspend: true$/m.test(text);
    await turns(60);
    await say();
    expect([...releases().values()].map(isSuspended)).toEqual([true, true]);
    send("logout", "a");
    send("login", "c");
    await until(() => releases().has("c.yaml") && recorded() === 2, [clock]);
    expect([...releases().keys()].sort()).toEqual(["a.yaml", "b.yaml", "c.yaml"]);
    expect([...releases().values()].every(isSuspended)).toBe(true);

    expect(await say()).toContain("goes from it, and stays in the clusters");
    expect(releases().size).toBe(0);
    send("login", "d");
    await until(() => recorded() === 3, [clock]);
    expect(releases().size).toBe(0);

    await say();
    // What was deleted meanwhile comes to who has the others, to be deleted by it.
    const all = kind === "" ? [] : ["a.yaml", "b.yaml", "c.yaml", "d.yaml"];
    expect([...releases().keys()].sort()).toEqual(all);
    while (service!.snapshot().handOvers.length > 0) await say();
    expect([...releases()].sort().map(([path, text]) => `${path} ${/^kind: (.*)$/m.exec(text)?.[1]}`)).toEqual(
      all.slice(1).map((path) => `${path} ${kind}`),
    );
    expect(remote.files(stateBranch, "leaving-charts").size).toBe(0);
  });
});

it("who has the clusters next has to have taken over what it is to delete, before that goes from the hub", async () => {
  const remote = new FakeGitRemote();
  const stream = createFakeEventStream();
  remote.commitAsPerson("main", {
    "config/one.yaml": cluster,
    "config/source.yaml": eventSourceDocument,
    "config/trigger.yaml": trigger,
  });
  const send = (type: string, subject: string) => stream.publish("user", cloudEvent({ subject, type }));
  const charts = (kind: string) =>
    [...remote.files("main", "delivery/charts")].filter(([, text]) => readHubIdentity(text)?.kind === kind);
  const start = async (more: Partial<Parameters<typeof createInstance>[0]>) => {
    const instance = createInstance({ remote, streams: [stream], ...more });
    const ended = instance.start();
    await until(() => instance.ready.isReady, [instance.clock]);
    const stop = () => {
      instance.stop();
      return ended;
    };
    return { ...instance, stop };
  };
  const before = await start({ delivery: deliveries.argocd });
  for (const subject of ["a", "b"]) send("login", subject);
  await until(() => charts("Application").length === 2, [before.clock]);
  await before.stop();

  // A hub that has what the target says, each unit ready at its head; no release was taken over yet.
  let hasTakenOver = false;
  const openHub = () => ({
    close: () => undefined,
    findKind: async (group: string, kind: string) => ({ group, kind }) as never,
    async *listObjects({ kind }: { kind: string }): AsyncIterable<JsonObject> {
      for (const text of [...hubFiles(remote).values(), ...charts(kind).map(([, one]) => one)]) {
        if (readHubIdentity(text)?.kind !== kind) continue;
        const object = readValue(parseYaml(text)[0]!, looksPosition) as JsonObject;
        const head = remote.history("main")[0]!.id;
        const { source } = Object.fromEntries(object.get("spec") as JsonObject);
        const status = new Map([
          ...(jsonOf({
            conditions: [{ type: "Ready", status: "True", observedGeneration: 1 }],
            lastAppliedRevision: `main@sha1:${head}`,
            history: hasTakenOver ? [{ name: "a" }] : [],
          }) as JsonObject),
          [
            "sync",
            new Map([
              ...(jsonOf({ status: "Synced", revision: head }) as JsonObject),
              ["comparedTo", new Map([["source", source!]])],
            ]),
          ],
        ]);
        const metadata = new Map([...(object.get("metadata") as JsonObject), ["generation", 1n] as const]);
        yield new Map([...object, ["metadata", metadata], ["status", status]]) as JsonObject;
      }
    },
  });
  const { clock, service, stop } = await start({ delivery: deliveries.flux, openHub: openHub as never });
  const look = async () => {
    clock.advance(10_000);
    await turns(80);
  };
  await turns(60);
  const { absent } = service!.snapshot();
  const told = service!.execute({
    command: "approve",
    ids: [/sluice approve ([0-9a-f]{12})/.exec(absent.delivery!.hint!)![1]!],
  });
  send("logout", "a");
  await turns(80);
  await told;
  await until(() => remote.files(stateBranch, "leaving-charts").size === 1, [clock]);
  for (let turn = 0; turn < 20; turn++) await look();

  // It is the last step, and waits for the release of `a` alone: with it both are on the hub.
  expect(service!.snapshot().handOvers).toMatchObject([
    { steps: "4 of 4", unseen: [expect.stringMatching(/^HelmRelease .* has not taken over yet/)], unseenCount: 1 },
  ]);
  expect(charts("HelmRelease")).toHaveLength(2);

  hasTakenOver = true;
  for (let turn = 0; turn < 5; turn++) await look();
  expect(service!.snapshot().handOvers).toEqual([]);
  expect(charts("HelmRelease").map(([path]) => path.split("/").at(-1))).toEqual(["b.yaml"]);
  await stop();
});
