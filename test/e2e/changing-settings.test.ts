/**
 * Settings change while the service runs, and while it starts: what can't take over is refused with the old ones kept,
 * nothing is missed meanwhile, and every state can be stopped.
 */
import { mkdir, readFile, rename } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { GitHttpServer } from "../tools/git-http.ts";
import {
  clusterDocument,
  readExample,
  type SluiceProcess,
  until,
  Workbench,
  type WorkbenchOptions,
} from "./workbench.ts";

const refused = "the new settings are refused; the old ones stay in force";
let bench: Workbench | undefined;
let web: GitHttpServer | undefined;
let silent: Server | undefined;
afterEach(async () => {
  await bench?.close();
  await web?.stop();
  silent?.close();
  bench = undefined;
  web = undefined;
  silent = undefined;
});

const login = (user: number) =>
  JSON.stringify({
    specversion: "1.0",
    id: `in-${user}`,
    source: "auth.example.com",
    type: "auth.example.com.login",
    subject: `user-${user}`,
  });

async function open(options: Partial<WorkbenchOptions> = {}): Promise<Workbench> {
  bench = await Workbench.open({
    config: {
      "eu.yaml": clusterDocument("eu-1", { env: "production" }),
      "config.yaml": await readExample("3-end-to-end/config.yaml"),
    },
    connection: await readExample("3-end-to-end/sveltos-jetstream.json"),
    streams: { USERS: ["user-operation"] },
    ...options,
  });
  return bench;
}

async function openHttp(): Promise<Workbench> {
  const workbench = await open({
    repository: async (folder) => {
      web = await GitHttpServer.start({ root: folder });
      return `url: ${web.urlOf("fleet.git")}`;
    },
  });
  await workbench.git("config", "http.receivepack", "true");
  return workbench;
}

async function users(workbench: Workbench, branch: "main" | "sluice/state" = "main"): Promise<number> {
  const folder = branch === "main" ? "rendered/" : "desired/";
  const list = await workbench.git("ls-tree", "-r", "--name-only", branch, folder).catch(() => "");
  return list.split("\n").filter((path) => /namespace\/user-\d+\.yaml$/.test(path)).length;
}

const untilUsers = (workbench: Workbench, count: number) =>
  until(async () => (await users(workbench)) === count, `${count} users`);

/** SIGTERM; how long it took, and the exit code. */
async function stopTimed(service: SluiceProcess): Promise<{ code: number | null; seconds: number }> {
  const start = performance.now();
  const code = await service.stop();
  return { code, seconds: (performance.now() - start) / 1000 };
}

/** A server that takes connections and never says a word. */
async function listenSilently(): Promise<number> {
  silent = createServer((socket) => socket.on("error", () => undefined));
  await new Promise<void>((resolve) => silent!.listen(0, "127.0.0.1", resolve));
  return (silent.address() as { port: number }).port;
}

interface Refusal {
  readonly name: string;
  readonly code: string;
  readonly change: (settings: string, workbench: Workbench) => string | Promise<string>;
}

const refusals: readonly Refusal[] = [
  {
    name: "a config.directory that is not there",
    code: "CONFIG_MISSING",
    change: (text) => text.replace("config: {path: config}", "config: {directory: ./nowhere}"),
  },
  {
    name: "a seed key in a variable that is not set",
    code: "SECRET_UNREADABLE",
    change: (text) => `${text}render: {seedKey: {env: NOT_SET_ANYWHERE}}\n`,
  },
  {
    name: "a password in a file that is not there",
    code: "SECRET_UNREADABLE",
    change: (text) =>
      text.replace("  branch: main\n", "  branch: main\n  auth: {username: bot, password: {file: ./no-such-file}}\n"),
  },
  {
    name: "a webhook address in use",
    code: "SETTINGS_INVALID",
    change: async (text) => {
      const port = await listenSilently();
      return `${text}server: {webhooks: {address: "127.0.0.1:${port}", secret: {env: HOME}}}\n`;
    },
  },
  {
    name: "a state branch that is somebody's",
    code: "STATE_INVALID",
    change: async (text, workbench) => {
      await workbench.git("branch", "feature/login", "main");
      return text.replace("state: {directory", "state: {branch: feature/login, directory");
    },
  },
  {
    name: "a state branch that does not exist",
    code: "CHANGE_HELD",
    change: async (text, workbench) => {
      await workbench.git("init", "--quiet", "--bare", join(workbench.folder, "other.git"));
      return text.replace("./fleet.git", "./other.git");
    },
  },
  {
    name: "a repository that is not there",
    code: "GIT_",
    change: (text) => text.replace("./fleet.git", "./nowhere.git"),
  },
  {
    name: "a target branch that is not there",
    code: "TARGET_MISSING",
    change: (text) => text.replace("branch: main", "branch: mian"),
  },
  { name: "a key that nobody knows", code: "FIELD_UNKNOWN", change: (text) => `${text}unknownKey: true\n` },
];

