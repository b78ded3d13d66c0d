/**
 * The composition root: the only place that knows which adapter stands behind which port. Service, command line and
 * Action call it with settings and get use cases that are ready to run.
 */
import { createHmac } from "node:crypto";
import { join, relative } from "node:path";
import { type ControlServer, requestControl, serveControl } from "../adapters/control/control-socket.ts";
import type { GitAuth } from "../adapters/git/git-auth.ts";
import { gitEnv, runProgram } from "../adapters/git/git-program.ts";
import { openGitRepository } from "../adapters/git/open-git-repository.ts";
import { GiteaCodeHost } from "../adapters/gitea/gitea-code-host.ts";
import { type ForkHead, findRequestNumber } from "../adapters/github/find-request-number.ts";
import { GithubCodeHost } from "../adapters/github/github-code-host.ts";
import { type GithubAuth, type GithubPlace, openGithubTokens } from "../adapters/github/github-tokens.ts";
import { openJournal } from "../adapters/journal/open-journal.ts";
import { openEventStreams } from "../adapters/nats/open-event-streams.ts";
import { openPublisher } from "../adapters/nats/open-publisher.ts";
import { type StartedNatsServer, startNatsServer } from "../adapters/programs/start-nats-server.ts";
import { isDocumentPath, readConfigFolder } from "../adapters/system/config-files.ts";
import { fingerprintFiles } from "../adapters/system/fingerprint-files.ts";
import { createLog } from "../adapters/system/pino-log.ts";
import { systemChance, systemClock } from "../adapters/system/system-clock.ts";
import type { Catalog, ConfigFile } from "../model/catalog.ts";
import type { Checked } from "../model/problem.ts";
import { SluiceError } from "../model/problem.ts";
import type { GithubAppAuth, RepositoryAuth, ReviewSettings, SecretRef, Settings } from "../model/settings.ts";
import type { TemplateSource } from "../model/template.ts";
import { Branches, type Ports } from "../pipeline/branches/branches.ts";
import { writeCommitMessage } from "../pipeline/commit-message.ts";
import { type ControlCommand, parseCommand } from "../pipeline/execute-command.ts";
import { readFolder } from "../pipeline/read-folder.ts";
import { ReviewPublisher } from "../pipeline/review/review-publisher.ts";
import { type ConfigSource, Service } from "../pipeline/service.ts";
import type { CodeHost } from "../ports/code-host.ts";
import type { EventPublisher, EventStream, StreamStatus } from "../ports/event-stream.ts";
import type { CommitInfo, GitReader, GitRepository, ObjectId } from "../ports/git.ts";
import type { Log } from "../ports/system.ts";
import { compileTemplate } from "../render/compile-template.ts";
import type { RenderSettings } from "../render/render-trigger.ts";
import type { CliContext } from "./cli/context.ts";
import { readTemplateFile } from "./project-files.ts";
import {
  catalogLoader,
  configFolder,
  type ReadConnections,
  readConnection,
  readConnections,
  type ServiceConfig,
  secretReader,
  subjectsOf,
} from "./read-config.ts";

const deadLettersMax = 1000;

export interface LogFlags {
  readonly logFormat?: "json" | "text";
  readonly logLevel?: "debug" | "info" | "warn" | "error";
}

export function composeLog(context: CliContext, { logFormat, logLevel }: LogFlags): Log {
  const format = logFormat ?? (context.isTerminal ? "text" : "json");
  return createLog({ level: logLevel ?? "info", format, redactor: context.redactor, write: context.err });
}

/** Commands that print results log only what is wrong, and as text. */
function quietLog(context: CliContext): Log {
  return createLog({ level: "warn", format: "text", redactor: context.redactor, write: context.err });
}

export interface WorkingCatalog extends Checked<Catalog> {
  /** By connection, the NATS subjects that it subscribes to. */
  readonly subjects: ReadonlyMap<string, readonly string[]>;
}

/** The catalog in the config folder on this machine, with the problems of connections and documents. */
export async function loadWorkingCatalog(
  context: CliContext,
  settings: Settings,
  directory?: string,
): Promise<WorkingCatalog> {
  const read = await readConnections(context, settings);
  const files = await readShownFiles(context, configFolder(context, settings, directory));
  const { value, problems } = catalogLoader(settings, read.connections)(files, undefined);
  return { value, problems: [...read.problems, ...problems], subjects: subjectsOf(read) };
}

