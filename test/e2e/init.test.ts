/**
 * A repository's first hour, by the built program: `init`, a commit, `run`, a login by `publish`, and the object is
 * committed; with the applier, and with Flux on a hub, it is in the cluster. Each way is timed from `init` on.
 *
 * The clusters need kube-apiserver, etcd and kustomize-controller: `npm run tools`, then `npm run test:all`.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { addKubeconfig } from "../tools/add-kubeconfig.ts";
import { isBuilt } from "../tools/build-tool.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { GitHttpServer } from "../tools/git-http.ts";
import { type NatsServer, startNatsServer } from "../tools/nats-server.ts";
import { startFlux } from "../tools/start-flux.ts";
import { startKubeApiServer } from "../tools/start-kube-apiserver.ts";
import { until } from "./workbench.ts";

const run = promisify(execFile);
const program = join(findProjectRoot(), "dist", "program", "sluice.js");
const isAll = process.env.SLUICE_TEST_ALL !== undefined;
const tools = ["etcd", "kube-apiserver", "kustomize-controller"] as const;
const hasTools = isAll && (await Promise.all(tools.map((name) => isBuilt(name)))).every(Boolean);

const token = "a-token-of-the-bot";
const env = { ...process.env, GIT_TOKEN: token, NATS_PASSWORD: "my-password" };

/** A Git server with an empty repository, a nats-server, and a folder for a person to clone to. */
class FirstHour {
  readonly folder: string;
  readonly nats: NatsServer;
  readonly git: GitHttpServer;
  readonly checkout: string;
  readonly #services: { stop(): Promise<void> }[] = [];

  private constructor(folder: string, nats: NatsServer, git: GitHttpServer) {
    this.folder = folder;
    this.nats = nats;
    this.git = git;
    this.checkout = join(folder, "fleet");
  }

  static async open(): Promise<FirstHour> {
    const folder = await mkdtemp(join(tmpdir(), "sluice-first-hour-"));
    const bare = join(folder, "git", "fleet.git");
    await run("git", ["init", "--quiet", "--bare", "--initial-branch=main", bare]);
    await run("git", ["-C", bare, "config", "http.receivepack", "true"]);
    const git = await GitHttpServer.start({ root: join(folder, "git") });
    git.authorization = `Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`;
    const nats = await startNatsServer({ users: [{ user: "admin", password: "my-password" }] });
    const hour = new FirstHour(folder, nats, git);
    const url = hour.url.replace("http://", `http://x-access-token:${token}@`);
    await run("git", ["clone", "--quiet", url, hour.checkout], { env });
    return hour;
  }

  get url(): string {
    return this.git.urlOf("fleet.git");
  }

  async sluice(...args: readonly string[]): Promise<string> {
    const { stdout } = await run(process.execPath, [program, ...args], { cwd: this.checkout, env });
    return stdout;
  }

  async commit(message: string): Promise<void> {
    const as = ["-C", this.checkout, "-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
    await run("git", [...as, "add", "--all"]);
    await run("git", [...as, "commit", "--quiet", `--message=${message}`]);
    await run("git", [...as, "push", "--quiet", "--set-upstream", "origin", "HEAD"]);
  }

  /** Starts the service; resolves when it is ready. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [program, "run", "--log-format", "json"], {
      cwd: this.checkout,
      env,
      stdio: ["ignore", "inherit", "pipe"],
    });
    let log = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
    const exited = once(child, "exit");
    this.#services.push({
      stop: async () => {
        child.kill("SIGTERM");
        await exited;
      },
    });
    await until(() => {
      if (child.exitCode !== null) throw new Error(`sluice run ended:\n${log}`);
      return log.includes('"message":"ready"');
    }, "sluice run");
  }

  async pushed(path: string): Promise<boolean> {
    const bare = join(this.folder, "git", "fleet.git");
    return (await run("git", ["-C", bare, "ls-tree", "-r", "--name-only", "main"])).stdout.split("\n").includes(path);
  }

  /** What was pushed, as files. */
  async export(): Promise<string> {
    const folder = join(this.folder, "export");
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder);
    const bare = join(this.folder, "git", "fleet.git");
    await run("bash", ["-c", `git -C ${bare} archive main | tar -x -C ${folder}`]);
    return folder;
  }