describe("refused, with the old ones kept", () => {
  it("one after the other, in one service that goes on", async () => {
    const workbench = await open();
    const service = await workbench.start();
    const original = await readFile(join(workbench.folder, "sluice.yaml"), "utf8");
    let user = 0;
    for (const { name, code, change } of refusals) {
      const before = service.lines().filter(({ message }) => message === refused).length;
      const codes = () => service.lines().filter((line) => String(line.code).startsWith(code)).length;
      const codesBefore = codes();
      await workbench.write("sluice.yaml", await change(original, workbench));
      await until(
        () => !service.isRunning || service.lines().filter(({ message }) => message === refused).length > before,
        `${name} to be refused`,
      );
      expect(service.isRunning, `${name}\n${service.log}`).toBe(true);
      expect(codes(), name).toBeGreaterThan(codesBefore);
      await workbench.publish("user-operation", login(++user));
      await untilUsers(workbench, user);
      await workbench.write("sluice.yaml", original);
    }
    expect(await service.stop()).toBe(0);
  });

  it("a settings file that is away for 3 s", async () => {
    const workbench = await open();
    const service = await workbench.start();
    const file = join(workbench.folder, "sluice.yaml");
    await rename(file, `${file}.away`);
    await service.untilLogged(refused);
    await workbench.publish("user-operation", login(1));
    await untilUsers(workbench, 1);
    await sleep(3000);
    await rename(`${file}.away`, file);
    await workbench.changeSettings((text) => text.replace("secrets: plain", "secrets: refuse"));
    await service.untilLogged("settings in force");
    await workbench.publish("user-operation", login(2));
    await untilUsers(workbench, 2);
    expect(await service.stop()).toBe(0);
  });
});

/** Until the control socket answers, whatever the service is doing: asking changes nothing. */
function untilAnswered(workbench: Workbench): Promise<void> {
  return until(async () => (await workbench.sluice("status")).code === 0, "the control socket");
}

