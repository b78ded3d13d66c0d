/**
 * The listener for forges' webhooks: hints to look now instead of later, and nothing more. What a hook says is not read;
 * that it comes from the forge is checked all the same, so that strangers can't make Sluice busy.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import fastify, { type FastifyRequest } from "fastify";
import { SluiceError } from "../../model/problem.ts";

export interface WebhookOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Read for each request, so that one that was changed counts at once. Undefined: nobody's hooks are taken. */
  readonly secret: () => string | undefined;
  readonly onHint: () => void;
}

export interface WebhookServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Where each kind of forge puts the HMAC-SHA256 of the body, and what stands before its hex digits. */
const signatures = {
  github: [["x-hub-signature-256", "sha256="]],
  gitea: [
    ["x-gitea-signature", ""],
    ["x-forgejo-signature", ""],
  ],
} as const;

const bodyBytesMax = 5 * 1024 * 1024;
const requestMsMax = 10_000;
const connectionsMax = 100;

/** Serves POST /webhooks/github and /webhooks/gitea. Throws a SluiceError (SETTINGS_INVALID) where it can't listen. */
export async function openWebhooks({ host, port, secret, onHint }: WebhookOptions): Promise<WebhookServer> {
  const server = fastify({ bodyLimit: bodyBytesMax, requestTimeout: requestMsMax, forceCloseConnections: true });
  server.server.maxConnections = connectionsMax;
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", { parseAs: "buffer" }, (_, body, done) => done(null, body));
  for (const [forge, headers] of Object.entries(signatures)) {
    server.post(`/webhooks/${forge}`, (request, reply) => {
      const key = secret();
      const isGenuine = key !== undefined && headers.some(([header, prefix]) => isSigned(request, header, prefix, key));
      if (!isGenuine) return reply.code(401).send();
      onHint();
      return reply.code(202).send();
    });
  }
  try {
    await server.listen({ host, port });
  } catch (cause) {
    const message = `webhooks can't be received at ${host}:${port}: ${(cause as Error).message}`;
    throw new SluiceError({ code: "SETTINGS_INVALID", message, hint: "Change server.webhooks.address." }, cause);
  }
  const address = server.server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    close: () => server.close(),
  };
}

function isSigned({ headers, body }: FastifyRequest, header: string, prefix: string, secret: string): boolean {
  const given = headers[header];
  if (typeof given !== "string" || !given.startsWith(prefix) || !Buffer.isBuffer(body)) return false;
  const wanted = createHmac("sha256", secret).update(body).digest();
  const found = Buffer.from(given.slice(prefix.length), "hex");
  return found.length === wanted.length && timingSafeEqual(found, wanted);
}
