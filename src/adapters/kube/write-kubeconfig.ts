/**
 * How a cluster is reached at the moment, as a kubeconfig: everything stands in it, so that who gets it looks for no file
 * and runs no plugin. It holds the credential, and is good for as long as that.
 */
import type { KubeSession } from "./kube-session.ts";

const extraPrefix = "impersonate-extra-";

/** JSON, which is YAML. */
export function writeKubeconfig({ access, identity }: Pick<KubeSession, "access" | "identity">): string {
  const certificate = identity.certificate ?? access.certificate;
  const basic = access.identity.kind === "basic" ? access.identity : undefined;
  const cluster = {
    server: access.server.href,
    // Both at once is an error to client-go.
    ...(access.isInsecure ? { "insecure-skip-tls-verify": true } : { "certificate-authority-data": encode(access.ca) }),
    "tls-server-name": access.serverName,
    "proxy-url": access.proxy?.href,
  };
  const user = {
    "client-certificate-data": encode(certificate?.cert),
    "client-key-data": encode(certificate?.key),
    ...(basic === undefined ? { token: identity.secret } : { username: basic.username, password: basic.password }),
    ...writeImpersonation(access.headers),
  };
  const name = "cluster";
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  });
}

function writeImpersonation(headers: KubeSession["access"]["headers"]): Readonly<Record<string, unknown>> {
  const extras = Object.entries(headers).filter(([header]) => header.startsWith(extraPrefix));
  const extra = extras.map(([header, values]) => [decodeURIComponent(header.slice(extraPrefix.length)), values]);
  return {
    as: headers["impersonate-user"],
    "as-uid": headers["impersonate-uid"],
    "as-groups": headers["impersonate-group"],
    "as-user-extra": extra.length === 0 ? undefined : Object.fromEntries(extra),
  };
}

function encode(text: string | undefined): string | undefined {
  return text === undefined ? undefined : Buffer.from(text).toString("base64");
}