describe("while it starts", () => {
  it("a repository that is not there is waited for, commands are told, and the mended file takes over", async () => {
    const workbench = await open();
    await workbench.changeSettings((text) => text.replace("./fleet.git", "./nowhere.git"));
    const service = workbench.launch();
    await service.untilCode("GIT_UNAVAILABLE");
    await workbench.publish("user-operation", login(1));
    const { code, stderr } = await workbench.sluice("pause");
    expect([code, stderr]).toEqual([3, expect.stringContaining("the service is starting")]);
    expect(stderr).toContain("SERVICE_BUSY");

    await workbench.changeSettings((text) => text.replace("./nowhere.git", "./fleet.git"));
    await service.untilLogged("ready");
    await untilUsers(workbench, 1);
    expect(await service.stop()).toBe(0);
  });

  it("a server that keeps silent: the mended file takes over, and a stop ends it", async () => {
    const workbench = await open();
    const port = await listenSilently();
    await workbench.changeSettings((text) => text.replace("./fleet.git", `http://127.0.0.1:${port}/fleet.git`));
    const service = workbench.launch();
    await untilAnswered(workbench);
    await workbench.changeSettings((text) => text.replace(`http://127.0.0.1:${port}/fleet.git`, "./fleet.git"));
    await service.untilLogged("ready");
    expect(await service.stop()).toBe(0);

    await workbench.changeSettings((text) => text.replace("./fleet.git", `http://127.0.0.1:${port}/fleet.git`));
    const second = workbench.launch();
    await untilAnswered(workbench);
    const { code, seconds } = await stopTimed(second);
    expect(code).toBe(0);
    expect(seconds).toBeLessThan(25);
  });

  it("a file that changes before it is ready is noticed", async () => {
    const workbench = await open();
    const service = workbench.launch();
    await untilAnswered(workbench);
    await workbench.changeSettings((text) => text.replace("name: sluice,", "name: robot,"));
    await until(
      () => service.lines().filter(({ message }) => message === "ready" || message === "settings in force").length > 0,
      "it to be ready",
    );
    await until(async () => {
      await workbench.publish("user-operation", login(Math.floor(performance.now())));
      await sleep(200);
      return (await workbench.git("log", "-1", "--format=%an", "main")).trim() === "robot";
    }, "a commit by the new author");
    expect(await service.stop()).toBe(0);
  });

  it("a fresh store whose server wants credentials waits, and takes the event when it has them", async () => {
    const workbench = await openHttp();
    const first = await workbench.start();
    await workbench.publish("user-operation", login(1));
    await untilUsers(workbench, 1);
    expect(await first.stop()).toBe(0);

    await rename(join(workbench.folder, "state"), join(workbench.folder, "state-gone"));
    web!.authorization = "Basic bm90OnRoaXM=";
    const service = workbench.launch();
    await service.untilCode("GIT_AUTH");
    await workbench.publish("user-operation", login(2));
    await sleep(1500);
    expect(service.isRunning).toBe(true);
    web!.authorization = undefined;
    await untilUsers(workbench, 2);
    web!.fault = () => ({ kind: "status", status: 403, text: "API rate limit exceeded" });
    await workbench.publish("user-operation", login(3));
    await service.untilCode("GIT_UNAVAILABLE");
    web!.fault = () => undefined;
    await untilUsers(workbench, 3);
    expect(await service.stop()).toBe(0);
  });
});

it("a push that is never answered says so, and a stop ends it within 25 s", async () => {
  const workbench = await openHttp();
  const service = await workbench.start();
  web!.fault = (request) =>
    request.method === "POST" && request.url?.includes("receive-pack") ? { kind: "hang" } : undefined;
  await workbench.publish("user-operation", login(1));
  await service.untilLogged("a push takes long; what arrives meanwhile waits");
  const { code, seconds } = await stopTimed(service);
  expect(code).toBe(0);
  expect(seconds).toBeLessThan(25);
  web!.fault = () => undefined;
  const second = await workbench.start();
  await untilUsers(workbench, 1);
  expect(await second.stop()).toBe(0);
});

it("core messages that come while settings change are all taken", async () => {
  const workbench = await open({ connection: await readExample("3-end-to-end/sveltos-nats.json"), streams: {} });
  const service = await workbench.start();
  let sent = 0;
  let isDone = false;
  const sending = (async () => {
    while (!isDone) {
      workbench.nats.publish("user-operation", login(++sent));
      await sleep(2);
    }
    await workbench.nats.flush();
  })();
  for (const maxEvents of [101, 102, 103]) {
    await workbench.changeSettings((text) => `${text.replace(/^commit:.*\n/m, "")}commit: {maxEvents: ${maxEvents}}\n`);
    const wanted = maxEvents - 100;
    await until(
      () => service.lines().filter(({ message }) => message === "settings in force").length === wanted,
      `change ${wanted}`,
    );
  }
  isDone = true;
  await sending;
  await untilUsers(workbench, sent);
  expect(await service.stop()).toBe(0);
});

