/** A connection to NATS as the seed's JSON describes it, decoded: where, what, and with which credentials. */

export interface NatsAuthorization {
  readonly user?: { readonly user: string; readonly password: string };
  readonly token?: string;
  /** PEM text, whether the file had PEM or base64 of PEM. */
  readonly clientCert?: { readonly certPem: string; readonly keyPem: string };
  readonly rootCA?: string;
  /** Besides the seed's: the text of a NATS credentials file (JWT and seed), or an nkey seed. */
  readonly credentials?: string;
  readonly nkeySeed?: string;
}

/** One endpoint: the `nats` or the `jetstream` part of the seed's document. */
export interface NatsEndpoint {
  /** As configured, possibly several separated by commas; `connectTo` is not applied yet. */
  readonly url: string;
  readonly authorization: NatsAuthorization;
}

/** How core subjects are kept in a stream of our own. */
export interface CaptureSettings {
  /** Default: named by the state's id and the connection. */
  readonly stream?: string;
  /** Default: the server's. */
  readonly replicas?: number;
  readonly maxAgeMs: number;
  readonly maxBytes: number;
}

export interface Connection {
  readonly name: string;
  readonly connectTo: ReadonlyMap<string, string>;
  /** The JetStream domain that the streams are in; absent: the server's own. */
  readonly domain?: string;
  /** The servers want the TLS handshake before they say anything. */
  readonly handshakeFirst?: boolean;
  /** What the subjects of answers begin with; absent: `_INBOX`. */
  readonly inboxPrefix?: string;
  /** Absent: core subjects are received into the journal while the service runs. */
  readonly capture?: CaptureSettings;
  readonly core?: NatsEndpoint & { readonly subjects: readonly string[] };
  readonly jetstream?: NatsEndpoint & {
    /** A stream without subjects is read whole. */
    readonly streams: readonly { readonly name: string; readonly subjects: readonly string[] }[];
  };
}

/** The endpoints that it has, the one or the other or both. */
export function endpointsOf({ core, jetstream }: Connection): readonly NatsEndpoint[] {
  return [core, jetstream].filter((endpoint) => endpoint !== undefined);
}
