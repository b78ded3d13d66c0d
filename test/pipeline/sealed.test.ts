/** Secrets that are encrypted: what of them is on the branches, and when they are encrypted again. */
import { createHmac } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import type { HubDelivery } from "../../src/model/hub-delivery.ts";
import { SluiceError } from "../../src/model/problem.ts";
import { Sealer } from "../../src/pipeline/seal-secrets.ts";
import { parseRecord } from "../../src/plan/record-file.ts";
import { FakeEncrypter } from "../fakes/fake-encrypter.ts";
import { createFakeEventStream, type FakeEventStream } from "../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import { storedCheckpoint } from "../fakes/stored-checkpoint.ts";
import {
  cloudEvent,
  clusterDocument,
  createInstance,
  eventSourceDocument,
  type Instance,
  type InstanceOptions,
  stateBranch,
  triggerDocument,
  until,
} from "./service-bench.ts";

const template = (name: string, labels = "{}") => `apiVersion: v1
kind: ConfigMap
metadata: {name: login, namespace: default, annotations: {projectsveltos.io/template: ok}}
data:
  a.yaml: |
    apiVersion: v1
    kind: Secret
    metadata: {name: ${name}, namespace: default, labels: ${labels}}
    stringData: {password: "{{ .CloudEvent.data.password }}", user: "{{ .CloudEvent.subject }}"}
`;
const profile = `apiVersion: config.projectsveltos.io/v1beta1
kind: ClusterProfile
metadata: {name: shared}
spec:
  clusterSelector: {matchLabels: {env: production}}
  policyRefs: [{kind: ConfigMap, name: shared, namespace: default}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: shared, namespace: default, annotations: {projectsveltos.io/template: ok}}
data:
  a.yaml: |
    apiVersion: v1
    kind: Secret
    metadata: {name: shared, namespace: default}
    stringData: {key: "of-{{ .Cluster.metadata.name }}"}
`;
const own = "{{ .CloudEvent.subject }}";

let remote: FakeGitRemote;
let stream: FakeEventStream;
beforeEach(() => {
  remote = new FakeGitRemote();
  stream = createFakeEventStream();
});

const commit = (content: string, more: Record<string, string> = {}) =>
  remote.commitAsPerson("main", {
    "config/all.yaml": [clusterDocument("one"), eventSourceDocument, triggerDocument("login", "login"), content].join(
      "---\n",
    ),
    ...more,
  });
const publish = (subject: string, password: string, type = "login") =>
  stream.publish("user", cloudEvent({ subject, type, data: { password } }));
const secrets = () =>
  new Map([...remote.files("main", "rendered")].filter(([, text]) => text.includes("kind: Secret")));
const records = () =>
  [...remote.files(stateBranch, "records/eventtrigger")].map(([path, text]) => parseRecord(text, path));

interface Served {
  readonly instance: Instance;
  readonly encrypter: FakeEncrypter;
}

async function serve(
  encrypter: FakeEncrypter,
  work: (served: Served) => Promise<void>,
  more: Partial<InstanceOptions> = {},
): Promise<void> {
  const digestOf = (text: string) => createHmac("sha256", "key").update(text).digest("hex");
  const sealer = new Sealer({ encrypter, digestOf, outputPath: "rendered" });
  const render = { secrets: "sops", instance: "sluice" } as const;
  const catalogSettings = { recipients: encrypter.recipients };
  const instance = createInstance({ remote, streams: [stream], render, sealer, catalogSettings, ...more });
  const ended = instance.start();
  await until(() => instance.ready.isReady, [instance.clock]);
  await work({ instance, encrypter });
  instance.stop();
  await ended;
}

const isCalm = () => storedCheckpoint(remote.files(stateBranch))!.pending.passes.length === 0;
const position = () => [...remote.files(stateBranch, "positions").values()].join("");

/** Until all that was published has had its effect. */
async function untilTaken({ instance }: Served, count: number): Promise<void> {
  await until(() => position().includes(`"sequence": ${count}`) && isCalm(), [instance.clock]);
}

/** Every text of both branches. */
const everything = () => ["main", stateBranch].flatMap((branch) => [...remote.files(branch).values()]).join("\n");

