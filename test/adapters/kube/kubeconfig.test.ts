/** Kubeconfig files: what is read from them, and what is refused with a place to look. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { runExecPlugin } from "../../../src/adapters/kube/exec-credential.ts";
import { findKubeconfig } from "../../../src/adapters/kube/find-kubeconfig.ts";
import { fileKubeconfig, readKubeconfig } from "../../../src/adapters/kube/kubeconfig.ts";
import { secretKubeconfig } from "../../../src/adapters/kube/secret-kubeconfig.ts";
import { writeKubeconfig } from "../../../src/adapters/kube/write-kubeconfig.ts";
import { FakeCluster } from "../../fakes/fake-cluster.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-kubeconfig-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function read(file: string) {
  const source = fileKubeconfig(file);
  return readKubeconfig(source, await source.read());
}

function write(user: object, cluster: object = {}, more: object = {}): string {
  const file = join(folder, "config");
  const config = {
    "current-context": "it",
    contexts: [{ name: "it", context: { cluster: "there", user: "me" } }],
    clusters: [{ name: "there", cluster: { server: "https://eu-1.example.com:6443/base", ...cluster } }],
    users: [{ name: "me", user }],
    ...more,
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

it.each([
  ["a token", { token: "abc" }, { kind: "token", token: "abc" }],
  ["a token file, which wins over a token", { tokenFile: "t", token: "abc" }, { kind: "tokenFile" }],
  ["user and password", { username: "ada", password: "x" }, { kind: "basic", username: "ada", password: "x" }],
  ["nobody", {}, { kind: "none" }],
  [
    "a plugin",
    {
      exec: {
        apiVersion: "client.authentication.k8s.io/v1",
        command: "get-token",
        args: ["a"],
        env: [{ name: "A", value: "b" }],
      },
    },
    { kind: "exec", plugin: { command: "get-token", args: ["a"], env: { A: "b" } } },
  ],
])("comes as %s", async (_name, user, identity) => {
  expect((await read(write(user))).identity).toMatchObject(identity);
});

it("reads certificates in place and from files beside it, and where to connect to", async () => {
  writeFileSync(join(folder, "ca.pem"), "AUTHORITY");
  const data = (text: string) => Buffer.from(text).toString("base64");
  const user = {
    "client-certificate-data": data("CERT"),
    "client-key-data": data("KEY"),
    as: "root",
    "as-groups": ["a", "b"],
    "as-user-extra": { "example.com/scopes": ["view", "edit"] },
  };
  const cluster = {
    "certificate-authority": "ca.pem",
    "tls-server-name": "kubernetes",
    "proxy-url": "http://proxy:3128",
    "insecure-skip-tls-verify": true,
  };
  const access = await read(write(user, cluster));
  expect(access).toMatchObject({
    ca: "AUTHORITY",
    serverName: "kubernetes",
    isInsecure: true,
    certificate: { cert: "CERT", key: "KEY" },
    headers: {
      "impersonate-user": "root",
      "impersonate-group": ["a", "b"],
      "impersonate-extra-example.com%2fscopes": ["view", "edit"],
    },
  });
  expect([access.server.href, access.proxy?.href]).toEqual([
    "https://eu-1.example.com:6443/base",
    "http://proxy:3128/",
  ]);
});

it.each([
  ["a context that is not there", {}, {}, { "current-context": "other" }, /contexts has none that is called other/],
  ["no context", {}, {}, { "current-context": "" }, /current-context is missing/],
  ["a server that is no URL", {}, { server: "eu-1:6443" }, {}, /no http\(s\) URL/],
  [
    "a file that is not there",
    {},
    { "certificate-authority": "gone.pem" },
    {},
    /gone\.pem can't be read: there is no such file/,
  ],
  ["a certificate without its key", { "client-certificate-data": "QQ==" }, {}, {}, /go together/],
  ["a proxy of another kind", {}, { "proxy-url": "socks5://x" }, {}, /proxy-url/],
  [
    "a plugin of an old version",
    { exec: { apiVersion: "client.authentication.k8s.io/v1alpha1", command: "x" } },
    {},
    {},
    /v1beta1/,
  ],
  ["a provider that kubectl has given up", { "auth-provider": { name: "gcp" } }, {}, {}, /auth-provider/],
])("refuses %s", async (_name, user, cluster, more, message) => {
  const reading = read(write(user, cluster, more));
  await expect(reading).rejects.toMatchObject({ problem: { code: "KUBECONFIG_INVALID" } });
  await expect(reading).rejects.toThrow(message);
});

it("quotes nothing of a kubeconfig that is no YAML", async () => {
  const file = join(folder, "config");
  writeFileSync(file, "token: [hunter2hunter2");
  await expect(read(file)).rejects.toThrow(/is no YAML$/);
  await expect(read(join(folder, "gone"))).rejects.toThrow(/it can't be read: there is no such file/);
});

it("warns of nothing in a kubeconfig: that would quote it", async () => {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const file = join(folder, "config");
  const text = readFileSync(write({}), "utf8").replace('"user":{}', '"user":{"token": !vault hunter2hunter2 }');
  writeFileSync(file, text);
  expect((await read(file)).identity).toEqual({ kind: "token", token: "hunter2hunter2" });
  expect(await findKubeconfig("it", { KUBECONFIG: file }, folder)).toBe(file);
  expect(warn.mock.calls).toEqual([]);
  warn.mockRestore();
});

it("asks a plugin, tells it what for, and says what went wrong without what it printed", async () => {
  const run = async (script: string) => {
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1",
      command: process.execPath,
      args: ["-e", script],
      provideClusterInfo: true,
    };
    const access = await read(write({ exec }));
    if (access.identity.kind !== "exec") throw new Error("no plugin");
    return runExecPlugin(access.identity.plugin, access);
  };
  const info = "JSON.parse(process.env.KUBERNETES_EXEC_INFO)";
  const answer = (status: string) =>
    `console.log(JSON.stringify({apiVersion: ${info}.apiVersion, kind: "ExecCredential", status: ${status}}))`;
  const given = await run(answer(`{token: ${info}.spec.cluster.server, expirationTimestamp: "2030-01-01T00:00:00Z"}`));
  expect(given).toEqual({ token: "https://eu-1.example.com:6443/base", expiresAt: Date.UTC(2030, 0, 1) });
  await expect(run(answer("{}"))).rejects.toMatchObject({ problem: { code: "CLUSTER_AUTH" } });
  await expect(run("console.log('hunter2hunter2'); process.exit(4)")).rejects.toThrow(/ended with exit code 4$/);
});

/** A hub with a Secret that holds this kubeconfig. */
async function hubWith(data: Record<string, string>): Promise<FakeCluster> {
  const hub = new FakeCluster();
  const encoded = new Map(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString("base64")]));
  const metadata = new Map([
    ["name", "eu-1-kubeconfig"],
    ["namespace", "default"],
  ]);
  await hub.applyAs(
    "capi",
    "v1",
    "Secret",
    new Map([
      ["metadata", metadata],
      ["data", encoded],
    ]),
  );
  return hub;
}

