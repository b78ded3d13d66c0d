/** Reads what people configure, from the files and variables that it stands in: settings, connections, secrets. */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { checkConnections } from "../config/check-connections.ts";
import { findSharedObjects } from "../config/find-shared-objects.ts";
import { loadCatalog } from "../config/load-catalog.ts";
import { loadSettings } from "../config/load-settings.ts";
import { parseConnection } from "../config/parse-connection.ts";
import { checkCharts, checkUndelivered } from "../delivery/check-charts.ts";
import { checkDelivery } from "../delivery/check-delivery.ts";
import type { Catalog } from "../model/catalog.ts";
import type { LabelSelector } from "../model/cluster.ts";
import type { Connection } from "../model/connection.ts";
import { decodeText } from "../model/decode-text.ts";
import { describeFileError } from "../model/describe-file-error.ts";
import { type Checked, type Problem, SluiceError } from "../model/problem.ts";
import { type ConnectionSettings, hubDeliveryOf, type SecretRef, type Settings } from "../model/settings.ts";
import type { LoadCatalog } from "../pipeline/loop/in-force.ts";
import type { HiddenTexts } from "../ports/hidden-texts.ts";
import type { CliContext } from "./cli/context.ts";
import { readRecipients } from "./read-recipients.ts";

export async function openSettings(context: CliContext, file: string): Promise<Checked<Settings | undefined>> {
  const path = resolve(context.workingDirectory, file);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    const message = `the settings ${path} can't be read: ${describeFileError(cause)}`;
    const hint = "Name them with --file, or begin with `sluice init`; docs/settings.md says what they are made of.";
    throw new SluiceError({ code: "SETTINGS_INVALID", message, hint }, cause);
  }
  const decoded = decodeText(bytes);
  if ("text" in decoded) return withRecipients(loadSettings(decoded.text, path));
  const { fault, line, column } = decoded;
  const message = `the settings can't be read: ${fault}`;
  const problem = { code: "SETTINGS_INVALID", severity: "error", message, at: { file: path, line, column } } as const;
  return { value: undefined, problems: [problem] };
}

async function withRecipients(loaded: Checked<Settings | undefined>): Promise<Checked<Settings | undefined>> {
  const { value: settings, problems } = loaded;
  const config = settings?.output.sops.config;
  if (settings === undefined || settings.output.secrets !== "sops" || config === undefined) return loaded;
  try {
    const sops = { ...settings.output.sops, recipients: await readRecipients(config) };
    return { value: { ...settings, output: { ...settings.output, sops } }, problems };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { value: undefined, problems: [...problems, error.problem] };
  }
}

/** Reads secrets, tells the redactor each of them, and `files` where it was read from. Throws SECRET_UNREADABLE. */
export function secretReader({ redactor }: CliContext, files: string[] = []): (ref: SecretRef) => string {
  return (ref) => {
    if (ref.kind === "file") files.push(ref.path);
    const value = readSecret(ref);
    redactor.remember(value);
    return value;
  };
}

function readSecret(ref: SecretRef): string {
  if (ref.kind === "value") return ref.value;
  if (ref.kind === "env") {
    const value = process.env[ref.name];
    if (value !== undefined && value !== "") return value;
    const message = `the environment variable ${ref.name} is not set`;
    throw new SluiceError({ code: "SECRET_UNREADABLE", message, at: ref.at });
  }
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(ref.path);
  } catch (cause) {
    const message = `${ref.path} can't be read: ${describeFileError(cause)}`;
    throw new SluiceError({ code: "SECRET_UNREADABLE", message, at: ref.at }, cause);
  }
  const decoded = decodeText(bytes);
  // Editors and `echo` end files with a newline; no credential does.
  if ("text" in decoded) return decoded.text.replace(/\r?\n$/, "");
  const message = `${ref.path} can't be read: ${decoded.fault}`;
  throw new SluiceError({ code: "SECRET_UNREADABLE", message, at: ref.at });
}

const connectionHint =
  "Name the file as connections.*.file; `sluice init --nats URL` writes one, docs/settings.md has the format.";

/** `files` takes the paths that secrets were read from. */
export async function readConnection(
  context: CliContext,
  settings: ConnectionSettings,
  files: string[] = [],
): Promise<Checked<Connection | undefined>> {
  const unreadable = (reason: string): Checked<undefined> => {
    const message = `connection ${settings.name}: ${settings.file} can't be read: ${reason}`;
    return {
      value: undefined,
      problems: [{ code: "CONNECTION_INVALID", severity: "error", message, at: settings.at, hint: connectionHint }],
    };
  };
  let bytes: Uint8Array;
  try {
    bytes = await readFile(settings.file);
  } catch (cause) {
    return unreadable(describeFileError(cause));
  }
  const decoded = decodeText(bytes);
  if (!("text" in decoded)) return unreadable(decoded.fault);
  const shown = relative(context.workingDirectory, settings.file) || settings.file;
  const parsed = parseConnection(decoded.text, shown, settings, secretReader(context, files));
  if (parsed.value !== undefined) rememberCredentials(context, parsed.value);
  return parsed;
}

export function rememberCredentials({ redactor }: CliContext, { core, jetstream }: Connection): void {
  for (const endpoint of [core, jetstream]) {
    const { user, token, clientCert, credentials, nkeySeed } = endpoint?.authorization ?? {};
    for (const secret of [user?.password, token, clientCert?.keyPem, credentials, nkeySeed]) {
      if (secret !== undefined) redactor.remember(secret);
    }
  }
}

export interface ReadConnections {
  /** Files that secrets were read from. */
  readonly files: readonly string[];
  readonly connections: readonly { readonly settings: ConnectionSettings; readonly connection: Connection }[];
  readonly problems: readonly Problem[];
}

