/**
 * Connections in Sveltos' own format: the JSON `nats`/`jetstream` document, the Secret `sveltos-nats` that holds it, or
 * a Secret that in turn holds such a Secret's manifest, as the document that Sluice implements prints it.
 *
 * All of it may be secret, so problems quote nothing of it.
 */
import { dirname, resolve } from "node:path";
import schema from "../../schemas/sveltos-nats.schema.json" with { type: "json" };
import type { Connection, NatsAuthorization, NatsEndpoint } from "../model/connection.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import { type Checked, type Problem, SluiceError } from "../model/problem.ts";
import type { ConnectionSettings, SecretRef } from "../model/settings.ts";
import { formatPath, shapeCheck } from "./check-shape.ts";
import { decodeBase64Text } from "./decode-base64.ts";
import { findSubjectFault } from "./find-subject-fault.ts";
import { sortProblems } from "./sort-problems.ts";
import {
  memberList,
  memberObject,
  memberText,
  type Path,
  parseYaml,
  type YamlDocument,
  type YamlOrigin,
} from "./yaml-document.ts";

const checkShape = shapeCheck(schema);
const secretKey = "sveltos-nats";
/** JSON in a Secret in a Secret is as deep as anyone has it. */
const secretDepthMax = 2;

/**
 * The connection in `text`. `readSecret` gives the value of an `{env}` or `{file}` and throws a SluiceError
 * (SECRET_UNREADABLE) where it can't. Undefined if anything is an error.
 */
export function parseConnection(
  text: string,
  file: string,
  settings: ConnectionSettings,
  readSecret: (ref: SecretRef) => string,
): Checked<Connection | undefined> {
  const reader = new ConnectionReader(file, settings, readSecret);
  const value = reader.read(text, { file, confidential: true }, 0);
  const isGood = !reader.problems.some(({ severity }) => severity === "error");
  return { value: isGood ? value : undefined, problems: sortProblems(reader.problems) };
}

const urlHint = "Write nats://HOST:4222, or tls://HOST:4222; several are separated by commas.";

class ConnectionReader {
  readonly problems: Problem[] = [];
  readonly #file: string;
  readonly #settings: ConnectionSettings;
  readonly #readSecret: (ref: SecretRef) => string;

  constructor(file: string, settings: ConnectionSettings, readSecret: (ref: SecretRef) => string) {
    this.#file = file;
    this.#settings = settings;
    this.#readSecret = readSecret;
  }

