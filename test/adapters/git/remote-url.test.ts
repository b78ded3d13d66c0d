import { expect, it } from "vitest";
import { parseRemoteUrl } from "../../../src/adapters/git/remote-url.ts";
import { SluiceError } from "../../../src/model/problem.ts";

it.each([
  ["/srv/fleet.git", { kind: "path", path: "/srv/fleet.git" }],
  ["file:///srv/a%20b.git", { kind: "path", path: "/srv/a b.git" }],
  ["https://git.example.com/acme/fleet.git", { kind: "http", url: "https://git.example.com/acme/fleet.git" }],
  ["http://localhost:3000/a/", { kind: "http", url: "http://localhost:3000/a" }],
  [
    "ssh://git@example.com:2222/acme/fleet.git",
    { kind: "ssh", user: "git", host: "example.com", port: 2222, path: "/acme/fleet.git" },
  ],
  ["ssh://example.com/~ada/fleet.git", { kind: "ssh", host: "example.com", path: "~ada/fleet.git" }],
  ["git@example.com:acme/fleet.git", { kind: "ssh", user: "git", host: "example.com", path: "acme/fleet.git" }],
  ["example.com:fleet.git", { kind: "ssh", host: "example.com", path: "fleet.git" }],
  ["git@[::1]:fleet.git", { kind: "ssh", host: "::1", path: "fleet.git" }],
])("understands %s", (url, parsed) => expect(parseRemoteUrl(url)).toMatchObject(parsed));

it.each([
  "",
  "fleet.git",
  "./fleet.git",
  "ftp://example.com/fleet.git",
  "ext::sh -c evil",
  "https://user:secret@example.com/fleet.git",
  "https://token@example.com/fleet.git",
  "https://example.com/fleet.git?token=secret",
  "ssh://git:secret@example.com/fleet.git",
  "ssh://-oProxyCommand=evil/fleet.git",
  "-oProxyCommand=evil:fleet.git",
  "git@example.com:-evil",
  "ssh://",
  "ssh://example.com/%zzsecret",
  "ssh://secret%ff@example.com/a",
  "file://elsewhere/secret.git",
  "file:///secret%ff.git",
])("refuses %s without repeating it", (url) => {
  let problem: SluiceError["problem"] | undefined;
  try {
    parseRemoteUrl(url);
  } catch (error) {
    if (error instanceof SluiceError) problem = error.problem;
  }
  expect(problem?.code).toBe("GIT_INVALID");
  expect(JSON.stringify(problem)).not.toContain("secret");
});
