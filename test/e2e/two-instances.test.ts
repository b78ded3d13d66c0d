/**
 * Two instances of the built program, one nats-server, one repository: whatever becomes of the one that leads, the other
 * goes on behind what was pushed; nothing is lost, nothing has its effect twice, and nobody acts out of turn.
 */
import { rename, symlink } from "node:fs/promises";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { afterEach, expect, it } from "vitest";
import { type NatsCluster, startNatsCluster } from "../tools/nats-cluster.ts";
import { clusterDocument, readExample, type SluiceProcess, until, Workbench } from "./workbench.ts";

const login = JSON.parse(await readExample("3-end-to-end/login.json")) as Record<string, unknown>;
const connection = await readExample("3-end-to-end/sveltos-jetstream.json");
const config = await readExample("3-end-to-end/config.yaml");
const durationMs = 2_000;

let bench: Pair | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

/** A way to the nats-server that can be cut. */
async function openProxy(port: number): Promise<{ readonly port: number; cut(): void; mend(): void; close(): void }> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const server: Server = createServer((socket) => {
    if (isCut) {
      socket.destroy();
      return;
    }
    const onward = createConnection(port, "127.0.0.1");
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(one);
      one.on("error", () => undefined);
      one.on("close", () => {
        sockets.delete(one);
        // A pipe does not pass on a reset: the server would go on with a process that is gone.
        other.end();
      });
    }
    socket.pipe(onward).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address() as { readonly port: number };
  const drop = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: address.port,
    cut() {
      isCut = true;
      drop();
    },
    mend() {
      isCut = false;
    },
    close() {
      drop();
      server.close();
    },
  };
}

/** Settings of an instance: a state directory, a way to NATS and a way to the repository of its own. */
class Pair {
  readonly workbench: Workbench;
  readonly proxies: Awaited<ReturnType<typeof openProxy>>[] = [];
  /** Where events come as core subjects that are captured: three servers, and a connection to them. */
  readonly captured: { readonly cluster: NatsCluster; readonly nats: NatsConnection } | undefined;
  #published = 0;

  constructor(workbench: Workbench, captured?: Pair["captured"]) {
    this.workbench = workbench;
    this.captured = captured;
  }

  static async open(): Promise<Pair> {
    const workbench = await Workbench.open({
      config: { "eu.yaml": clusterDocument("eu-1", { env: "production" }), "config.yaml": config },
      connection,
      streams: { USERS: ["user-operation"] },
    });
    bench = new Pair(workbench);
    return bench;
  }

  static async openCaptured(): Promise<Pair> {
    const url = "nats://nats.nats.svc.cluster.local:4222";
    const workbench = await Workbench.open({
      config: { "eu.yaml": clusterDocument("eu-1", { env: "production" }), "config.yaml": config },
      connection: JSON.stringify({ nats: { configuration: { url, subjects: ["user-operation"], authorization: {} } } }),
    });
    const cluster = await startNatsCluster();
    const nats = await connect({ servers: cluster.servers.map((server) => server.url) });
    bench = new Pair(workbench, { cluster, nats });
    return bench;
  }

  /** Starts an instance of this name, and waits until it leads or stands by. */
  async start(name: string): Promise<SluiceProcess> {
    const { workbench, captured, proxies } = this;
    const servers = captured?.cluster.servers ?? [workbench.server];
    const proxy = await openProxy(servers[proxies.length % servers.length]!.port);
    proxies.push(proxy);
    await symlink(join(workbench.folder, "fleet.git"), join(workbench.folder, `${name}.git`)).catch(() => undefined);
    await this.configure(name, proxy.port);
    const service = workbench.launch(`${name}.yaml`);
    await service.untilLogged("standing by");
    return service;
  }