/** Documents under the names that the user knows them by: relative to where the command was given. */
export async function readShownFiles({ workingDirectory }: CliContext, folder: string): Promise<readonly ConfigFile[]> {
  const prefix = relative(workingDirectory, folder);
  return (await readConfigFolder(folder)).map(({ path, text }) => ({ path: join(prefix, path), text }));
}

export function composeRenderSettings(settings: Settings, context: CliContext): RenderSettings {
  const { compatibility, output, render } = settings;
  if (render.seedKey === undefined) return { compatibility, secrets: output.secrets };
  const key = secretReader(context)(render.seedKey);
  return { compatibility, secrets: output.secrets, drawBytes: bytesFrom(key) };
}

/** For tests and for what must not see secrets: functions of chance draw from a key that everybody knows. */
export function composeOpenRenderSettings({ compatibility, output, render }: Settings): RenderSettings {
  const settings = { compatibility, secrets: output.secrets };
  return render.seedKey === undefined ? settings : { ...settings, drawBytes: bytesFrom("sluice") };
}

/** Counter mode over HMAC: as many bytes as wanted, and nothing about the key. */
function bytesFrom(key: string): NonNullable<RenderSettings["drawBytes"]> {
  return (purpose, call, length) => {
    const blocks: Uint8Array[] = [];
    for (let block = 0; block * 32 < length; block++) {
      blocks.push(
        createHmac("sha256", key)
          .update(JSON.stringify([purpose, call, block]))
          .digest(),
      );
    }
    return Buffer.concat(blocks).subarray(0, length);
  };
}

/** `folder`: of the local object store, below the state's directory. */
function openRepository(context: CliContext, settings: Settings, folder: string, log: Log): Promise<GitRepository> {
  const { url, author, auth, caFile, signing } = settings.repository;
  const directory = join(settings.state.directory, folder);
  const read = secretReader(context);
  return openGitRepository({
    url,
    directory,
    author,
    auth: readAuth(auth, read),
    log,
    ...(caFile === undefined ? {} : { caFile }),
    ...(signing === undefined ? {} : { signing: { format: signing.format, key: async () => read(signing.key) } }),
  });
}

/** Credentials are read when they are used, so that a file that was changed counts at once. */
function readAuth(auth: RepositoryAuth, read: (ref: SecretRef) => string): GitAuth {
  switch (auth.kind) {
    case "none":
      return auth;
    case "basic":
      return { kind: "basic", username: async () => read(auth.username), password: async () => read(auth.password) };
    case "bearer":
      return { kind: "bearer", token: async () => read(auth.token) };
    case "ssh": {
      const { key, knownHosts } = auth;
      const hosts = knownHosts === undefined ? {} : { knownHosts: async () => read(knownHosts) };
      return { kind: "ssh", key: async () => read(key), ...hosts };
    }
    case "githubApp": {
      const token = openGithubTokens(readGithubAuth(auth, read), auth.place);
      return { kind: "basic", username: async () => "x-access-token", password: () => token().catch(throwAsGitError) };
    }
  }
}

/** Where only a push or fetch needed the forge, its trouble is Git's. */
function throwAsGitError(error: unknown): never {
  if (!(error instanceof SluiceError)) throw error;
  const code = error.problem.code === "FORGE_UNAVAILABLE" ? "GIT_UNAVAILABLE" : "GIT_AUTH";
  throw new SluiceError({ ...error.problem, code }, error);
}

function readGithubAuth(auth: GithubAppAuth, read: (ref: SecretRef) => string): GithubAuth {
  const { appId, installationId, privateKey } = auth;
  return { kind: "app", appId, installationId, privateKey: () => read(privateKey) };
}

type Reviewed = Extract<ReviewSettings, { mode: "pull-request" }>;

function openCodeHost(context: CliContext, { forge, place, auth }: Reviewed, log: Log): CodeHost {
  const read = secretReader(context);
  if (forge === "github") {
    const githubAuth: GithubAuth =
      auth.kind === "token" ? { kind: "token", token: () => read(auth.token) } : readGithubAuth(auth, read);
    return new GithubCodeHost({ ...place, auth: githubAuth, log });
  }
  if (auth.kind !== "token") throw new Error("the settings let a GitHub App through for gitea");
  return new GiteaCodeHost({ ...place, token: () => read(auth.token), clock: systemClock });
}

