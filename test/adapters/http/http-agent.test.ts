import { expect, it } from "vitest";
import { findProxy } from "../../../src/adapters/http/http-agent.ts";

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
])("for %s with %j", (url, env, found) => expect(findProxy(new URL(url), env)?.href).toBe(found));

it("does not pass over a proxy that it can't use", () => {
  expect(() => findProxy(new URL("http://a/"), { all_proxy: "socks5://proxy:1080" })).toThrow(/proxy/);
});
