/** Documents, settings and connections change while the service runs and events flow. */
import { readdir, rename, symlink, unlink } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { casesOf } from "../tools/cases-of.ts";
import { clusterDocument, readExample, until, Workbench } from "./workbench.ts";

let bench: Workbench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

const userCount = Number(process.env.SLUICE_RELOAD_ENTITIES ?? casesOf(1000));
const login = (user: number) =>
  JSON.stringify({
    specversion: "1.0",
    id: `in-${user}`,
    source: "auth.example.com",
    type: "auth.example.com.login",
    subject: `user-${user}`,
  });

async function open(): Promise<Workbench> {
  const opened = await Workbench.open({
    config: {
      "eu.yaml": clusterDocument("eu-1", { env: "production" }),
      "lab.yaml": clusterDocument("lab", { env: "staging" }),
      "config.yaml": await readExample("3-end-to-end/config.yaml"),
    },
    connection: await readExample("3-end-to-end/sveltos-jetstream.json"),
    streams: { USERS: ["user-operation"] },
    // What these tests change is meant: nobody has to approve it.
    settings: "output: {secrets: plain}\nguard: {removals: 1000000, share: 1, additions: 1000000}",
  });
  bench = opened;
  return opened;
}

/** How many Namespaces each cluster has of the trigger; the profile brings a Secret besides. */
async function counts(workbench: Workbench): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const path of await workbench.rendered()) {
    if (!path.includes("/triggers/")) continue;
    const cluster = path.split("/")[2]!;
    found[cluster] = (found[cluster] ?? 0) + 1;
  }
  return found;
}

async function untilCounts(workbench: Workbench, wanted: Record<string, number>): Promise<void> {
  await until(async () => JSON.stringify(await counts(workbench)) === JSON.stringify(wanted), JSON.stringify(wanted));
}

const grepCount = async (workbench: Workbench, text: string) =>
  (await workbench.git("grep", "-l", "-e", text, "main", "--", "rendered/").catch(() => "")).split("\n").filter(Boolean)
    .length;

it("templates, clusters and triggers change under many entities; a restart from nothing local makes the same of it", async () => {
  const workbench = await open();
  const service = await workbench.start();
  const config = await readExample("3-end-to-end/config.yaml");
  for (let user = 0; user < userCount; user++) await workbench.publish("user-operation", login(user));
  await untilCounts(workbench, { "eu-1": userCount });

  // The template changes while events flow.
  const labelled = config.replace(
    "name: {{ .CloudEvent.subject }}",
    "name: {{ .CloudEvent.subject }}\n      labels: {stage: two}",
  );
  await workbench.commitConfig({ "config.yaml": labelled });
  await workbench.publish("user-operation", login(userCount));
  await until(
    async () => (await grepCount(workbench, "stage: two")) === userCount + 1,
    "every entity with the new label",
  );

  // A cluster is added, another is relabelled into the selection and out again.
  await workbench.commitConfig({ "us.yaml": clusterDocument("us-1", { env: "production" }) });
  await untilCounts(workbench, { "eu-1": userCount + 1, "us-1": userCount + 1 });
  await workbench.commitConfig({ "lab.yaml": clusterDocument("lab", { env: "production" }) });
  await untilCounts(workbench, { "eu-1": userCount + 1, lab: userCount + 1, "us-1": userCount + 1 });
  await workbench.commitConfig({ "lab.yaml": clusterDocument("lab", { env: "staging" }) });
  await untilCounts(workbench, { "eu-1": userCount + 1, "us-1": userCount + 1 });

  // A broken template: objects stay, entities fail, events are kept; mended, everything is rendered by itself.
  await workbench.commitConfig({
    "config.yaml": labelled.replace("{{ .CloudEvent.subject }}", "{{ .CloudEvent.subject "),
  });
  const failed = async () =>
    JSON.parse((await workbench.sluice("show", "entities", "--failed", "--limit", "100000", "-o", "json")).stdout)
      .length as number;
  await until(async () => (await failed()) === userCount + 1, "failed records");
  await workbench.publish("user-operation", login(userCount + 1));
  await until(async () => (await failed()) === userCount + 2, "the event of the meantime on record");
  expect(await counts(workbench)).toEqual({ "eu-1": userCount + 1, "us-1": userCount + 1 });
  await workbench.commitConfig({ "config.yaml": labelled.replace("stage: two", "stage: three") });
  await until(async () => (await grepCount(workbench, "stage: three")) === 2 * (userCount + 2), "every entity mended");
  expect(await failed()).toBe(0);

  // What a service makes of it that knows nothing but the state branch.
  const tree = (await workbench.git("rev-parse", "main:rendered")).trim();
  expect(await service.stop()).toBe(0);
  await rename(join(workbench.folder, "state"), join(workbench.folder, "state-gone"));
  const fresh = await workbench.start();
  expect((await workbench.git("rev-parse", "main:rendered")).trim()).toBe(tree);

  // The trigger is removed: what it deployed goes, as its stopMatchingBehavior says.
  const withoutTrigger = labelled
    .split("---\n")
    .filter((document) => !document.includes("kind: EventTrigger"))
    .join("---\n");
  await workbench.commitConfig({ "config.yaml": withoutTrigger });
  await untilCounts(workbench, {});
  expect(await fresh.stop()).toBe(0);
  await workbench.git("fsck", "--strict");
});

