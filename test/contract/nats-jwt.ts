/** An operator, an account and users of decentralized NATS authentication, made on the spot. */
import { createHash } from "node:crypto";
import { nkeys } from "@nats-io/transport-node";

type KeyPair = ReturnType<typeof nkeys.createUser>;

export interface NatsOperator {
  /** The server's configuration that trusts the operator; users named in `revoked` are turned away. */
  config(revoked?: readonly NatsUser[]): string;
  /** A user of the account. `expiresAt`: seconds since 1970. */
  createUser(expiresAt?: number): NatsUser;
}

export interface NatsUser {
  readonly publicKey: string;
  /** The text of a credentials file. */
  readonly credentials: string;
}

export function createOperator(): NatsOperator {
  const operator = nkeys.createOperator();
  const account = nkeys.createAccount();
  const system = nkeys.createAccount();
  return {
    config(revoked = []) {
      const revocations = Object.fromEntries(revoked.map(({ publicKey }) => [publicKey, now() + 3600]));
      const limits = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, conn: -1, leaf: -1, wildcards: true };
      const storage = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
      const claims = { limits: { ...limits, ...storage }, revocations, default_permissions: { pub: {}, sub: {} } };
      const operatorJwt = encode(operator, operator, { type: "operator", system_account: system.getPublicKey() });
      return [
        `operator: ${operatorJwt}`,
        "resolver: MEMORY",
        "resolver_preload: {",
        `  ${account.getPublicKey()}: ${encode(operator, account, { type: "account", ...claims })}`,
        `  ${system.getPublicKey()}: ${encode(operator, system, { type: "account", limits })}`,
        "}",
      ].join("\n");
    },
    createUser(expiresAt) {
      const user = nkeys.createUser();
      const jwt = encode(account, user, { type: "user", pub: {}, sub: {}, subs: -1, data: -1, payload: -1 }, expiresAt);
      const seed = new TextDecoder().decode(user.getSeed());
      const credentials = [
        "-----BEGIN NATS USER JWT-----",
        jwt,
        "------END NATS USER JWT------",
        "",
        "-----BEGIN USER NKEY SEED-----",
        seed,
        "------END USER NKEY SEED------",
        "",
      ].join("\n");
      return { publicKey: user.getPublicKey(), credentials };
    },
  };
}

function encode(issuer: KeyPair, subject: KeyPair, nats: object, expiresAt?: number): string {
  const claims = {
    iat: now() - 10,
    iss: issuer.getPublicKey(),
    name: "sluice-test",
    sub: subject.getPublicKey(),
    ...(expiresAt === undefined ? {} : { exp: expiresAt }),
    nats: { ...nats, version: 2 },
  };
  const jti = createHash("sha256").update(JSON.stringify(claims)).digest("hex");
  const text = `${base64({ typ: "JWT", alg: "ed25519-nkey" })}.${base64({ jti, ...claims })}`;
  return `${text}.${Buffer.from(issuer.sign(new TextEncoder().encode(text))).toString("base64url")}`;
}

function base64(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}
