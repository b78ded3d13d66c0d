/**
 * What becomes of Secrets, with the built program: whatever the setting, every object of every branch is searched for what
 * must stand nowhere in clear.
 */
import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ageKeys } from "../tools/age-keys.ts";
import { buildTool } from "../tools/build-tool.ts";
import { clusterDocument, until, Workbench } from "./workbench.ts";

const run = promisify(execFile);
let bench: Workbench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

const trigger = `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: login}
spec: {messagingMatchCriteria: [{subject: login}]}
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: credentials}
spec:
  eventSourceName: login
  oneForEvent: true
  sourceClusterSelector: {matchLabels: {env: prod}}
  policyRefs: [{kind: ConfigMap, name: credentials, namespace: default}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: credentials, namespace: default, annotations: {projectsveltos.io/template: ok}}
data:
  secret.yaml: |
    apiVersion: v1
    kind: Secret
    metadata: {name: "{{ .CloudEvent.subject }}", namespace: default}
    stringData: {password: "{{ .CloudEvent.data.password }}"}
`;
const chartTrigger = `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: databases}
spec:
  eventSourceName: login
  oneForEvent: true
  sourceClusterSelector: {matchLabels: {env: prod}}
  helmCharts:
  - repositoryURL: https://charts.example.com
    repositoryName: example
    chartName: example/database
    chartVersion: 1.2.3
    releaseName: "{{ .CloudEvent.subject }}"
    releaseNamespace: databases
    values: "size: 1"
    valuesFrom: [{kind: Secret, namespace: default, name: database}]
---
apiVersion: v1
kind: Secret
metadata: {name: database, namespace: default, annotations: {projectsveltos.io/template: ok}}
stringData:
  values.yaml: 'password: "{{ .CloudEvent.data.password }}"'
`;
const connection = (port: number) =>
  JSON.stringify({
    nats: {
      configuration: {
        url: `nats://127.0.0.1:${port}`,
        subjects: ["login"],
        authorization: { user: { user: "admin", password: "my-password" } },
      },
    },
  });
const event = (subject: string, password: string) =>
  JSON.stringify({ specversion: "1.0", id: "1", source: "auth", type: "login", subject, data: { password } });

/** Every object of the repository that has the text, reachable or not. */
async function objectsWith({ folder }: Workbench, text: string): Promise<readonly string[]> {
  const repository = join(folder, "fleet.git");
  const { stdout } = await run("git", ["-C", repository, "cat-file", "--batch-all-objects", "--batch-check"]);
  const found: string[] = [];
  for (const line of stdout.trim().split("\n")) {
    const [id = "", type] = line.split(" ");
    const content = await run("git", ["-C", repository, "cat-file", type!, id], { encoding: "buffer" });
    if (content.stdout.includes(text)) found.push(`${type} ${id}`);
  }
  return found;
}

async function openBench(settings: string, env: Record<string, string> = {}, more: Record<string, string> = {}) {
  const open = await Workbench.open({
    config: { "all.yaml": `${trigger}---\n${clusterDocument("eu", { env: "prod" })}`, ...more },
    connection: "{}",
    settings,
    env,
  });
  bench = open;
  await open.write("connection.json", connection(open.server.port));
  return open;
}

const secretPath = "rendered/fleet/eu/triggers/credentials/default/secret/alice.yaml";
const isThere = async (open: Workbench) => (await open.rendered()).includes(secretPath);

it("plain: it is on both branches, as was asked for", { timeout: 120_000 }, async () => {
  const open = await openBench("output: {secrets: plain}");
  await open.start();
  await open.publish("login", event("alice", "hunter2-in-clear"));
  await until(() => isThere(open), "the Secret");

  expect(await objectsWith(open, "hunter2-in-clear")).not.toEqual([]);
});

it("refuse: it is nowhere, nor is the event that would have brought it", { timeout: 120_000 }, async () => {
  const open = await openBench("output: {secrets: refuse}", {}, { "charts.yaml": chartTrigger });
  await open.start();
  await open.publish("login", event("alice", "hunter2-in-clear"));
  await until(async () => (await open.sluice("show", "entities", "--failed")).stdout.includes("alice"), "the failure");

  const { stdout } = await open.sluice("show", "entities", "--failed", "-o", "json");
  expect(stdout).toContain("SECRET_REFUSED");
  expect(await objectsWith(open, "hunter2-in-clear")).toEqual([]);
  // What the search finds where there is something to find.
  expect(await objectsWith(open, "alice")).not.toEqual([]);
});

