/** A refusal that means later, and one that means never. */
import { expect, it } from "vitest";
import { explainStatus } from "../../../src/adapters/git/http-error.ts";
import { explainProgramFailure } from "../../../src/adapters/git/remote-failure.ts";
import { explainGithubError } from "../../../src/adapters/github/github-error.ts";
import type { ErrorCode } from "../../../src/model/problem.ts";

interface Case {
  readonly name: string;
  readonly status: number;
  readonly said?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly git: ErrorCode;
  readonly forge: ErrorCode;
}

const cases: readonly Case[] = [
  { name: "429", status: 429, git: "GIT_UNAVAILABLE", forge: "FORGE_UNAVAILABLE" },
  {
    name: "403 that says so",
    status: 403,
    said: "API rate limit exceeded for user ID 1.",
    git: "GIT_UNAVAILABLE",
    forge: "FORGE_UNAVAILABLE",
  },
  {
    name: "403 of GitHub's secondary limit",
    status: 403,
    said: "You have exceeded a secondary rate limit.",
    git: "GIT_UNAVAILABLE",
    forge: "FORGE_UNAVAILABLE",
  },
  {
    name: "403 with no requests left",
    status: 403,
    headers: { "x-ratelimit-remaining": "0" },
    git: "GIT_UNAVAILABLE",
    forge: "FORGE_UNAVAILABLE",
  },
  {
    name: "403 with a time to wait",
    status: 403,
    headers: { "retry-after": "60" },
    git: "GIT_UNAVAILABLE",
    forge: "FORGE_UNAVAILABLE",
  },
  {
    name: "403 with requests left",
    status: 403,
    said: "Forbidden",
    headers: { "x-ratelimit-remaining": "12" },
    git: "GIT_AUTH",
    forge: "FORGE_AUTH",
  },
  { name: "401", status: 401, said: "Bad credentials", git: "GIT_AUTH", forge: "FORGE_AUTH" },
];

for (const { name, status, said = "", headers = {}, git, forge } of cases) {
  it(name, () => {
    const url = new URL("https://git.example.com/fleet.git");
    expect(explainStatus({ url, status, said, header: (key) => headers[key], hasCredentials: true }).problem.code).toBe(
      git,
    );
    const failure = Object.assign(new Error(said), {
      status,
      response: { headers },
      request: { method: "GET", url: String(url) },
    });
    expect(explainGithubError(failure, "https://api.github.com").problem.code).toBe(forge);
  });
}

it("the git program says it in its own words", () => {
  const code = (stderr: string) => explainProgramFailure(stderr, undefined).problem.code;
  expect(code("remote: You have exceeded a secondary rate limit.\nfatal: the requested URL returned error: 403")).toBe(
    "GIT_UNAVAILABLE",
  );
  expect(code("fatal: unable to access 'https://x/': The requested URL returned error: 429")).toBe("GIT_UNAVAILABLE");
  expect(code("fatal: unable to access 'https://x/': The requested URL returned error: 403")).toBe("GIT_AUTH");
});
