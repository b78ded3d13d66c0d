/** Credentials from a plugin, as client-go asks for them (client.authentication.k8s.io). */
import { execFile } from "node:child_process";
import { SluiceError } from "../../model/problem.ts";
import type { ExecPlugin, KubeAccess } from "./kubeconfig.ts";

export interface ExecCredential {
  readonly token?: string;
  readonly certificate?: { readonly cert: string; readonly key: string };
  /** Milliseconds since 1970; undefined: until it is refused. */
  readonly expiresAt?: number;
}

const runMsMax = 60_000;
const outputBytesMax = 1024 * 1024;

/** Runs the plugin. What it prints is never quoted: it is a credential, or next to one. Throws CLUSTER_AUTH. */
export function runExecPlugin(plugin: ExecPlugin, access: KubeAccess): Promise<ExecCredential> {
  const { apiVersion, command, args, env, provideClusterInfo } = plugin;
  const cluster = {
    server: access.server.href,
    ...(access.ca === undefined ? {} : { "certificate-authority-data": Buffer.from(access.ca).toString("base64") }),
    ...(access.isInsecure ? { "insecure-skip-tls-verify": true } : {}),
    ...(access.serverName === undefined ? {} : { "tls-server-name": access.serverName }),
  };
  const info = {
    apiVersion,
    kind: "ExecCredential",
    spec: { interactive: false, ...(provideClusterInfo ? { cluster } : {}) },
  };
  return new Promise((resolve, reject) => {
    const fail = (what: string, cause?: unknown) => {
      const message = `the credential plugin ${command} of the kubeconfig ${what}`;
      reject(new SluiceError({ code: "CLUSTER_AUTH", message, hint: "Run it by hand, and see what it says." }, cause));
    };
    const options = {
      env: { ...process.env, ...env, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
      timeout: runMsMax,
      maxBuffer: outputBytesMax,
    };
    execFile(command, [...args], options, (error, stdout) => {
      if (error !== null) {
        const { code } = error as { readonly code?: unknown };
        if (code === "ENOENT") return fail("is not installed", error);
        if (error.killed === true) return fail("did not end in time", error);
        return fail(typeof code === "number" ? `ended with exit code ${code}` : "can't be run", error);
      }
      const credential = readCredential(stdout, apiVersion);
      if (credential === undefined) return fail("printed no ExecCredential of the version that it was asked for");
      resolve(credential);
    });
  });
}

function readCredential(stdout: string, apiVersion: string): ExecCredential | undefined {
  let printed: { readonly apiVersion?: unknown; readonly status?: Readonly<Record<string, unknown>> } | null;
  try {
    printed = JSON.parse(stdout);
  } catch {
    return undefined;
  }
  const status = printed?.status;
  if (printed?.apiVersion !== apiVersion || typeof status !== "object" || status === null) return undefined;
  const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = status;
  const expiresAt = typeof expirationTimestamp === "string" ? Date.parse(expirationTimestamp) : Number.NaN;
  const hasCertificate = typeof cert === "string" && typeof key === "string";
  if (typeof token !== "string" && !hasCertificate) return undefined;
  return {
    ...(typeof token === "string" ? { token } : {}),
    ...(hasCertificate ? { certificate: { cert, key } } : {}),
    ...(Number.isNaN(expiresAt) ? {} : { expiresAt }),
  };
}
