/** The GitRepository contract, over the fake and over the adapter with a repository of this machine. */
import { join } from "node:path";
import { openGitRepository } from "../../src/adapters/git/open-git-repository.ts";
import type { GitRepository } from "../../src/ports/git.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import { FakeGitRepository } from "../fakes/fake-git-repository.ts";
import { GitSandbox, identity } from "../tools/git-sandbox.ts";
import { MemoryLog } from "../tools/memory-log.ts";
import { describeGitRepository } from "./git-repository-contract.ts";

describeGitRepository("the fake", async () => {
  const remote = new FakeGitRemote();
  return {
    openClone: async () => new FakeGitRepository(remote),
    commitAsPerson: (branch, files) => remote.commitAsPerson(branch, files),
    headOf: (branch) => remote.branches.get(branch),
    fileOf: (branch, path) => remote.file(branch, path),
    refuseRewinds: () => {
      remote.refusesRewinds = true;
    },
    close: async () => undefined,
  };
});

describeGitRepository("git receive-pack", async () => {
  const sandbox = new GitSandbox();
  const clones: GitRepository[] = [];
  return {
    openClone: async () => {
      const clone = await openGitRepository({
        url: sandbox.remote,
        directory: join(sandbox.folder, `store-${clones.length}`),
        author: identity,
        auth: { kind: "none" },
        log: new MemoryLog(),
      });
      clones.push(clone);
      return clone;
    },
    commitAsPerson: (branch, files) => sandbox.commitAsPerson(branch, files),
    headOf: (branch) => sandbox.headOf(branch),
    fileOf: (branch, path) => sandbox.fileOf(branch, path),
    refuseRewinds: () => sandbox.git(sandbox.remote, "config", "receive.denyNonFastForwards", "true"),
    close: async () => {
      for (const clone of clones) await clone.close();
      sandbox.remove();
    },
  };
});
