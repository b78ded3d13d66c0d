/** A Gitea of one's own on 127.0.0.1, with a person, a bot, and their tokens. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { buildTool } from "./build-tool.ts";
import { findFreePort } from "./find-free-port.ts";
import { findProjectRoot } from "./find-project-root.ts";

const run = promisify(execFile);
const startMsMax = 60_000;

export interface GiteaUserAccess {
  readonly name: string;
  readonly token: string;
}

export class GiteaServer {
  readonly url: string;
  /** Who pushes and opens requests for Sluice. */
  readonly bot: GiteaUserAccess;
  /** Who reviews; an administrator. */
  readonly person: GiteaUserAccess;
  readonly #folder: string;
  readonly #child: ChildProcess;

  private constructor(
    url: string,
    users: { readonly bot: GiteaUserAccess; readonly person: GiteaUserAccess },
    folder: string,
    child: ChildProcess,
  ) {
    this.url = url;
    this.bot = users.bot;
    this.person = users.person;
    this.#folder = folder;
    this.#child = child;
  }

  static async start(): Promise<GiteaServer> {
    const program = await buildTool("gitea");
    const folder = await mkdtemp(join(tmpdir(), "sluice-gitea-"));
    const port = await findFreePort();
    const url = `http://127.0.0.1:${port}`;
    const config = join(folder, "app.ini");
    await writeFile(config, formatConfig(folder, port, await findStaticRoot()));
    await mkdir(join(folder, "home"));
    const env = {
      PATH: process.env.PATH,
      HOME: join(folder, "home"),
      GITEA_WORK_DIR: folder,
      GITEA_I_AM_BEING_UNSAFE_RUNNING_AS_ROOT: "true",
    };
    const gitea = async (...args: readonly string[]) =>
      (await run(program, ["--config", config, ...args], { env })).stdout;
    const createUser = async (name: string, ...flags: readonly string[]): Promise<GiteaUserAccess> => {
      const account = ["--username", name, "--password", "a-Password-1", "--email", `${name}@example.com`];
      const access = ["--must-change-password=false", "--access-token", "--access-token-scopes", "all"];
      const said = await gitea("admin", "user", "create", ...account, ...access, ...flags);
      const token = /\b[0-9a-f]{40}\b/.exec(said)?.[0];
      if (token === undefined) throw new Error(`gitea gave no token: ${said}`);
      return { name, token };
    };
    await gitea("migrate");
    const person = await createUser("ada", "--admin");
    const bot = await createUser("sluice-bot");
    const child = spawn(program, ["--config", config, "web"], { env, stdio: "ignore" });
    const server = new GiteaServer(url, { bot, person }, folder, child);
    await server.#untilReady();
    return server;
  }

  async #untilReady(): Promise<void> {
    const deadline = Date.now() + startMsMax;
    for (;;) {
      const response = await fetch(`${this.url}/api/v1/version`).catch(() => undefined);
      if (response?.ok) return;
      if (Date.now() > deadline || this.#child.exitCode !== null)
        throw new Error(`gitea does not start:\n${await this.log()}`);
      await sleep(100);
    }
  }

  /** What the person asks of the API; the answer's JSON. Throws for statuses that are errors. */
  async api<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: { authorization: `token ${this.person.token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  /** An empty repository of the person's, which the bot may write; its URL with the person's credentials. */
  async createRepository(name: string): Promise<string> {
    await this.api("POST", "/user/repos", { name, default_branch: "main" });
    const path = `/repos/${this.person.name}/${name}`;
    await this.api("PUT", `${path}/collaborators/${this.bot.name}`, { permission: "write" });
    const { name: user, token } = this.person;
    return `${this.url.replace("http://", `http://${user}:${token}@`)}/${user}/${name}.git`;
  }

  log(): Promise<string> {
    return readFile(join(this.#folder, "log", "gitea.log"), "utf8").catch(() => "");
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null) {
      const exited = once(this.#child, "exit");
      this.#child.kill("SIGKILL");
      await exited;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Templates and translations are read from the module's folder. */
async function findStaticRoot(): Promise<string> {
  const cwd = join(findProjectRoot(), "test", "tools", "gitea");
  const { stdout } = await run("go", ["list", "-m", "-f", "{{.Dir}}", "code.gitea.io/gitea"], { cwd });
  return stdout.trim();
}

function formatConfig(folder: string, port: number, staticRoot: string): string {
  return `RUN_MODE = prod
RUN_USER = ${userInfo().username}
WORK_PATH = ${folder}
[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = ${port}
ROOT_URL = http://127.0.0.1:${port}/
STATIC_ROOT_PATH = ${staticRoot}
DISABLE_SSH = true
OFFLINE_MODE = true
[database]
DB_TYPE = sqlite3
PATH = ${join(folder, "gitea.db")}
[repository]
ROOT = ${join(folder, "repositories")}
[security]
INSTALL_LOCK = true
SECRET_KEY = for-tests-only
[indexer]
ISSUE_INDEXER_TYPE = db
[webhook]
ALLOWED_HOST_LIST = loopback
[actions]
ENABLED = false
[cron]
ENABLED = false
[log]
MODE = file
LEVEL = warn
ROOT_PATH = ${join(folder, "log")}
`;
}