  read(text: string, origin: YamlOrigin, secretDepth: number): Connection | undefined {
    const documents = parseYaml(text, origin);
    const document = documents[0];
    if (document === undefined || documents.length > 1) {
      const message = document === undefined ? "the connection is empty" : "the connection must be one document";
      const at = origin.holder?.place ?? { file: this.#file, line: 1, column: 1 };
      this.problems.push({ code: "CONNECTION_INVALID", severity: "error", message, at });
      return undefined;
    }
    if (document.syntaxErrors.length > 0) {
      this.problems.push(
        ...document.syntaxErrors.map((problem) => ({ ...problem, code: "CONNECTION_INVALID" as const })),
      );
      return undefined;
    }
    if (memberText(document.value, "kind") === "Secret") return this.#readSecretDocument(document, secretDepth);
    return this.#readDocument(document);
  }

  #readSecretDocument(document: YamlDocument, secretDepth: number): Connection | undefined {
    const { value } = document;
    const plain = memberText(memberObject(value, "stringData"), secretKey);
    const encoded = memberText(memberObject(value, "data"), secretKey);
    const path = [plain === undefined ? "data" : "stringData", secretKey];
    if (secretDepth === secretDepthMax) {
      this.#fault(document, path, "a Secret in a Secret in a Secret holds no connection");
      return undefined;
    }
    if (plain === undefined && encoded === undefined) {
      this.#fault(document, [], `the Secret has no key ${secretKey}`, "Make it with --from-file=sveltos-nats=FILE.");
      return undefined;
    }
    const text = plain ?? decodeBase64Text(encoded!);
    if (text === undefined) {
      this.#fault(document, path, `${formatPath(path)} is not base64 of text`);
      return undefined;
    }
    const holder = { place: document.placeOf(path), part: formatPath(path) };
    return this.read(text, { file: this.#file, holder, confidential: true }, secretDepth + 1);
  }

  #readDocument(document: YamlDocument): Connection | undefined {
    if (memberObject(memberObject(document.value, "nats"), "configuration")?.has("streams")) {
      this.#fault(
        document,
        ["nats", "configuration", "streams"],
        "streams stand under nats, which has subjects only",
        'Write jetstream instead of nats: {"jetstream": {"configuration": {"streams": …}}}.',
        "key",
      );
      return undefined;
    }
    const resolved = this.#resolveSecrets(document, document.value, []);
    this.problems.push(...checkShape(document, "CONNECTION_INVALID", resolved));
    if (this.problems.length > 0) return undefined;
    this.#warnOfUnknownKeys(document, resolved, []);

    const core = memberObject(memberObject(resolved, "nats"), "configuration");
    const jetstream = memberObject(memberObject(resolved, "jetstream"), "configuration");
    if (core === undefined && jetstream === undefined) {
      this.#fault(document, [], "neither nats nor jetstream is configured");
      return undefined;
    }
    const streams = jetstream === undefined ? [] : this.#readStreams(document, jetstream);
    const streamed = new Set(streams.flatMap(({ subjects }) => subjects));
    const { name, connectTo, domain, handshakeFirst, inboxPrefix, capture } = this.#settings;
    return {
      name,
      connectTo,
      ...(domain === undefined ? {} : { domain }),
      ...(handshakeFirst === undefined ? {} : { handshakeFirst }),
      ...(inboxPrefix === undefined ? {} : { inboxPrefix }),
      ...(capture === undefined ? {} : { capture }),
      ...(core === undefined
        ? {}
        : {
            core: {
              ...this.#readEndpoint(document, core, ["nats", "configuration"]),
              subjects: this.#readCoreSubjects(document, core, streamed),
            },
          }),
      ...(jetstream === undefined
        ? {}
        : { jetstream: { ...this.#readEndpoint(document, jetstream, ["jetstream", "configuration"]), streams } }),
    };
  }

  /** The document with every `{env}` and `{file}` replaced by what it names. */
  #resolveSecrets(document: YamlDocument, value: Json, path: Path): Json {
    if (Array.isArray(value))
      return value.map((item: Json, index) => this.#resolveSecrets(document, item, [...path, index]));
    if (!isJsonObject(value)) return value;
    const env = memberText(value, "env");
    const file = memberText(value, "file");
    if (value.size === 1 && (env !== undefined || file !== undefined)) {
      const at = document.placeOf(path);
      const ref: SecretRef =
        env === undefined
          ? { kind: "file", path: resolve(dirname(this.#settings.file), file!), at }
          : { kind: "env", name: env, at };
      try {
        return this.#readSecret(ref);
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error;
        this.problems.push({ ...error.problem, at: error.problem.at ?? at });
        return "";
      }
    }
    return new Map([...value].map(([key, member]) => [key, this.#resolveSecrets(document, member, [...path, key])]));
  }

  #readStreams(document: YamlDocument, jetstream: JsonObject): { name: string; subjects: readonly string[] }[] {
    const names = new Set<string>();
    return memberList(jetstream, "streams").map((stream, index) => {
      const path = ["jetstream", "configuration", "streams", index];
      const name = memberText(stream, "name")!;
      if (name === "" || /[\s.*>/\\\u0000-\u001f\u007f]/.test(name)) {
        this.#fault(document, [...path, "name"], "a stream's name has no blanks and none of . * > / \\");
      } else if (names.has(name)) this.#fault(document, [...path, "name"], `stream ${name} is listed twice`);
      names.add(name);
      return { name, subjects: this.#readSubjects(document, memberList(stream, "subjects"), [...path, "subjects"]) };
    });
  }

  #readCoreSubjects(document: YamlDocument, core: JsonObject, streamed: ReadonlySet<string>): string[] {
    const path = ["nats", "configuration", "subjects"];
    return this.#readSubjects(document, memberList(core, "subjects"), path).filter((subject, index) => {
      if (!streamed.has(subject)) return true;
      const message = `subject ${subject} is configured under both, and read from JetStream`;
      this.problems.push(document.warning("CONNECTION_INVALID", message, document.placeOf([...path, index])));
      return false;
    });
  }

  #readSubjects(document: YamlDocument, subjects: readonly Json[], path: Path): string[] {
    for (const [index, subject] of subjects.entries()) {
      const fault = findSubjectFault(String(subject));
      if (fault !== undefined) this.#fault(document, [...path, index], `the subject ${fault}`);
    }
    return [...new Set(subjects.map(String))];
  }

  #readEndpoint(document: YamlDocument, configuration: JsonObject, path: Path): NatsEndpoint {
    const { url, credentials: inUrl } = this.#readUrl(document, memberText(configuration, "url")!, [...path, "url"]);
    const given = memberObject(configuration, "authorization") ?? new Map<string, Json>();
    const at = [...path, "authorization"];
    const userObject = memberObject(given, "user");
    const clientCert = memberObject(given, "clientCert");
    const token = memberText(given, "token");
    const rootCA = memberText(given, "rootCA");
    const credentials = memberText(given, "credentials");
    const nkeySeed = memberText(given, "nkeySeed");
    const authorization: NatsAuthorization = {
      ...inUrl,
      ...(userObject === undefined
        ? {}
        : { user: { user: memberText(userObject, "user")!, password: memberText(userObject, "password")! } }),
      ...(token ? { token } : {}),
      ...(clientCert === undefined
        ? {}
        : {
            clientCert: {
              certPem: this.#readPem(document, memberText(clientCert, "certPem")!, [...at, "clientCert", "certPem"]),
              keyPem: this.#readPem(document, memberText(clientCert, "keyPem")!, [...at, "clientCert", "keyPem"]),
            },
          }),
      ...(rootCA ? { rootCA: this.#readPem(document, rootCA, [...at, "rootCA"]) } : {}),
      ...(credentials ? { credentials } : {}),
      ...(nkeySeed ? { nkeySeed } : {}),
    };
    return { url, authorization };
  }

  /**
   * Several servers may be listed with commas. Credentials in the URL, which Go's client honours, are taken out of it: a
   * user and password, or a token.
   */
  #readUrl(
    document: YamlDocument,
    list: string,
    path: Path,
  ): { url: string; credentials: Pick<NatsAuthorization, "user" | "token"> } {
    let credentials: Pick<NatsAuthorization, "user" | "token"> = {};
    const servers = list.split(",").map((server) => {
      const match = /^(?:([A-Za-z]+):\/\/)?(?:([^@/]*)@)?(\[[0-9A-Fa-f:]+\]|[^:/@[\]\s]+)(?::([0-9]+))?\/?$/.exec(
        server.trim(),
      );
      const [, scheme = "nats", userInfo, host, port] = match ?? [];
      if (match === null) this.#fault(document, path, "the URL is not of the form nats://host:port", urlHint);
      else if (!["nats", "tls"].includes(scheme)) {
        this.#fault(document, path, `the URL's scheme must be nats or tls, not ${scheme}`, urlHint);
      } else if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) {
        this.#fault(document, path, "the URL's port is not between 1 and 65535");
      }
      if (userInfo !== undefined) credentials = readUserInfo(userInfo);
      return `${scheme}://${host ?? ""}${port === undefined ? "" : `:${port}`}`;
    });
    return { url: servers.join(","), credentials };
  }

  #readPem(document: YamlDocument, value: string, path: Path): string {
    if (value.includes("-----BEGIN ")) return value;
    const decoded = decodeBase64Text(value.trim());
    if (decoded?.includes("-----BEGIN ")) return decoded;
    this.#fault(document, path, `${formatPath(path)} is neither PEM nor base64 of PEM`);
    return "";
  }

  /** The schema lets unknown keys pass, as Go's decoder does; a mistyped one should still be seen. */
  #warnOfUnknownKeys(document: YamlDocument, value: Json, path: Path): void {
    const known = knownKeys[path.map((step) => (typeof step === "number" ? "*" : step)).join(".")];
    if (isJsonObject(value)) {
      for (const [key, member] of value) {
        const at = [...path, key];
        if (known !== undefined && !known.includes(key)) {
          const message = `unknown field ${formatPath(at)} is ignored`;
          this.problems.push(
            document.warning("FIELD_UNKNOWN", message, document.keyPlaceOf(at), `known here: ${known.join(", ")}`),
          );
        } else this.#warnOfUnknownKeys(document, member, at);
      }
    } else if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) this.#warnOfUnknownKeys(document, item as Json, [...path, index]);
    }
  }

  #fault(document: YamlDocument, path: Path, message: string, hint?: string, which: "key" | "value" = "value"): void {
    const at = which === "key" ? document.keyPlaceOf(path) : document.placeOf(path);
    this.problems.push(document.problem("CONNECTION_INVALID", message, at, hint));
  }
}

const authorizationKeys = ["user", "token", "clientCert", "rootCA", "credentials", "nkeySeed"];
const knownKeys: Readonly<Record<string, readonly string[]>> = {
  "": ["nats", "jetstream"],
  nats: ["configuration"],
  jetstream: ["configuration"],
  "nats.configuration": ["url", "subjects", "authorization"],
  "jetstream.configuration": ["url", "streams", "authorization"],
  "jetstream.configuration.streams.*": ["name", "subjects"],
  "nats.configuration.authorization": authorizationKeys,
  "jetstream.configuration.authorization": authorizationKeys,
};

/** `user:password` or a token. */
function readUserInfo(text: string): Pick<NatsAuthorization, "user" | "token"> {
  const colon = text.indexOf(":");
  if (colon < 0) return text === "" ? {} : { token: decodePercent(text) };
  return { user: { user: decodePercent(text.slice(0, colon)), password: decodePercent(text.slice(colon + 1)) } };
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
