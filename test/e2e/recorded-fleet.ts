/**
 * A repository as a service leaves it behind, without having run one: a bare repository with config, state and target, a
 * checkout of it, and settings, all in a throwaway folder. The state is made by the service's own parts.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { openGitRepository } from "../../src/adapters/git/open-git-repository.ts";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import type { Delivery } from "../../src/model/delivery.ts";
import { defaultGuard } from "../../src/model/mass-change.ts";
import { Branches } from "../../src/pipeline/branches/branches.ts";
import { processDelivery } from "../../src/pipeline/process-delivery.ts";
import { StateKeeper } from "../../src/pipeline/state-keeper.ts";
import { createFakeClock } from "../fakes/fake-clock.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { MemoryLog } from "../tools/memory-log.ts";

/** What the guard would say of a change is no matter here. */
const unlimited = { budget: Number.MAX_SAFE_INTEGER, approved: [] };

const run = promisify(execFile);
const program = join(findProjectRoot(), "dist", "program", "sluice.js");
const batch = 1000;

export interface FleetResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface FleetOptions {
  /** Documents of the config folder, by path. */
  readonly config: Readonly<Record<string, string>>;
  /** On record, in this order; on subject `user-operation`. */
  readonly events: readonly unknown[];
  /** Further lines of sluice.yaml. */
  readonly settings?: string;
  /** Further files of the repository, by path. */
  readonly files?: Readonly<Record<string, string>>;
}

export const connectionJson = JSON.stringify({
  nats: {
    configuration: {
      url: "nats://nats.nats.svc.cluster.local:4222",
      subjects: ["user-operation"],
      authorization: { user: { user: "admin", password: { env: "NATS_PASSWORD" } } },
    },
  },
});

