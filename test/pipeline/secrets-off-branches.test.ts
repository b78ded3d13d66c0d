/** What an event says that goes into a Secret stands on no branch, also where nothing comes of it, and none is left of it. */
import { createHmac } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { Sealer } from "../../src/pipeline/seal-secrets.ts";
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
  stateBranch,
  triggerDocument,
  until,
} from "./service-bench.ts";

type SecretsPolicy = "plain" | "sops" | "refuse";

const secret = `apiVersion: v1
kind: Secret
metadata: {name: "{{ .CloudEvent.subject }}", namespace: default}
stringData: {password: "{{ .CloudEvent.data.password }}"}
`;
const printed = `{{ $metadata := dict "name" "x" "namespace" "default" -}}
{{ toYaml (dict "apiVersion" "v1" "kind" "Secret" "metadata" $metadata "stringData" .CloudEvent.data) }}
`;
/** Ways to say that it is one. */
const templates: Readonly<Record<string, string>> = {
  "as usual": secret,
  "by a tag": secret.replace("Secret", "!!str Secret"),
  "by a text of many lines": secret.replace("Secret", ">-\n  Secret"),
  "by a dict": printed,
};
const failing = `---
apiVersion: v1
kind: ConfigMap
metadata: {name: x, namespace: default}
data: {a: "{{ .CloudEvent.data.nothing }}"}
`;

let remote: FakeGitRemote;
let stream: FakeEventStream;
let published: number;
beforeEach(() => {
  remote = new FakeGitRemote();
  stream = createFakeEventStream();
  published = 0;
});

function commit(manifests: string | undefined): void {
  const all = [clusterDocument("one"), eventSourceDocument, triggerDocument("login", "login")].join("---\n");
  const content = `apiVersion: v1
kind: ConfigMap
metadata: {name: login, namespace: default, annotations: {projectsveltos.io/template: ok}}
data:
  a.yaml: |
${(manifests ?? "").replace(/^/gm, "    ").trimEnd()}
`;
  remote.commitAsPerson("main", {
    "config/all.yaml": all,
    "config/content.yaml": manifests === undefined ? "" : content,
  });
}

async function serve(secrets: SecretsPolicy, work: (instance: Instance) => Promise<void>): Promise<void> {
  const digestOf = (text: string) => createHmac("sha256", "key").update(text).digest("hex");
  const sealer = new Sealer({ encrypter: new FakeEncrypter(), digestOf, outputPath: "rendered" });
  const instance = createInstance({
    remote,
    streams: [stream],
    render: { secrets, instance: "sluice" },
    ...(secrets === "sops" ? { sealer, catalogSettings: { recipients: "team" } } : {}),
  });
  const ended = instance.start();
  await until(() => instance.ready.isReady, [instance.clock]);
  await work(instance);
  instance.stop();
  await ended;
}

/** Until its event has had its effect, and nothing is left to be rendered again. */
async function logIn({ clock }: Instance, subject: string, password: string): Promise<void> {
  stream.publish("user", cloudEvent({ subject, type: "login", data: { password } }));
  published++;
  const isTaken = () => [...remote.files(stateBranch, "positions").values()].join("").includes(`: ${published}`);
  const isCalm = () => storedCheckpoint(remote.files(stateBranch))!.pending.passes.length === 0;
  await until(() => isTaken() && isCalm(), [clock]);
}

/** Files of both branches that say it. */
const saying = (word: string) =>
  ["main", stateBranch].flatMap((branch) =>
    [...remote.files(branch)].filter(([, text]) => text.includes(word)).map(([path]) => `${branch}:${path}`),
  );

describe.each(["sops", "refuse"] as const)("with output.secrets %s", (policy) => {
  it.each(Object.entries(templates))("is of an event not kept that fails besides: a Secret %s", async (_, text) => {
    commit(text + failing);
    await serve(policy, (instance) => logIn(instance, "alice", "hunter2"));
    expect(saying("alice")).not.toEqual([]);
    expect(saying("hunter2")).toEqual([]);
  });

  it("is not kept while the template is gone, nor after a restart, and is rendered from the next event on", async () => {
    commit(secret);
    await serve(policy, async (instance) => {
      await logIn(instance, "alice", "hunter2");
      commit(undefined);
      await until(() => instance.log.problems.some(({ code }) => code === "REFERENCE_MISSING"), [instance.clock]);
      await logIn(instance, "bob", "hunter2");
    });
    await serve(policy, (instance) => logIn(instance, "carol", "hunter2"));
    expect(saying("carol")).not.toEqual([]);
    expect(saying("hunter2")).toEqual([]);
    commit(secret);
    await serve(policy, (instance) => logIn(instance, "dave", "hunter2"));
    expect(saying("kind: Secret").some((place) => place.endsWith("secret/dave.yaml"))).toBe(policy === "sops");
  });
});

it.each(Object.entries(templates).slice(0, 3))(
  "what stood there in clear is encrypted, and its event forgotten: a Secret %s",
  async (_, text) => {
    commit(text);
    await serve("plain", (instance) => logIn(instance, "alice", "hunter2"));
    expect(saying("hunter2")).toHaveLength(3);

    await serve("sops", (instance) => logIn(instance, "bob", "hunter3"));
    expect(saying("hunter")).toEqual([]);
    for (const name of ["alice", "bob"]) {
      expect(remote.files("main").get(`rendered/mgmt/one/triggers/login/default/secret/${name}.yaml`)).toMatch(
        /password: "ENC\[/,
      );
    }
  },
);

it("where Secrets are refused from now on, one that stands there stays, and its event is forgotten", async () => {
  commit(secret);
  await serve("plain", (instance) => logIn(instance, "alice", "hunter2"));
  await serve("refuse", (instance) => logIn(instance, "bob", "hunter3"));
  const path = "mgmt/one/triggers/login/default/secret/alice.yaml";
  expect(saying("hunter2")).toEqual([`main:rendered/${path}`, `${stateBranch}:desired/${path}`]);
  expect(saying("hunter3")).toEqual([]);
});
