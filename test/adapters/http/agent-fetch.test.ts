import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { GiteaCodeHost } from "../../../src/adapters/gitea/gitea-code-host.ts";
import { GithubCodeHost } from "../../../src/adapters/github/github-code-host.ts";
import { createAgentFetch } from "../../../src/adapters/http/agent-fetch.ts";
import { peerOf } from "../../../src/adapters/http/http-agent.ts";
import { createFakeClock } from "../../fakes/fake-clock.ts";
import { createFakeLog } from "../../fakes/fake-log.ts";

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** A proxy as companies have it: passes plain http on, opens tunnels, and writes down what for. */
async function serveProxy(refusal?: number) {
  const seen: string[] = [];
  const { server, url } = await serve((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers["proxy-authorization"] ?? "-"}`);
    response.writeHead(200, { "content-type": "application/json" }).end("[]");
  });
  server.on("connect", (request, socket) => {
    seen.push(`CONNECT ${request.url}`);
    if (refusal !== undefined) socket.end(`HTTP/1.1 ${refusal} Forbidden\r\n\r\n`);
    else {
      const { hostname, port } = new URL(`http://${request.url}`);
      const there = connect(Number(port), hostname, () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
      there.pipe(socket).pipe(there);
      for (const end of [there, socket]) end.on("error", () => undefined);
    }
  });
  return { url, seen };
}

describe("behind a proxy", () => {
  const log = createFakeLog();
  const forges = {
    github: (http: ReturnType<typeof createAgentFetch>, apiUrl: string) =>
      new GithubCodeHost({
        ...{ apiUrl, owner: "acme", repository: "fleet", log, http, auth: { kind: "token", token: () => "t" } },
        limits: { secondMs: 1, retriesMax: 0 },
      }),
    gitea: (http: ReturnType<typeof createAgentFetch>, apiUrl: string) =>
      new GiteaCodeHost({
        apiUrl,
        owner: "acme",
        repository: "fleet",
        token: () => "t",
        clock: createFakeClock(),
        http,
      }),
  };
  for (const [name, open] of Object.entries(forges)) {
    it(`${name}'s API is asked through it, with its credentials`, async () => {
      const proxy = await serveProxy();
      const env = { http_proxy: proxy.url.replace("//", "//me:secret@") };
      const host = open(createAgentFetch({ env }), "http://forge.invalid");
      await host.listOpenRequests("sluice/");
      host.close();
      expect(proxy.seen).toEqual([
        expect.stringMatching(/^GET http:\/\/forge\.invalid\/repos\/acme\/fleet\/pulls\?\S+ Basic bWU6c2VjcmV0$/),
      ]);
    });

    it(`${name} that the proxy refuses is unavailable`, async () => {
      const proxy = await serveProxy(403);
      const host = open(createAgentFetch({ env: { https_proxy: proxy.url } }), "https://forge.invalid");
      await expect(host.listOpenRequests("sluice/")).rejects.toMatchObject({
        problem: { code: "FORGE_UNAVAILABLE", message: expect.stringContaining("refuses a connection") },
      });
      host.close();
      expect(proxy.seen[0]).toBe("CONNECT forge.invalid:443");
    });
  }

  it("what is exempt goes straight", async () => {
    const proxy = await serveProxy();
    const { url } = await serve((_, response) => response.end("here"));
    const { fetch } = createAgentFetch({ env: { http_proxy: proxy.url, no_proxy: "127.0.0.1" } });
    expect(await (await fetch(url)).text()).toBe("here");
    expect(proxy.seen).toEqual([]);
  });
});

describe("as fetch does", () => {
  it("sends bodies and headers, and gives back status, headers and bytes", async () => {
    const { url } = await serve((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        response.writeHead(201, { link: "<next>", "set-cookie": ["a=1", "b=2"] });
        response.end(`${request.method} ${request.headers["x-a"]} ${Buffer.concat(chunks)}`);
      });
    });
    const { fetch, close } = createAgentFetch({ env: {} });
    const answer = await fetch(`${url}/x?y`, { method: "POST", headers: { "X-A": "1" }, body: "Grüße" });
    expect([answer.status, answer.headers.get("link"), answer.url]).toEqual([201, "<next>", `${url}/x?y`]);
    expect(await answer.text()).toBe("POST 1 Grüße");
    close();
  });

  it("follows redirects, without credentials to another place, unless told not to", async () => {
    const other = await serve((request, response) =>
      response.end(`${request.method} ${request.headers.authorization}`),
    );
    const { url } = await serve((request, response) => {
      if (request.url === "/there") response.end(`${request.method} ${request.headers.authorization}`);
      else
        response
          .writeHead(request.url === "/away" ? 301 : 307, { location: request.url === "/away" ? other.url : "/there" })
          .end();
    });
    const { fetch } = createAgentFetch({ env: {} });
    const init = { headers: { authorization: "token t" } };
    expect(await (await fetch(url, { ...init, method: "PATCH", body: "{}" })).text()).toBe("PATCH token t");
    expect(await (await fetch(`${url}/away`, init)).text()).toBe("GET undefined");
    expect((await fetch(url, { ...init, redirect: "manual" })).status).toBe(307);
  });

  it("gives back a redirect to what is no URL", async () => {
    const { url } = await serve((_request, response) => response.writeHead(302, { location: "http://[" }).end());
    const { fetch } = createAgentFetch({ env: {} });
    expect((await fetch(url)).status).toBe(302);
  });

  it("asks once more where an idle connection was closed, but tells nobody anything twice", async () => {
    let requests = 0;
    const { server, url } = await serve((request, response) => {
      requests++;
      request.resume();
      response.end("ok");
    });
    server.keepAliveTimeout = 1;
    const { fetch } = createAgentFetch({ env: {} });
    for (let round = 0; round < 5; round++) {
      await (await fetch(url)).text();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(requests).toBe(5);
  });

  it("ends when it is told to", async () => {
    const { url } = await serve(() => undefined);
    const stop = new AbortController();
    const asked = createAgentFetch({ env: {} }).fetch(url, { signal: stop.signal });
    setTimeout(() => stop.abort(), 20);
    await expect(asked).rejects.toThrow(/abort/i);
  });
});

it.each([
  ["https://api.example.com:6443", { host: "api.example.com", servername: "api.example.com" }],
  ["https://[fd00::1]:6443", { host: "fd00::1" }],
  ["https://10.0.0.1", { host: "10.0.0.1" }],
])("whose certificate is wanted through a tunnel: %s", (url, peer) => expect(peerOf(new URL(url))).toEqual(peer));