export class RecordedFleet {
  readonly folder: string;
  readonly checkout: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.checkout = join(folder, "checkout");
  }

  static async open({ config, events, settings, files = {} }: FleetOptions): Promise<RecordedFleet> {
    const folder = await mkdtemp(join(tmpdir(), "sluice-fleet-"));
    const fleet = new RecordedFleet(folder);
    await run("git", ["init", "--quiet", "--bare", "--initial-branch=main", join(folder, "fleet.git")]);
    await run("git", ["init", "--quiet", "--initial-branch=main", fleet.checkout]);
    await fleet.write("sluice-nats.json", connectionJson);
    await fleet.write(
      "sluice.yaml",
      `apiVersion: sluice.dev/v1alpha1
kind: Settings
repository: {url: ${join(folder, "fleet.git")}, branch: main}
config: {path: config}
connections:
  - {name: bus, file: ./sluice-nats.json}
state: {directory: ../state}
${settings ?? "output: {secrets: plain}"}
`,
    );
    for (const [path, text] of Object.entries(files)) await fleet.write(path, text);
    for (const [path, text] of Object.entries(config)) await fleet.write(`config/${path}`, text);
    await fleet.commit("Set the fleet up");
    await fleet.git("push", "--quiet", "../fleet.git", "main");
    await fleet.#record(config, events);
    await fleet.git("fetch", "--quiet", "../fleet.git", "main");
    await fleet.git("reset", "--quiet", "--hard", "FETCH_HEAD");
    return fleet;
  }

  async #record(config: Readonly<Record<string, string>>, events: readonly unknown[]): Promise<void> {
    const log = new MemoryLog();
    const git = await openGitRepository({
      url: join(this.folder, "fleet.git"),
      directory: join(this.folder, "recorder"),
      author: { name: "sluice", email: "sluice@example.com" },
      log,
    });
    const ports = { git, log, clock: createFakeClock(), chance: { next: () => 0 } };
    const names = { target: "main", state: "sluice/state", outputPath: "rendered" };
    const branches = new Branches(names, ports, () => "Bring manifests to the state\n");
    const checkpoint = await branches.open();
    const render = { instance: "sluice", secrets: "plain" } as const;
    const documents = Object.entries(config).map(([path, text]) => ({ path: `config/${path}`, text }));
    const catalog = loadCatalog(documents, { compatibility: "strict", secrets: render.secrets }).value;
    const options = {
      eventsMax: batch,
      per: "batch",
      layout: { shards: 0, buckets: 1 },
      outputPath: "rendered",
      guard: defaultGuard,
      records: "full",
      deadLettersMax: 10,
      render,
    } as const;
    const keeper = StateKeeper.open(options, branches, ports, catalog, checkpoint);
    await keeper.putInForce(catalog, unlimited);
    for (let at = 0; at < events.length; at += batch) {
      const deliveries = events.slice(at, at + batch).map((event, index) => deliveryOf(event, at + index + 1));
      const entries = deliveries.map((delivery) => ({
        delivery,
        catalog,
        inputs: processDelivery(catalog, delivery, render).inputs,
      }));
      await keeper.commitBatch(entries, true, AbortSignal.timeout(60_000));
    }
    const isPushed = await branches.push(AbortSignal.timeout(60_000), (problem) => log.problem(problem));
    if (!isPushed) throw new Error(`the state was not pushed: ${JSON.stringify(log.lines)}`);
    await git.close();
  }

  /** Writes a file of the checkout. */
  async write(path: string, text: string): Promise<void> {
    const file = join(this.checkout, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }

  async commit(message: string): Promise<string> {
    const person = ["-c", "user.name=Platform Team", "-c", "user.email=platform@example.com"];
    await this.git("add", "--all");
    await this.git(...person, "commit", "--quiet", `--message=${message}`);
    return (await this.git("rev-parse", "HEAD")).trim();
  }

  /** Runs git in the checkout. */
  async git(...args: readonly string[]): Promise<string> {
    const { stdout } = await run("git", ["-C", this.checkout, ...args], { maxBuffer: 256 * 1024 * 1024 });
    return stdout;
  }

  /** Runs the built program in the checkout. */
  async sluice(...args: readonly string[]): Promise<FleetResult> {
    try {
      const options = { cwd: this.checkout, maxBuffer: 256 * 1024 * 1024 };
      const { stdout, stderr } = await run(process.execPath, [program, ...args], options);
      return { code: 0, stdout, stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as FleetResult;
      return { code, stdout, stderr };
    }
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

function deliveryOf(event: unknown, sequence: number): Delivery {
  const position = { epoch: "test", sequence, time: "2026-01-01T00:00:00Z" };
  const payload = new TextEncoder().encode(JSON.stringify(event));
  return {
    connection: "bus",
    stream: "bus/@journal",
    position,
    subject: "user-operation",
    headers: new Map(),
    payload,
  };
}

/** A login of a user, with data that is nobody's business. */
export function loginOf(user: string, data: unknown = { organization: `private-${user}`, seats: 42 }): unknown {
  return {
    specversion: "1.0",
    type: "auth.example.com.login",
    source: "auth.example.com/",
    id: `login-${user}`,
    subject: user,
    time: "2026-01-01T00:00:00Z",
    datacontenttype: "application/json",
    data,
  };
}

/** A Namespace for each user, on every production cluster. `content`: the template, by default of a Namespace. */
export function userConfig(content: string, clusters: readonly string[] = ["eu-1", "us-1"]): Record<string, string> {
  const indented = content.trimEnd().replace(/^/gm, "    ");
  return {
    "clusters.yaml": clusters
      .map(
        (name) => `apiVersion: lib.projectsveltos.io/v1beta1
kind: SveltosCluster
metadata: {name: ${name}, namespace: fleet, labels: {env: production}}
`,
      )
      .join("---\n"),
    "users.yaml": `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: user-operation}
spec:
  messagingMatchCriteria:
  - subject: user-operation
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: users}
spec:
  sourceClusterSelector: {matchLabels: {env: production}}
  eventSourceName: user-operation
  oneForEvent: true
  cloudEventAction: '{{if eq .CloudEvent.type "auth.example.com.logout"}}Delete{{else}}Create{{end}}'
  policyRefs:
  - {name: user, namespace: default, kind: ConfigMap}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: user
  namespace: default
  annotations: {projectsveltos.io/instantiate: ok}
data:
  user.yaml: |
${indented}
`,
  };
}
