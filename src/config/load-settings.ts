/** `sluice.yaml`: text to settings, every fault at its place. Reads no secret and no other file. */
import { dirname, resolve } from "node:path";
import schema from "../../schemas/sluice.schema.json" with { type: "json" };
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import { parseDuration } from "../model/parse-duration.ts";
import type { Checked, Problem } from "../model/problem.ts";
import type { SecretsPolicy } from "../model/secrets-policy.ts";
import type {
  ConfigSettings,
  ConnectionSettings,
  FromSecretsSettings,
  RepositoryAuth,
  RepositorySettings,
  SecretRef,
  Settings,
} from "../model/settings.ts";
import { excludeEachOther, faultOfBranch } from "./branch-name.ts";
import { checkRoots } from "./check-roots.ts";
import { formatPath, shapeCheck } from "./check-shape.ts";
import { readLabelSelector } from "./label-selector.ts";
import { readApplier, readHub } from "./read-applier.ts";
import { readCapture } from "./read-capture.ts";
import { readGuard } from "./read-guard.ts";
import { readHubDelivery } from "./read-hub-delivery.ts";
import { readLease } from "./read-lease.ts";
import { readOutcomes } from "./read-outcomes.ts";
import { readPolicy } from "./read-policy.ts";
import { readRepositoryApp, readReview, readServer, readWebhooks, type SettingsScope } from "./read-review-settings.ts";
import { readSops, withDecryption } from "./read-sops.ts";
import { sortProblems } from "./sort-problems.ts";
import { TemplateReader } from "./template-reader.ts";
import { withoutNulls } from "./without-nulls.ts";
import { memberList, memberObject, memberText, type Path, parseYaml, type YamlDocument } from "./yaml-document.ts";

const checkShape = shapeCheck(schema);
const minuteMs = 60_000;
const historyMsMin = 60 * minuteMs;

/**
 * The settings in `text`, with defaults filled in and relative paths resolved against the folder of `file`, which must
 * be absolute for that. Undefined if anything is an error.
 */
export function loadSettings(text: string, file: string): Checked<Settings | undefined> {
  // Confidential throughout: a password written where only {env} or {file} belongs must not be quoted.
  const [written, second] = parseYaml(text, { file, confidential: true });
  const document = written?.withValue(withoutNulls(written.value));
  if (document === undefined) {
    const at = { file, line: 1, column: 1 };
    return {
      value: undefined,
      problems: [{ code: "SETTINGS_INVALID", severity: "error", message: "the file is empty", at }],
    };
  }
  const problems: Problem[] = [...document.syntaxErrors];
  if (second !== undefined) {
    problems.push(second.problem("SETTINGS_INVALID", "the file must hold one document", second.placeOf([])));
  }
  if (problems.length === 0) problems.push(...checkShape(document, "SETTINGS_INVALID"));
  if (problems.length > 0) return { value: undefined, problems: sortProblems(problems) };

  const reader = new SettingsReader(document, file);
  const value = reader.readSettings();
  const found = reader.problems;
  return {
    value: found.some(({ severity }) => severity === "error") ? undefined : value,
    problems: sortProblems(found),
  };
}

/** Reads a document whose shape was checked; what a schema can't say goes to `problems`. */
class SettingsReader {
  readonly problems: Problem[] = [];
  readonly #document: YamlDocument;
  readonly #file: string;

  constructor(document: YamlDocument, file: string) {
    this.#document = document;
    this.#file = file;
  }

