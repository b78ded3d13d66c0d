/**
 * Flux's kustomize-controller against a real API server, without source-controller: artifacts are packed and served here.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import { buildTool } from "./build-tool.ts";
import { findFreePort } from "./find-free-port.ts";
import { findProjectRoot } from "./find-project-root.ts";
import type { KubeApiServer } from "./start-kube-apiserver.ts";

export interface FluxOutcome {
  readonly isReady: boolean;
  /** What the Kustomization's Ready condition says. */
  readonly message: string;
}

export interface Flux {
  /** Gives Flux a folder as the next revision of its source, and waits for what it makes of it. */
  sync(directory: string): Promise<FluxOutcome>;
  /** What it makes of that revision wherever Kustomizations are, the root's own apart, by `<namespace>/<name>`. */
  others(): Promise<ReadonlyMap<string, FluxOutcome>>;
  /**
   * Gives Flux a folder as this commit of its sources, as source-controller does, and waits for nothing; sources that there
   * are none of come with it.
   */
  offer(directory: string, commit: string, sources?: readonly string[]): Promise<void>;
  /** Gives Flux a packed folder (tar.gz) as an ExternalArtifact, as source-watcher does, and waits for nothing. */
  offerArtifact(artifact: OfferedArtifact, archive: Buffer): Promise<void>;
  /** Ends the controller; what is on the hub stays as it is. */
  halt(): Promise<void>;
  resume(): Promise<void>;
  /** CPU seconds that the controller has taken since it was started. */
  cpuSeconds(): Promise<number>;
  log(): Promise<string>;
  stop(): Promise<void>;
}

export interface OfferedArtifact {
  readonly namespace: string;
  readonly name: string;
  /** Changes with what is in it, and with nothing else. */
  readonly revision: string;
}

/** Of what source-watcher takes a source apart by; nobody acts on it here. */
export const generatorsPath = "/apis/source.extensions.fluxcd.io/v1beta1/artifactgenerators";

const run = promisify(execFile);
const namespace = "flux-system";
const syncMsMax = 60_000;
const sourceGroup = "source.toolkit.fluxcd.io";
const sourcePath = sourcePathOf("gitrepositories", namespace, "fleet");
const kustomizationsPath = `/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/${namespace}/kustomizations`;
/** The root on the hub. */
export const rootPath = `${kustomizationsPath}/fleet`;

/**
 * Starts the controller with one Kustomization, the root, that prunes and substitutes `${x}`; `path`: below the source; `waitMsMax`:
 * how long a revision may take. The API server is the caller's to stop.
 */
