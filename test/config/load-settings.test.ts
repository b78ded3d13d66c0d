import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadSettings } from "../../src/config/load-settings.ts";
import { isSourcePlace, type Problem } from "../../src/model/problem.ts";

const file = "/etc/sluice/sluice.yaml";
const head = "apiVersion: sluice.dev/v1alpha1\nkind: Settings\n";
const minimal = `${head}repository: {url: https://git.example.com/a/b.git}\n`;

/** `CODE line:column` of each problem; warnings in brackets. */
function summarize(problems: readonly Problem[]): string[] {
  return problems.map(({ code, severity, at }) => {
    const place = at !== undefined && isSourcePlace(at) ? `${at.line}:${at.column}` : "?";
    return severity === "warning" ? `[${code} ${place}]` : `${code} ${place}`;
  });
}

describe("good settings", () => {
  it("of the least length have defaults for everything", () => {
    const { value, problems } = loadSettings(minimal, file);
    expect(problems).toEqual([]);
    expect(value).toEqual({
      file,
      fromSecrets: [],
      guard: { removals: 20, share: 0.5, additions: 1000, keepWithdrawnMinutes: 10_080, eventRemovals: 0 },
      name: "sluice",
      repository: {
        url: "https://git.example.com/a/b.git",
        branch: "main",
        pollMs: 10_000,
        auth: { kind: "none" },
        author: { name: "sluice", email: "sluice@localhost" },
      },
      config: { kind: "target", path: "config", exclude: [] },
      connections: [],
      output: { path: "rendered", shards: 0, secrets: "refuse", sops: {}, records: "full" },
      commit: { eventsMax: 1000, intervalMsMin: 0, per: "batch" },
      policy: [],
      checks: { kubernetes: "refuse" },
      compatibility: "strict",
      review: { mode: "push" },
      render: {},
      state: { branch: "sluice/state", directory: "/etc/sluice/state" },
    });
  });

  it("as in the design load, and nothing in them is without effect", () => {
    const text = readFileSync(new URL("../fixtures/settings/full.yaml", import.meta.url), "utf8");
    const { value, problems } = loadSettings(text, file);
    expect(summarize(problems)).toEqual([]);
    expect(value).toMatchObject({
      repository: {
        auth: {
          kind: "basic",
          username: { kind: "value", value: "x-access-token" },
          password: { kind: "env", name: "GIT_TOKEN", at: { line: 6, column: 46 } },
        },
        signing: { format: "ssh", key: { kind: "file", path: "/etc/sluice/key" } },
      },
      connections: [
        {
          name: "bus",
          file: "/etc/sluice/sveltos-nats.json",
          clusters: { requirements: [{ key: "env", operator: "In", values: ["production"] }] },
          connectTo: new Map([["nats.nats.svc.cluster.local:4222", "127.0.0.1:4222"]]),
          capture: { maxAgeMs: 72 * 3_600_000, maxBytes: 1024 ** 3 },
          at: { line: 12, column: 5 },
        },
      ],
      render: { seedKey: { kind: "file", path: "/run/seed" } },
      commit: { eventsMax: 10, intervalMsMin: 90_000, per: "event" },
      compatibility: "sveltos",
      state: { historyMinutesMax: 720 * 60 },
    });
  });

  const urls: [given: string, read: string][] = [
    ["git@host:a/b.git", "git@host:a/b.git"],
    ["ssh://git@host/a.git", "ssh://git@host/a.git"],
    ["./repo.git", "/etc/sluice/repo.git"],
    ["repo:8080/odd", "repo:8080/odd"],
    ["/srv/repo.git", "/srv/repo.git"],
    ["file:///srv/repo.git", "file:///srv/repo.git"],
  ];
  for (const [given, read] of urls) {
    it(`take ${given} as a repository`, () => {
      const { value, problems } = loadSettings(`${head}repository: {url: "${given}"}\n`, file);
      expect(problems).toEqual([]);
      expect(value?.repository.url).toBe(read);
    });
  }

  it.each([
    ["repository: {url: a, branch: a..b}", 3],
    ["repository: {url: a, branch: ' main'}", 3],
    ["repository: {url: a, branch: -x}", 3],
    ["repository: {url: a, branch: HEAD}", 3],
    ["repository: {url: a}\nstate: {branch: a/.b}", 4],
    ["repository: {url: a}\nstate: {branch: a.lock/b}", 4],
    ["repository: {url: a}\nstate: {branch: /a}", 4],
    ["repository: {url: a}\nstate: {branch: 'a*'}", 4],
    ["repository: {url: a}\nstate: {branch: main}", 4],
    ["repository: {url: a}\nstate: {branch: main/state}", 4],
    ["repository: {url: a, branch: env/prod}\nstate: {branch: env}", 4],
    ["repository: {url: a}\nreview: {mode: pull-request, forge: github}\nstate: {branch: sluice/review/all}", 5],
    ["repository: {url: a}\noutput: {path: config/rendered}", 4],
    ["repository: {url: a}\noutput: {path: c}\nconfig: {path: c/config}", 4],
    ["repository: {url: a}\noutput: {path: ./config/}", 4],
  ])("refuse branches and folders that can't be beside each other: %s", (text, line) => {
    const { problems } = loadSettings(`${head}${text}\n`, file);
    expect(problems).toContainEqual(
      expect.objectContaining({ code: "SETTINGS_INVALID", at: expect.objectContaining({ line }) }),
    );
  });

  it.each([
    "repository: {url: a, branch: env/prod}\nstate: {branch: bots/sluice}",
    "repository: {url: a}\nstate: {branch: mainstate}",
    "repository: {url: a}\nstate: {branch: sluice}",
    "repository: {url: a}\noutput: {path: configs}",
    "repository: {url: a}\noutput: {path: config/rendered}\nconfig: {directory: ./documents}",
  ])("take branches and folders that can: %s", (text) => {
    expect(loadSettings(`${head}${text}\n`, file).problems).toEqual([]);
  });

  const auths: [given: string, kind: string][] = [
    ["{token: {env: T}}", "bearer"],
    ["{sshKey: {file: k}, knownHosts: {file: h}}", "ssh"],
    ["{username: {env: U}, password: {file: p}}", "basic"],
  ];
  for (const [given, kind] of auths) {
    it(`take auth ${given} as ${kind}`, () => {
      const { value, problems } = loadSettings(`${head}repository: {url: a, auth: ${given}}\n`, file);
      expect(problems).toEqual([]);
      expect(value?.repository.auth.kind).toBe(kind);
    });
  }
});

