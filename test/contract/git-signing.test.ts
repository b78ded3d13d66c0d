/** Signed commits, as git itself verifies them. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openGitRepository } from "../../src/adapters/git/open-git-repository.ts";
import { SluiceError } from "../../src/model/problem.ts";
import { GitSandbox, identity } from "../tools/git-sandbox.ts";
import { MemoryLog } from "../tools/memory-log.ts";

let sandbox: GitSandbox;

beforeEach(() => {
  sandbox = new GitSandbox();
});

afterEach(() => sandbox.remove());

async function pushSigned(format: "ssh" | "openpgp", key: string): Promise<void> {
  const signing = { format, key: async () => key };
  const repository = await openGitRepository({
    url: sandbox.remote,
    directory: join(sandbox.folder, "store"),
    author: identity,
    signing,
    log: new MemoryLog(),
  });
  try {
    await repository.fetchHeads(["main"]);
    const changes = [{ path: "b", action: "write", text: "b" } as const];
    const { id } = await repository.writeCommit({
      base: undefined,
      changes,
      parents: [],
      message: "Grüße\n\nbody",
      time: 1_800_000_000_000,
    });
    expect((await repository.push([{ branch: "main", from: undefined, to: id }])).get("main")?.kind).toBe("pushed");
  } finally {
    await repository.close();
  }
  sandbox.fsck();
}

it("signs with an ssh key", async () => {
  const key = join(sandbox.folder, "id");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  await pushSigned("ssh", readFileSync(key, "utf8"));
  const allowed = join(sandbox.folder, "allowed");
  writeFileSync(allowed, `${identity.email} ${readFileSync(`${key}.pub`, "utf8")}`);
  sandbox.git(sandbox.remote, "-c", `gpg.ssh.allowedSignersFile=${allowed}`, "verify-commit", "main");
});

it("signs with an OpenPGP key", async () => {
  const home = join(sandbox.folder, "gnupg");
  mkdirSync(home, { mode: 0o700 });
  const env = { ...process.env, GNUPGHOME: home };
  const gpg = (...args: string[]) =>
    execFileSync("gpg", ["--batch", "--quiet", "--no-tty", ...args], {
      env,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  try {
    gpg("--passphrase", "", "--quick-generate-key", "Sluice <sluice@example.com>", "ed25519", "sign", "never");
    await pushSigned("openpgp", gpg("--armor", "--export-secret-keys"));
    execFileSync("git", ["verify-commit", "main"], { cwd: sandbox.remote, env, stdio: "ignore" });
  } finally {
    execFileSync("gpgconf", ["--kill", "all"], { env });
  }
});

it.each(["ssh", "openpgp"] as const)("makes no commit where it can't sign by %s", async (format) => {
  const error = await pushSigned(format, "no such key").catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(SluiceError);
  expect((error as SluiceError).problem.code).toBe("PROGRAM_FAILED");
  expect(sandbox.headOf("main")).toBeUndefined();
});
