/**
 * A Kubernetes API server of one's own on 127.0.0.1, with etcd behind it: the real programs, without controllers.
 *
 * Nothing collects garbage and no Namespace that is deleted ever goes: there is no controller manager. Whoever wants that
 * removes the finalizer (`finalize`).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { buildTool } from "./build-tool.ts";
import { findFreePort } from "./find-free-port.ts";

export interface KubeAnswer {
  readonly status: number;
  /** The body as JSON; undefined where it is empty or something else. */
  readonly body: unknown;
}

export interface KubeApiServer {
  /** `https://127.0.0.1:<port>`. */
  readonly url: string;
  /** Of a user who may do everything. */
  readonly token: string;
  /** The server's certificate, which signs itself. */
  readonly caFile: string;
  /** A kubeconfig with all of that. */
  readonly kubeconfigFile: string;
  /** Throwaway; gone after `stop`. */
  readonly directory: string;
  /** A request as that user; a body that is no string is sent as JSON. */
  request(method: string, path: string, body?: unknown, contentType?: string): Promise<KubeAnswer>;
  /** Server-side apply of one object (JSON or YAML text), at the path of its resource. */
  apply(path: string, manifest: string, query?: string): Promise<KubeAnswer>;
  /** Lets a Namespace that is being deleted go, as the namespace controller does once it is empty. */
  finalize(namespace: string): Promise<void>;
  /** Kills the API server, and starts it again; etcd stays. Resolves when it is ready. */
  restart(): Promise<void>;
  /** What both programs have logged so far. */
  log(): Promise<string>;
  stop(): Promise<void>;
}

const startMsMax = 60_000;

/** Starts both and resolves when the API server is ready (2 to 3 s; about 300 MB together). `more`: further arguments of it. */
export async function startKubeApiServer(more: readonly string[] = []): Promise<KubeApiServer> {
  const [etcd, apiServer] = [await buildTool("etcd"), await buildTool("kube-apiserver")];
  const directory = await mkdtemp(join(tmpdir(), "sluice-kube-"));
  const [clientPort, peerPort, port] = [await findFreePort(), await findFreePort(), await findFreePort()];
  const logFile = join(directory, "log");
  const token = randomBytes(16).toString("hex");
  const url = `https://127.0.0.1:${port}`;
  const caFile = join(directory, "apiserver.crt");
  const kubeconfigFile = join(directory, "kubeconfig");
  const children: ChildProcess[] = [];
  const start = (program: string, args: readonly string[]): ChildProcess => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    const log = createWriteStream(logFile, { flags: "a" });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    // What can't be started shows as an API server that does not get ready.
    child.on("error", (error) => log.write(`${error.message}\n`));
    children.push(child);
    return child;
  };
  const end = async (child: ChildProcess): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  const stop = async (): Promise<void> => {
    agent.destroy();
    for (const child of children.reverse()) await end(child);
    await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  };
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false, maxSockets: 32 });
  const ask = (method: string, path: string, body?: unknown, contentType = "application/json"): Promise<KubeAnswer> =>
    askServer(agent, `${url}${path}`, token, method, body, contentType);

  let apiServerArguments: readonly string[] = [];
  try {
    const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
    await writeFile(join(directory, "sa.key"), key.export({ type: "pkcs1", format: "pem" }));
    await writeFile(join(directory, "tokens.csv"), `${token},admin,admin,system:masters\n`);
    const peer = `http://127.0.0.1:${peerPort}`;
    const client = `http://127.0.0.1:${clientPort}`;
    start(etcd, [
      ...["--unsafe-no-fsync", "--data-dir", join(directory, "etcd"), "--listen-client-urls", client],
      ...["--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
      ...["--initial-cluster", `default=${peer}`, "--log-level", "error"],
    ]);
    apiServerArguments = [
      ...["--etcd-servers", client, "--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1"],
      ...["--secure-port", String(port), "--cert-dir", directory, "--service-cluster-ip-range", "10.0.0.0/24"],
      ...["--service-account-issuer", "https://localhost", "--service-account-key-file", join(directory, "sa.key")],
      ...["--service-account-signing-key-file", join(directory, "sa.key"), "--authorization-mode", "RBAC"],
      ...["--token-auth-file", join(directory, "tokens.csv"), "--disable-admission-plugins", "ServiceAccount"],
      ...["--allow-privileged=true", ...more],
    ];
    start(apiServer, apiServerArguments);
    await waitUntilReady(ask, children, logFile);
    await writeFile(kubeconfigFile, kubeconfigOf(url, caFile, token), { mode: 0o600 });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    token,
    caFile,
    kubeconfigFile,
    directory,
    request: ask,
    apply: (path, manifest, query = "fieldManager=test&force=true&fieldValidation=Strict") =>
      ask("PATCH", `${path}?${query}`, manifest, "application/apply-patch+yaml"),
    finalize: async (namespace) => {
      const body = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace }, spec: { finalizers: [] } };
      await ask("PUT", `/api/v1/namespaces/${namespace}/finalize`, body);
    },
    restart: async () => {
      await end(children.pop()!);
      start(apiServer, apiServerArguments);
      await waitUntilReady(ask, children, logFile);
    },
    log: () => readFile(logFile, "utf8"),
    stop,
  };
}

function askServer(
  agent: Agent,
  url: string,
  token: string,
  method: string,
  body: unknown,
  contentType: string,
): Promise<KubeAnswer> {
  const text = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      accept: "application/json",
      ...(text === undefined ? {} : { "content-type": contentType, "content-length": Buffer.byteLength(text) }),
    };
    const asked = request(url, { method, agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        resolve({ status: response.statusCode!, body: parseOrNothing(Buffer.concat(chunks).toString()) });
      });
    });
    asked.on("error", reject);
    asked.end(text);
  });
}

function parseOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function waitUntilReady(
  ask: (method: string, path: string) => Promise<KubeAnswer>,
  children: readonly ChildProcess[],
  logFile: string,
): Promise<void> {
  const deadline = performance.now() + startMsMax;
  for (;;) {
    const answer = await ask("GET", "/readyz").catch(() => undefined);
    // The Namespaces that every cluster has are made a moment after it says that it is ready.
    if (answer?.status === 200 && (await ask("GET", "/api/v1/namespaces/default")).status === 200) return;
    const hasEnded = children.some(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null);
    if (hasEnded || performance.now() > deadline) {
      const log = await readFile(logFile, "utf8").catch(() => "");
      throw new Error(`kube-apiserver did not start: ${log.trim().split("\n").slice(-5).join("\n")}`);
    }
    await sleep(50);
  }
}

function kubeconfigOf(server: string, caFile: string, token: string): string {
  return `${JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    clusters: [{ name: "test", cluster: { server, "certificate-authority": caFile } }],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
  })}\n`;
}