function composeReview(context: CliContext, settings: Settings, review: Reviewed, ports: Ports): ReviewPublisher {
  const { grouping, labels, reviewers, assignees, isDraft, autoMerge, requestsMax, intervalMsMin, pollMs } = review;
  const templates = {
    title: compileShipped("review-title.tmpl"),
    body: compileShipped("review-body.tmpl"),
    commit: compileShipped("review-commit.tmpl"),
    comment: compileShipped("review-comment.tmpl"),
  };
  const options = {
    target: settings.repository.branch,
    outputPath: settings.output.path,
    grouping,
    decoration: { labels, reviewers, assignees },
    isDraft,
    autoMerge,
    requestsMax,
    intervalMsMin,
    pollMs,
  };
  return new ReviewPublisher(options, { ...ports, host: openCodeHost(context, review, ports.log), templates });
}

/** The streams of a connection. They outlive a service: what comes in between two of them is not missed. */
export function openStreams(
  context: CliContext,
  settings: Settings,
  { settings: connectionSettings, connection }: ReadConnections["connections"][number],
  log: Log,
): readonly EventStream[] {
  const startedAt = systemClock.now();
  return openEventStreams(connection, {
    log,
    openJournal: (onTrouble) => openJournal(join(settings.state.directory, "journal", connection.name), { onTrouble }),
    reader: { repository: settings.repository.url, output: settings.output.path },
    term: () => startedAt,
    rereadConnection: async () => (await readConnection(context, connectionSettings)).value ?? connection,
  });
}

export interface OpenService {
  run(signal: AbortSignal): Promise<void>;
  execute(command: ControlCommand): Promise<string>;
  /** Something has changed on the forge, perhaps. */
  hint(): void;
  statuses(): ReadonlyMap<string, StreamStatus>;
  close(): Promise<void>;
}

/** The service, started: branches open, catalog in force, target as the state wants it. */
export async function composeService(
  context: CliContext,
  { settings, connections }: ServiceConfig,
  streams: readonly EventStream[],
  log: Log,
  onReady: () => void,
): Promise<OpenService> {
  const git = await openRepository(context, settings, "git", log);
  const { repository, state, output, commit, config, review } = settings;
  const isReviewed = review.mode === "pull-request";
  const names = { target: repository.branch, state: state.branch, outputPath: output.path, isReviewed };
  const ports = { git, clock: systemClock, chance: systemChance, log };
  const message = compileShipped("commit-message.tmpl");
  const publisher = review.mode === "pull-request" ? { review: composeReview(context, settings, review, ports) } : {};
  const branches = new Branches(names, ports, (changeSet) => writeCommitMessage(message, changeSet));
  try {
    const service = await Service.start(
      {
        ...commit,
        lookMs: repository.pollMs,
        shards: output.shards,
        records: output.records,
        deadLettersMax,
        render: composeRenderSettings(settings, context),
      },
      {
        ...ports,
        ...publisher,
        branches,
        streams,
        config: config.kind === "directory" ? folderSource(context, config.directory) : targetSource(git, config.path),
        loadCatalog: catalogLoader(settings, connections),
        onReady,
      },
      context.stop,
    );
    return {
      run: (signal) => service.run(signal),
      execute: (command) => service.execute(command),
      hint: () => service.hint(),
      statuses: () => service.statuses(),
      close: () => git.close(),
    };
  } catch (error) {
    await git.close();
    throw error;
  }
}

/** Documents of the target branch: they change when their folder's tree does. */
function targetSource(git: GitReader, folder: string): ConfigSource {
  return {
    version: async (target) => (target === undefined ? undefined : (await git.findEntry(target, folder))?.id),
    read: (target) => readConfigOf(git, target, folder),
  };
}

function folderSource(context: CliContext, directory: string): ConfigSource {
  return {
    version: () => fingerprintFiles([directory]),
    read: () => readShownFiles(context, directory),
  };
}

async function readConfigOf(
  git: GitReader,
  target: ObjectId | undefined,
  folder: string,
): Promise<readonly ConfigFile[]> {
  const files: ConfigFile[] = [];
  for await (const [path, text] of readFolder(git, target, folder))
    if (isDocumentPath(path)) files.push({ path, text });
  return files;
}

function compileShipped(name: string) {
  const source: TemplateSource = {
    text: readTemplateFile(name),
    engine: "go",
    file: `templates/${name}`,
    part: "",
    line: 1,
    column: 1,
    continuationColumn: 1,
  };
  const { template, problems } = compileTemplate(source);
  if (template === undefined)
    throw new SluiceError(problems[0] ?? { code: "TEMPLATE_SYNTAX", message: `${name} can't be compiled` });
  return template;
}

export interface OpenState {
  readonly git: GitReader;
  /** Of the state branch; undefined where there is none yet. */
  readonly tree: ObjectId | undefined;
  close(): Promise<void>;
}

