import { describe, expect, it } from "vitest";
import { loadSettings } from "../../src/config/load-settings.ts";
import { isSourcePlace } from "../../src/model/problem.ts";

const head = "apiVersion: sluice.dev/v1alpha1\nkind: Settings\n";
const token = "auth: {token: {env: TOKEN}}";

function load(repository: string, review: string, more = "") {
  const { value, problems } = loadSettings(`${head}repository: {${repository}}\nreview: ${review}\n${more}`, "/s.yaml");
  const faults = problems.map(({ code, at }) => {
    const place = at !== undefined && isSourcePlace(at) ? `${at.line}:${at.column}` : "?";
    return `${code} ${place}`;
  });
  return { value, faults };
}

describe("where a forge is follows from where Git is served", () => {
  const cases: [
    name: string,
    forge: string,
    url: string,
    place: [apiUrl: string, owner: string, repository: string],
  ][] = [
    ["github.com", "github", "https://github.com/acme/fleet.git", ["https://api.github.com", "acme", "fleet"]],
    ["github.com, scp-like", "github", "git@github.com:acme/fleet.git", ["https://api.github.com", "acme", "fleet"]],
    ["Enterprise", "github", "https://ghe.acme.test/acme/fleet", ["https://ghe.acme.test/api/v3", "acme", "fleet"]],
    [
      "Gitea on a port",
      "gitea",
      "http://127.0.0.1:3000/acme/fleet.git",
      ["http://127.0.0.1:3000/api/v1", "acme", "fleet"],
    ],
    [
      "Gitea below a path",
      "gitea",
      "https://acme.test/git/acme/fleet/",
      ["https://acme.test/git/api/v1", "acme", "fleet"],
    ],
    [
      "ssh on a port",
      "gitea",
      "ssh://git@acme.test:2222/acme/fleet.git",
      ["https://acme.test/api/v1", "acme", "fleet"],
    ],
  ];
  for (const [name, forge, url, [apiUrl, owner, repository]] of cases) {
    it(name, () => {
      const { value, faults } = load(`url: "${url}"`, `{mode: pull-request, forge: ${forge}, ${token}}`);
      expect(faults).toEqual([]);
      expect(value?.review).toMatchObject({ forge, place: { apiUrl, owner, repository } });
    });
  }

  it("unless it is said", () => {
    const said = "apiUrl: https://api.acme.test/v3/, repository: acme/fleet";
    const { value, faults } = load("url: ./fleet.git", `{mode: pull-request, forge: github, ${said}, ${token}}`);
    expect(faults).toEqual([]);
    expect(value?.review).toMatchObject({
      place: { apiUrl: "https://api.acme.test/v3", owner: "acme", repository: "fleet" },
    });
  });
});

describe("credentials", () => {
  const github = "url: https://github.com/acme/fleet.git";
  const review = "{mode: pull-request, forge: github}";

  it("of the repository serve for the forge too", () => {
    const { value } = load(`${github}, auth: {username: x, password: {env: TOKEN}}`, review);
    expect(value?.review).toMatchObject({ auth: { kind: "token", token: { kind: "env", name: "TOKEN" } } });
  });

  it("may be a GitHub App's, for both", () => {
    const app = "auth: {githubApp: {appId: 7, privateKey: {file: /key.pem}}}";
    const { value, faults } = load(`${github}, ${app}`, review);
    const place = { apiUrl: "https://api.github.com", owner: "acme", repository: "fleet" };
    const auth = { kind: "githubApp", appId: "7", privateKey: { kind: "file", path: "/key.pem" }, place };
    expect(faults).toEqual([]);
    expect(value?.repository.auth).toMatchObject(auth);
    expect(value?.review).toMatchObject({ auth });
  });
});

it("has defaults for everything else, and takes it all", () => {
  const url = "url: https://gitea.test/acme/fleet.git";
  expect(load(url, `{mode: pull-request, forge: gitea, ${token}}`).value?.review).toEqual({
    mode: "pull-request",
    grouping: "all",
    forge: "gitea",
    place: { apiUrl: "https://gitea.test/api/v1", owner: "acme", repository: "fleet" },
    auth: { kind: "token", token: { kind: "env", name: "TOKEN", at: expect.anything() } },
    labels: [],
    reviewers: [],
    assignees: [],
    isDraft: false,
    hold: "never",
    requestsMax: 20,
    intervalMsMin: 30_000,
    pollMs: 60_000,
  });
  const all = `{mode: pull-request, forge: gitea, ${token}, group: trigger, labels: [a], reviewers: [b, acme/c], assignees: [d],
    draft: true, hold: approved, autoMerge: squash, maxOpen: 3, minInterval: 5s, pollInterval: 10s}`;
  expect(load(url, all).value?.review).toMatchObject({
    grouping: "trigger",
    labels: ["a"],
    reviewers: ["b", "acme/c"],
    assignees: ["d"],
    isDraft: true,
    hold: "approved",
    autoMerge: "squash",
    requestsMax: 3,
    intervalMsMin: 5000,
    pollMs: 10_000,
  });
  expect(load(url, `{mode: pull-request, forge: gitea, ${token}, autoMerge: true}`).value?.review).toMatchObject({
    autoMerge: "merge",
  });
});

describe("faults", () => {
  const github = "url: https://github.com/acme/fleet.git";
  const cases: [name: string, repository: string, review: string, faults: string[]][] = [
    ["no forge", github, `{mode: pull-request, ${token}}`, ["SETTINGS_INVALID 4:9"]],
    ["a forge that nobody knows", github, `{mode: pull-request, forge: gitlab, ${token}}`, ["SETTINGS_INVALID 4:37"]],
    [
      "a path tells no forge",
      "url: ./x.git",
      `{mode: pull-request, forge: github, ${token}}`,
      ["SETTINGS_INVALID 4:9"],
    ],
    ["no credentials", github, "{mode: pull-request, forge: github}", ["SETTINGS_INVALID 4:9"]],
    [
      "an App on Gitea",
      "url: https://gitea.test/a/b",
      "{mode: pull-request, forge: gitea, auth: {githubApp: {appId: 1, privateKey: {file: k}}}}",
      ["SETTINGS_INVALID 4:50"],
    ],
  ];
  for (const [name, repository, review, faults] of cases) {
    it(name, () => {
      expect(load(repository, review).faults).toEqual(faults);
    });
  }
});

describe("webhooks", () => {
  const repository = "url: https://gitea.test/acme/fleet.git";
  const listen = (address: string) =>
    load(repository, "{}", `server: {webhooks: {address: "${address}", secret: {env: HOOK}}}\n`);

  it("listen where they are told to", () => {
    expect(listen("0.0.0.0:8081").value?.webhooks).toMatchObject({ host: "0.0.0.0", port: 8081 });
    expect(listen("[::1]:8081").value?.webhooks).toMatchObject({ host: "::1", port: 8081 });
  });

  it("need a port that there is, and a secret", () => {
    expect(listen("127.0.0.1").faults).toEqual(["SETTINGS_INVALID 5:30"]);
    expect(listen("127.0.0.1:70000").faults).toEqual(["SETTINGS_INVALID 5:30"]);
    expect(load(repository, "{}", 'server: {webhooks: {address: "a:1"}}\n').faults).toEqual(["SETTINGS_INVALID 5:10"]);
  });
});