export async function startFlux(server: KubeApiServer, { path = "./", waitMsMax = syncMsMax } = {}): Promise<Flux> {
  const program = await buildTool("kustomize-controller");
  const directory = await mkdtemp(join(tmpdir(), "sluice-flux-"));
  const logFile = join(directory, "log");
  const archives = new Map<string, Buffer>();
  const files = createServer((request, response) => {
    const archive = archives.get(request.url ?? "");
    response.writeHead(archive === undefined ? 404 : 200).end(archive);
  });
  files.listen(0, "127.0.0.1");
  await once(files, "listening");
  const filesUrl = `http://127.0.0.1:${(files.address() as AddressInfo).port}`;
  let child: ChildProcess | undefined;
  const halt = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  const stop = async (): Promise<void> => {
    await halt();
    files.closeAllConnections();
    files.close();
    await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  };

  const resume = async (): Promise<void> => {
    const [metrics, health] = [await findFreePort(), await findFreePort()];
    const log = createWriteStream(logFile, { flags: "a" });
    child = spawn(
      program,
      [
        ...["--metrics-addr", `127.0.0.1:${metrics}`, "--health-addr", `127.0.0.1:${health}`],
        ...["--watch-all-namespaces=true", "--enable-leader-election=false", "--log-level=error"],
        "--feature-gates=ExternalArtifact=true",
      ],
      {
        env: { ...process.env, KUBECONFIG: server.kubeconfigFile, RUNTIME_NAMESPACE: namespace, TMPDIR: directory },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    child.stdout!.pipe(log);
    child.stderr!.pipe(log, { end: false });
  };

  try {
    await createKinds(server);
    await post(server, "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    await resume();
  } catch (error) {
    await stop();
    throw error;
  }

  /** Has the archive served; what a source's status says of it. */
  const serve = (path: string, revision: string, archive: Buffer) => {
    archives.set(path, archive);
    return {
      ...{ path, url: `${filesUrl}${path}`, revision, size: archive.length },
      digest: `sha256:${createHash("sha256").update(archive).digest("hex")}`,
      lastUpdateTime: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
    };
  };

  let revisions = 0;
  let last = "";
  const sync = async (folder: string): Promise<FluxOutcome> => {
    const file = join(directory, "artifact.tar.gz");
    await run("tar", ["-czf", file, "-C", folder, "."]);
    const archive = await readFile(file);
    const digest = createHash("sha256").update(archive).digest("hex");
    revisions++;
    const revision = `main@sha1:${createHash("sha1").update(`${revisions} ${digest}`).digest("hex")}`;
    last = revision;
    if (revisions === 1) await createSync(server, path, waitMsMax);
    await setArtifact(server, sourcePath, serve(`/${revisions}.tar.gz`, revision, archive));
    return waitForRevision(server, revision, logFile, waitMsMax);
  };
  const offer = async (folder: string, commit: string, sources: readonly string[] = ["fleet"]): Promise<void> => {
    const file = join(directory, "artifact.tar.gz");
    await run("tar", ["-czf", file, "-C", folder, "."]);
    const archive = await readFile(file);
    const artifact = serve(`/${commit}.tar.gz`, `main@sha1:${commit}`, archive);
    if (revisions === 0) await createSync(server, path, waitMsMax);
    revisions++;
    for (const name of sources) {
      if (name !== "fleet") await createSource(server, name);
      await setArtifact(server, sourcePathOf("gitrepositories", namespace, name), artifact);
    }
  };
  const offerArtifact = async (offered: OfferedArtifact, archive: Buffer): Promise<void> => {
    const { namespace: at, name, revision } = offered;
    await post(server, sourcePathOf("externalartifacts", at), {
      apiVersion: `${sourceGroup}/v1`,
      kind: "ExternalArtifact",
      metadata: { namespace: at, name },
    });
    const artifact = serve(`/${at}/${name}/${revision}.tar.gz`, revision, archive);
    await setArtifact(server, sourcePathOf("externalartifacts", at, name), artifact);
  };
  const cpuSeconds = async (): Promise<number> => {
    const stat = await readFile(`/proc/${child!.pid}/stat`, "utf8");
    const [user, system] = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .slice(11, 13)
      .map(Number);
    return (user! + system!) / 100;
  };
  const others = () => waitForOthers(server, last);
  return { sync, others, offer, offerArtifact, halt, resume, cpuSeconds, log: () => readFile(logFile, "utf8"), stop };
}

/** The controller's own kinds as its module has them; of its sources only what it reads, which is their status. */
async function createKinds(server: KubeApiServer): Promise<void> {
  const folder = join(findProjectRoot(), "test", "tools", "kustomize-controller");
  const { stdout } = await run("go", ["list", "-m", "-f", "{{.Dir}}", "github.com/fluxcd/kustomize-controller"], {
    cwd: folder,
    env: { ...process.env, GOWORK: "off", GOFLAGS: "-mod=mod" },
  });
  const crdFile = join(stdout.trim(), "config/crd/bases/kustomize.toolkit.fluxcd.io_kustomizations.yaml");
  const crds: unknown[] = parseAllDocuments(await readFile(crdFile, "utf8")).map((document) => document.toJS());
  for (const kind of ["GitRepository", "OCIRepository", "Bucket", "ExternalArtifact"]) crds.push(looseCrd(kind));
  crds.push(looseCrd("ArtifactGenerator", "source.extensions.fluxcd.io", "v1beta1"));
  for (const crd of crds) await post(server, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd);
  const deadline = performance.now() + syncMsMax;
  for (const path of [kustomizationsPath, sourcePathOf("gitrepositories", namespace), generatorsPath]) {
    while ((await server.request("GET", path)).status !== 200) {
      if (performance.now() > deadline) throw new Error(`${path} is not served`);
      await sleep(50);
    }
  }
}

function looseCrd(kind: string, group = sourceGroup, version = "v1"): unknown {
  const plural = kind.endsWith("y") ? `${kind.slice(0, -1)}ies`.toLowerCase() : `${kind}s`.toLowerCase();
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { kind, plural },
      versions: [{ name: version, served: true, storage: true, schema, subresources: { status: {} } }],
    },
  };
}

/** Without a name: of all there. */
function sourcePathOf(plural: "gitrepositories" | "externalartifacts", at: string, name?: string): string {
  return `/apis/${sourceGroup}/v1/namespaces/${at}/${plural}${name === undefined ? "" : `/${name}`}`;
}

async function createSource(server: KubeApiServer, name: string): Promise<void> {
  await post(server, sourcePathOf("gitrepositories", namespace), {
    apiVersion: `${sourceGroup}/v1`,
    kind: "GitRepository",
    metadata: { name, namespace },
    spec: { interval: "1h", url: "https://git.example.com/fleet.git" },
  });
}

async function createSync(server: KubeApiServer, path: string, waitMsMax: number): Promise<void> {
  await createSource(server, "fleet");
  await post(server, kustomizationsPath, {
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    metadata: { name: "fleet", namespace },
    spec: {
      ...{ interval: "1h", retryInterval: "1h", timeout: `${waitMsMax / 2000}s`, prune: true, path },
      sourceRef: { kind: "GitRepository", name: "fleet" },
      postBuild: { substitute: { x: "substituted" } },
    },
  });
}

async function post(server: KubeApiServer, path: string, body: unknown): Promise<void> {
  const answer = await server.request("POST", path, body);
  if (answer.status >= 300 && answer.status !== 409) throw new Error(`POST ${path}: ${JSON.stringify(answer.body)}`);
}

async function setArtifact(server: KubeApiServer, path: string, artifact: unknown): Promise<void> {
  const source = (await server.request("GET", path)).body as { metadata: { generation: number } };
  const condition = {
    ...{ type: "Ready", status: "True", reason: "Succeeded", message: "stored" },
    lastTransitionTime: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
    observedGeneration: source.metadata.generation,
  };
  const status = { artifact, observedGeneration: source.metadata.generation, conditions: [condition] };
  const answer = await server.request("PATCH", `${path}/status`, { status }, "application/merge-patch+json");
  if (answer.status >= 300) throw new Error(`the artifact can't be told: ${JSON.stringify(answer.body)}`);
}

interface Kustomization {
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly status?: KustomizationStatus;
}

/** Resolves when each of them has tried the revision. */
async function waitForOthers(server: KubeApiServer, revision: string): Promise<ReadonlyMap<string, FluxOutcome>> {
  const deadline = performance.now() + syncMsMax;
  for (;;) {
    const { body } = await server.request("GET", "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations");
    const others = (body as { items: readonly Kustomization[] }).items.filter(
      ({ metadata }) => `${metadata.namespace}/${metadata.name}` !== `${namespace}/fleet`,
    );
    const outcomes = others.map(({ metadata, status }) => {
      const ready = status?.conditions?.find(({ type }) => type === "Ready");
      const isDone = status?.lastAttemptedRevision === revision && ready !== undefined && ready.status !== "Unknown";
      const outcome = isDone ? { isReady: ready.status === "True", message: ready.message } : undefined;
      return [`${metadata.namespace}/${metadata.name}`, outcome] as const;
    });
    if (outcomes.every(([, outcome]) => outcome !== undefined)) {
      return new Map(outcomes.map(([name, outcome]) => [name, outcome!]));
    }
    if (performance.now() > deadline) throw new Error(`not all tried ${revision}: ${JSON.stringify(others)}`);
    await sleep(100);
  }
}

interface KustomizationStatus {
  readonly lastAttemptedRevision?: string;
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message: string }[];
}

async function waitForRevision(
  server: KubeApiServer,
  revision: string,
  logFile: string,
  waitMsMax: number,
): Promise<FluxOutcome> {
  const deadline = performance.now() + waitMsMax;
  for (;;) {
    const { body } = await server.request("GET", rootPath);
    const status = (body as { status?: KustomizationStatus }).status;
    const ready = status?.conditions?.find(({ type }) => type === "Ready");
    if (status?.lastAttemptedRevision === revision && ready !== undefined && ready.status !== "Unknown") {
      return { isReady: ready.status === "True", message: ready.message };
    }
    if (performance.now() > deadline) {
      const log = await readFile(logFile, "utf8").catch(() => "");
      throw new Error(`kustomize-controller did not try ${revision}: ${JSON.stringify(status)} ${log.slice(-2000)}`);
    }
    await sleep(100);
  }
}
