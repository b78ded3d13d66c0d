/** The seed's flow over http with basic auth and over ssh, on good days and bad ones: nothing lost, nothing forced. */
import { chmod, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { casesOf } from "../tools/cases-of.ts";
import { GitHttpServer, type HttpFault } from "../tools/git-http.ts";
import {
  clusterDocument,
  readExample,
  type SluiceProcess,
  until,
  Workbench,
  type WorkbenchOptions,
} from "./workbench.ts";

const filesThere = casesOf(50_000);
const login = await readExample("3-end-to-end/login.json");
const logout = await readExample("3-end-to-end/logout.json");
const namespacePath = "rendered/fleet/eu-1/triggers/manage-namespace/_cluster/namespace/mgianluc.yaml";

let bench: Workbench | undefined;
let web: GitHttpServer | undefined;
afterEach(async () => {
  await bench?.close();
  await web?.stop();
  bench = undefined;
  web = undefined;
});

async function open(options: Pick<WorkbenchOptions, "repository" | "env">): Promise<Workbench> {
  const opened = await Workbench.open({
    config: {
      "eu.yaml": clusterDocument("eu-1", { env: "production" }),
      "config.yaml": await readExample("3-end-to-end/config.yaml"),
    },
    connection: await readExample("3-end-to-end/sveltos-jetstream.json"),
    streams: { USERS: ["user-operation"] },
    ...options,
  });
  bench = opened;
  return opened;
}

/** Over http, with basic auth; the faults of the moment are the caller's. */
async function openHttp(): Promise<Workbench> {
  const opened = await open({
    env: { GIT_TOKEN: "s3cret-token" },
    repository: async (folder) => {
      web = await GitHttpServer.start({ root: folder });
      web.authorization = `Basic ${Buffer.from("bot:s3cret-token").toString("base64")}`;
      return `url: ${web.urlOf("fleet.git")}\n  auth: {username: bot, password: {env: GIT_TOKEN}}`;
    },
  });
  await opened.git("config", "http.receivepack", "true");
  return opened;
}

const sshProgram = join(process.env.TMPDIR ?? "/tmp", `sluice-ssh-${process.pid}`);
afterAll(() => rm(sshProgram, { force: true }));

/** Over ssh, through a program that runs the command on this machine. */
async function openSsh(): Promise<Workbench> {
  await writeFile(sshProgram, '#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n');
  await chmod(sshProgram, 0o755);
  return open({
    env: { GIT_SSH: sshProgram, GIT_SSH_VARIANT: "ssh", DEPLOY_KEY: "a key" },
    repository: async (root) => `url: ssh://git@git.example.com${root}/fleet.git\n  auth: {sshKey: {env: DEPLOY_KEY}}`,
  });
}

async function isThere(workbench: Workbench): Promise<boolean> {
  return (await workbench.rendered()).includes(namespacePath);
}

async function loginAndOut(workbench: Workbench): Promise<void> {
  await workbench.publish("user-operation", login);
  await until(() => isThere(workbench), "the login");
  await workbench.publish("user-operation", logout);
  await until(async () => !(await isThere(workbench)), "the logout");
}

/** Ends the service; its log names no secret, and the repository is whole and was never forced. */
async function endWell(workbench: Workbench, service: SluiceProcess): Promise<void> {
  expect(await service.stop()).toBe(0);
  expect(service.log).not.toContain("s3cret-token");
  await workbench.git("fsck", "--strict");
  const reflog = await workbench.git("reflog", "show", "main", "--format=%gs").catch(() => "");
  expect(reflog).not.toContain("forced");
}

for (const [name, openTransport] of [
  ["http with basic auth", openHttp],
  ["ssh", openSsh],
] as const) {
  describe(`over ${name}`, () => {
    it(`clones a repository of ${filesThere} files, and follows the seed's flow`, async () => {
      const workbench = await openTransport();
      await fillRepository(workbench);
      const service = await workbench.start();
      await loginAndOut(workbench);
      expect((await workbench.git("ls-tree", "-r", "--name-only", "main", "apps/")).trim().split("\n")).toHaveLength(
        filesThere,
      );
      await endWell(workbench, service);
    });

    it("plans again where a person moved the target, and waits where a hook refuses", async () => {
      const workbench = await openTransport();
      workbench.expectsRefusedPushes = true;
      const service = await workbench.start();
      const hook = join(workbench.folder, "fleet.git", "hooks", "update");
      await writeFile(hook, '#!/bin/sh\necho "not on a Friday" >&2\nexit 1\n');
      await chmod(hook, 0o755);
      await workbench.publish("user-operation", login);
      await until(() => service.log.includes("not on a Friday"), "the hook's words");
      await until(() => service.log.includes("GIT_REFUSED"), "what Sluice makes of it");
      await rm(hook);
      await workbench.commitFiles({ "docs/notes.md": "by a person\n" });
      await until(() => isThere(workbench), "the login, once the hook is gone");
      expect(await workbench.git("show", "main:docs/notes.md")).toBe("by a person\n");
      await endWell(workbench, service);
    });

    it("does without atomic pushes and filters", async () => {
      const workbench = await openTransport();
      await workbench.git("config", "receive.advertiseAtomic", "false");
      await workbench.git("config", "uploadpack.allowFilter", "false");
      const service = await workbench.start();
      await loginAndOut(workbench);
      await endWell(workbench, service);
    });
  });
}

interface Fault {
  readonly name: string;
  readonly fault: HttpFault;
  readonly code: string;
}

const faults: readonly Fault[] = [
  { name: "401", fault: { kind: "status", status: 401 }, code: "GIT_AUTH" },
  { name: "403", fault: { kind: "status", status: 403 }, code: "GIT_AUTH" },
  { name: "413", fault: { kind: "status", status: 413 }, code: "GIT_REFUSED" },
  { name: "500", fault: { kind: "status", status: 500 }, code: "GIT_UNAVAILABLE" },
  { name: "a connection cut before git has the push", fault: { kind: "cut", when: "before" }, code: "GIT_UNAVAILABLE" },
  { name: "a connection cut before git's answer", fault: { kind: "cut", when: "after" }, code: "GIT_UNAVAILABLE" },
];

describe("http on a bad day", () => {
  for (const { name, fault, code } of faults) {
    it(`${name}: says ${code}, keeps the event, and goes on`, async () => {
      const workbench = await openHttp();
      workbench.expectsRefusedPushes = code === "GIT_REFUSED";
      const service = await workbench.start();
      let failures = 0;
      web!.fault = (request) => (request.url?.includes("receive-pack") && failures++ < 3 ? fault : undefined);
      await workbench.publish("user-operation", login);
      await until(() => isThere(workbench), "the login after all");
      await until(() => service.log.includes(code), `a word about ${code}`);
      await workbench.publish("user-operation", logout);
      await until(async () => !(await isThere(workbench)), "the logout");
      const commits = await workbench.git("log", "--format=%s", "main", "--", namespacePath);
      expect(commits.trim().split("\n")).toHaveLength(2);
      await endWell(workbench, service);
    });
  }

  it("a wrong password: says so without telling it, waits, and goes on when it is mended", async () => {
    const workbench = await openHttp();
    const right = web!.authorization;
    web!.authorization = "Basic bm90OnRoaXM=";
    const service = workbench.launch();
    await service.untilCode("GIT_AUTH");
    expect(service.log).not.toContain("s3cret-token");
    web!.authorization = right;
    await service.untilLogged("ready");
    await loginAndOut(workbench);
    await endWell(workbench, service);
  });
});

/** A repository that others use too. */
async function fillRepository(workbench: Workbench): Promise<void> {
  const files = Object.fromEntries(
    Array.from({ length: filesThere }, (_, index) => [`apps/${index % 500}/${index}.yaml`, `number: ${index}\n`]),
  );
  await workbench.commitFiles(files);
}
