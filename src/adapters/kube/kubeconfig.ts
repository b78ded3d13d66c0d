/**
 * A kubeconfig: where a cluster is, whom to trust there, and as whom to come. What kubectl reads and is not known here
 * is an error, never passed over.
 */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { describeFileError } from "../../model/describe-file-error.ts";
import { SluiceError } from "../../model/problem.ts";

export interface ExecPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Tells the plugin which cluster it is for. */
  readonly provideClusterInfo: boolean;
}

export type KubeIdentity =
  | { readonly kind: "none" }
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "tokenFile"; readonly path: string }
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  | { readonly kind: "exec"; readonly plugin: ExecPlugin };

export interface KubeAccess {
  readonly server: URL;
  /** PEM; undefined: the authorities that Node knows. */
  readonly ca?: string;
  readonly isInsecure: boolean;
  readonly serverName?: string;
  readonly proxy?: URL;
  readonly certificate?: { readonly cert: string; readonly key: string };
  readonly identity: KubeIdentity;
  /** `Impersonate-User` and its kin. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}

/** Where a kubeconfig is written. */
export interface KubeconfigSource {
  /** For people: what holds it. */
  readonly name: string;
  /**
   * What paths in it are relative to. Undefined: it may name neither files nor programs of this machine, since whoever
   * writes it is not who runs Sluice.
   */
  readonly folder?: string;
  /** The context that is meant; default: the one that is in force there. */
  readonly context?: string;
  /** Throws a SluiceError where it can't be read. */
  read(): Promise<string>;
}

export function fileKubeconfig(file: string, context?: string): KubeconfigSource {
  return {
    name: `kubeconfig ${file}`,
    folder: dirname(file),
    ...(context === undefined ? {} : { context }),
    read: () =>
      readFile(file, "utf8").catch((error: unknown) => {
        const message = `kubeconfig ${file}: it can't be read: ${describeFileError(error)}`;
        throw new SluiceError({ code: "KUBECONFIG_INVALID", message, hint: kubeconfigHint }, error);
      }),
  };
}

/** Whichever file or Secret it is, the message names it. */
const kubeconfigHint =
  "Put a kubeconfig there that kubectl takes for this cluster, with what it names; it is read again by itself.";

type Fields = Readonly<Record<string, unknown>>;

/** Reads the files that the text names. Throws KUBECONFIG_INVALID. */
export async function readKubeconfig(
  { name: source, folder, context: named }: KubeconfigSource,
  text: string,
): Promise<KubeAccess> {
  const fail = (message: string, cause?: unknown): never => {
    throw new SluiceError(
      { code: "KUBECONFIG_INVALID", message: `${source}: ${message}`, hint: kubeconfigHint },
      cause,
    );
  };
  const resolvePath = (path: string, what: string): string =>
    folder === undefined
      ? fail(`${what} is not taken from a Secret: only a kubeconfig that is a file may name files and programs`)
      : resolve(folder, path);
  const read = async (path: string, what: string): Promise<string> => {
    try {
      return await readFile(resolvePath(path, what), "utf8");
    } catch (error) {
      if (error instanceof SluiceError) throw error;
      return fail(`${path} can't be read: ${describeFileError(error)}`, error);
    }
  };
  let config: unknown;
  try {
    // Its warnings go to standard error, and quote the line that they are about.
    config = parse(text, { logLevel: "error" });
  } catch {
    // The parser quotes what it stumbles over, and that may be a key.
    fail("it is no YAML");
  }
  const root = fieldsOf(config);
  const contextName = named ?? textOf(root["current-context"]) ?? fail("current-context is missing");
  const find = (list: string, member: string, name: string): Fields => {
    const items = Array.isArray(root[list]) ? (root[list] as unknown[]) : [];
    const found = items.map(fieldsOf).find((item) => item.name === name);
    return found === undefined ? fail(`${list} has none that is called ${name}`) : fieldsOf(found[member]);
  };
  const context = find("contexts", "context", contextName);
  const cluster = find("clusters", "cluster", textOf(context.cluster) ?? fail(`context ${contextName} has no cluster`));
  const userName = textOf(context.user);
  const user = userName === undefined ? {} : find("users", "user", userName);

  /** `<key>-data` in base64, else the file that `key` names. */
  const material = async (holder: Fields, key: string): Promise<string | undefined> => {
    const data = textOf(holder[`${key}-data`]);
    if (data !== undefined) return Buffer.from(data, "base64").toString("utf8");
    const path = textOf(holder[key]);
    return path === undefined ? undefined : await read(path, key);
  };
  const server = readServer(textOf(cluster.server)) ?? fail("the cluster's server is no http(s) URL");
  const ca = await material(cluster, "certificate-authority");
  const cert = await material(user, "client-certificate");
  const key = await material(user, "client-key");
  if ((cert === undefined) !== (key === undefined)) fail("client-certificate and client-key go together");
  const proxyText = textOf(cluster["proxy-url"]);
  const proxy = proxyText === undefined ? undefined : readServer(proxyText);
  if (proxyText !== undefined && proxy === undefined) fail("proxy-url is no http(s) URL");
  const serverName = textOf(cluster["tls-server-name"]);
  return {
    server,
    ...(ca === undefined ? {} : { ca }),
    isInsecure: cluster["insecure-skip-tls-verify"] === true,
    ...(serverName === undefined ? {} : { serverName }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(cert === undefined || key === undefined ? {} : { certificate: { cert, key } }),
    identity: readIdentity(user, resolvePath, fail),
    headers: readImpersonation(user),
  };
}

function readServer(text: string | undefined): URL | undefined {
  if (text === undefined || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === "https:" || url.protocol === "http:" ? url : undefined;
}

function readIdentity(
  user: Fields,
  resolvePath: (path: string, what: string) => string,
  fail: (message: string) => never,
): KubeIdentity {
  if (user["auth-provider"] !== undefined) {
    fail("auth-provider is not supported: kubectl has given it up too; use exec");
  }
  const exec = user.exec === undefined ? undefined : fieldsOf(user.exec);
  // As client-go: the file wins over the token, and the plugin counts only where there is neither.
  const tokenFile = textOf(user.tokenFile);
  if (tokenFile !== undefined) return { kind: "tokenFile", path: resolvePath(tokenFile, "tokenFile") };
  const token = textOf(user.token);
  if (token !== undefined) return { kind: "token", token };
  const username = textOf(user.username);
  if (username !== undefined) return { kind: "basic", username, password: textOf(user.password) ?? "" };
  if (exec === undefined) return { kind: "none" };
  const command = textOf(exec.command) ?? fail("exec has no command");
  const apiVersion = textOf(exec.apiVersion) ?? "";
  if (!/^client\.authentication\.k8s\.io\/v1(?:beta1)?$/.test(apiVersion)) {
    fail(`exec.apiVersion must be client.authentication.k8s.io/v1 or v1beta1, and is ${apiVersion || "missing"}`);
  }
  // A path is relative to the file that names it; a bare name is looked for in PATH.
  const program = resolvePath(command, "exec");
  const env = Array.isArray(exec.env) ? exec.env.map(fieldsOf) : [];
  return {
    kind: "exec",
    plugin: {
      apiVersion,
      command: command.includes("/") ? program : command,
      args: Array.isArray(exec.args) ? exec.args.map(String) : [],
      env: Object.fromEntries(env.map(({ name, value }) => [String(name), String(value)])),
      provideClusterInfo: exec.provideClusterInfo === true,
    },
  };
}

function readImpersonation(user: Fields): Record<string, string | readonly string[]> {
  const name = textOf(user.as);
  const uid = textOf(user["as-uid"]);
  const groups = Array.isArray(user["as-groups"]) ? user["as-groups"].map(String) : [];
  // As client-go: keys are percent-encoded, and each of their values is a header.
  const extra = Object.entries(fieldsOf(user["as-user-extra"])).map(([key, values]) => [
    `impersonate-extra-${encodeURIComponent(key).toLowerCase()}`,
    Array.isArray(values) ? values.map(String) : [],
  ]);
  return {
    ...(name === undefined ? {} : { "impersonate-user": name }),
    ...(uid === undefined ? {} : { "impersonate-uid": uid }),
    ...(groups.length === 0 ? {} : { "impersonate-group": groups }),
    ...Object.fromEntries(extra),
  };
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