describe("an event's Secret", () => {
  it("is in clear nowhere, and nothing of the event is remembered", async () => {
    commit(template(own));
    await serve(new FakeEncrypter(), async (served) => {
      publish("alice", "hunter2");
      await untilTaken(served, 1);
    });

    const [[path, text]] = [...secrets()] as [[string, string]];
    expect(path).toBe("rendered/mgmt/one/triggers/login/default/secret/alice.yaml");
    expect(text).toMatch(/stringData:\n {2}password: "ENC\[AES256_GCM,.*\n {2}user: "ENC\[/);
    expect(text).toMatch(/sluice\.dev\/sealed: [0-9a-f"]+\n/);
    expect(everything()).not.toContain("hunter2");
    expect(everything()).not.toContain("***");
    expect(records()).toMatchObject([{ events: [], entity: { subject: "alice" } }]);
    expect([...records()[0]!.clusters.values()]).toMatchObject([{ event: undefined, action: "Create" }]);
  });

  it("is encrypted again only where what it holds has changed", async () => {
    commit(template(own));
    const first = new FakeEncrypter();
    await serve(first, async (served) => {
      publish("alice", "one");
      await untilTaken(served, 1);
      const before = secrets();
      publish("alice", "one");
      await untilTaken(served, 2);
      expect(secrets()).toEqual(before);
      publish("alice", "two");
      await untilTaken(served, 3);
      expect(secrets()).not.toEqual(before);
    });
    expect(first.encrypted).toHaveLength(2);

    // Another process remembers nothing, and a label says nothing of what is held.
    const cipher = (text: string) => /password: (.*)/.exec(text)![1];
    const [before] = [...secrets().values()];
    commit(template(own, "{team: red}"));
    const second = new FakeEncrypter();
    await serve(second, async (served) => {
      publish("alice", "two");
      await untilTaken(served, 4);
    });
    const [after] = [...secrets().values()];
    expect(after).toContain("team: red");
    expect(cipher(after!)).toBe(cipher(before!));
    expect(second.encrypted).toEqual([]);
  });

  it("is shared by those who want the same, and a conflict where they do not", async () => {
    commit(template("shared-one").replace(', user: "{{ .CloudEvent.subject }}"', ""));
    const encrypter = new FakeEncrypter();
    await serve(encrypter, async (served) => {
      publish("alice", "pw-alike");
      publish("bob", "pw-alike");
      publish("carol", "pw-apart");
      await untilTaken(served, 3);
      const failures = () =>
        records().flatMap(({ clusters }) => [...clusters.values()].flatMap((on) => on.failure ?? []));
      expect(failures()).toMatchObject([{ code: "OBJECT_CONFLICT" }]);
      expect(encrypter.encrypted).toHaveLength(2);
      expect(everything()).not.toMatch(/pw-/);
      // Alice goes: it is Bob's, with the ciphertext that stood there. Bob goes: it is Carol's.
      const [before] = [...secrets().values()];
      const cipher = (text: string) => /password: (.*)/.exec(text)![1];
      publish("alice", "", "logout");
      await untilTaken(served, 4);
      expect([...secrets().values()].map(cipher)).toEqual([cipher(before!)]);
      publish("bob", "", "logout");
      await untilTaken(served, 5);
      expect([...secrets().values()].map(cipher)).not.toEqual([cipher(before!)]);
    });
    expect(encrypter.encrypted).toHaveLength(2);
  });

  it("waits for what encrypts, and is not lost", async () => {
    commit(template(own));
    const encrypter = new FakeEncrypter();
    encrypter.failures.push(new SluiceError({ code: "SOPS_FAILED", message: "no key" }));
    await serve(encrypter, async (served) => {
      publish("alice", "hunter2");
      await untilTaken(served, 1);
      expect(served.instance.log.problems.map(({ code }) => code)).toContain("SOPS_FAILED");
    });
    expect(secrets().size).toBe(1);
  });
});

it.each([
  ["no YAML", () => "key: [\n"],
  ["nothing", () => ""],
  ["the Secret as it was", (secret: string) => secret],
  ["other keys", (secret: string) => secret.replace("password:", "other:")],
])("waits where what encrypts prints %s, and is in clear nowhere", async (_, garble) => {
  class Garbler extends FakeEncrypter {
    #isFirst = true;
    override async encrypt(secret: string, path: string): Promise<string> {
      const [isFirst, encrypted] = [this.#isFirst, await super.encrypt(secret, path)];
      this.#isFirst = false;
      return isFirst ? garble(secret) : encrypted;
    }
  }
  commit(template(own));
  await serve(new Garbler(), async (served) => {
    publish("alice", "hunter2");
    await untilTaken(served, 1);
    const problems = served.instance.log.problems.filter(({ code }) => code === "SOPS_FAILED");
    expect(problems).toHaveLength(1);
    expect(JSON.stringify(problems)).not.toContain("hunter2");
  });
  expect(secrets().size).toBe(1);
  expect(everything()).not.toContain("hunter2");
});

it("with other recipients what needs no event is encrypted anew at once, an event's at its next one", async () => {
  commit(template(own), { "config/profile.yaml": profile });
  await serve(new FakeEncrypter("team"), async (served) => {
    publish("alice", "hunter2");
    await untilTaken(served, 1);
    await until(() => secrets().size === 2, [served.instance.clock]);
  });
  const recipients = () =>
    Object.fromEntries(
      [...secrets()].map(([path, text]) => [path.split("/").at(-1), /recipients: (.*)/.exec(text)![1]]),
    );
  expect(recipients()).toEqual({ "alice.yaml": "team", "shared.yaml": "team" });

  await serve(new FakeEncrypter("others"), async (served) => {
    await until(() => recipients()["shared.yaml"] === "others" && isCalm(), [served.instance.clock]);
    expect(recipients()["alice.yaml"]).toBe("team");
    publish("alice", "hunter2");
    await untilTaken(served, 2);
    expect(recipients()).toEqual({ "alice.yaml": "others", "shared.yaml": "others" });
  });
  expect(everything()).not.toMatch(/hunter2|of-one/);
});

describe("a chart's values of a Secret", () => {
  const flux: HubDelivery = {
    ...{ kind: "flux", path: "delivery", split: "cluster", buckets: 1, artifacts: false },
    source: { name: "fleet", namespace: "flux-system" },
    ...{ interval: "10m", retryInterval: "30s", timeout: "1m", decryption: { secret: "sops-age" } },
  };
  const documents = (version: string, description = "a tenant") => `apiVersion: v1
kind: Secret
metadata: {name: values, namespace: default, annotations: {projectsveltos.io/template: ok}}
stringData:
  values.yaml: |
    database: {password: "{{ .CloudEvent.data.password }}"}
---
${triggerDocument("charts", "login").replace(
  /policyRefs:\n.*\n/,
  `helmCharts:
  - repositoryURL: https://charts.example.com
    repositoryName: ex
    chartName: ex/tenant
    chartVersion: ${version}
    releaseName: "{{ .CloudEvent.subject }}"
    releaseNamespace: tenants
    options: {description: ${description}}
    values: "size: 1"
    valuesFrom: [{kind: Secret, namespace: default, name: values}]
`,
)}`;
  const bring = (version: string, description?: string) =>
    remote.commitAsPerson("main", {
      "config/all.yaml": [clusterDocument("one"), eventSourceDocument, documents(version, description)].join("---\n"),
    });
  const delivered = (end: string) => [...remote.files("main", "delivery")].find(([path]) => path.endsWith(end))?.[1];
  const cipher = () => /values\.yaml: (.*)/.exec(delivered("/values/tenants/alice.yaml") ?? "")?.[1];

  it("stand encrypted beside its release, and are encrypted again only where they have changed", async () => {
    bring("1.2.3");
    const encrypter = new FakeEncrypter();
    await serve(
      encrypter,
      async (served) => {
        publish("alice", "hunter2");
        await untilTaken(served, 1);
        expect(delivered("/tenants/alice.yaml")).toBeDefined();
        const first = cipher();
        expect(first).toMatch(/^"?ENC\[AES256_GCM,/);
        publish("alice", "hunter2");
        await untilTaken(served, 2);
        expect(cipher()).toBe(first);
        // What is not among the values changes the release, not what is encrypted.
        bring("1.2.4");
        const isInForce = () =>
          [...remote.files(stateBranch, "config").values()].some((text) => text.includes("1.2.4"));
        await until(() => isInForce() && isCalm(), [served.instance.clock]);
        publish("alice", "hunter2");
        await untilTaken(served, 3);
        expect(cipher()).toBe(first);
        publish("alice", "hunter3");
        await untilTaken(served, 4);
        expect(cipher()).not.toBe(first);
      },
      { delivery: flux },
    );
    expect(encrypter.encrypted).toEqual(
      Array(2).fill("rendered/mgmt/one/triggers/charts/tenants/helmchart.sluice.dev/alice.yaml"),
    );
    const release = [...remote.files("main", "delivery")].find(([, text]) => text.includes("kind: HelmRelease"))![1];
    expect(release).toContain('version: "1.2.4"');
    expect(release).toMatch(/valuesFrom:\n {2}- kind: Secret\n {4}name: .*-values\n {4}valuesKey: values.yaml\n/);
    expect(delivered("/values/tenants/alice.yaml")).toMatch(/\nsops:\n/);
    const wrapper = [...remote.files("main", "delivery")].filter(([, text]) => text.includes("delivery/charts/"));
    expect(wrapper).toHaveLength(1);
    expect(wrapper[0]![1]).toMatch(/decryption:\n {4}provider: sops\n {4}secretRef:\n {6}name: sops-age\n/);
    for (const text of ["hunter2", "hunter3", "***"]) expect(everything()).not.toContain(text);
    expect(records()).toMatchObject([{ events: [] }]);
  });

  it("refused, nothing of the event is remembered, whatever it fails with", async () => {
    bring("1.2.3", "'{{ .CloudEvent.data.none.of }}'");
    const instance = createInstance({ remote, streams: [stream], delivery: flux });
    const ended = instance.start();
    await until(() => instance.ready.isReady, [instance.clock]);
    publish("alice", "hunter2");
    await until(() => position().includes('"sequence": 1'), [instance.clock]);
    instance.stop();
    await ended;
    expect(records()).toMatchObject([{ events: [], entity: { subject: "alice" } }]);
    expect(everything()).not.toContain("hunter2");
  });
});