describe("how a connection's servers are spoken to", () => {
  const connection = (more: string) => `${minimal}connections: [{name: bus, file: a.json, ${more}}]\n`;

  it.each([
    ["domain: hub", { domain: "hub" }],
    ["handshakeFirst: true", { handshakeFirst: true }],
    ["inboxPrefix: _INBOX_sluice.a", { inboxPrefix: "_INBOX_sluice.a" }],
  ])("%s", (given, expected) => {
    const { value, problems } = loadSettings(connection(given), file);
    expect(problems).toEqual([]);
    expect(value?.connections[0]).toMatchObject(expected);
  });

  it.each(["domain: a.b", "domain: '*'", "handshakeFirst: 1", "inboxPrefix: a.", "inboxPrefix: a.*"])(
    "not %s",
    (given) => {
      expect(loadSettings(connection(given), file).problems).toMatchObject([{ code: "SETTINGS_INVALID" }]);
    },
  );
});

describe("faults", () => {
  const cases: [name: string, text: string, problems: string[]][] = [
    ["an empty file", "", ["SETTINGS_INVALID 1:1"]],
    ["syntax", `${minimal}a: [`, ["DOCUMENT_SYNTAX 4:5"]],
    ["a second document", `${minimal}---\na: 1\n`, ["SETTINGS_INVALID 5:1"]],
    ["another apiVersion", minimal.replace("v1alpha1", "v9"), ["SETTINGS_INVALID 1:13"]],
    ["no repository", head, ["SETTINGS_INVALID 1:1"]],
    [
      "all at once, each at its place",
      `${minimal}colour: red\noutput:\n  shards: 3\n  secret: plain\n`,
      ["FIELD_UNKNOWN 4:1", "SETTINGS_INVALID 6:11", "FIELD_UNKNOWN 7:3"],
    ],
    [
      "a password in the file",
      `${head}repository:\n  url: a\n  auth: {username: u, password: hunter2}\n`,
      ["SETTINGS_INVALID 5:33"],
    ],
    [
      "a password that is two things",
      `${head}repository:\n  url: a\n  auth: {username: u, password: {env: a, file: b}}\n`,
      ["SETTINGS_INVALID 5:33"],
    ],
    ["a URL with credentials", `${head}repository: {url: "https://u:hunter2@host/a.git"}`, ["SETTINGS_INVALID 3:19"]],
    ["another transport", `${head}repository: {url: "ftp://host/a.git"}`, ["SETTINGS_INVALID 3:19"]],
    [
      "auth of two kinds",
      `${head}repository: {url: a, auth: {token: {env: a}, sshKey: {env: b}}}`,
      ["SETTINGS_INVALID 3:28"],
    ],
    ["half an auth", `${head}repository: {url: a, auth: {username: a}}`, ["SETTINGS_INVALID 3:28"]],
    ["config in two places", `${minimal}config: {path: a, directory: b}`, ["SETTINGS_INVALID 4:9"]],
    [
      "a folder outside the repository",
      `${minimal}config: {path: ../a}\noutput: {path: /b}`,
      ["SETTINGS_INVALID 4:16", "SETTINGS_INVALID 5:16"],
    ],
    ["a history that is too short", `${minimal}state: {history: 59m}`, ["SETTINGS_INVALID 4:18"]],
    ["a duration that is none", `${minimal}commit: {minInterval: 5}`, ["SETTINGS_INVALID 4:23"]],
    [
      "a connection's name twice",
      `${minimal}connections:\n- {name: a, file: b}\n- {name: a, file: c}\n`,
      ["SETTINGS_INVALID 6:10"],
    ],
    ["a connection without a file", `${minimal}connections:\n- {name: a}\n`, ["SETTINGS_INVALID 5:3"]],
    ["a bad name", `${minimal}connections:\n- {name: A/b, file: c}\n`, ["SETTINGS_INVALID 5:10"]],
    [
      "a selector without values",
      `${minimal}connections:\n- name: a\n  file: b\n  clusters:\n    matchExpressions:\n    - {key: k, operator: In}\n`,
      ["SETTINGS_INVALID 9:7"],
    ],
    [
      "an operator that is none",
      `${minimal}connections:\n- name: a\n  file: b\n  clusters:\n    matchExpressions:\n    - {key: k, operator: Is}\n`,
      ["SETTINGS_INVALID 9:26"],
    ],
  ];
  for (const [name, text, problems] of cases) {
    it(name, () => {
      const loaded = loadSettings(text, file);
      expect(summarize(loaded.problems)).toEqual(problems);
      expect(loaded.value).toBeUndefined();
      expect(JSON.stringify(loaded.problems)).not.toContain("hunter2");
    });
  }

  it("suggest the nearest known key", () => {
    const { problems } = loadSettings(`${minimal}conections: []`, file);
    expect(problems[0]?.hint).toContain("connections");
  });
});
