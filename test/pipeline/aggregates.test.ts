/** `oneForEvent: false`: a cluster is rendered once over all entities that are alive there, at the end of a batch. */
import { beforeEach, describe, expect, it } from "vitest";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import { defaultGuard } from "../../src/model/mass-change.ts";
import { createFakeEventStream, type FakeEventStream } from "../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import {
  cloudEvent,
  clusterDocument,
  configMap,
  contentDocument,
  createInstance,
  eventSourceDocument,
  type Instance,
  stateBranch,
  triggerDocument,
  until,
} from "./service-bench.ts";

const list = '"{{ range .CloudEvents }}{{ .subject }}={{ .data.value }} {{ end }}"';
const together = (more = "") =>
  triggerDocument("all", "content", more).replace("oneForEvent: true", "oneForEvent: false");
const documents = {
  "config/one.yaml": clusterDocument("one"),
  "config/source.yaml": eventSourceDocument,
  "config/all.yaml": together(),
  "config/content.yaml": contentDocument("content", configMap("users", list)),
};

/** Blank on clusters of the region. */
const regional = `'{{if eq (get .Cluster.metadata.labels "region") "us"}}{{else if`;

let remote: FakeGitRemote;
let stream: FakeEventStream;
let instance: Instance;

beforeEach(() => {
  remote = new FakeGitRemote();
  stream = createFakeEventStream();
  remote.commitAsPerson("main", documents);
  instance = createInstance({ remote, streams: [stream], guard: { ...defaultGuard, share: 1 } });
});

const login = (subject: string, value = "1", more: object = {}) =>
  stream.publish("user", cloudEvent({ subject, data: { value }, ...more }));
const logout = (subject: string) => stream.publish("user", cloudEvent({ subject, type: "logout" }));

/** `<cluster> <name>=<value>` of every ConfigMap on the target. */
function onTarget(): string[] {
  return [...remote.files("main", "rendered")]
    .filter(([path]) => path.includes("/configmap/"))
    .map(
      ([path, text]) =>
        `${path.split("/")[2]} ${/([^/]+)\.yaml$/.exec(path)?.[1]}=${/value: "?([^"\n]*)/.exec(text)?.[1]}`,
    );
}

async function come(wanted: readonly string[]): Promise<void> {
  await until(() => JSON.stringify(onTarget()) === JSON.stringify(wanted), [instance.clock]);
}

async function running(work: () => Promise<void>): Promise<void> {
  const ended = instance.start();
  await until(() => instance.ready.isReady, [instance.clock]);
  await work();
  instance.stop();
  await ended;
}

const records = () => [...remote.files(stateBranch, "records").keys()];