const secretKey = { namespace: "default", name: "eu-1-kubeconfig", key: "value" };
const kubeconfigText = (user: object, cluster: object = {}) => readFileSync(write(user, cluster), "utf8");

it("is read from a Secret of the hub, each time anew", async () => {
  const hub = await hubWith({ value: kubeconfigText({ token: "abc" }) });
  const source = secretKubeconfig(hub, secretKey);
  expect((await readKubeconfig(source, await source.read())).identity).toEqual({ kind: "token", token: "abc" });
  await expect(secretKubeconfig(hub, { ...secretKey, key: "kubeconfig" }).read()).rejects.toThrow(/has no kubeconfig$/);
  hub.drop("Secret", "default", "eu-1-kubeconfig");
  await expect(source.read()).rejects.toThrow(/Secret default\/eu-1-kubeconfig of the hub is not there/);
});

it.each([
  [
    "a plugin",
    { exec: { apiVersion: "client.authentication.k8s.io/v1", command: "get-token" } },
    {},
    /^.*: exec is not taken/,
  ],
  ["a token file", { tokenFile: "/etc/passwd" }, {}, /tokenFile is not taken/],
  ["a certificate's file", { "client-certificate": "/a", "client-key": "/b" }, {}, /client-certificate is not taken/],
  [
    "an authority's file",
    { token: "x" },
    { "certificate-authority": "/etc/ssl/ca.pem" },
    /certificate-authority is not taken/,
  ],
])("takes %s from no Secret", async (_name, user, cluster, message) => {
  const hub = await hubWith({ value: kubeconfigText(user, cluster) });
  const source = secretKubeconfig(hub, secretKey);
  await expect(readKubeconfig(source, await source.read())).rejects.toThrow(message);
});

it.each([
  ["a token", { token: "abc" }, { secret: "abc" }],
  ["user and password", { username: "ada", password: "x" }, { secret: "x" }],
  [
    "somebody else's name",
    { token: "abc", as: "ada", "as-groups": ["a", "b"], "as-user-extra": { "A/b": ["c"] } },
    { secret: "abc" },
  ],
  [
    "what a plugin said",
    { exec: { apiVersion: "client.authentication.k8s.io/v1", command: "p" } },
    { secret: "of the plugin" },
  ],
])("what is known of a cluster is written for other programs: %s", async (_what, user, said) => {
  const cluster = { "certificate-authority-data": "YQ==", "tls-server-name": "eu", "proxy-url": "http://proxy:1/" };
  const access = await read(write(user, cluster));
  const identity = { ...said, freshMs: 0 };
  const source = { name: "written", read: async () => writeKubeconfig({ access, identity }) };
  const again = await readKubeconfig(source, await source.read());
  const isPlugin = access.identity.kind === "exec";
  expect(again).toEqual(isPlugin ? { ...access, identity: { kind: "token", token: "of the plugin" } } : access);
});
