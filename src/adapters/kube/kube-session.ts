/**
 * How a cluster is reached at the moment: kept connections, and the header that says who comes. Read from the kubeconfig
 * when it is first needed, looked at again every minute, and when the server does not take it any more: files and Secrets
 * are replaced, tokens expire.
 */
import { readFile } from "node:fs/promises";
import { SluiceError } from "../../model/problem.ts";
import type { Redactor } from "../../ports/system.ts";
import { findProxy } from "../http/http-agent.ts";
import { systemChance } from "../system/system-clock.ts";
import { type ExecCredential, runExecPlugin } from "./exec-credential.ts";
import { KubeLink } from "./kube-link.ts";
import { type KubeAccess, type KubeconfigSource, readKubeconfig } from "./kubeconfig.ts";

export interface KubeSession {
  readonly server: URL;
  readonly link: KubeLink;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** What it was made of: another text where anything has changed. */
  readonly version: string;
  /** Which server it leads to: another text where that has changed. */
  readonly place: string;
  /** What the kubeconfig says. */
  readonly access: KubeAccess;
  readonly identity: ReadIdentity;
  /** The kubeconfig's text. */
  readonly text: string;
  /** Monotonic milliseconds when the plugin is to be asked again; infinite: when its credential is refused. */
  readonly freshUntil: number;
  /** Monotonic milliseconds when the kubeconfig, and the files that it names, are looked at again. */
  readonly lookAt: number;
}

/** As client-go does with token files: what is replaced in place is found a minute later; not all are at one time. */
const lookMs = 60_000;
/** A credential is asked for anew so long before it expires, or when three quarters of its time have passed. */
const expiryMarginMs = 60_000;
/** Not more often than that, whatever the plugin says of its credential. */
const freshMsMin = 1_000;

export interface KubeSessionsOptions {
  readonly kubeconfig: KubeconfigSource;
  readonly redactor: Redactor;
  /** Where `https_proxy` and its kin are looked for. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export class KubeSessions {
  readonly #options: KubeSessionsOptions;
  #current: KubeSession | undefined;
  #opening: Promise<KubeSession> | undefined;
  readonly #links = new Set<KubeLink>();
  #isClosed = false;

  constructor(options: KubeSessionsOptions) {
    this.#options = options;
  }

  /** Throws KUBECONFIG_INVALID or CLUSTER_AUTH. */
  async current(): Promise<KubeSession> {
    const known = this.#current;
    if (known === undefined) return this.#open();
    const now = performance.now();
    if (now < Math.min(known.freshUntil, known.lookAt)) return known;
    try {
      return await this.#open();
    } catch (error) {
      // Where it can't be looked at the one that works goes on, for as long as the server takes it.
      if (!(error instanceof SluiceError) || now >= known.freshUntil) throw error;
      this.#current = { ...known, lookAt: now + lookMs };
      return this.#current;
    }
  }

  /**
   * The server did not take this one: whether there is another by now. Throws where nobody can tell; then the one that was
   * refused is what is known, and may be taken again.
   */
  async renew(refused: KubeSession): Promise<boolean> {
    if (this.#current !== refused) return true;
    this.#current = undefined;
    try {
      return (await this.#open({ ...refused, freshUntil: 0 })).version !== refused.version;
    } catch (error) {
      this.#current ??= refused;
      throw error;
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const link of this.#links) link.destroy();
    this.#links.clear();
  }

  #open(before = this.#current): Promise<KubeSession> {
    this.#opening ??= this.#read(before).finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #read(before: KubeSession | undefined): Promise<KubeSession> {
    const { kubeconfig, redactor, env } = this.#options;
    const text = await kubeconfig.read();
    const access = await readKubeconfig(kubeconfig, text);
    const now = performance.now();
    const isPluginFresh = access.identity.kind === "exec" && before?.text === text && now < before.freshUntil;
    const identity = isPluginFresh ? before.identity : await readIdentity(access);
    const { authorization, certificate, freshMs, secret } = identity;
    if (secret !== undefined) redactor.remember(secret);
    if (access.certificate !== undefined) redactor.remember(access.certificate.key);
    const proxy = access.proxy ?? findProxy(access.server, env);
    const tls = {
      ...(access.ca === undefined ? {} : { ca: access.ca }),
      ...(access.isInsecure ? { rejectUnauthorized: false } : {}),
      ...(access.serverName === undefined ? {} : { servername: access.serverName }),
      ...(certificate ?? access.certificate ?? {}),
    };
    const version = JSON.stringify([access.server.href, proxy?.href, tls, authorization, access.headers]);
    const isSame = before?.version === version;
    const link = isSame ? before.link : new KubeLink({ server: access.server, proxy, tls });
    if (before !== undefined && !isSame) before.link.retire();
    // Those that are at nothing any more; tokens may be replaced for as long as the process runs.
    for (const old of this.#links) if (old.isIdle) this.#links.delete(old);
    this.#links.add(link);
    const session = {
      server: access.server,
      link,
      headers: { ...(authorization === undefined ? {} : { authorization }), ...access.headers },
      version,
      place: JSON.stringify([access.server.href, access.ca, access.serverName, access.proxy?.href]),
      access,
      identity,
      text,
      freshUntil: isPluginFresh ? before.freshUntil : performance.now() + freshMs,
      lookAt: performance.now() + lookMs * (1 + systemChance.next()),
    };
    if (this.#isClosed) link.destroy();
    this.#current = session;
    return session;
  }
}

interface ReadIdentity {
  readonly authorization?: string;
  readonly certificate?: ExecCredential["certificate"];
  readonly secret?: string;
  readonly freshMs: number;
}

async function readIdentity(access: KubeAccess): Promise<ReadIdentity> {
  const { identity } = access;
  const never = Number.POSITIVE_INFINITY;
  switch (identity.kind) {
    case "none":
      return { freshMs: never };
    case "token":
      return { authorization: `Bearer ${identity.token}`, secret: identity.token, freshMs: never };
    case "tokenFile": {
      const token = await readTokenFile(identity.path);
      return { authorization: `Bearer ${token}`, secret: token, freshMs: never };
    }
    case "basic": {
      const pair = Buffer.from(`${identity.username}:${identity.password}`).toString("base64");
      return { authorization: `Basic ${pair}`, secret: identity.password, freshMs: never };
    }
    case "exec": {
      const { token, certificate, expiresAt } = await runExecPlugin(identity.plugin, access);
      return {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}`, secret: token }),
        ...(certificate === undefined ? {} : { certificate }),
        freshMs: expiresAt === undefined ? never : freshMsOf(expiresAt - Date.now()),
      };
    }
  }
}

/** The plugin dates its credential by the wall clock; what is left of it passes as any time does. */
function freshMsOf(leftMs: number): number {
  return Math.max(freshMsMin, leftMs - Math.min(expiryMarginMs, leftMs / 4));
}

async function readTokenFile(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (cause) {
    const message = `the token file ${path} of the kubeconfig can't be read`;
    throw new SluiceError({ code: "CLUSTER_AUTH", message }, cause);
  }
}
