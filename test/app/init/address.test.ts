/** What is made of a repository's address. */
import { expect, it } from "vitest";
import { readAddress } from "../../../src/app/init/address.ts";

it.each([
  ["https://github.com/acme/fleet.git", "https", "github.com", "acme", "https://github.com/acme/fleet.git"],
  ["http://gitea.local:3000/team/sub/fleet", "https", "gitea.local", "team", "http://gitea.local:3000/team/sub/fleet"],
  ["https://git.example.com/fleet.git", "https", "git.example.com", undefined, "https://git.example.com/fleet.git"],
  ["ssh://git@h.example:2222/acme/fleet", "ssh", "h.example", "acme", "ssh://git@h.example:2222/acme/fleet"],
  ["git@github.com:acme/fleet.git", "ssh", "github.com", "acme", "ssh://git@github.com/acme/fleet.git"],
  ["host.example:/srv/fleet", "ssh", "host.example", "srv", "ssh://host.example/srv/fleet"],
  ["/srv/git/fleet.git", "path", undefined, undefined, undefined],
  ["file:///srv/git/fleet.git", "path", undefined, undefined, undefined],
])("%s", (url, access, host, owner, hubUrl) => {
  expect({ host: undefined, owner: undefined, hubUrl: undefined, ...readAddress(url) }).toEqual({
    access,
    host,
    owner,
    hubUrl,
  });
});
