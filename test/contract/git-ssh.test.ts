/** The Git adapter through the ssh program, for which a wrapper stands in that runs the command on this machine. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openGitRepository } from "../../src/adapters/git/open-git-repository.ts";
import { SluiceError } from "../../src/model/problem.ts";
import { GitSandbox, identity } from "../tools/git-sandbox.ts";
import { MemoryLog } from "../tools/memory-log.ts";

let sandbox: GitSandbox;
let seen: string;

beforeEach(() => {
  sandbox = new GitSandbox();
  seen = join(sandbox.folder, "arguments");
});

afterEach(() => {
  delete process.env.GIT_SSH;
  delete process.env.GIT_SSH_COMMAND;
  sandbox.remove();
});

/** Notes its arguments and what is in the files they name, then runs the last one, or says what it is told to. */
function installSsh(script = 'for last; do :; done; exec sh -c "$last"'): string {
  const path = join(sandbox.folder, "my ssh");
  const note = `for argument; do echo "$argument" >>'${seen}'; test -f "$argument" && cat "$argument" >>'${seen}'; done`;
  writeFileSync(path, `#!/bin/sh\n${note}\n${script}\n`, { mode: 0o755 });
  return path;
}

async function open(url = `ssh://git@example.com:2222${sandbox.remote}`) {
  return openGitRepository({
    url,
    directory: join(sandbox.folder, "store"),
    author: identity,
    auth: { kind: "ssh", key: async () => "THE KEY", knownHosts: async () => "example.com ssh-ed25519 AAAA" },
    log: new MemoryLog(),
  });
}

it("fetches and pushes with the key and hosts of the settings", async () => {
  process.env.GIT_SSH = installSsh();
  const head = sandbox.commitAsPerson("main", { a: "1", "it's": "2" });
  const repository = await open();
  await repository.fetchHeads(["main"]);
  const { tree } = await repository.readCommit(head);
  expect((await repository.readFiles(tree, ["a"])).get("a")).toBe("1");
  const changes = [{ path: "b", action: "write", text: "b" } as const];
  const { id } = await repository.writeCommit({ base: tree, changes, parents: [head], message: "m", time: 0 });
  expect((await repository.push([{ branch: "main", from: head, to: id }])).get("main")?.kind).toBe("pushed");
  await repository.close();
  expect(sandbox.headOf("main")).toBe(id);
  const lines = readFileSync(seen, "utf8").split("\n");
  expect(lines).toEqual(
    expect.arrayContaining(["-p", "2222", "git@example.com", `git-receive-pack '${sandbox.remote}'`, "THE KEY"]),
  );
  const key = lines[lines.indexOf("-i") + 1]!;
  expect(existsSync(key)).toBe(false);
});

it("honours GIT_SSH_COMMAND and scp-like URLs", async () => {
  process.env.GIT_SSH_COMMAND = `'${installSsh()}' -v`;
  const repository = await open(`git@example.com:${sandbox.remote}`);
  expect([...(await repository.fetchHeads(["main"]))]).toEqual([["main", undefined]]);
  await repository.close();
  expect(readFileSync(seen, "utf8").split("\n")[0]).toBe("-v");
});

it.each([
  { said: "git@example.com: Permission denied (publickey).", code: "GIT_AUTH" },
  { said: "Host key verification failed.", code: "GIT_AUTH" },
  { said: "ssh: connect to host example.com port 22: Connection refused", code: "GIT_UNAVAILABLE" },
])("explains $said", async ({ said, code }) => {
  process.env.GIT_SSH = installSsh(`echo '${said}' >&2; exit 255`);
  const repository = await open();
  const error = await repository.fetchHeads(["main"]).catch((caught: unknown) => caught);
  await repository.close();
  expect(error).toBeInstanceOf(SluiceError);
  expect((error as SluiceError).problem).toMatchObject({ code, message: expect.stringContaining(said) });
});