  /** Writes the settings of an instance. */
  async configure(name: string, port: number, more = ""): Promise<void> {
    const { workbench, captured } = this;
    await workbench.write(
      `${name}.yaml`,
      `apiVersion: sluice.dev/v1alpha1
kind: Settings
repository:
  url: ./${name}.git
  branch: main
  pollInterval: 500ms
  author: {name: sluice, email: sluice@example.com}
config: {path: config}
connections:
  - name: bus
    file: ./connection.json
    connectTo: {"nats.nats.svc.cluster.local:4222": "127.0.0.1:${port}"}
    capture: ${captured !== undefined}
state: {directory: ./state-${name}}
output: {secrets: plain}
commit: {maxEvents: 50}
lease: {connection: bus, duration: ${durationMs}ms}
${more}
`,
    );
  }

  /** Both, the first one leading. */
  async startBoth(): Promise<readonly [SluiceProcess, SluiceProcess]> {
    const one = await this.start("one");
    await one.untilLogged("ready");
    const other = await this.start("other");
    // Who has never seen a holder takes a lease that is not there at once.
    const hasSeen = async () =>
      /^lease +\S+ leads$/m.test((await this.workbench.sluice("status", "-f", "other.yaml")).stdout);
    await until(hasSeen, "the leader, as the other sees it");
    return [one, other];
  }

  async publish(count: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      const id = String(++this.#published);
      const payload = JSON.stringify({ ...login, id, subject: `user${id}` });
      if (this.captured === undefined) await this.workbench.publish("user-operation", payload);
      else this.captured.nats.publish("user-operation", payload);
    }
    await this.captured?.nats.flush();
  }