it("core messages that come while the service starts are taken", async () => {
  const workbench = await open({ connection: await readExample("3-end-to-end/sveltos-nats.json"), streams: {} });
  await workbench.changeSettings((text) => text.replace("./fleet.git", "./nowhere.git"));
  const service = workbench.launch();
  await service.untilCode("GIT_UNAVAILABLE");
  const isSubscribed = async () => {
    try {
      await workbench.nats.request("user-operation", "is anybody there?", { timeout: 200 });
    } catch (error) {
      // Without an answer in time: somebody has it, and keeps it.
      return !String(error).includes("no responders");
    }
    return true;
  };
  await until(isSubscribed, "the subscription");
  for (let user = 1; user <= 20; user++) await workbench.publish("user-operation", login(user));
  await workbench.changeSettings((text) => text.replace("./nowhere.git", "./fleet.git"));
  await service.untilLogged("ready");
  await untilUsers(workbench, 20);
  expect(await service.stop()).toBe(0);
});

it("who is deposed stands by: it reads and pushes nothing, says so, and stops in order", async () => {
  const workbench = await open();
  const first = await workbench.start();
  const settings = await readFile(join(workbench.folder, "sluice.yaml"), "utf8");
  await workbench.write("second.yaml", settings.replace("./state", "./state-2"));
  const second = workbench.launch("second.yaml");
  await second.untilLogged("ready");
  await workbench.publish("user-operation", login(1));
  await untilUsers(workbench, 1);
  await first.untilCode("LEADER_LOST");
  expect((await workbench.sluice("pause")).stderr).toContain("LEADER_LOST");
  await workbench.publish("user-operation", login(2));
  await untilUsers(workbench, 2);
  expect(await first.stop()).toBe(0);
  expect(await second.stop()).toBe(0);
});

it("someone pushes to the target all the time: the state goes on", async () => {
  const workbench = await open();
  const service = await workbench.start();
  let isDone = false;
  const meddling = (async () => {
    for (let turn = 0; !isDone; turn++) {
      await workbench.commitFiles({ "notes.md": `note ${turn}\n` });
      await sleep(220);
    }
  })();
  for (let user = 1; user <= 12; user++) {
    await workbench.publish("user-operation", login(user));
    await until(async () => (await users(workbench, "sluice/state")) === user, `user ${user} in the state`);
  }
  isDone = true;
  await meddling;
  await untilUsers(workbench, 12);
  expect(await service.stop()).toBe(0);
});

it("a state directory of any length works, and has one service", async () => {
  const workbench = await open();
  const long = join("state", "d".repeat(80), "e".repeat(80));
  await mkdir(join(workbench.folder, long), { recursive: true });
  await workbench.changeSettings((text) => text.replace("./state", `./${long}`));
  const service = await workbench.start();
  expect((await workbench.sluice("pause")).code).toBe(0);
  expect((await workbench.sluice("resume")).code).toBe(0);
  const { code, stderr } = await workbench.sluice("run");
  expect([code, stderr]).toEqual([3, expect.stringContaining("JOURNAL_LOCKED")]);
  await workbench.publish("user-operation", login(1));
  await untilUsers(workbench, 1);
  expect(await service.stop()).toBe(0);
});

it("what happens is in the log: ready and each batch name what they are about", async () => {
  const workbench = await open();
  const service = await workbench.start();
  // What the profile makes is walked after the start: with an event's it would be counted in one line.
  const state = () => workbench.git("ls-tree", "-r", "--name-only", "sluice/state");
  await until(async () => (await state()).includes("/helmchart.sluice.dev/"), "all that the profile makes");
  await workbench.publish("user-operation", login(1));
  await untilUsers(workbench, 1);
  const isOfBatch = ({ message, events }: Readonly<Record<string, unknown>>) => message === "pushed" && events === 1;
  await until(() => service.lines().some(isOfBatch), "the line of the batch");
  const lines = service.lines();
  expect(lines.find(({ message }) => message === "ready")).toMatchObject({
    repository: expect.stringContaining("fleet.git"),
    branch: "main",
    triggers: 1,
    clusters: 1,
    subjects: "user-operation",
    version: expect.any(String),
  });
  const pushed = lines.findLast(isOfBatch);
  const head = (await workbench.git("rev-parse", "main")).trim();
  expect(pushed).toMatchObject({ events: 1, commit: head, branch: "main", created: 1, failed: 0 });
  expect(pushed?.milliseconds).toEqual(expect.any(Number));
  expect(await service.stop()).toBe(0);
});