it("what a folder outside has is on no branch, and known after a restart", { timeout: 180_000 }, async () => {
  const outside = `apiVersion: config.projectsveltos.io/v1beta1
kind: ClusterProfile
metadata: {name: outside}
spec:
  clusterSelector: {matchLabels: {env: prod}}
  policyRefs: [{kind: Secret, name: manifests, namespace: default}]
---
apiVersion: v1
kind: Secret
metadata: {name: manifests, namespace: default, labels: {team: red}}
stringData:
  a.yaml: '{apiVersion: v1, kind: ConfigMap, metadata: {name: harmless, namespace: default}, data: {a: b}}'
  b.yaml: '# hunter2-in-clear'
`;
  const open = await openBench("output: {secrets: refuse}");
  const settings = await readFile(join(open.folder, "sluice.yaml"), "utf8");
  await open.write("sluice.yaml", settings.replace("config: {path: config}", "config: {directory: ./outside}"));
  await open.write("outside/all.yaml", `${outside}---\n${trigger}---\n${clusterDocument("eu", { env: "prod" })}`);
  const service = await open.start();
  const isRendered = async () => (await open.rendered()).some((path) => path.endsWith("/harmless.yaml"));
  await until(isRendered, "what the Secret renders to");

  expect(await objectsWith(open, "hunter2-in-clear")).toEqual([]);
  const kept = await open.git("show", "sluice/state:config/core/secret/default/manifests.yaml");
  expect(kept).toMatch(/sluice\.dev\/hmac: [0-9a-f]{40}\n/);
  expect(kept).toContain("team: red");
  const digest = /hmac: ([0-9a-f]+)/.exec(kept)![1]!;
  const text = join(open.folder, "state", "hidden", digest);
  expect(await readFile(text, "utf8")).toContain("hunter2-in-clear");
  expect((await stat(text)).mode & 0o777).toBe(0o600);

  const head = await open.git("rev-parse", "main");
  await service.stop();
  await open.start();
  expect(await open.git("rev-parse", "main")).toBe(head);
  expect(await objectsWith(open, "hunter2-in-clear")).toEqual([]);
});

