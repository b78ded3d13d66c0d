/** The status page: an overview that keeps itself up to date, a search, and what is on record of an entity. Read-only. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { PageSettings } from "../../../model/settings.ts";
import type { Look } from "../../../pipeline/loop/look.ts";
import type { Redactor } from "../../../ports/system.ts";
import type { HostSnapshot } from "../../host/host-snapshot.ts";
import { isAllowedHost } from "./allowed-host.ts";
import { parseEntityAddress } from "./entity-address.ts";
import { viewEntity, viewSearch } from "./entity-view.ts";
import { PageStream } from "./page-stream.ts";
import { compilePageTemplates } from "./page-templates.ts";
import { viewOverview } from "./page-view.ts";

export interface PageSource {
  /** Asked at each request, for settings change; undefined: there is no page. */
  readonly page: () => PageSettings | undefined;
  readonly snapshot: () => HostSnapshot;
  /** Undefined where this instance does not lead. */
  readonly look: () => Look | undefined;
}

const searchCharactersMax = 200;

/** What a browser may do with the page: nothing but show it, with what this server itself serves. */
const headers = {
  "content-security-policy":
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; " +
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

type Answer = (request: FastifyRequest, reply: FastifyReply) => unknown;

export function addPage(server: FastifyInstance, { page, snapshot, look }: PageSource, redactor: Redactor): void {
  let templates: ReturnType<typeof compilePageTemplates> | undefined;
  const compiled = () => (templates ??= compilePageTemplates());
  const view = () => {
    const shown = { snapshot: snapshot(), inventory: look()?.inventory() };
    const { snapshot: redacted, inventory } = redactor.redactValue(shown) as typeof shown;
    return viewOverview(redacted, inventory);
  };
  const stream = new PageStream(() => compiled().sections(view()));
  server.addHook("onClose", async () => stream.close());
  let isSearching = false;

  const get = (path: string, answer: Answer) =>
    server.get(path, async (request, reply) => {
      const settings = page();
      if (settings === undefined) return reply.callNotFound();
      reply.headers(headers);
      if (!isAllowedHost(request.headers.host, settings.hosts)) {
        const text = "This name is not one that the page may be asked by: add it to server.page.hosts.\n";
        return reply.code(421).type("text/plain; charset=utf-8").send(text);
      }
      return answer(request, reply);
    });
  const sendPage = (reply: FastifyReply, html: string) => reply.type("text/html; charset=utf-8").send(html);
  const sendMessage = (reply: FastifyReply, code: number, title: string, text: string) =>
    sendPage(reply.code(code), compiled().message({ title }, text));

  get("/", (_, reply) => sendPage(reply, compiled().overview({ title: "Status", isLive: true }, view())));
  get("/page.css", (_, reply) => reply.type("text/css; charset=utf-8").send(compiled().style));
  get("/page.js", (_, reply) => reply.type("text/javascript; charset=utf-8").send(compiled().script));

  get("/live", (_, reply) => {
    if (stream.isFull) return reply.code(503).header("retry-after", "30").send("too many pages are open\n");
    reply.hijack();
    reply.raw.writeHead(200, {
      ...headers,
      "content-type": "text/event-stream; charset=utf-8",
      "x-accel-buffering": "no",
    });
    stream.add(reply.raw);
    return reply;
  });

  get("/search", async (request, reply) => {
    const { q } = request.query as Readonly<Record<string, unknown>>;
    const query = typeof q === "string" ? q.slice(0, searchCharactersMax) : "";
    const reader = look();
    if (reader === undefined)
      return sendMessage(reply, 503, "Search", "This instance does not lead: ask the one that does.");
    // One at a time: it is for people, and reads beside the service's own work.
    if (isSearching)
      return sendMessage(reply.header("retry-after", "3"), 503, "Search", "Another search is under way.");
    isSearching = true;
    try {
      const found = viewSearch(query, await reader.search(query));
      const shown = redactor.redactValue(found) as typeof found;
      return sendPage(reply, compiled().search({ title: "Search", query }, shown));
    } finally {
      isSearching = false;
    }
  });

  get("/entity", async (request, reply) => {
    const address = parseEntityAddress(request.query as Readonly<Record<string, unknown>>);
    const record = address === undefined ? undefined : await look()?.entity(address.owner, address.id);
    if (record === undefined) return sendMessage(reply, 404, "Entity", "Nothing is on record of this entity any more.");
    const entity = viewEntity(record);
    const shown = redactor.redactValue(entity) as typeof entity;
    return sendPage(reply, compiled().entity({ title: shown.subject }, shown));
  });
}