  async close(): Promise<void> {
    for (const service of this.#services) await service.stop();
    await this.nats.stop();
    await this.git.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

const rendered = "rendered/fleet/eu-1/triggers/manage-namespace/_cluster/namespace/mgianluc.yaml";
let hour: FirstHour | undefined;
afterEach(async () => {
  await hour?.close();
  hour = undefined;
});

/** Init, commit, run, login; milliseconds from the first word to the object in Git. */
async function beginWith(first: FirstHour, delivery: string, prepare = async () => {}): Promise<number> {
  const begun = performance.now();
  const connection = JSON.stringify({
    nats: {
      configuration: {
        url: first.nats.url,
        subjects: ["user-operation"],
        authorization: { user: { user: "admin", password: "my-password" } },
      },
    },
  });
  const written = run(process.execPath, [program, "init", ".", "--connection", "-", "--delivery", delivery], {
    cwd: first.checkout,
    env,
  });
  written.child.stdin!.end(connection);
  await written;
  await prepare();
  await first.sluice("validate");
  expect(await first.sluice("test")).toContain("2 passed, 0 failed");
  await first.commit("Begin with Sluice");
  await first.start();
  await first.sluice("publish", "user-operation", "--event", "samples/login.json");
  await until(() => first.pushed(rendered), "the login's commit");
  return performance.now() - begun;
}

it("init, a commit, run, a login: the object is in Git, and no password is", async () => {
  hour = await FirstHour.open();
  const milliseconds = await beginWith(hour, "none");
  console.log(`init to the first commit by an event: ${(milliseconds / 1000).toFixed(1)} s`);
  expect(await hour.sluice("show", "addons")).toContain("mgianluc");
  const { stdout } = await run("git", ["-C", hour.checkout, "grep", "-c", "my-password", "HEAD"]).catch(() => ({
    stdout: "",
  }));
  expect(stdout).toBe("");

  await hour.sluice("publish", "user-operation", "--event", "samples/logout.json");
  await until(async () => !(await hour!.pushed(rendered)), "the logout's commit");
});

describe.skipIf(!hasTools)("up to the cluster (npm run tools, then npm run test:all)", () => {
  it("with the applier", async () => {
    const server = await startKubeApiServer();
    try {
      hour = await FirstHour.open();
      const first = hour;
      const begun = performance.now();
      await beginWith(first, "applier", () => cp(server.kubeconfigFile, join(first.checkout, "eu-1.kubeconfig")));
      const there = async () => (await server.request("GET", "/api/v1/namespaces/mgianluc")).status === 200;
      await until(there, "the Namespace in the cluster");
      console.log(`init to the cluster, applier: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
      // The kubeconfig is nobody's to read in Git.
      expect(await first.pushed("eu-1.kubeconfig")).toBe(false);
    } finally {
      await hour?.close();
      hour = undefined;
      await server.stop();
    }
  }, 240_000);

  it("with Flux on a hub", async () => {
    const server = await startKubeApiServer();
    const flux = await startFlux(server, { path: "./delivery/hub" });
    try {
      hour = await FirstHour.open();
      const begun = performance.now();
      await beginWith(hour, "flux");
      // As the new README says: the cluster's kubeconfig under the key `value`.
      await addKubeconfig(server, { namespace: "fleet", secret: "eu-1-kubeconfig", key: "value" });
      expect(await flux.sync(await hour.export())).toMatchObject({ isReady: true });
      const units = await flux.others();
      expect([...units.values()].map(({ isReady }) => isReady)).toEqual([true, true]);
      expect((await server.request("GET", "/api/v1/namespaces/mgianluc")).status).toBe(200);
      console.log(`init to the cluster, flux: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    } finally {
      await hour?.close();
      hour = undefined;
      await flux.stop();
      await server.stop();
    }
  }, 240_000);
});
