/**
 * The on-call drill: what goes wrong in production, tried on the built program. Whoever is called sees on the page, in
 * `sluice status` and in the log what it is and what to do; docs/drill.md says the same, scene by scene. A minute, so it runs
 * with `npm run test:all`.
 */
import { execFile } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { readPage } from "../docs/pages.ts";
import { findFreePort } from "../tools/find-free-port.ts";
import { GitHttpServer } from "../tools/git-http.ts";
import { usersConfig, usersConnection, usersTrigger } from "./users-config.ts";
import { type SluiceProcess, until, Workbench, type WorkbenchOptions } from "./workbench.ts";

const run = promisify(execFile);
const stored = usersConnection
  .replace('"nats":{"configuration"', '"jetstream":{"configuration"')
  .replace('"subjects":["user-operation"]', '"streams":[{"name":"USERS","subjects":["user-operation"]}]');

let bench: Workbench | undefined;
let web: GitHttpServer | undefined;
let volume: string | undefined;
afterEach(async () => {
  // Lazily: a service that a failed test left is ended by what comes next.
  if (volume !== undefined) await run("umount", ["--lazy", volume]).catch(() => undefined);
  await bench?.close();
  await web?.stop();
  bench = undefined;
  web = undefined;
  volume = undefined;
});

interface Scene {
  readonly workbench: Workbench;
  readonly port: number;
}

async function open(options: Partial<WorkbenchOptions> = {}): Promise<Scene> {
  const port = await findFreePort();
  const server = `server: {address: "127.0.0.1:${port}", page: {}}`;
  bench = await Workbench.open({
    config: usersConfig,
    connection: stored,
    streams: { USERS: ["user-operation"] },
    ...options,
    settings: `output: {secrets: plain}\n${server}\n${options.settings ?? ""}`,
  });
  return { workbench: bench, port };
}

const login = (subject: string, data: object = {}) =>
  JSON.stringify({ specversion: "1.0", id: subject, type: "login", source: "auth", subject, data });

async function untilPushed(workbench: Workbench, subject: string): Promise<void> {
  await until(async () => (await workbench.rendered()).some((path) => path.endsWith(`/${subject}.yaml`)), subject);
}