  /** All that was published has had its effect. */
  async untilThere(): Promise<void> {
    await until(async () => (await this.rendered()) === this.#published, `the effect of ${this.#published} events`);
  }

  /** Publishes so many, and waits until they have had their effect. */
  async bring(count: number): Promise<void> {
    await this.publish(count);
    await this.untilThere();
  }

  /** The first one's way to the repository is gone, until it is mended. */
  async cutRepository(): Promise<{ readonly mend: () => Promise<void> }> {
    const link = join(this.workbench.folder, "one.git");
    await rename(link, `${link}.away`);
    return { mend: () => rename(`${link}.away`, link) };
  }

  async rendered(): Promise<number> {
    return (await this.workbench.rendered()).filter((path) => /\/user\d+\.yaml$/.test(path)).length;
  }

  /** How often each event is named by the target's commits: exactly once. */
  async expectOnce(): Promise<void> {
    const { workbench } = this;
    const log = await workbench.git("log", "--format=%(trailers:key=Sluice-Event,valueonly)", "main");
    const named = log.split("\n").filter((line) => line !== "");
    expect(new Set(named).size).toBe(named.length);
    expect(named).toHaveLength(this.#published);
    const positions = Object.values((await workbench.checkpoint()).positions);
    expect(positions.map(({ sequence }) => sequence)).toEqual([this.#published]);
  }

  async close(): Promise<void> {
    await this.workbench.close();
    for (const proxy of this.proxies) proxy.close();
    await this.captured?.nats.close();
    await this.captured?.cluster.stop();
  }
}

/** From now until the standby has pushed what comes then. */
async function secondsToFirstPush(pair: Pair): Promise<number> {
  const before = await pair.rendered();
  const since = performance.now();
  await pair.publish(1);
  await until(async () => (await pair.rendered()) > before, "the standby's first push");
  return (performance.now() - since) / 1000;
}

function report(what: string, seconds: number): void {
  process.stdout.write(`${what}: the standby's first push after ${seconds.toFixed(1)} s\n`);
}

it("a leader that is killed is followed after the lease's duration", async () => {
  const pair = await Pair.open();
  const [one, other] = await pair.startBoth();
  await pair.bring(20);
  await one.kill();
  report("kill -9", await secondsToFirstPush(pair));
  await pair.untilThere();
  await pair.expectOnce();
  expect(other.count("LEADER_LOST")).toBe(0);
  expect(await other.stop()).toBe(0);
});

it("a leader that stops in order is followed at once", async () => {
  const pair = await Pair.open();
  const [one, other] = await pair.startBoth();
  await pair.bring(20);
  expect(await one.stop()).toBe(0);
  report("orderly stop", await secondsToFirstPush(pair));
  await pair.untilThere();
  await pair.expectOnce();
  expect(await other.stop()).toBe(0);
});

it("commands on a standby name the leader and end with 3; the leader carries them out", async () => {
  const pair = await Pair.open();
  const [one, other] = await pair.startBoth();
  const refused = await pair.workbench.sluice("pause", "--file", "other.yaml");
  expect(refused.code).toBe(3);
  expect(refused.stderr).toMatch(/LEADER_LOST/);
  expect(refused.stderr).toMatch(/does not lead, \S+ does/);
  expect((await pair.workbench.sluice("pause", "--file", "one.yaml")).code).toBe(0);
  const status = await pair.workbench.sluice("status", "--file", "other.yaml");
  expect(status.stdout).toMatch(/: standing by\n(.*\n)*lease +\S+ leads\n/);
  expect(await one.stop()).toBe(0);
  expect(await other.stop()).toBe(0);
});

it("a leader that is stopped and goes on stands by; what it pushes late is refused", async () => {
  const pair = await Pair.open();
  const [one, other] = await pair.startBoth();
  await pair.bring(20);
  one.signal("SIGSTOP");
  report("SIGSTOP", await secondsToFirstPush(pair));
  await other.untilLogged("ready");
  await pair.publish(20);
  one.signal("SIGCONT");
  await one.untilCode("LEADER_LOST");
  await pair.bring(20);
  await pair.expectOnce();
  // It has gone back to standing by, and takes over in its turn.
  expect(await other.stop()).toBe(0);
  report("orderly stop, back to the first", await secondsToFirstPush(pair));
  await pair.untilThere();
  await pair.expectOnce();
  expect(await one.stop()).toBe(0);
});

it("a leader that is cut off from NATS loses the lease, learns it from the repository, and stands by", async () => {
  const pair = await Pair.open();
  const [one, other] = await pair.startBoth();
  await pair.bring(20);
  pair.proxies[0]!.cut();
  report("cut off from NATS", await secondsToFirstPush(pair));
  await one.untilCode("LEADER_LOST");
  pair.proxies[0]!.mend();
  await pair.bring(20);
  await pair.expectOnce();
  expect(await other.stop()).toBe(0);
  expect(await one.stop()).toBe(0);
});

it("a leader that is cut off from NATS and from the repository learns it when it is back, and stands by", async () => {
  const pair = await Pair.open();
  const [one, other] = await pair.startBoth();
  await pair.bring(20);
  const repository = await pair.cutRepository();
  pair.proxies[0]!.cut();
  report("cut off from both", await secondsToFirstPush(pair));
  await pair.bring(20);
  expect(one.isRunning).toBe(true);
  await repository.mend();
  pair.proxies[0]!.mend();
  await one.untilCode("LEADER_LOST");
  await pair.bring(20);
  await pair.expectOnce();
  expect(await other.stop()).toBe(0);
  report("orderly stop, back to the first", await secondsToFirstPush(pair));
  await pair.expectOnce();
  expect(await one.stop()).toBe(0);
});

it("a standby with settings that others have followed does not compete until it has the new ones", async () => {
  const pair = await Pair.open();
  const [one, other] = await pair.startBoth();
  await pair.bring(20);
  const [ofOne, ofOther] = pair.proxies.map(({ port }) => port);
  await pair.configure("one", ofOne!, "guard: {removals: 7}");
  await one.untilLogged("settings in force");
  const isOld = () => other.log.includes("its settings were in force and others have followed them");
  await until(isOld, "the standby, whose settings are old");
  await one.kill();
  await pair.publish(20);
  await new Promise((resolve) => setTimeout(resolve, 4 * durationMs));
  expect(other.lines().some(({ message }) => message === "took the lease")).toBe(false);
  await pair.configure("other", ofOther!, "guard: {removals: 7}");
  await other.untilLogged("took the lease");
  await pair.untilThere();
  await pair.expectOnce();
  expect(await other.stop()).toBe(0);
});

it.skipIf(process.env.SLUICE_TEST_ALL === undefined)(
  "core subjects that are captured: whoever leads, none is lost; the bucket is of three replicas",
  async () => {
    const pair = await Pair.openCaptured();
    const [one, other] = await pair.startBoth();
    const streams = await jetstreamManager(pair.captured!.nats);
    expect((await streams.streams.info("KV_sluice-leases")).config.num_replicas).toBe(3);
    await pair.bring(20);
    await one.kill();
    await pair.publish(20);
    report("kill -9, core subjects", await secondsToFirstPush(pair));
    await pair.untilThere();
    const third = await pair.start("third");
    await pair.publish(20);
    expect(await other.stop()).toBe(0);
    await pair.publish(20);
    await third.untilLogged("ready");
    await pair.untilThere();
    await pair.expectOnce();
    expect(await third.stop()).toBe(0);
  },
);

it("a bucket that is removed is made again: the leader goes on, and is followed as ever", async () => {
  const pair = await Pair.open();
  const [one, other] = await pair.startBoth();
  await (await new Kvm(pair.workbench.nats).open("sluice-leases")).destroy();
  await pair.bring(20);
  const isThereAgain = () =>
    pair.workbench.streams.streams.info("KV_sluice-leases").then(
      ({ state }) => state.messages > 0,
      () => false,
    );
  await until(isThereAgain, "the bucket, made again");
  expect([one.count("LEADER_LOST"), other.lines().some(({ message }) => message === "took the lease")]).toEqual([
    0,
    false,
  ]);
  await one.kill();
  report("killed after the bucket was made again", await secondsToFirstPush(pair));
  await pair.untilThere();
  await pair.expectOnce();
  expect(await other.stop()).toBe(0);
});

it.skipIf(process.env.SLUICE_TEST_ALL === undefined)(
  "a leader that is cut off from the repository gives the lease up after a minute",
  async () => {
    const pair = await Pair.open();
    const [one, other] = await pair.startBoth();
    await pair.bring(20);
    const repository = await pair.cutRepository();
    const since = performance.now();
    // The program that takes the next push may be running already, and does not need the path any more.
    for (let times = 0; times < 3; times++) {
      await pair.publish(1);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
    await other.untilLogged("took the lease", 120_000);
    await pair.untilThere();
    report("cut off from Git", (performance.now() - since) / 1000);
    await repository.mend();
    await pair.bring(20);
    await pair.expectOnce();
    expect(one.count("LEADER_LOST")).toBeGreaterThan(0);
    expect(await other.stop()).toBe(0);
    expect(await one.stop()).toBe(0);
  },
);

it("a rolling update under load loses nothing and doubles nothing", async () => {
  const pair = await Pair.open();
  const [one, other] = await pair.startBoth();
  let isOver = false;
  const load = (async () => {
    while (!isOver) {
      // A commit names so many events at most: what comes during a changeover has to fit into one.
      await pair.publish(1);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  const third = await pair.start("third");
  expect(await one.stop()).toBe(0);
  await Promise.race([other.untilLogged("ready"), third.untilLogged("ready")]);
  const fourth = await pair.start("fourth");
  expect(await other.stop()).toBe(0);
  await Promise.race([third.untilLogged("ready"), fourth.untilLogged("ready")]);
  isOver = true;
  await load;
  await pair.untilThere();
  await pair.expectOnce();
  expect(await third.stop()).toBe(0);
  expect(await fourth.stop()).toBe(0);
});