describe("a trigger with oneForEvent: false", () => {
  it("renders a list of those who are alive, in order, until nobody is", () =>
    running(async () => {
      login("carol");
      await come(["one users=carol=1 "]);
      login("alice");
      login("bob", "2");
      await come(["one users=alice=1 bob=2 carol=1 "]);
      logout("alice");
      login("bob", "3");
      await come(["one users=bob=3 carol=1 "]);
      logout("bob");
      logout("carol");
      await come([]);
      expect(records()).toEqual([]);
    }));

  it("renders once a batch, on the clusters whose alive have changed", async () => {
    remote.commitAsPerson("main", {
      "config/two.yaml": clusterDocument("two").replace("labels: {", "labels: {region: us, "),
      "config/all.yaml": together().replace("'{{if", regional),
    });
    for (const subject of ["a", "b", "c"]) login(subject);
    await running(async () => {
      await come(["one users=a=1 b=1 c=1 "]);
      const commits = remote.history("main").filter(({ message }) => message.includes("Sluice-Event"));
      expect(commits).toHaveLength(1);
    });
  });

  it("says what it is of, and gives its record a place that people can find", () =>
    running(async () => {
      login("alice");
      await come(["one users=alice=1 "]);
      const [, text] = [...remote.files("main", "rendered")].find(([path]) => path.includes("/configmap/"))!;
      expect(text).toContain('sluice.dev/entity: "_all/mgmt%2Fone"');
      expect(records()).toContain("records/eventtrigger/all/_all/mgmt%2Fone.json");
    }));

  it("keeps an entity as it was where its event's action fails, and takes it as soon as that is mended", async () => {
    const action = '{{ if eq .CloudEvent.data.value "9" }}{{ .CloudEvent.data.nothing }}{{ end }}Create';
    remote.commitAsPerson("main", {
      "config/all.yaml": together().replace(/cloudEventAction: .*/, `cloudEventAction: '${action}'`),
    });
    await running(async () => {
      login("alice");
      login("bob");
      await come(["one users=alice=1 bob=1 "]);
      login("alice", "9");
      login("bob", "2");
      await come(["one users=alice=1 bob=2 "]);
      remote.commitAsPerson("main", { "config/all.yaml": together() });
      await come(["one users=alice=9 bob=2 "]);
    });
  });

  it("keeps an entity where it is while nobody can tell where its event, or its trigger, wants it", async () => {
    const destined = (name: string) =>
      together(`  destinationCluster: {apiVersion: v1, kind: Cluster, namespace: mgmt, name: '${name}'}\n`);
    remote.commitAsPerson("main", {
      "config/two.yaml": clusterDocument("two", "staging"),
      "config/all.yaml": destined("{{ .CloudEvent.data.to }}"),
    });
    const to = (subject: string, data: object) => stream.publish("user", cloudEvent({ subject, data }));
    const failures = () => JSON.stringify([...remote.files(stateBranch, "records")]);
    await running(async () => {
      to("alice", { value: "1", to: "two" });
      to("bob", { value: "1", to: "two" });
      await come(["two users=alice=1 bob=1 "]);
      to("alice", { value: "2" });
      await until(() => failures().includes("TEMPLATE_FAILED"), [instance.clock]);
      to("carol", { value: "1", to: "two" });
      await come(["two users=alice=1 bob=1 carol=1 "]);
      remote.commitAsPerson("main", { "config/all.yaml": destined("{{ .CloudEvent.data.nothing }}") });
      const ofTwo = () => remote.files(stateBranch, "records").get("records/eventtrigger/all/_all/mgmt%2Ftwo.json");
      await until(() => ofTwo()?.includes("TEMPLATE_FAILED") !== false, [instance.clock]);
      expect(onTarget()).toEqual(["two users=alice=1 bob=1 carol=1 "]);
      remote.commitAsPerson("main", { "config/all.yaml": destined("two") });
      await come(["two users=alice=2 bob=1 carol=1 "]);
    });
  });

  it("keeps an entity as it was where the failure of its last event is discarded", async () => {
    const action = '{{ if eq .CloudEvent.data.value "9" }}{{ .CloudEvent.data.nothing }}{{ end }}Create';
    remote.commitAsPerson("main", {
      "config/all.yaml": together().replace(/cloudEventAction: .*/, `cloudEventAction: '${action}'`),
    });
    await running(async () => {
      login("alice");
      await come(["one users=alice=1 "]);
      login("alice", "9");
      login("bob", "9");
      const failed = () =>
        [...remote.files(stateBranch, "records")].filter(([, text]) => text.includes("TEMPLATE_FAILED"));
      await until(() => failed().length === 2, [instance.clock]);
      const ids = failed().map(([path]) => /([^/]+)\.json$/.exec(path)![1]!);
      expect(await instance.service!.execute({ command: "discard", ids })).toBe("discarded 2");
      expect(failed()).toEqual([]);
      login("carol");
      await come(["one users=alice=1 carol=1 "]);
    });
  });

  it("leaves the objects as they were where the rendering fails, and says why", () =>
    running(async () => {
      login("alice");
      await come(["one users=alice=1 "]);
      stream.publish("user", cloudEvent({ subject: "bob", data: {} }));
      const record = () =>
        remote.files(stateBranch, "records/eventtrigger/all/_all").get("records/eventtrigger/all/_all/mgmt%2Fone.json");
      await until(() => record()?.includes("TEMPLATE_FAILED") === true, [instance.clock]);
      expect(onTarget()).toEqual(["one users=alice=1 "]);
      login("bob", "2");
      await come(["one users=alice=1 bob=2 "]);
      expect(record()).not.toContain("TEMPLATE_FAILED");
    }));

  it("follows its documents: another template, a cluster more, one less, each entity by itself and back", () =>
    running(async () => {
      login("alice");
      login("bob");
      await come(["one users=alice=1 bob=1 "]);
      remote.commitAsPerson("main", {
        "config/content.yaml": contentDocument("content", configMap("count", '"{{ len .CloudEvents }}"')),
      });
      await come(["one count=2"]);
      remote.commitAsPerson("main", { "config/two.yaml": clusterDocument("two") });
      await come(["one count=2", "two count=2"]);
      remote.commitAsPerson("main", { "config/one.yaml": clusterDocument("one", "staging") });
      await come(["two count=2"]);
      remote.commitAsPerson("main", {
        "config/all.yaml": triggerDocument("all", "content"),
        "config/content.yaml": contentDocument(
          "content",
          configMap("{{ .CloudEvent.subject }}", "{{ .CloudEvent.data.value }}"),
        ),
      });
      await come(["two alice=1", "two bob=1"]);
      remote.commitAsPerson("main", {
        "config/all.yaml": together(),
        "config/content.yaml": documents["config/content.yaml"],
      });
      await come(["two users=alice=1 bob=1 "]);
    }));

  it("leaves what LeavePolicies leaves where a cluster does not match any more", async () => {
    remote.commitAsPerson("main", { "config/all.yaml": together("  stopMatchingBehavior: LeavePolicies\n") });
    await running(async () => {
      login("alice");
      await come(["one users=alice=1 "]);
      remote.commitAsPerson("main", {
        "config/one.yaml": clusterDocument("one", "staging"),
        "config/two.yaml": clusterDocument("two"),
      });
      await come(["one users=alice=1 ", "two users=alice=1 "]);
      login("bob");
      await come(["one users=alice=1 ", "two users=alice=1 bob=1 "]);
    });
  });

  it("passes from a name to another with all that it has", () =>
    running(async () => {
      login("alice");
      await come(["one users=alice=1 "]);
      const renamed = together().replace("name: all}", "name: every, annotations: {sluice.dev/formerly: all}}");
      remote.commitAsPerson("main", { "config/all.yaml": renamed });
      await until(() => records().every((path) => path.startsWith("records/eventtrigger/every/")), [instance.clock]);
      await come(["one users=alice=1 "]);
      login("bob");
      await come(["one users=alice=1 bob=1 "]);
    }));

  it("shares and disputes objects as any owner does", async () => {
    const rival = triggerDocument("rival", "rival", "  tier: 50\n");
    remote.commitAsPerson("main", {
      "config/rival.yaml": rival.replace(/cloudEventAction: .*/, "cloudEventAction: '{{ .CloudEvent.data.action }}'"),
      "config/rival-content.yaml": contentDocument("rival", configMap("users", "mine")),
    });
    await running(async () => {
      login("alice", "1", { data: { value: "1", action: "" } });
      await come(["one users=alice=1 "]);
      login("bob", "1", { data: { value: "1", action: "Create" } });
      await come(["one users=mine"]);
      login("bob", "1", { data: { value: "2", action: "Delete" } });
      await come(["one users=alice=1 bob=2 "]);
    });
  });

  it("is withdrawn with its documents, and comes back with what happened meanwhile", () =>
    running(async () => {
      login("alice");
      await come(["one users=alice=1 "]);
      remote.commitAsPerson("main", { "config/all.yaml": undefined });
      await come([]);
      login("bob");
      await until(() => records().length === 3, [instance.clock]);
      remote.commitAsPerson("main", { "config/all.yaml": together() });
      await come(["one users=alice=1 bob=1 "]);
    }));
});

it("needs the events on record", () => {
  const files = Object.entries(documents).map(([path, text]) => ({ path, text }));
  const { problems } = loadCatalog(files, { compatibility: "strict", records: "identity" });
  const [problem] = problems.filter(({ severity }) => severity === "error");
  expect(problem).toMatchObject({ code: "DOCUMENT_INVALID", at: { file: "config/all.yaml" } });
  expect(problem?.message).toMatch(/oneForEvent.*output\.records/);
});
