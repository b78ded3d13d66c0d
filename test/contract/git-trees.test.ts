/** Trees of random batches against git's own, as the oracle. */
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { hashObject } from "../../src/adapters/git/object-id.ts";
import { openGitRepository } from "../../src/adapters/git/open-git-repository.ts";
import type { GitRepository, TreeChange } from "../../src/ports/git.ts";
import { casesOf } from "../tools/cases-of.ts";
import { GitSandbox, identity } from "../tools/git-sandbox.ts";
import { MemoryLog } from "../tools/memory-log.ts";

/** What a tree holds, flat: the model that git's index is filled from. */
type Files = ReadonlyMap<string, { readonly mode: string; readonly id: string }>;

const names = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      "a",
      "b",
      "a-b",
      "a.b",
      "a0",
      "ab",
      "A",
      "é",
      "日本",
      "𝒳",
      "\uffee",
      " ",
      "x y",
      "\t",
      "'",
      '"',
      "a\nb",
      "-",
    ),
  },
  {
    weight: 1,
    arbitrary: fc.stringMatching(/^[^/\\\0.]{1,60}$/u).filter((name) => name.isWellFormed() && !/^git~/i.test(name)),
  },
);
const paths = fc.array(names, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/"));
const deepPaths = fc
  .integer({ min: 1, max: 60 })
  .map((depth) => Array.from({ length: depth }, (_, level) => `d${level % 3}`).join("/"));

interface Step {
  readonly path: string;
  readonly action: "write" | "delete" | "place";
  readonly text: string;
  /** Which of the things that were there before is placed. */
  readonly pick: number;
}

const steps = fc.record({
  path: fc.oneof({ weight: 8, arbitrary: paths }, { weight: 1, arbitrary: deepPaths }),
  action: fc.constantFrom("write", "write", "delete", "place"),
  text: fc.oneof(fc.string({ maxLength: 20 }), fc.string({ minLength: 200, maxLength: 3000 })),
  pick: fc.nat(),
}) as fc.Arbitrary<Step>;

/** Five batches one after the other; sixty runs make three hundred. */
const histories = fc.array(fc.array(steps, { minLength: 1, maxLength: 25 }), { minLength: 5, maxLength: 5 });

let sandbox: GitSandbox;
let repository: GitRepository;
let branches = 0;

beforeAll(async () => {
  sandbox = new GitSandbox();
  repository = await openGitRepository({
    url: sandbox.remote,
    directory: join(sandbox.folder, "store"),
    author: identity,
    auth: { kind: "none" },
    log: new MemoryLog(),
  });
});

afterAll(async () => {
  await repository.close();
  sandbox.remove();
});

it("makes the trees that git makes", { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      const branch = `run-${branches++}`;
      let files: Files = new Map();
      let head: string | undefined;
      let tree: string | undefined;
      for (const batch of history) {
        const changes = toChanges(batch, files, tree);
        const base = tree;
        const parents = head === undefined ? [] : [head];
        const written = await repository.writeCommit({
          base,
          changes,
          parents,
          message: "batch",
          time: 1_800_000_000_000,
        });
        const outcomes = await repository.push([{ branch, from: head, to: written.id }]);
        expect(outcomes.get(branch)?.kind).toBe("pushed");
        files = applyChanges(files, changes, written.tree);
        expect(written.tree).toBe(writeTreeByGit(files));
        head = written.id;
        tree = written.tree;
      }
    }),
    { numRuns: casesOf(60), endOnFailure: true },
  );
  sandbox.fsck();
  const clone = join(sandbox.folder, "clone");
  sandbox.git(sandbox.folder, "clone", "-q", "--no-checkout", sandbox.remote, clone);
  expect(sandbox.git(clone, "rev-list", "--objects", "--all").length).toBeGreaterThan(0);
});

/** Each path once and none below another: what the port asks for. */
function toChanges(batch: readonly Step[], files: Files, tree: string | undefined): TreeChange[] {
  const changes = new Map<string, TreeChange>();
  for (const { path, action, text, pick } of batch) {
    const clashes = [...changes.keys()].some((other) => isWithin(path, other) || isWithin(other, path));
    if (clashes) continue;
    if (action === "write") changes.set(path, { path, action, text });
    else if (action === "delete")
      changes.set(existing(files, pick, path, changes), { path: existing(files, pick, path, changes), action });
    else if (tree !== undefined && pick % 4 === 0) changes.set(path, { path, action, id: tree, mode: "40000" });
    else {
      const [, file] = [...files][pick % Math.max(1, files.size)] ?? [];
      if (file !== undefined) changes.set(path, { path, action, ...file });
    }
  }
  return [...changes.values()].slice(0, 30);
}

/** Deletes mostly aim at what is there: a file, or one of the folders above it. */
function existing(files: Files, pick: number, otherwise: string, taken: ReadonlyMap<string, TreeChange>): string {
  const [path] = [...files.keys()].slice(pick % Math.max(1, files.size));
  if (path === undefined) return otherwise;
  const parts = path.split("/");
  const aim = parts.slice(0, 1 + (pick % parts.length)).join("/");
  return [...taken.keys()].some((other) => isWithin(aim, other) || isWithin(other, aim)) ? otherwise : aim;
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

function applyChanges(files: Files, changes: readonly TreeChange[], newTree: string): Files {
  const result = new Map(files);
  for (const change of changes) {
    const { path } = change;
    // Deleting below a file takes nothing away; writing does.
    for (const other of files.keys()) {
      if (isWithin(other, path) || (change.action !== "delete" && isWithin(path, other))) result.delete(other);
    }
    if (change.action === "delete") continue;
    if (change.action === "place" && change.mode === "40000") {
      for (const [name, file] of files) result.set(`${path}/${name}`, file);
    } else if (change.action === "place") {
      result.set(path, { mode: change.mode, id: change.id });
    } else {
      const id = hashObject("blob", Buffer.from(change.text));
      result.set(path, { mode: "100644", id });
    }
  }
  expect(newTree).toMatch(/^[0-9a-f]{40}$/);
  return result;
}

function writeTreeByGit(files: Files): string {
  sandbox.git(sandbox.remote, "read-tree", "--empty");
  const lines = [...files].map(([path, { mode, id }]) => `${mode} ${id}\t${path}\0`);
  sandbox.gitWithInput(sandbox.remote, lines.join(""), "update-index", "-z", "--index-info");
  return sandbox.git(sandbox.remote, "write-tree");
}