export async function readConnections(context: CliContext, settings: Settings): Promise<ReadConnections> {
  const connections: { settings: ConnectionSettings; connection: Connection }[] = [];
  const problems: Problem[] = [];
  const files: string[] = [];
  for (const connectionSettings of settings.connections) {
    const { value: connection, problems: found } = await readConnection(context, connectionSettings, files);
    problems.push(...found);
    if (connection !== undefined) connections.push({ settings: connectionSettings, connection });
  }
  return { connections, problems, files };
}

/** By connection, the NATS subjects that it subscribes to. */
export function subjectsOf({
  connections,
}: Pick<ReadConnections, "connections">): ReadonlyMap<string, readonly string[]> {
  return new Map(
    connections.map(({ connection: { name, core, jetstream } }) => {
      // A stream without subjects is read whole.
      const streams = jetstream?.streams.flatMap(({ subjects }) => (subjects.length === 0 ? [">"] : subjects)) ?? [];
      return [name, [...new Set([...(core?.subjects ?? []), ...streams])]];
    }),
  );
}

/**
 * The config folder on this machine: `directory` if given, else the settings' own, or for a folder of the target that
 * folder beside the settings, as in a checkout.
 */
export function configFolder(
  { workingDirectory }: CliContext,
  { file, config }: Settings,
  directory: string | undefined,
): string {
  if (directory !== undefined) return resolve(workingDirectory, directory);
  return config.kind === "directory" ? config.directory : resolve(file, "..", config.path);
}

/** `hidden`: for a catalog that the state keeps, what knows what stands there for what must stand on no branch. */
export function catalogLoader(
  settings: Settings,
  connections: ReadConnections["connections"],
  hidden?: HiddenTexts,
): LoadCatalog {
  // A connection that can't be used still says which clusters its recorded entities may be rendered for.
  const configured = settings.connections.map(({ name, clusters, connectTo }) => ({
    connection: connections.find(({ connection }) => connection.name === name)?.connection ?? { name, connectTo },
    ...(clusters === undefined ? {} : { clusters }),
  }));
  const fromSecrets = settings.fromSecrets.map(({ name, clusters }) => ({
    connection: { name, connectTo: new Map<string, string>() },
    ...(clusters === undefined ? {} : { clusters }),
  }));
  const served = [...configured, ...fromSecrets];
  const delivery = hubDeliveryOf(settings);
  return (files, previous, instead = {}) => {
    const { value, problems } = loadCatalog(files, {
      compatibility: instead.compatibility ?? settings.compatibility,
      checks: instead.checks ?? settings.checks.kubernetes,
      policy: instead.policy ?? settings.policy,
      secrets: instead.secrets ?? settings.output.secrets,
      guard: instead.guard ?? settings.guard,
      records: settings.output.records,
      fromSecrets: settings.fromSecrets,
      isCommitted: settings.config.kind === "target",
      connections: serve(served, instead.connectionClusters),
      ...(delivery === undefined ? {} : { delivery }),
      ...(hidden === undefined ? {} : { digestText: (text) => hidden.digestOf(text) }),
      ...recipientsOf(instead.recipients ?? settings.output.sops.recipients),
      ...(previous === undefined ? {} : { previous }),
    });
    const impossible = checkDelivered(settings, value);
    return { value, problems: [...problems, ...impossible, ...findSharedObjects(settings, value)] };
  };
}

/** What the settings' delivery makes nothing of. */
function checkDelivered({ delivery }: Settings, catalog: Catalog): readonly Problem[] {
  if (delivery === undefined) return checkUndelivered(catalog);
  return delivery.kind === "applier" ? checkCharts(catalog, delivery.kind) : checkDelivery(catalog, delivery);
}

function recipientsOf(recipients: string | undefined): { readonly recipients?: string } {
  return recipients === undefined ? {} : { recipients };
}

/** The connections with other selectors in place of theirs, where such are given. */
function serve<T extends { readonly connection: { readonly name: string }; readonly clusters?: LabelSelector }>(
  connections: readonly T[],
  clusters: ReadonlyMap<string, LabelSelector> | undefined,
): readonly T[] {
  if (clusters === undefined) return connections;
  return connections.map(({ clusters: _, ...one }) => {
    const selector = clusters.get(one.connection.name);
    return { ...one, ...(selector === undefined ? {} : { clusters: selector }) } as T;
  });
}

/** What a service is composed of, read and checked; `files` are those on disk that it was read from. */
export interface ServiceConfig {
  readonly settings: Settings;
  readonly connections: ReadConnections["connections"];
  readonly files: readonly string[];
}

/** Reads the settings and all connections. Undefined where the settings have errors, or with `isStrict` a connection. */
export async function readServiceConfig(
  context: CliContext,
  file: string,
  isStrict: boolean,
): Promise<Checked<ServiceConfig | undefined>> {
  const path = resolve(context.workingDirectory, file);
  const { value: settings, problems } = await openSettings(context, file);
  if (settings === undefined) return { value: undefined, problems };
  const read = await readConnections(context, settings);
  const unfit = checkConnections(settings, read.connections);
  const all = [...problems, ...read.problems, ...unfit];
  if (unfit.length > 0) return { value: undefined, problems: all };
  if (isStrict && read.problems.some(({ severity }) => severity === "error"))
    return { value: undefined, problems: all };
  const { config } = settings.output.sops;
  const rules = config === undefined ? [] : [config];
  const files = [path, ...settings.connections.map((connection) => connection.file), ...rules, ...read.files];
  return { value: { settings, connections: read.connections, files: [...new Set(files)] }, problems: all };
}
