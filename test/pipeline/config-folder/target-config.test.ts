/** Documents of the target branch: when they have to be read again, and what is read where Git has more than files. */
import { beforeEach, expect, it } from "vitest";
import { TargetConfig } from "../../../src/pipeline/config-folder/target-config.ts";
import type { ObjectId, TreeChange } from "../../../src/ports/git.ts";
import { FakeGitRemote } from "../../fakes/fake-git-remote.ts";
import { FakeGitRepository } from "../../fakes/fake-git-repository.ts";

let git: FakeGitRepository;
let tree: ObjectId | undefined;
let config: TargetConfig;

beforeEach(() => {
  git = new FakeGitRepository(new FakeGitRemote());
  tree = undefined;
  config = new TargetConfig(git, { path: "config", exclude: [], show: (path) => `config/${path}` });
});

/** Files as text, `{ link }` and `{ submodule }`; undefined removes. */
type Change = string | { readonly link: string } | "submodule" | undefined;

async function commit(files: Readonly<Record<string, Change>>): Promise<void> {
  const changes = Object.entries(files).map(([path, change]): TreeChange => {
    if (change === undefined) return { path, action: "delete" };
    if (change === "submodule") return { path, action: "place", id: "1".repeat(40), mode: "160000" };
    if (typeof change === "string") return { path, action: "write", text: change };
    return { path, action: "place", id: git.add({ type: "blob", text: change.link }), mode: "120000" };
  });
  ({ tree } = await git.writeCommit({ base: tree, changes, parents: [], message: "change", time: 0 }));
}

const read = async () =>
  (await config.read(tree)).map(({ path, text, fault }) => (fault === undefined ? `${path}=${text}` : `${path}!`));

it("changes with the folder, and with what its links lead to, and with nothing else", async () => {
  await commit({
    "config/a.yaml": "a",
    "config/b.yaml": { link: "../shared/b.yaml" },
    "shared/b.yaml": { link: "c" },
    "shared/c": "c",
  });
  const versions = [await config.version(tree)];
  expect(await read()).toEqual(["a.yaml=a", "b.yaml=c"]);
  // Reading changes nothing of it.
  expect(await config.version(tree)).toBe(versions[0]);
  await commit({ "rendered/x.yaml": "x", "shared/other": "o" });
  expect(await config.version(tree)).toBe(versions[0]);

  const steps: Record<string, Change>[] = [
    { "config/a.yaml": "a2" },
    { "shared/c": "c2" },
    { "shared/b.yaml": { link: "d" } },
    { "shared/d": "d" },
    { "shared/d": undefined },
  ];
  const seen = [];
  for (const step of steps) {
    await commit(step);
    versions.push(await config.version(tree));
    seen.push(await read());
  }
  expect(new Set(versions).size).toBe(versions.length);
  expect(seen.at(-2)).toEqual(["a.yaml=a2", "b.yaml=d"]);
  expect(seen.at(-1)).toEqual(["b.yaml!", "a.yaml=a2"]);
});

it("submodules in it are faults, and so is the folder that is one", async () => {
  await commit({ "config/a.yaml": "a", "config/team": "submodule" });
  expect(await read()).toEqual(["team!", "a.yaml=a"]);
  await commit({ "config/a.yaml": undefined, "config/team": undefined });
  await commit({ config: "submodule" });
  await expect(config.read(tree)).rejects.toMatchObject({ problem: { code: "CONFIG_MISSING" } });
});

it("is not there, in one version, until it is", async () => {
  await expect(config.read(undefined)).rejects.toMatchObject({ problem: { code: "CONFIG_MISSING" } });
  await commit({ "other.yaml": "a" });
  const missing = await config.version(tree);
  await expect(config.read(tree)).rejects.toMatchObject({ problem: { code: "CONFIG_MISSING" } });
  await commit({ "third.yaml": "a" });
  expect(await config.version(tree)).toBe(missing);
  await commit({ "config/a.yaml": "a" });
  expect(await config.version(tree)).not.toBe(missing);
  expect(await read()).toEqual(["a.yaml=a"]);
});

it("may be a link itself, whose folder counts", async () => {
  await commit({ config: { link: "conf/prod" }, "conf/prod/a.yaml": "a" });
  const before = await config.version(tree);
  expect(await read()).toEqual(["a.yaml=a"]);
  await commit({ "conf/prod/a.yaml": "b" });
  expect(await config.version(tree)).not.toBe(before);
  expect(await read()).toEqual(["a.yaml=b"]);
});