/** The page as its reader sees it: texts without markup. */
async function readOverview(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/`);
  const html = (await response.text()).replace(/<(style|script)[\s\S]*?<\/\1>/g, "");
  const text = html
    .replace(/<[^>]*>/g, " ")
    .replace(/&#x27;|&#39;/g, "'")
    .replace(/&quot;/g, '"')
    .replace(/&#x3D;/g, "=");
  return text.replace(/&gt;/g, ">").replace(/&lt;/g, "<").replace(/&amp;/g, "&").replace(/\s+/g, " ");
}

interface Signs {
  /** What it is, and what to do: in `sluice status` and on the page. */
  readonly cause: string;
  readonly remedy: string;
  readonly code: string;
  /** Of who is asked; default: sluice.yaml. */
  readonly file?: string;
  /** Where one of the two says it elsewhere. */
  readonly onPage?: { readonly cause?: string; readonly remedy?: string };
  readonly inStatus?: { readonly cause?: string; readonly remedy?: string };
  /** The log's line has the code and the cause; it is said so often at most, however often it is tried. */
  readonly linesMax?: number;
  readonly inLog?: string;
}

/** All three say what it is and what to do. */
async function expectSigns({ workbench, port }: Scene, service: SluiceProcess, signs: Signs): Promise<void> {
  const { cause, remedy, code, file = "sluice.yaml", inLog = cause, linesMax = 3 } = signs;
  const status = async () => (await workbench.sluice("status", "-f", file)).stdout;
  const inStatus = { cause, remedy, ...signs.inStatus };
  await until(async () => (await status()).includes(inStatus.cause), `${inStatus.cause} in status`, 30_000).catch(
    async (error: Error) => {
      throw new Error(`${error.message}:\n${await status()}\n${service.log}`);
    },
  );
  expect(await status(), "status: remedy").toContain(inStatus.remedy);
  expect(await status(), "status: code").toContain(code);
  const onPage = { cause, remedy, ...signs.onPage };
  await until(
    async () => (await readOverview(port)).includes(onPage.cause),
    `${onPage.cause} on the page`,
    30_000,
  ).catch(async (error: Error) => {
    throw new Error(`${error.message}:\n${await readOverview(port)}`);
  });
  expect(await readOverview(port), "page: remedy").toContain(onPage.remedy);
  const lines = service.lines().filter((line) => line.code === code && String(line.message).includes(inLog));
  expect(lines.length, `log: ${inLog}\n${service.log}`).toBeGreaterThan(0);
  expect(lines.length, service.log).toBeLessThanOrEqual(linesMax);
}

describe.runIf(process.env.SLUICE_TEST_ALL !== undefined)("the drill", () => {
  it("a wrong NATS password", async () => {
    const scene = await open({ connection: stored.replace("my-password", "not-it") });
    const service = await scene.workbench.start();
    await expectSigns(scene, service, {
      cause: 'the server refuses the user "admin" and password',
      remedy: "in the connection's authorization",
      code: "NATS_AUTH",
    });
    expect((await readOverview(scene.port)) + service.log).not.toContain("not-it");
    await scene.workbench.write("connection.json", stored);
    await scene.workbench.publish("user-operation", login("alice"));
    await untilPushed(scene.workbench, "alice");
    expect(await service.stop()).toBe(0);
  });

  it("a stream that was deleted", async () => {
    const scene = await open();
    const service = await scene.workbench.start();
    await scene.workbench.streams.streams.delete("USERS");
    await expectSigns(scene, service, {
      cause: "stream USERS does not exist",
      remedy: 'nats stream add USERS --subjects "user-operation"',
      code: "NATS_STREAM",
    });
    await scene.workbench.streams.streams.add({ name: "USERS", subjects: ["user-operation"] });
    await scene.workbench.publish("user-operation", login("alice"));
    await untilPushed(scene.workbench, "alice");
    expect(await service.stop()).toBe(0);
  });

  it("a Git token that has expired", async () => {
    const scene = await open({
      env: { GIT_TOKEN: "s3cret-token" },
      repository: async (folder) => {
        web = await GitHttpServer.start({ root: folder });
        web.authorization = `Basic ${Buffer.from("bot:s3cret-token").toString("base64")}`;
        return `url: ${web.urlOf("fleet.git")}\n  auth: {username: bot, password: {env: GIT_TOKEN}}`;
      },
    });
    scene.workbench.expectsRefusedPushes = true;
    await scene.workbench.git("config", "http.receivepack", "true");
    const service = await scene.workbench.start();
    web!.authorization = `Basic ${Buffer.from("bot:another").toString("base64")}`;
    await scene.workbench.publish("user-operation", login("alice"));
    await expectSigns(scene, service, {
      cause: "does not accept the credentials (401)",
      remedy: "Check repository.auth: is the token expired or revoked",
      code: "GIT_AUTH",
      linesMax: 20,
    });
    expect((await readOverview(scene.port)) + service.log).not.toContain("s3cret-token");
    web!.authorization = `Basic ${Buffer.from("bot:s3cret-token").toString("base64")}`;
    await untilPushed(scene.workbench, "alice");
    expect(await service.stop()).toBe(0);
  });

  it("a disk that is full", async (context) => {
    const scene = await open({ connection: usersConnection, streams: {} });
    volume = join(scene.workbench.folder, "state");
    const isMounted = await run("mkdir", ["-p", volume])
      .then(() => run("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", volume!]))
      .then(() => true)
      .catch(() => false);
    if (!isMounted) {
      volume = undefined;
      context.skip();
    }
    const service = await scene.workbench.start();
    await run("dd", ["if=/dev/zero", `of=${join(volume!, "filler")}`, "bs=4k", "count=100000"]).catch(() => undefined);
    for (let index = 0; index < 40; index++) {
      await scene.workbench.publish("user-operation", login(`user${index}`, { filler: "x".repeat(4000) }));
    }
    await untilPushed(scene.workbench, "user39");
    await expectSigns(scene, service, {
      cause: "no space is left on the disk",
      remedy: "Make room on the disk",
      code: "DISK_UNAVAILABLE",
      linesMax: 10,
    });
    await rm(join(volume!, "filler"));
    await scene.workbench.publish("user-operation", login("later"));
    await untilPushed(scene.workbench, "later");
    await until(async () => !(await scene.workbench.sluice("status")).stdout.includes("DISK_UNAVAILABLE"), "room");
    expect(await service.stop()).toBe(0);
  });

  it("a config folder that was moved", async () => {
    const scene = await open();
    const service = await scene.workbench.start();
    await scene.workbench.moveInTarget("config", "settings");
    await expectSigns(scene, service, {
      cause: "config",
      remedy: "config.path",
      code: "CONFIG_MISSING",
    });
    await scene.workbench.publish("user-operation", login("alice"));
    await untilPushed(scene.workbench, "alice");
    await scene.workbench.moveInTarget("settings", "config");
    await until(async () => !(await scene.workbench.sluice("status")).stdout.includes("CONFIG_MISSING"), "it is back");
    expect(await service.stop()).toBe(0);
  });

  it("a template that fails for one cluster", async () => {
    const second = `---
apiVersion: lib.projectsveltos.io/v1beta1
kind: SveltosCluster
metadata: {name: us, namespace: fleet, labels: {env: production}, annotations: {zone: a}}
`;
    const others = usersConfig["others.yaml"].replace(
      'metadata: {name: "{{ .CloudEvent.subject }}"}',
      'metadata: {name: "{{ .CloudEvent.subject }}", annotations: {zone: "{{ .Cluster.metadata.annotations.zone }}"}}',
    );
    const scene = await open({ config: { ...usersConfig, "others.yaml": `${others}${second}` } });
    const service = await scene.workbench.start();
    await scene.workbench.publish("user-operation", login("alice"));
    await untilPushed(scene.workbench, "alice");
    await expectSigns(scene, service, {
      cause: "1 TEMPLATE_FAILED",
      remedy: "sluice show entities --failed",
      code: "TEMPLATE_FAILED",
      onPage: { cause: "1 of 2 clusters failed", remedy: "annotations" },
      inLog: "annotations",
    });
    const { stdout } = await scene.workbench.sluice("show", "entities", "--failed");
    expect(stdout).toMatch(/alice .* failed .* fleet\/eu: config\/others\.yaml:14:/);
    expect(service.lines().find(({ code }) => code === "TEMPLATE_FAILED")).toMatchObject({
      trigger: "users",
      cluster: "fleet/eu",
      subject: "alice",
    });
    expect(await service.stop()).toBe(0);
  });

  it("a change that is held", async () => {
    const scene = await open({ settings: "guard: {removals: 2}" });
    const service = await scene.workbench.start();
    for (const subject of ["a1", "a2", "a3"]) await scene.workbench.publish("user-operation", login(subject));
    await untilPushed(scene.workbench, "a3");
    await scene.workbench.commitConfig({ "trigger.yaml": undefined });
    await expectSigns(scene, service, {
      cause: "3 objects",
      remedy: "sluice approve ",
      code: "CHANGE_HELD",
      onPage: { cause: "A change is held" },
      inLog: "held",
    });
    await scene.workbench.commitConfig({ "trigger.yaml": usersTrigger });
    await until(async () => !(await scene.workbench.sluice("status")).stdout.includes("approve"), "taken back");
    expect(await service.stop()).toBe(0);
  });

  it("a flood of messages that are no events", async () => {
    const scene = await open();
    const service = await scene.workbench.start();
    for (let index = 0; index < 300; index++) scene.workbench.nats.publish("user-operation", "poison");
    await scene.workbench.publish("user-operation", login("alice"));
    await untilPushed(scene.workbench, "alice");
    await expectSigns(scene, service, {
      cause: "300 EVENT_NOT_JSON",
      remedy: "sluice show dead-letters",
      code: "EVENT_NOT_JSON",
      onPage: { cause: "dead letter", remedy: "not JSON" },
      inLog: "JSON",
      linesMax: 22,
    });
    expect(service.log).toContain('"untold":100,');
    const { stdout } = await scene.workbench.sluice("show", "dead-letters", "--limit", "3");
    expect(stdout).toContain("user-operation");
    expect(await service.stop()).toBe(0);
  });

  it("a person's files in the way", async () => {
    const scene = await open();
    const service = await scene.workbench.start();
    await scene.workbench.publish("user-operation", login("alice"));
    await untilPushed(scene.workbench, "alice");
    const folder = (await scene.workbench.rendered()).find((path) => path.endsWith("/alice.yaml"))!;
    await scene.workbench.commitFiles({ [folder.replace("alice.yaml", "bob.yaml/notes.md")]: "by a person\n" });
    await scene.workbench.publish("user-operation", login("bob"));
    await expectSigns(scene, service, {
      cause: "bob.yaml",
      remedy: "Move",
      code: "OUTPUT_FOREIGN",
      linesMax: 5,
    });
    expect(await service.stop()).toBe(0);
  });

  it("a standby that can't take over", async () => {
    const scene = await open({ settings: "lease: {connection: bus, duration: 2s}" });
    const { workbench } = scene;
    const leader = await workbench.start();
    const port = await findFreePort();
    const settings = await readFile(join(workbench.folder, "sluice.yaml"), "utf8");
    await workbench.write(
      "other.yaml",
      settings
        .replace("directory: ./state", "directory: ./state-other")
        .replace("url: ./fleet.git", "url: ./moved.git")
        .replace(String(scene.port), String(port)),
    );
    const standby = workbench.launch("other.yaml");
    await expectSigns({ workbench, port }, standby, {
      file: "other.yaml",
      cause: "moved.git",
      remedy: "repository.url",
      code: "GIT_UNAVAILABLE",
      linesMax: 30,
    });
    await leader.kill();
    await run("ln", ["-s", join(workbench.folder, "fleet.git"), join(workbench.folder, "moved.git")]);
    await standby.untilLogged("ready");
    expect(await standby.stop()).toBe(0);
  });
});

it("docs/drill.md has every scene", async () => {
  const source = await readFile(new URL(import.meta.url), "utf8");
  const scenes = [...source.matchAll(/^ {2}it\("(.*?)"/gm)].map(([, name = ""]) => name);
  const { text } = readPage("docs/drill.md");
  const headings = [...text.matchAll(/^## (.*)$/gm)].map(([, name = ""]) => name);
  expect(scenes.length).toBe(10);
  expect(headings.map((name) => name.toLowerCase())).toEqual(scenes.map((name) => name.toLowerCase()));
});
