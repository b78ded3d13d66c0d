/** Sets of so many clusters, in the service: the choice outlives restarts, and a cluster that goes is followed by one. */
import { expect, it } from "vitest";
import { createFakeEventStream } from "../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import { storedCheckpoint } from "../fakes/stored-checkpoint.ts";
import {
  clusterDocument,
  configMap,
  contentDocument,
  createInstance,
  type Instance,
  profileDocument,
  stateBranch,
  until,
} from "./service-bench.ts";

const setDocument = (max: number) =>
  `apiVersion: lib.projectsveltos.io/v1beta1\nkind: ClusterSet\nmetadata: {name: canaries}\nspec: {clusterSelector: {matchLabels: {env: production}}, maxReplicas: ${max}}\n`;
const clusters = (names: readonly string[]) => names.map((name) => clusterDocument(name)).join("---\n");
const setFile = "config/lib.projectsveltos.io/clusterset/_cluster/canaries.yaml";

it("stays where it is while clusters come, through restarts, and moves where one goes", async () => {
  const remote = new FakeGitRemote();
  const stream = createFakeEventStream();
  const first = ["a", "b", "c"];
  remote.commitAsPerson("main", {
    "config/clusters.yaml": clusters(first),
    "config/set.yaml": setDocument(2),
    "config/content.yaml": contentDocument("content", configMap("made", "1")),
    "config/profile.yaml": profileDocument("base", "content").replace(
      "clusterSelector: {matchLabels: {env: production}}",
      "setRefs: [canaries]",
    ),
  });
  const rendered = () =>
    [...remote.files("main", "rendered").keys()].flatMap((path) => /mgmt\/(.*)\/clusterprofiles/.exec(path)?.[1] ?? []);
  const isCalm = () => {
    const pending = storedCheckpoint(remote.files(stateBranch))?.pending;
    return pending !== undefined && pending.passes.length + pending.reviews.length === 0;
  };
  const withService = async (work: (instance: Instance) => Promise<void>) => {
    const instance = createInstance({ remote, streams: [stream] });
    const ended = instance.start();
    await until(() => instance.ready.isReady, [instance.clock]);
    await work(instance);
    instance.stop();
    await ended;
  };
  const inForce = (instance: Instance, count: number) =>
    until(() => instance.service?.snapshot().catalog.clusters === count && isCalm(), [instance.clock]);

  await withService((instance) => until(() => rendered().length === 2 && isCalm(), [instance.clock]));
  const chosen = rendered();
  const kept = remote.file(stateBranch, setFile);
  expect(kept).toContain("# sluice.dev/chosen: ");
  // Any of these would be chosen sooner or later, were it not for what is chosen already.
  const many = [...first, ...Array.from({ length: 20 }, (_, index) => `new-${index}`)];
  await withService(async (instance) => {
    expect(rendered()).toEqual(chosen);
    remote.commitAsPerson("main", { "config/clusters.yaml": clusters(many) });
    await inForce(instance, many.length);
    expect(rendered()).toEqual(chosen);
  });
  await withService(async (instance) => {
    expect(remote.file(stateBranch, setFile)).toBe(kept);
    remote.commitAsPerson("main", { "config/clusters.yaml": clusters(many.filter((name) => name !== chosen[0])) });
    await inForce(instance, many.length - 1);
    expect(rendered()).toHaveLength(2);
    expect(rendered()).toContain(chosen[1]);
    expect(rendered()).not.toContain(chosen[0]);
  });
});