/** The state branch as it is on the server, for reading. */
export async function openState(context: CliContext, settings: Settings): Promise<OpenState> {
  // A store of its own: the service may be running in the other one.
  const git = await openRepository(context, settings, "git-read", quietLog(context));
  const head = (await git.fetchHeads([settings.state.branch])).get(settings.state.branch);
  const tree = head === undefined ? undefined : (await git.readCommit(head)).tree;
  return { git, tree, close: () => git.close() };
}

export interface OpenHeads {
  readonly git: GitReader;
  /** The heads of both branches; undefined where there is none yet. */
  readonly state: CommitInfo | undefined;
  readonly target: CommitInfo | undefined;
  close(): Promise<void>;
}

/** Both branches as they are on the server, for reading. */
export async function openHeads(context: CliContext, settings: Settings): Promise<OpenHeads> {
  const git = await openRepository(context, settings, "git-read", quietLog(context));
  const { branch: target } = settings.repository;
  const { branch: state } = settings.state;
  const heads = await git.fetchHeads([state, target]);
  const read = async (branch: string) => {
    const head = heads.get(branch);
    return head === undefined ? undefined : git.readCommit(head);
  };
  return { git, state: await read(state), target: await read(target), close: () => git.close() };
}

/** Publishes over the named connection, or the first; over JetStream where the connection reads the subject from there. */
export async function composePublisher(
  context: CliContext,
  settings: Settings,
  name: string | undefined,
): Promise<EventPublisher> {
  const chosen =
    name === undefined ? settings.connections[0] : settings.connections.find((connection) => connection.name === name);
  if (chosen === undefined) {
    const message = name === undefined ? "the settings name no connection" : `the settings have no connection ${name}`;
    throw new SluiceError({ code: "USAGE", message });
  }
  const { value: connection, problems } = await readConnection(context, chosen);
  if (connection === undefined)
    throw new SluiceError(
      problems[0] ?? { code: "CONNECTION_INVALID", message: `connection ${chosen.name} is not usable` },
    );
  return openPublisher(connection);
}

export interface DemoPrograms {
  readonly startServer: (directory: string, user: string, password: string) => Promise<StartedNatsServer>;
  /** Runs git; its output, or a SluiceError (PROGRAM_FAILED) with what it said. */
  readonly git: (args: readonly string[]) => Promise<string>;
}

export interface ActionForge {
  readonly host: CodeHost;
  readonly findRequest: (head: ForkHead) => Promise<number | undefined>;
}

/** The forge that a workflow runs on, by what the runner says of it. */
export function openActionForge(context: CliContext, place: GithubPlace, token: string): ActionForge {
  context.redactor.remember(token);
  const host = new GithubCodeHost({ ...place, auth: { kind: "token", token: () => token }, log: quietLog(context) });
  return { host, findRequest: (head) => findRequestNumber(place, token, head) };
}

/** The programs that the demo runs besides the service itself. */
export function demoPrograms(): DemoPrograms {
  return {
    startServer: (directory, user, password) =>
      startNatsServer(process.env.NATS_SERVER || "nats-server", directory, user, password),
    git: async (args) => {
      const { code, stdout, stderr } = await runProgram("git", args, { env: gitEnv(), durationMsMax: 60_000 });
      if (code !== 0)
        throw new SluiceError({ code: "PROGRAM_FAILED", message: `git ${args[0]} failed: ${stderr.trim()}` });
      return stdout.toString();
    },
  };
}

/** Looks at files now and then. */
export function fileWatch() {
  return {
    fingerprint: fingerprintFiles,
    /** Resolves to true after a while, to false when the signal aborts. */
    tick: async (signal: AbortSignal) => {
      await systemClock.sleep(watchMs, signal);
      return !signal.aborted;
    },
  };
}

const watchMs = 1000;

function controlPath({ state }: Settings): string {
  return join(state.directory, "control.sock");
}

/** Commands from this machine, for the running service. */
export function openControl(
  settings: Settings,
  execute: (command: ControlCommand) => Promise<string>,
): Promise<ControlServer> {
  return serveControl(controlPath(settings), (request) => execute(parseCommand(request)));
}

export function sendControl(settings: Settings, command: ControlCommand): Promise<string> {
  return requestControl(controlPath(settings), command);
}

export { openCheckout } from "../adapters/checkout/open-checkout.ts";
export { isDocumentPath } from "../adapters/system/config-files.ts";
export { limitHeapGrowth } from "../adapters/system/heap-growth.ts";
export { createRedactor as createCliRedactor } from "../adapters/system/redactor.ts";