  readSettings(): Settings {
    const root = this.#document.value;
    const output = memberObject(root, "output");
    const commit = memberObject(root, "commit");
    const state = memberObject(root, "state");
    const render = memberObject(root, "render");
    const scope: SettingsScope = {
      fault: (path, message, hint) => this.#fault(path, message, hint),
      readSecretRef: (path, value) => this.#readSecretRef(path, value),
    };
    const repository = this.#readRepository(memberObject(root, "repository")!, scope);
    const webhooks = readWebhooks(memberObject(root, "server"), scope);
    const lease = readLease(memberObject(root, "lease"), memberList(root, "connections"), scope);
    const outcomes = readOutcomes(
      memberObject(root, "outcomes"),
      memberList(root, "connections"),
      scope,
      this.#document.placeOf.bind(this.#document),
    );
    const server = readServer(memberObject(root, "server"), scope);
    const config = this.#readConfig(memberObject(root, "config"));
    const outputPath = this.#readFolder(["output", "path"], output, "path", "rendered");
    this.#checkPlaces(config, outputPath);
    const review = readReview(memberObject(root, "review"), repository, scope);
    const written = memberObject(root, "delivery");
    const path = this.#readFolder(["delivery", "path"], written, "path", "delivery");
    const resolvePath = (file: string) => this.#resolve(file);
    const hub = readHub(written, resolvePath);
    const delivery =
      readApplier(written, resolvePath) ??
      readHubDelivery(written, { repository, config, outputPath, review: review.mode, path }, scope);
    const secrets = (memberText(output, "secrets") ?? "refuse") as SecretsPolicy;
    const sops = readSops(output, memberText(written, "kind"), { ...scope, resolvePath });
    const decrypted = withDecryption(delivery, { secrets, sops });
    return {
      file: this.#file,
      name: memberText(root, "name") ?? "sluice",
      repository,
      config,
      connections: this.#readConnections(memberList(root, "connections")),
      fromSecrets: this.#readFromSecrets(memberList(root, "connections")),
      output: {
        path: outputPath,
        shards: Number(output?.get("shards") ?? 0),
        secrets,
        sops,
        records: (memberText(output, "records") ?? "full") as Settings["output"]["records"],
      },
      commit: {
        eventsMax: Number(commit?.get("maxEvents") ?? 1000),
        intervalMsMin: parseDuration(memberText(commit, "minInterval") ?? "0"),
        per: (memberText(commit, "per") ?? "batch") as Settings["commit"]["per"],
      },
      compatibility: (memberText(root, "compatibility") ?? "strict") as Settings["compatibility"],
      policy: readPolicy(this.#document, this.problems),
      checks: {
        kubernetes: (memberText(memberObject(root, "checks"), "kubernetes") ??
          "refuse") as Settings["checks"]["kubernetes"],
      },
      guard: readGuard(memberObject(root, "guard")),
      review,
      ...(decrypted === undefined ? {} : { delivery: decrypted }),
      ...(hub === undefined ? {} : { hub }),
      ...(webhooks === undefined ? {} : { webhooks }),
      ...(server === undefined ? {} : { server }),
      ...(lease === undefined ? {} : { lease }),
      ...(outcomes === undefined ? {} : { outcomes }),
      render: render?.has("seedKey")
        ? { seedKey: this.#readSecretRef(["render", "seedKey"], render.get("seedKey")!) }
        : {},
      state: {
        branch: this.#readStateBranch(memberText(state, "branch") ?? "sluice/state", {
          "repository.branch": repository.branch,
          ...(review.mode === "pull-request" ? { "the branches of reviews": "sluice/review" } : {}),
        }),
        directory: this.#resolve(memberText(state, "directory") ?? "./state"),
        ...this.#readHistory(memberText(state, "history")),
      },
    };
  }

