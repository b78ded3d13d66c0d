/**
 * One reader of the config folder: what `validate` sees is what the running service sees, what can't be read takes
 * nothing away, while it runs and at a start, and nothing outside of the repository is ever read.
 */
import { execFile } from "node:child_process";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type SluiceProcess, until, Workbench } from "./workbench.ts";

const run = promisify(execFile);
const cluster = `apiVersion: lib.projectsveltos.io/v1beta1
kind: SveltosCluster
metadata: {name: eu, namespace: fleet, labels: {env: production}}
`;
const eventSource = `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: users}
spec: {messagingMatchCriteria: [{subject: user-operation}]}
`;
const trigger = `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: user}
spec:
  eventSourceName: users
  sourceClusterSelector: {matchLabels: {env: production}}
  policyRefs: [{kind: ConfigMap, namespace: default, name: user}]
`;
const template = `apiVersion: v1
kind: ConfigMap
metadata: {name: user, annotations: {projectsveltos.io/template: ok}}
data:
  a.yaml: |
    apiVersion: v1
    kind: Namespace
    metadata: {name: "{{ .CloudEvent.subject }}", annotations: {who: "Muller"}}
`;
const connection = JSON.stringify({
  jetstream: {
    configuration: {
      url: "nats://nats.nats.svc.cluster.local:4222",
      streams: [{ name: "USERS", subjects: ["user-operation"] }],
      authorization: { user: { user: "admin", password: "my-password" } },
    },
  },
});

let bench: Workbench;
let service: SluiceProcess;
let checkout: string;
const users: string[] = [];

type Change = string | Uint8Array | { readonly link: string } | undefined;

/** A person's commit, links and bytes included. */
async function commit(files: Readonly<Record<string, Change>>): Promise<void> {
  const git = (...args: string[]) => run("git", ["-C", checkout, ...args]);
  for (;;) {
    await git("fetch", "--quiet", join(bench.folder, "fleet.git"), "main");
    await git("reset", "--quiet", "--hard", "FETCH_HEAD");
    for (const [path, change] of Object.entries(files)) {
      const file = join(checkout, path);
      await rm(file, { recursive: true, force: true });
      if (change === undefined) continue;
      await mkdir(dirname(file), { recursive: true });
      if (typeof change === "string" || change instanceof Uint8Array) await writeFile(file, change);
      else await symlink(change.link, file);
    }
    await git("add", "--all");
    await git("-c", "user.name=p", "-c", "user.email=p@example.com", "commit", "--quiet", "--message=change");
    const pushed = await git("push", "--quiet", join(bench.folder, "fleet.git"), "HEAD:main").catch(() => undefined);
    if (pushed !== undefined) return;
  }
}

/** Publishes an event that is rendered, so that whatever was changed before has been looked at; then all must be there. */
async function nothingIsGone(): Promise<void> {
  const missing = async () => {
    const paths = await bench.rendered();
    return users.filter((user) => !paths.some((path) => path.endsWith(`/namespace/${user}.yaml`)));
  };
  await until(async () => (await missing()).length === 0, "everything to be there");
}

async function newUser(): Promise<void> {
  const user = `user-${users.length}`;
  users.push(user);
  const event = { specversion: "1.0", id: user, source: "auth.example.com", type: "login", subject: user };
  await bench.publish("user-operation", JSON.stringify(event));
}

/** Waits until the service has put what is on the target in force: the log says so each time. */
async function inForce(change: () => Promise<void>): Promise<void> {
  const count = () => service.log.split('"message":"configuration in force"').length;
  const before = count();
  await change();
  await until(() => count() > before, "the configuration to be in force");
}

const validate = () => bench.sluice("validate", "checkout/config");

beforeAll(async () => {
  bench = await Workbench.open({
    config: {
      "teams/cluster.yaml": cluster,
      "source.yaml": eventSource,
      "trigger.yaml": trigger,
      "user.yaml": template,
    },
    connection,
    streams: { USERS: ["user-operation"] },
  });
  checkout = join(bench.folder, "checkout");
  service = await bench.start();
  await newUser();
  await newUser();
  await nothingIsGone();
});
afterAll(() => bench.close());

