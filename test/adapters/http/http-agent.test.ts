import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { expect, it } from "vitest";
import { findProxy, openTunnel, routeThrough } from "../../../src/adapters/http/http-agent.ts";

const proxy = "http://proxy:3128/";

it.each([
  ["https://git.example.com/a", {}, undefined],
  ["https://git.example.com/a", { https_proxy: proxy }, proxy],
  ["https://git.example.com/a", { HTTPS_PROXY: "proxy:3128" }, proxy],
  ["https://git.example.com/a", { http_proxy: proxy }, undefined],
  ["http://git.example.com/a", { http_proxy: proxy }, proxy],
  ["http://git.example.com/a", { all_proxy: proxy }, proxy],
  ["http://git.example.com/a", { http_proxy: "", all_proxy: "" }, undefined],
  ["http://git.example.com/a", { http_proxy: proxy, no_proxy: "*" }, undefined],
  ["http://git.example.com/a", { http_proxy: proxy, no_proxy: "example.com" }, undefined],
  ["http://git.example.com/a", { http_proxy: proxy, NO_PROXY: "a.org, .example.com" }, undefined],
  ["http://git.example.com/a", { http_proxy: proxy, no_proxy: "ample.com" }, proxy],
  ["http://git.example.com/a", { http_proxy: proxy, no_proxy: "git.example.com:8080" }, proxy],
  ["http://git.example.com:8080/a", { http_proxy: proxy, no_proxy: "git.example.com:8080" }, undefined],
  ["https://[fd00::1]:6443/a", { https_proxy: proxy }, proxy],
  ["https://[fd00::1]:6443/a", { https_proxy: proxy, no_proxy: "fd00::1" }, undefined],
  ["https://[fd00::1]:6443/a", { https_proxy: proxy, no_proxy: "[fd00:0:0::1]" }, undefined],
  ["https://[fd00::1]:6443/a", { https_proxy: proxy, no_proxy: "[fd00::1]:6443" }, undefined],
  ["https://[fd00::1]:6443/a", { https_proxy: proxy, no_proxy: "[fd00::1]:443" }, proxy],
  ["https://[fd00::1]:6443/a", { https_proxy: proxy, no_proxy: "fd00::/8" }, undefined],
  ["https://[fd00::1]:6443/a", { https_proxy: proxy, no_proxy: "fe80::/10, ::1" }, proxy],
  ["https://10.1.2.3:6443/a", { https_proxy: proxy, no_proxy: "10.0.0.0/8" }, undefined],
  ["https://10.1.2.3:6443/a", { https_proxy: proxy, no_proxy: "10.1.2.3:6443" }, undefined],
  ["https://10.1.2.3:6443/a", { https_proxy: proxy, no_proxy: "11.0.0.0/8,10.0.0.0/x,10.0.0.0/40,2.3" }, proxy],
  ["https://git.example.com/a", { https_proxy: proxy, no_proxy: "10.0.0.0/8, ::/0" }, proxy],
])("for %s with %j", (url, env, found) => expect(findProxy(new URL(url), env)?.href).toBe(found));

it("does not pass over a proxy that it can't use", () => {
  expect(() => findProxy(new URL("http://a/"), { all_proxy: "socks5://proxy:1080" })).toThrow(/proxy/);
});

it.each([
  ["http://us%40er:p%3Ass@proxy:3128", "us@er:p:ss"],
  // Written as it is, as many do.
  ["http://user:100%@proxy:3128", "user:100%"],
])("shows %s the proxy's own credentials", (proxyUrl, pair) => {
  const { headers } = routeThrough(new URL("http://a/"), new URL(proxyUrl), {});
  expect(headers["proxy-authorization"]).toBe(`Basic ${Buffer.from(pair).toString("base64")}`);
});

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"));

it.runIf(hasIpv6)("a proxy at an IPv6 address is dialled, and asked for one by a server's own", async () => {
  const asked: string[] = [];
  const proxyServer = createServer((asking, response) => {
    asked.push(`${asking.method} ${asking.url}`);
    response.end();
  });
  proxyServer.on("connect", ({ method, url }, socket) => {
    asked.push(`${method} ${url}`);
    socket.end("HTTP/1.1 200 OK\r\n\r\n");
  });
  await once(proxyServer.listen(0, "::1"), "listening");
  const at = new URL(`http://[::1]:${(proxyServer.address() as AddressInfo).port}`);
  try {
    (await openTunnel(new URL("https://[fd00::1]:6443/"), at, {})).destroy();
    const sent = request({ ...routeThrough(new URL("http://[fd00::1]:8080/a"), at, {}), agent: false }).end();
    await once(sent, "response");
    sent.destroy();
  } finally {
    proxyServer.closeAllConnections();
    proxyServer.close();
  }
  expect(asked).toEqual(["CONNECT [fd00::1]:6443", "GET http://[fd00::1]:8080/a"]);
});
