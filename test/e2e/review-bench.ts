/** The built program against a real Gitea: a repository that people review, a bus of events, and what people do. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import type { GiteaServer } from "../tools/gitea-server.ts";
import { type NatsServer, startNatsServer } from "../tools/nats-server.ts";
import { clusterDocument, SluiceProcess, until } from "./workbench.ts";

const run = promisify(execFile);

export interface Pull {
  readonly number: number;
  readonly state: "open" | "closed";
  readonly merged: boolean;
  readonly title: string;
  readonly body: string;
  readonly head: { readonly label: string; readonly sha: string };
  readonly labels: readonly { readonly name: string }[];
  readonly requested_reviewers: readonly { readonly login: string }[] | null;
}

export class ReviewBench {
  readonly folder: string;
  readonly #gitea: GiteaServer;
  readonly #server: NatsServer;
  readonly #nats: NatsConnection;
  readonly #origin: string;
  readonly #repository: string;
  #service: SluiceProcess | undefined;
  #events = 0;

  private constructor(
    folder: string,
    gitea: GiteaServer,
    bus: { readonly server: NatsServer; readonly nats: NatsConnection },
    repository: string,
    origin: string,
  ) {
    this.folder = folder;
    this.#gitea = gitea;
    this.#server = bus.server;
    this.#nats = bus.nats;
    this.#repository = repository;
    this.#origin = origin;
  }

  /** `review`: further settings of the review, as YAML in flow style; `config`: documents, by path; `more`: further settings. */
  static async open(
    gitea: GiteaServer,
    repository: string,
    review: string,
    config: Readonly<Record<string, string>>,
    more = "",
  ): Promise<ReviewBench> {
    const folder = await mkdtemp(join(tmpdir(), "sluice-review-"));
    const server = await startNatsServer({ jetstream: true, users: [{ user: "admin", password: "my-password" }] });
    const nats = await connect({ servers: server.url, user: "admin", pass: "my-password" });
    await (await jetstreamManager(nats)).streams.add({ name: "USERS", subjects: ["user.>"] });
    const origin = await gitea.createRepository(repository);
    const bench = new ReviewBench(folder, gitea, { server, nats }, repository, origin);
    await bench.#write("token", gitea.bot.token);
    await bench.#write("connection.json", connection(server.port));
    await bench.#write(
      "sluice.yaml",
      `apiVersion: sluice.dev/v1alpha1
kind: Settings
repository:
  url: ${gitea.url}/${gitea.person.name}/${repository}.git
  pollInterval: 500ms
  auth: {username: ${gitea.bot.name}, password: {file: ./token}}
  author: {name: sluice, email: ${gitea.bot.name}@example.com}
config: {path: config}
connections: [{name: bus, file: ./connection.json}]
review: {mode: pull-request, forge: gitea, minInterval: 1s, ${review}}
${more}
`,
    );
    await run("git", ["init", "--quiet", "--initial-branch=main", join(folder, "checkout")]);
    await bench.commit(
      "main",
      Object.fromEntries(Object.entries(config).map(([path, text]) => [`config/${path}`, text])),
    );
    // Until Gitea has noticed the first push, its repository counts as empty and has no requests: 404.
    await bench.until(async () => !(await bench.api<{ empty: boolean }>("GET", "")).empty, "the first push noticed");
    return bench;
  }

  async #write(path: string, text: string): Promise<void> {
    const file = join(this.folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }

  async git(...args: readonly string[]): Promise<string> {
    return (await run("git", ["-C", join(this.folder, "checkout"), ...args])).stdout;
  }

  /** A person's commit on top of a branch; undefined removes a file. */
  async commit(branch: string, files: Readonly<Record<string, string | undefined>>): Promise<void> {
    for (;;) {
      const isThere = (await this.git("ls-remote", this.#origin, `refs/heads/${branch}`)) !== "";
      if (isThere) {
        await this.git("fetch", "--quiet", this.#origin, branch);
        await this.git("reset", "--quiet", "--hard", "FETCH_HEAD");
      }
      for (const [path, text] of Object.entries(files)) {
        if (text === undefined) await rm(join(this.folder, "checkout", path));
        else await this.#write(`checkout/${path}`, text);
      }
      await this.git("add", "--all");
      const person = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
      await this.git(...person, "commit", "--quiet", "--message=By a person");
      const pushed = await this.git("push", "--quiet", this.#origin, `HEAD:refs/heads/${branch}`).catch(
        () => undefined,
      );
      if (pushed !== undefined) return;
    }
  }

  async deleteBranch(branch: string): Promise<void> {
    await this.git("push", "--quiet", this.#origin, `:refs/heads/${branch}`);
  }

  /** Names of the Namespaces that a branch has manifests of, sorted. */
  async namespaces(branch: string): Promise<readonly string[]> {
    await this.git("fetch", "--quiet", "--force", this.#origin, `refs/heads/${branch}:refs/seen`);
    const paths = (await this.git("ls-tree", "-r", "--name-only", "refs/seen")).split("\n");
    return paths.flatMap((path) => /^rendered\/.*\/namespace\/(.*)\.yaml$/.exec(path)?.[1] ?? []).sort();
  }

  async read(branch: string, path: string): Promise<string> {
    await this.git("fetch", "--quiet", "--force", this.#origin, `refs/heads/${branch}:refs/seen`);
    return this.git("show", `refs/seen:${path}`);
  }

  async publish(type: "login" | "logout", user: string, team = "red"): Promise<void> {
    const event = {
      specversion: "1.0",
      id: String(this.#events++),
      source: "auth",
      type,
      subject: user,
      data: { team },
    };
    await jetstream(this.#nats).publish(`user.${team}`, JSON.stringify(event));
  }

  get path(): string {
    return `/repos/${this.#gitea.person.name}/${this.#repository}`;
  }

  /** What the person asks of the forge. */
  api<T>(method: string, path: string, body?: unknown): Promise<T> {
    return this.#gitea.api<T>(method, this.path + path, body);
  }

  pulls(state: "open" | "closed" | "all" = "open"): Promise<readonly Pull[]> {
    return this.api<readonly Pull[]>("GET", `/pulls?state=${state}`);
  }

  /** The only open request, when its branch has just these Namespaces. */
  async untilProposed(namespaces: readonly string[], branch = "sluice/review/all"): Promise<Pull> {
    const wanted = JSON.stringify([...namespaces].sort());
    let found: Pull | undefined;
    await this.until(async () => {
      found = (await this.pulls()).find(({ head }) => head.label === branch);
      if (found === undefined) return false;
      if (JSON.stringify(await this.namespaces(branch).catch(() => [])) !== wanted) return false;
      // The forge follows the branch a moment later, and the body comes last.
      const refs = await this.git("ls-remote", this.#origin, `refs/heads/${branch}`, `refs/pull/${found.number}/head`);
      const heads = refs
        .trim()
        .split("\n")
        .map((line) => line.slice(0, 40));
      return heads.length === 2 && heads[0] === heads[1] && found.body.includes(await this.#fingerprintOf(heads[0]!));
    }, `a request for ${wanted}`);
    return found!;
  }

  /** What a commit on a review branch says that it proposes: the request's body says the same. */
  async #fingerprintOf(commit: string): Promise<string> {
    const message = await this.git("log", "-1", "--format=%B", commit);
    return /^Sluice-Projection: (\S+)/m.exec(message)?.[1] ?? "by a person";
  }

  /** As until, with the service's log where it fails. */
  async until(isTrue: () => Promise<boolean>, what: string): Promise<void> {
    try {
      await until(isTrue, what);
    } catch (error) {
      const log = this.log.split("\n").filter((line) => !line.includes("message from the Git server"));
      throw new Error(`${(error as Error).message}; the log:\n${log.join("\n")}`);
    }
  }

  /** Merges as a person; a forge needs a moment to find out that it can. */
  async merge(number: number): Promise<void> {
    await this.until(async () => {
      const merging = this.api("POST", `/pulls/${number}/merge`, { Do: "merge" });
      return merging.then(
        () => true,
        () => false,
      );
    }, `request ${number} merged`);
  }

  async close(number: number): Promise<void> {
    await this.api("PATCH", `/pulls/${number}`, { state: "closed" });
  }

  get log(): string {
    return this.#service?.log ?? "";
  }

  async start(): Promise<void> {
    this.#service = new SluiceProcess(this.folder, {});
    await this.#service.untilLogged("ready");
  }

  async kill(): Promise<void> {
    await this.#service?.kill();
  }

  /** Long enough for everything that is there to be looked at at least once more. */
  async untilLookedAgain(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 6000));
  }

  async stop(): Promise<void> {
    await this.#service?.kill();
    await this.#nats.close();
    await this.#server.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

function connection(port: number): string {
  const authorization = { user: { user: "admin", password: "my-password" } };
  const server = { url: `nats://127.0.0.1:${port}`, authorization };
  return JSON.stringify({
    jetstream: { configuration: { ...server, streams: [{ name: "USERS", subjects: ["user.>"] }] } },
  });
}

/** Documents that make a Namespace of each user who is logged in, on one cluster; a trigger for each team. */
export function teamConfig(teams: readonly string[]): Readonly<Record<string, string>> {
  const triggers = teams.map(
    (team) => `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: ${team}}
spec:
  messagingMatchCriteria: [{subject: user.${team}}]
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: ${team}}
spec:
  sourceClusterSelector: {matchLabels: {env: production}}
  eventSourceName: ${team}
  oneForEvent: true
  cloudEventAction: '{{if eq .CloudEvent.type "logout"}}Delete{{else}}Create{{end}}'
  policyRefs: [{kind: ConfigMap, namespace: default, name: namespace}]
`,
  );
  return {
    "cluster.yaml": clusterDocument("eu-1", { env: "production" }),
    "triggers.yaml": triggers.join("---\n"),
    "namespace.yaml": namespaceTemplate(""),
  };
}

/** `more`: further lines of the metadata, indented by six. */
export function namespaceTemplate(more: string): string {
  return `apiVersion: v1
kind: ConfigMap
metadata:
  name: namespace
  namespace: default
  annotations: {projectsveltos.io/instantiate: ok}
data:
  namespace.yaml: |
    kind: Namespace
    apiVersion: v1
    metadata:
      name: {{ .CloudEvent.subject }}
${more}`;
}
