/** Where an API server is, what it is reached through, and a connection to it. */
import { rootCertificates, type SecureContextOptions, type TLSSocket, connect as tlsConnect } from "node:tls";
import { openTunnel, peerOf } from "../http/http-agent.ts";

export interface LinkTarget {
  readonly server: URL;
  readonly proxy: URL | undefined;
  /** Whom to trust, and who comes. */
  readonly tls: SecureContextOptions & { readonly servername?: string; readonly rejectUnauthorized?: boolean };
}

/** What is used again sooner stays: there may be hundreds of clusters, and each renews its Lease more often. */
export const idleMs = 15_000;

/** A connection to a server of https, before it is secured. `protocols`: what is offered to it, best first. */
export async function connectSecurely(target: LinkTarget, protocols?: readonly string[]): Promise<TLSSocket> {
  const { server, proxy, tls } = target;
  const offer = protocols === undefined ? {} : { ALPNProtocols: [...protocols] };
  const peer = { ...peerOf(server), ...offer, ...tls };
  if (proxy === undefined) return tlsConnect({ port: Number(server.port || "443"), ...peer });
  // The proxy's own certificate is held against what Node trusts; the cluster's authority is the cluster's.
  return tlsConnect({ socket: await openTunnel(server, proxy, { ca: [...rootCertificates] }), ...peer });
}
