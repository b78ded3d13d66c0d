/** A nats-server of one's own on 127.0.0.1: for tests, benches and the demo. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { buildTool } from "./build-tool.ts";

export interface NatsServerOptions {
  /** Further lines of configuration, in the server's own format. */
  readonly config?: string;
  /** With JetStream, stored in a throwaway folder. */
  readonly jetstream?: boolean;
  /** With JetStream, in a domain of this name. */
  readonly domain?: string;
  readonly users?: readonly { readonly user: string; readonly password: string }[];
  /** Default: one that is free. */
  readonly port?: number;
  /** The address it listens on; default: 127.0.0.1. */
  readonly host?: string;
  /** The server says nothing before the TLS handshake, as `tls {handshake_first: true}` of `config` has it. */
  readonly isSilentFirst?: boolean;
}

export interface NatsServer {
  /** `nats://127.0.0.1:<port>`. */
  readonly url: string;
  readonly port: number;
  /** Throwaway; the configuration and what JetStream stores. Gone after `stop`. */
  readonly directory: string;
  /** What the server has logged so far. */
  log(): Promise<string>;
  /** Replaces the further lines of configuration; the next `reload` or `restart` reads them. */
  configure(config: string): Promise<void>;
  /** Makes the running server read its configuration again. */
  reload(): void;
  /** Stops the server where it is: it says nothing, and nobody is told. */
  freeze(): void;
  /** Lets it go on. */
  thaw(): void;
  /** Ends the server at once, as a crash does; it can be restarted. */
  kill(): Promise<void>;
  /** Ends the server in order; it can be restarted. */
  halt(): Promise<void>;
  /** Starts the server again on the same port and with what it stored; ends it first where it runs. */
  restart(): Promise<void>;
  /** Ends the server and removes its folder. */
  stop(): Promise<void>;
}

const startMsMax = 20_000;

/** Starts a server and resolves when it accepts connections. */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const program = await buildTool("nats-server");
  const directory = await mkdtemp(join(tmpdir(), "sluice-nats-"));
  const port = options.port ?? (await findFreePort());
  const configFile = join(directory, "nats-server.conf");
  const logFile = join(directory, "nats-server.log");
  let child: ChildProcess | undefined;
  let starts = 0;

  async function configure(config: string): Promise<void> {
    await writeFile(configFile, formatConfig({ ...options, config }, port, directory, logFile));
  }

  async function start(): Promise<void> {
    const started = spawn(program, ["-c", configFile], { stdio: "ignore" });
    child = started;
    const failed = once(started, "error").then(([error]) => Promise.reject(error));
    const isReady = options.isSilentFirst ? () => hasStarted(logFile, starts) : () => accepts(port);
    await Promise.race([waitUntil(isReady, started, logFile), failed]);
    starts++;
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = child;
    child = undefined;
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
    const exited = once(ending, "exit");
    ending.kill(signal);
    await exited;
  }

  await configure(options.config ?? "");
  try {
    await start();
  } catch (error) {
    await end("SIGKILL");
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    directory,
    log: () => readFile(logFile, "utf8"),
    configure,
    reload: () => child?.kill("SIGHUP"),
    freeze: () => child?.kill("SIGSTOP"),
    thaw: () => child?.kill("SIGCONT"),
    kill: () => end("SIGKILL"),
    halt: () => end("SIGTERM"),
    restart: async () => {
      await end("SIGTERM");
      await start();
    },
    stop: async () => {
      await end("SIGKILL");
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function formatConfig(options: NatsServerOptions, port: number, directory: string, logFile: string): string {
  const lines = [`host: "${options.host ?? "127.0.0.1"}"`, `port: ${port}`, `log_file: ${JSON.stringify(logFile)}`];
  if (options.jetstream || options.domain !== undefined) {
    const domain = options.domain === undefined ? "" : `, domain: ${options.domain}`;
    const folder = JSON.stringify(join(directory, "jetstream"));
    lines.push(`jetstream { store_dir: ${folder}, max_mem: 256MB, max_file: 4GB${domain} }`);
  }
  if (options.users !== undefined) {
    const users = options.users.map(
      ({ user, password }) => `{ user: ${JSON.stringify(user)}, password: ${JSON.stringify(password)} }`,
    );
    lines.push(`authorization { users: [${users.join(", ")}] }`);
  }
  return `${lines.join("\n")}\n${options.config ?? ""}\n`;
}

/** A port that was free a moment ago. */
export async function findFreePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}

async function waitUntil(isReady: () => Promise<boolean>, child: ChildProcess, logFile: string): Promise<void> {
  const deadline = Date.now() + startMsMax;
  while (!(await isReady())) {
    const ended = child.exitCode !== null || child.signalCode !== null;
    if (ended || Date.now() > deadline) {
      const log = await readFile(logFile, "utf8").catch(() => "");
      throw new Error(`nats-server did not start: ${log.trim().split("\n").at(-1) ?? ""}`);
    }
    await sleep(20);
  }
}

/** Whether it has started once more than so many times before. */
async function hasStarted(logFile: string, before: number): Promise<boolean> {
  const log = await readFile(logFile, "utf8").catch(() => "");
  return log.split("Server is ready").length - 1 > before;
}

/** The server speaks first, so a greeting says that it is this server and that it is ready. */
async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    const [chunk] = (await once(socket, "data", { signal: AbortSignal.timeout(2_000) })) as [Buffer];
    return chunk.toString().startsWith("INFO ");
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