it("settings and a Secret mounted by symlink are swapped without a restart, and bad ones are refused", async () => {
  const workbench = await open();
  const original = await readExample("3-end-to-end/sveltos-jetstream.json");
  // As Kubernetes mounts a Secret: the file is a link through ..data, which is swapped.
  await workbench.write("mount/..first/connection.json", original);
  await symlink("..first", join(workbench.folder, "mount/..data"));
  await symlink("..data/connection.json", join(workbench.folder, "mount/connection.json"));
  const settings = (await import("node:fs"))
    .readFileSync(join(workbench.folder, "sluice.yaml"), "utf8")
    .replace("./connection.json", "./mount/connection.json");
  await workbench.write("sluice.yaml", settings);
  const service = await workbench.start();
  await workbench.publish("user-operation", login(1));
  await untilCounts(workbench, { "eu-1": 1 });

  await workbench.write("sluice.yaml", `${settings}\nunknownKey: true\n`);
  await service.untilLogged("the new settings are refused; the old ones stay in force");
  await workbench.publish("user-operation", login(2));
  await untilCounts(workbench, { "eu-1": 2 });

  await workbench.streams.streams.add({ name: "MORE", subjects: ["more.>"] });
  await workbench.write(
    "mount/..second/connection.json",
    original
      .replace(
        '"USERS",\n        "subjects": [\n          "user-operation"',
        '"MORE",\n        "subjects": [\n          "more.>"',
      )
      .replace(/"name": "USERS"[^}]*/, '"name": "MORE", "subjects": ["more.>"]'),
  );
  await symlink("..second", join(workbench.folder, "mount/..data_tmp"));
  await rename(join(workbench.folder, "mount/..data_tmp"), join(workbench.folder, "mount/..data"));
  await workbench.write("sluice.yaml", settings);
  await service.untilLogged("settings in force");
  await workbench.commitConfig({
    "more.yaml":
      (await readExample("3-end-to-end/config.yaml"))
        .split("---\n")
        .filter((d) => d.includes("kind: EventSource"))
        .join("")
        .replace("name: user-operation", "name: more")
        .replace('subject: "user-operation"', 'subject: "more.*"') +
      "---\n" +
      (await readExample("3-end-to-end/config.yaml"))
        .split("---\n")
        .filter((d) => d.includes("kind: EventTrigger"))
        .join("")
        .replace("name: manage-namespace", "name: more")
        .replace("eventSourceName: user-operation", "eventSourceName: more"),
  });
  await service.untilLogged("configuration in force");
  await workbench.publish("more.logins", login(3));
  await untilCounts(workbench, { "eu-1": 3 });
  expect(await readdir(join(workbench.folder, "mount"))).toContain("..second");
  await unlink(join(workbench.folder, "mount/connection.json"));
  await service.untilLogged("the new settings are refused; the old ones stay in force");
  expect(await service.stop()).toBe(0);
});

it("pause, resume, remove, rerender, discard and repair reach the running service", async () => {
  const workbench = await open();
  const service = await workbench.start();
  await workbench.publish("user-operation", login(1));
  await workbench.publish("user-operation", "no event");
  await untilCounts(workbench, { "eu-1": 1 });

  expect((await workbench.sluice("pause")).code).toBe(0);
  await workbench.publish("user-operation", login(2));
  expect((await workbench.sluice("pause")).stdout).toContain("already");
  expect(await counts(workbench)).toEqual({ "eu-1": 1 });
  expect((await workbench.sluice("resume")).code).toBe(0);
  await untilCounts(workbench, { "eu-1": 2 });

  expect((await workbench.sluice("remove", "--source", "auth.example.com", "--subject", "user-2")).code).toBe(0);
  expect(await counts(workbench)).toEqual({ "eu-1": 1 });
  expect((await workbench.sluice("remove", "--source", "auth.example.com", "--subject", "user-2")).code).toBe(3);

  const [letter] = JSON.parse((await workbench.sluice("show", "dead-letters", "-o", "json")).stdout) as {
    id: string;
  }[];
  expect((await workbench.sluice("discard", letter!.id)).code).toBe(0);
  expect(JSON.parse((await workbench.sluice("show", "dead-letters", "-o", "json")).stdout)).toEqual([]);

  // A person damages what is Sluice's and adds what is not; repair mends the one and leaves the other.
  const [path] = await workbench.rendered();
  await workbench.commitFiles({ [path!]: "kind: Damaged\n", "rendered/fleet/eu-1/notes.md": "ours\n" });
  expect((await workbench.sluice("repair")).code).toBe(0);
  expect(await workbench.git("show", `main:${path}`)).toContain("kind: Namespace");
  expect(await workbench.git("show", "main:rendered/fleet/eu-1/notes.md")).toBe("ours\n");

  expect((await workbench.sluice("rerender", "manage-namespace")).code).toBe(0);
  expect((await workbench.sluice("rerender", "nothing")).code).toBe(3);
  expect((await workbench.sluice("repair", "--purge")).code).toBe(0);
  expect((await workbench.git("rev-list", "--count", "sluice/state")).trim()).toBe("1");
  expect(await service.stop()).toBe(0);
  expect((await workbench.sluice("pause")).code).toBe(3);

  // A state branch that is gone deletes nothing.
  await workbench.git("branch", "-D", "sluice/state");
  const waiting = workbench.launch();
  await waiting.untilCode("STATE_MISSING");
  expect(await workbench.rendered()).toContain(path);
  expect(await waiting.stop()).toBe(0);
  await workbench.git("fsck", "--strict");
});