  #readBranch(path: Path, branch: string): string {
    const fault = faultOfBranch(branch);
    if (fault !== undefined) this.#fault(path, `${formatPath(path)} is no name of a branch: it ${fault}`);
    return branch;
  }

  /** `others`: branches that Git could not keep beside it, by what they are. */
  #readStateBranch(branch: string, others: Readonly<Record<string, string>>): string {
    const path = ["state", "branch"];
    this.#readBranch(path, branch);
    for (const [name, other] of Object.entries(others)) {
      if (!excludeEachOther(branch, other)) continue;
      const hint = "Give the state a branch of its own, such as sluice/state.";
      this.#fault(path, `state.branch and ${name} exclude each other: ${branch} and ${other}`, hint);
    }
    return branch;
  }

  /** What is rendered must not be read as a document, nor documents stand among manifests. */
  #checkPlaces(config: ConfigSettings, output: string): void {
    if (config.kind !== "target" || !excludeEachOther(config.path, output)) return;
    const message = `output.path and config.path overlap: ${output} and ${config.path}`;
    this.#fault(["output", "path"], message, "Give each a folder of its own.");
  }

  #readHistory(history: string | undefined): Pick<Settings["state"], "historyMinutesMax"> {
    if (history === undefined) return {};
    const ms = parseDuration(history);
    if (ms < historyMsMin)
      this.#fault(["state", "history"], "a history of less than 1h is none to speak of", "Write 720h.");
    return { historyMinutesMax: Math.ceil(ms / minuteMs) };
  }

  #readRepository(repository: JsonObject, scope: SettingsScope): RepositorySettings {
    const author = memberObject(repository, "author");
    const signing = memberObject(repository, "signing");
    const caFile = memberText(repository, "caFile");
    return {
      url: this.#readUrl(memberText(repository, "url")!),
      branch: this.#readBranch(["repository", "branch"], memberText(repository, "branch") ?? "main"),
      pollMs: parseDuration(memberText(repository, "pollInterval") ?? "10s"),
      auth: this.#readAuth(memberObject(repository, "auth"), memberText(repository, "url")!, scope),
      ...(caFile === undefined ? {} : { caFile: this.#resolve(caFile) }),
      author: {
        name: memberText(author, "name") ?? "sluice",
        email: memberText(author, "email") ?? "sluice@localhost",
      },
      ...(signing === undefined
        ? {}
        : {
            signing: {
              format: memberText(signing, "format") as "ssh" | "openpgp",
              key: this.#readSecretRef(["repository", "signing", "key"], signing.get("key")!),
            },
          }),
    };
  }

  /** URLs and scp-like addresses stay as they are; anything else is a path. */
  #readUrl(url: string): string {
    const path = ["repository", "url"];
    const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(url)?.[1];
    if (scheme === undefined) return /^[^/\\]+:/.test(url) ? url : this.#resolve(url);
    if (!["https", "http", "ssh", "file"].includes(scheme)) {
      this.#fault(path, `${scheme} is no transport for Git here`, "Use https, http, ssh, file or a path.");
    }
    const userInfo = /^[^/]*:\/\/([^/@]*)@/.exec(url)?.[1];
    if (userInfo !== undefined && (scheme !== "ssh" || userInfo.includes(":"))) {
      this.#fault(path, "the URL holds credentials", "Give them as repository.auth, with {env: NAME} or {file: PATH}.");
    }
    return url;
  }

  #readAuth(auth: JsonObject | undefined, url: string, scope: SettingsScope): RepositoryAuth {
    const path = ["repository", "auth"];
    if (auth === undefined) return { kind: "none" };
    const kinds = ["password", "token", "sshKey", "githubApp"].filter((key) => auth.has(key));
    if (kinds.length > 1) this.#fault(path, `${kinds.join(" and ")} exclude each other`);
    const read = (key: string): SecretRef => this.#readSecretRef([...path, key], auth.get(key)!);
    if (auth.has("username") !== auth.has("password")) this.#fault(path, "username and password go together");
    else if (auth.has("password")) return { kind: "basic", username: read("username"), password: read("password") };
    if (auth.has("token")) return { kind: "bearer", token: read("token") };
    if (auth.has("sshKey")) {
      return {
        kind: "ssh",
        key: read("sshKey"),
        ...(auth.has("knownHosts") ? { knownHosts: read("knownHosts") } : {}),
      };
    }
    const app = memberObject(auth, "githubApp");
    if (app !== undefined) return readRepositoryApp(app, url, scope);
    if (auth.has("knownHosts")) this.#fault(path, "knownHosts goes with sshKey");
    return { kind: "none" };
  }

  #readConfig(config: JsonObject | undefined): ConfigSettings {
    const directory = memberText(config, "directory");
    const exclude = memberList(config, "exclude").map(String);
    const shared = { exclude, ...(config?.has("decrypt") ? { decrypt: "sops" as const } : {}) };
    if (directory !== undefined) return { kind: "directory", directory: this.#resolve(directory), ...shared };
    return { kind: "target", path: this.#readFolder(["config", "path"], config, "path", "config"), ...shared };
  }

  #readConnections(connections: readonly Json[]): ConnectionSettings[] {
    const names = new Map<string, number>();
    return connections.flatMap((connection, index) => {
      const path = ["connections", index];
      const name = memberText(connection, "name")!;
      const first = names.get(name);
      if (first === undefined) names.set(name, index);
      else {
        const { line } = this.#document.placeOf(["connections", first, "name"]);
        this.#fault([...path, "name"], `a connection ${name} is there already, at line ${line}`);
      }
      const fromSecrets = isJsonObject(connection) && connection.get("fromSecrets") === true;
      const file = memberText(connection, "file");
      if (fromSecrets === (file !== undefined)) {
        this.#fault(path, `connection ${name} needs ${fromSecrets ? "no file, because of fromSecrets" : "a file"}`);
      }
      if (file === undefined) return [];
      const clusters = readLabelSelector(
        this.#document,
        [...path, "clusters"],
        memberObject(connection, "clusters"),
        "SETTINGS_INVALID",
      );
      this.problems.push(...clusters.problems);
      const capture = readCapture(isJsonObject(connection) ? connection.get("capture") : undefined);
      const connectTo = memberObject(connection, "connectTo") ?? new Map<string, Json>();
      return {
        name,
        file: this.#resolve(file),
        ...(clusters.value === undefined ? {} : { clusters: clusters.value }),
        connectTo: new Map([...connectTo].map(([from, to]) => [from, String(to)])),
        ...readLink(connection),
        ...(capture === undefined ? {} : { capture }),
        ...readPartition(connection),
        at: this.#document.placeOf(path),
      };
    });
  }

  /** Connections that are made of Secrets; what is wrong with their names and files was told already. */
  #readFromSecrets(connections: readonly Json[]): FromSecretsSettings[] {
    const templates = new TemplateReader(this.#document, "connections");
    const read = connections.flatMap((connection, index) => {
      if (!isJsonObject(connection) || connection.get("fromSecrets") !== true) return [];
      const path = ["connections", index];
      const clusters = readLabelSelector(
        this.#document,
        [...path, "clusters"],
        connection.get("clusters"),
        "SETTINGS_INVALID",
      );
      if ((connection.get("capture") ?? false) !== false)
        this.#fault([...path, "capture"], "capture and fromSecrets exclude each other");
      const connectTo = memberObject(connection, "connectTo") ?? new Map<string, Json>();
      const addresses = [...connectTo].map(
        ([from, to]) => [from, templates.compile([...path, "connectTo", from], String(to))] as const,
      );
      for (const [, template] of addresses) this.problems.push(...checkRoots(template, ["Cluster"]));
      return {
        name: memberText(connection, "name")!,
        ...(clusters.value === undefined ? {} : { clusters: clusters.value }),
        connectTo: new Map(addresses.map(([from, { source }]) => [from, source])),
        ...readLink(connection),
        at: this.#document.placeOf(path),
      };
    });
    this.problems.push(...templates.problems);
    return read;
  }

  /** A folder of the target: relative, without `..` and without the slashes around it. */
  #readFolder(path: Path, object: JsonObject | undefined, key: string, fallback: string): string {
    const folder = memberText(object, key) ?? fallback;
    const steps = folder.split("/").filter((step) => step !== "" && step !== ".");
    if (folder.startsWith("/") || steps.includes("..") || steps.includes(".git") || steps.length === 0) {
      this.#fault(path, `${formatPath(path)} must be a folder within the repository`);
    }
    return steps.join("/");
  }

  #readSecretRef(path: Path, value: Json): SecretRef {
    if (typeof value === "string") return { kind: "value", value };
    const at = this.#document.placeOf(path);
    const name = memberText(value, "env");
    return name === undefined
      ? { kind: "file", path: this.#resolve(memberText(value, "file")!), at }
      : { kind: "env", name, at };
  }

  #resolve(path: string): string {
    return resolve(dirname(this.#file), path);
  }

  #fault(path: Path, message: string, hint?: string): void {
    this.problems.push(this.#document.problem("SETTINGS_INVALID", message, this.#document.placeOf(path), hint));
  }
}

function readPartition(connection: Json): Pick<ConnectionSettings, "partition"> {
  const partition = isJsonObject(connection) ? connection.get("partition") : undefined;
  return partition === undefined ? {} : { partition: Number(partition) };
}

/** How a connection's servers are spoken to; what is not given stays absent. */
function readLink(connection: Json): Pick<ConnectionSettings, "domain" | "handshakeFirst" | "inboxPrefix"> {
  const domain = memberText(connection, "domain");
  const inboxPrefix = memberText(connection, "inboxPrefix");
  const handshakeFirst = isJsonObject(connection) && connection.get("handshakeFirst") === true;
  return {
    ...(domain === undefined ? {} : { domain }),
    ...(handshakeFirst ? { handshakeFirst } : {}),
    ...(inboxPrefix === undefined ? {} : { inboxPrefix }),
  };
}
