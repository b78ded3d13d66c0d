/** Where what a hub has of charts ends: every release lets go first, what comes meanwhile too, and none is lost. */
import { expect, it } from "vitest";
import type { HubDelivery } from "../../src/model/hub-delivery.ts";
import { deliveries } from "../delivery/deliveries.ts";
import { createFakeEventStream } from "../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import { cloudEvent, createInstance, eventSourceDocument, stateBranch, turns, until } from "./service-bench.ts";

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