const canEncrypt = process.env.SLUICE_TEST_ALL !== undefined;
describe.skipIf(!canEncrypt)("sops", () => {
  const rules = (recipient: string) => `creation_rules: [{age: ${recipient}}]\n`;
  const settings = "output: {secrets: sops, sops: {config: ./.sops.yaml}}";

  async function decrypted(open: Workbench, program: string, path: string, key: string): Promise<unknown> {
    const text = await open.git("show", `main:${path}`);
    const decrypting = run(
      program,
      ["decrypt", "--input-type", "yaml", "--output-type", "yaml", "--filename-override", "a.yaml"],
      {
        env: { ...process.env, SOPS_AGE_KEY: key },
      },
    );
    decrypting.child.stdin!.end(text);
    return parse((await decrypting).stdout);
  }

  it("an event's Secret is for its recipients alone, and for others once they change", {
    timeout: 900_000,
  }, async () => {
    const program = await buildTool("sops");
    const open = await openBench(settings, { SOPS: program });
    await open.write(".sops.yaml", rules(ageKeys[0].recipient));
    const service = await open.start();
    await open.publish("login", event("alice", "hunter2-in-clear"));
    await until(() => isThere(open), "the Secret");

    expect(await objectsWith(open, "hunter2-in-clear")).toEqual([]);
    const shown = await decrypted(open, program, secretPath, ageKeys[0].secret);
    expect(shown).toMatchObject({ kind: "Secret", stringData: { password: "hunter2-in-clear" } });
    await expect(decrypted(open, program, secretPath, ageKeys[1].secret)).rejects.toThrow();

    // The same once more is no commit.
    const head = await open.git("rev-parse", "main");
    await open.publish("login", event("alice", "hunter2-in-clear"));
    await open.publish("login", event("bob", "hunter3-in-clear"));
    await until(async () => (await open.git("rev-parse", "main")) !== head, "bob");
    expect(await open.git("diff", "--name-only", head.trim(), "main")).toBe(`${secretPath.replace("alice", "bob")}\n`);

    const changed = (await open.git("rev-parse", "main")).trim();
    await open.write(".sops.yaml", rules(ageKeys[1].recipient));
    await service.untilLogged("settings in force");
    await open.publish("login", event("alice", "hunter2-in-clear"));
    await until(async () => (await open.git("show", `main:${secretPath}`)).includes(ageKeys[1].recipient), "others");
    expect(await decrypted(open, program, secretPath, ageKeys[1].secret)).toMatchObject({
      stringData: { password: "hunter2-in-clear" },
    });
    // What nobody asked for again stays as it was encrypted.
    expect(await open.git("diff", "--name-only", changed, "main")).toBe(`${secretPath}\n`);
    for (const text of ["hunter2-in-clear", "hunter3-in-clear"]) expect(await objectsWith(open, text)).toEqual([]);
    const told = service.log;
    expect(told).not.toContain("hunter");
  });

  it("a chart's values of a Secret are for its recipients alone, beside its release", {
    timeout: 900_000,
  }, async () => {
    const program = await buildTool("sops");
    const delivery = "delivery: {kind: flux, source: {name: fleet, namespace: flux-system}}";
    const more = { "charts.yaml": chartTrigger };
    const open = await openBench(`${settings}\n${delivery}`, { SOPS: program }, more);
    await open.write(".sops.yaml", rules(ageKeys[0].recipient));
    const service = await open.start();
    await open.publish("login", event("alice", "hunter2-in-clear"));
    const valuesPath = async () =>
      (await open.git("ls-tree", "-r", "--name-only", "main"))
        .split("\n")
        .find((path) => /\/values\/.*alice/.test(path));
    await until(async () => (await valuesPath()) !== undefined, "the chart's values");

    const path = (await valuesPath())!;
    const shown = (await decrypted(open, program, path, ageKeys[0].secret)) as { stringData: Record<string, string> };
    expect(parse(shown.stringData["values.yaml"]!)).toEqual({ size: 1, password: "hunter2-in-clear" });
    await expect(decrypted(open, program, path, ageKeys[1].secret)).rejects.toThrow();

    await open.write(".sops.yaml", rules(ageKeys[1].recipient));
    await service.untilLogged("settings in force");
    await open.publish("login", event("alice", "hunter3-in-clear"));
    await until(async () => (await open.git("show", `main:${path}`)).includes(ageKeys[1].recipient), "others");
    await decrypted(open, program, path, ageKeys[1].secret);
    for (const text of ["hunter2-in-clear", "hunter3-in-clear"]) expect(await objectsWith(open, text)).toEqual([]);
    expect(service.log).not.toContain("hunter");
  });

  it("encrypted documents are decrypted, and stand on no branch in clear", { timeout: 900_000 }, async () => {
    const program = await buildTool("sops");
    const plain = `apiVersion: v1
kind: Secret
metadata: {name: manifests, namespace: default}
stringData:
  a.yaml: |
    apiVersion: v1
    kind: Secret
    metadata: {name: from-git, namespace: default}
    stringData: {key: hunter2-in-clear}
`;
    const encrypting = run(program, [
      "encrypt",
      "--age",
      ageKeys[0].recipient,
      "--encrypted-regex",
      "^(data|stringData)$",
      "--input-type",
      "yaml",
      "--output-type",
      "yaml",
      "--filename-override",
      "a.yaml",
    ]);
    encrypting.child.stdin!.end(plain);
    const profile = `apiVersion: config.projectsveltos.io/v1beta1
kind: ClusterProfile
metadata: {name: encrypted}
spec:
  clusterSelector: {matchLabels: {env: prod}}
  policyRefs: [{kind: Secret, name: manifests, namespace: default}]
`;
    const more = { "secret.yaml": (await encrypting).stdout, "profile.yaml": profile };
    const open = await openBench(settings, { SOPS: program, SOPS_AGE_KEY: ageKeys[0].secret }, more);
    await open.write(".sops.yaml", rules(ageKeys[0].recipient));
    const refused = await open.sluice("validate", "checkout/config");
    expect(refused.stderr).toMatch(/secret\.yaml:1:1: error: .*encrypted with sops.*\[DOCUMENT_INVALID\]/);

    const text = await readFile(join(open.folder, "sluice.yaml"), "utf8");
    await open.write("sluice.yaml", text.replace("config: {path: config}", "config: {path: config, decrypt: sops}"));
    expect((await open.sluice("validate", "checkout/config")).stderr).not.toContain("error");
    await open.start();
    const path = "rendered/fleet/eu/clusterprofiles/encrypted/default/secret/from-git.yaml";
    await until(async () => (await open.rendered()).includes(path), "what it renders to");

    expect(await decrypted(open, program, path, ageKeys[0].secret)).toMatchObject({
      stringData: { key: "hunter2-in-clear" },
    });
    expect(await objectsWith(open, "hunter2-in-clear")).toEqual([]);
    const diff = await open.sluice("diff", "--config", "checkout/config");
    expect(diff.code, diff.stdout + diff.stderr).toBe(0);
    expect(diff.stdout + diff.stderr).not.toContain("hunter2");
  });
});