it("a file turned into a List is the same documents", async () => {
  const list = `apiVersion: v1\nkind: List\nitems:\n- ${cluster.trimEnd().replaceAll("\n", "\n  ")}\n`;
  await inForce(() => commit({ "config/teams/cluster.yaml": list }));
  await newUser();
  await nothingIsGone();
  expect(await validate()).toMatchObject({ code: 0 });
});

it("a link within the repository is followed, and what it leads to", async () => {
  await inForce(() =>
    commit({ "shared/trigger.yaml": trigger, "config/trigger.yaml": { link: "../shared/trigger.yaml" } }),
  );
  await newUser();
  await nothingIsGone();
  expect((await validate()).stdout).toContain("1 EventTrigger,");
  await inForce(() => commit({ "shared/trigger.yaml": `${trigger}  extraLabels: {team: shared}\n` }));
  const labelled = async () => {
    // git grep fails where it finds nothing.
    const found = await bench.git("grep", "-l", "team: shared", "main", "--", "rendered").catch(() => "");
    return found.split("\n").filter((path) => path !== "").length;
  };
  await until(async () => (await labelled()) === users.length, "the label on all of them");
});

it("what can't be read is said with its place by both, and nothing goes", async () => {
  const bad: Record<string, Change> = {
    "config/teams/cluster.yaml": { link: "/etc/passwd" },
    "config/trigger.yaml": { link: "nowhere.yaml" },
    "config/user.yaml": Buffer.from(template.replace("Muller", "M\xfcller"), "latin1"),
    "config/source.yaml": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
  };
  await inForce(() => commit(bad));
  await newUser();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  users.pop();
  await nothingIsGone();
  const validated = await validate();
  expect(validated.code).toBe(1);
  for (const path of Object.keys(bad)) {
    expect(validated.stderr).toContain(`checkout/${path}:`);
    expect(service.log).toContain(path);
  }
  expect(validated.stderr).toContain("checkout/config/user.yaml:8:");
  expect(validated.stdout + validated.stderr + service.log).not.toContain("root:");
});

it("and at a start; mended, what came meanwhile is rendered", async () => {
  expect(await service.stop()).toBe(0);
  service = await bench.start();
  await nothingIsGone();
  users.push(`user-${users.length}`);
  await inForce(() =>
    commit({
      "config/teams/cluster.yaml": cluster,
      "config/trigger.yaml": trigger,
      "config/user.yaml": template,
      "config/source.yaml": eventSource,
    }),
  );
  await nothingIsGone();
});

it("a Cluster's file that becomes a broken document of another kind keeps the cluster, after a restart too", async () => {
  const broken =
    "apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nmetadata: {name: eu, namespace: fleet}\nspec: []\n";
  await inForce(() => commit({ "config/teams/cluster.yaml": broken }));
  await newUser();
  await nothingIsGone();
  await service.stop();
  service = await bench.start();
  await newUser();
  await nothingIsGone();
  expect((await validate()).code).toBe(1);
  await inForce(() => commit({ "config/teams/cluster.yaml": cluster }));
});

it("what is no document is left out by a .sluiceignore", async () => {
  await inForce(() =>
    commit({ "config/chart/values.yaml": "replicas: 2\n", "config/kustomization.yaml": "resources: [user.yaml]\n" }),
  );
  const told = await validate();
  expect(told).toMatchObject({ code: 1 });
  expect(told.stderr).toContain(".sluiceignore");
  await inForce(() => commit({ "config/.sluiceignore": "chart/\nkustomization.yaml\n" }));
  expect(await validate()).toMatchObject({ code: 0 });
  await newUser();
  await nothingIsGone();
});

it("no command follows a link out, whatever leads to it", async () => {
  await commit({
    "config/pw.yaml": { link: "/etc/passwd" },
    out: { link: "/etc" },
    "events/e.json": { link: "/etc/passwd" },
  });
  for (const args of [
    ["validate", "checkout/config"],
    ["validate", "checkout/out"],
    ["render", "--config", "checkout/config", "--event", "checkout/events"],
    ["render", "--config", "checkout/config", "--event", "checkout/events/e.json"],
    ["diff", "--config", "checkout/config"],
    ["test", "--config", "checkout/config", "checkout"],
  ]) {
    const { code, stdout, stderr } = await bench.sluice(...args);
    expect(code, args.join(" ")).not.toBe(0);
    expect(stdout + stderr, args.join(" ")).not.toContain("root:");
  }
});
