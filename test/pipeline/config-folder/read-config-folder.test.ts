import { describe, expect, it } from "vitest";
import { isSourcePlace, SluiceError } from "../../../src/model/problem.ts";
import { listConfigFolder, readConfigFolder } from "../../../src/pipeline/config-folder/read-config-folder.ts";
import { type MemoryEntry, MemoryFileTree } from "../../fakes/memory-file-tree.ts";

/** The files as `path=text`, and those that can't be read as `path! line:column`. */
async function read(entries: Record<string, MemoryEntry>, exclude: readonly string[] = [], path = "config") {
  const files = await readConfigFolder(new MemoryFileTree(entries), {
    path,
    exclude,
    show: (below) => `${path}/${below}`,
  });
  return files.map(({ path: file, text, fault }) => {
    if (fault === undefined) return `${file}=${text}`;
    expect(fault).toMatchObject({ code: "FILE_UNREADABLE", severity: "error" });
    const { at } = fault;
    return `${file}! ${at !== undefined && isSourcePlace(at) ? `${at.line}:${at.column}` : ""}`.replace(" 1:1", "");
  });
}

const latin = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

describe("which files are documents", () => {
  const cases: [name: string, entries: Record<string, MemoryEntry>, files: string[]][] = [
    [
      "by their endings, at any depth, in the order of their paths",
      {
        "config/b.yml": "b",
        "config/a/x.json": "x",
        "config/a.yaml": "a",
        "config/C.YAML": "c",
        "config/README.md": "r",
        "other/z.yaml": "z",
      },
      ["C.YAML=c", "a.yaml=a", "a/x.json=x", "b.yml=b"],
    ],
    [
      "not what begins with a dot",
      { "config/.git/a.yaml": "a", "config/.a.yaml": "a", "config/b.yaml": "b" },
      ["b.yaml=b"],
    ],
    [
      "a link within the repository is the file that it leads to",
      { "config/a.yaml": { link: "../shared/a.yaml" }, "shared/a.yaml": { link: "./b" }, "shared/b": "b" },
      ["a.yaml=b"],
    ],
    [
      "a link to a folder is that folder",
      { "config/team": { link: "../teams/x/" }, "teams/x/a.yaml": "a", "teams/x/y/b.yaml": "b" },
      ["team/a.yaml=a", "team/y/b.yaml=b"],
    ],
    [
      "a volume that Kubernetes mounted",
      { "config/a.yaml": { link: "..data/a.yaml" }, "config/..data": { link: "..2026" }, "config/..2026/a.yaml": "a" },
      ["a.yaml=a"],
    ],
    [
      "one real file counts once, by its own path where it has one in the folder",
      {
        "config/a.yaml": { link: "b.yaml" },
        "config/b.yaml": "b",
        "config/c.yaml": { link: "../x" },
        "config/d.yaml": { link: "../x" },
        x: "x",
      },
      ["b.yaml=b", "c.yaml=x"],
    ],
    ["the folder itself may be a link", { config: { link: "real/conf" }, "real/conf/a.yaml": "a" }, ["a.yaml=a"]],
    [
      "a folder above it may be a link within the repository",
      { config: { link: "real" }, "real/a.yaml": { link: "../x.yaml" }, "x.yaml": "x" },
      ["a.yaml=x"],
    ],
    ["a byte order mark is taken off", { "config/a.yaml": latin("\xef\xbb\xbfa") }, ["a.yaml=a"]],
  ];
  it.each(cases)("%s", async (_, entries, files) => {
    expect(await read(entries)).toEqual(files);
  });
});

describe("what can't be read is an error that has the place", () => {
  const good = { "config/z.yaml": "z" };
  const cases: [name: string, entries: Record<string, MemoryEntry>, fault: string][] = [
    ["link out of the repository", { "config/a.yaml": { link: "../../etc/passwd" } }, "a.yaml!"],
    ["absolute link", { "config/a.yaml": { link: "/etc/passwd" } }, "a.yaml!"],
    ["dangling link", { "config/a.yaml": { link: "nowhere.yaml" } }, "a.yaml!"],
    ["dangling link that may have been a folder", { "config/team": { link: "../teams" } }, "team!"],
    ["link through a file", { "config/a.yaml": { link: "z.yaml/a" } }, "a.yaml!"],
    [
      "links in a circle",
      { "config/a.yaml": { link: "b.yaml" }, "config/b.yaml": { link: "a.yaml" }, "config/.x": "" },
      "a.yaml!",
    ],
    ["link to a folder above", { "config/sub": { link: "." } }, "sub!"],
    ["link to the folder that it is in", { "config/sub/up": { link: ".." } }, "sub/up!"],
    ["link to a folder above the config folder", { "config/root": { link: "../" } }, "root!"],
    ["submodule", { "config/team": { kind: "submodule" } }, "team!"],
    ["link into a submodule", { "config/a.yaml": { link: "../mod/a.yaml" }, mod: { kind: "submodule" } }, "a.yaml!"],
    ["pipe", { "config/a.yaml": { kind: "other" } }, "a.yaml!"],
    [
      "pointer of Git LFS",
      { "config/a.yaml": "version https://git-lfs.github.com/spec/v1\noid sha256:1\n" },
      "a.yaml!",
    ],
    ["Latin-1", { "config/a.yaml": latin("a: 1\nname: M\xfcller\n") }, "a.yaml! 2:8"],
    ["a character cut at the end", { "config/a.yaml": latin("a: \xc3") }, "a.yaml! 1:4"],
    ["UTF-16", { "config/a.yaml": latin("\xff\xfea\0") }, "a.yaml!"],
    ["NUL", { "config/a.yaml": "a: \0" }, "a.yaml! 1:4"],
  ];
  it.each(cases)("%s", async (_, entries, fault) => {
    const files = await read({ ...good, ...entries });
    expect(files).toContain(fault);
    expect(files).toContain("z.yaml=z");
  });

  it("a pipe that is no document is nobody's business", async () => {
    expect(await read({ ...good, "config/control": { kind: "other" } })).toEqual(["z.yaml=z"]);
  });
});

describe("the folder itself", () => {
  const missing: [name: string, entries: Record<string, MemoryEntry>, path: string][] = [
    ["is not there", { "x.yaml": "x" }, "config"],
    ["is a file", { config: "x" }, "config"],
    ["leads out", { config: { link: "/etc" } }, "config"],
    ["lies behind a link that leads out", { a: { link: "../x" }, "b.yaml": "" }, "a/config"],
  ];
  it.each(missing)("CONFIG_MISSING where it %s", async (_, entries, path) => {
    const error = await read(entries, [], path).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SluiceError);
    expect((error as SluiceError).problem.code).toBe("CONFIG_MISSING");
  });

  it("may have no documents", async () => {
    expect(await read({ "config/README.md": "" })).toEqual([]);
  });
});

describe("what is left out", () => {
  const tree = {
    "config/a.yaml": "a",
    "config/chart/values.yaml": "v",
    "config/chart/templates/b.yaml": "b",
    "config/values.yaml": "w",
    "config/kustomization.yaml": "k",
    "config/out.yaml": { link: "/etc/passwd" },
  };
  const cases: [name: string, exclude: string[], ignored: Record<string, string>, files: string[]][] = [
    [
      "patterns of the settings",
      ["**/values.yaml", "chart/templates/", "out.yaml"],
      {},
      ["a.yaml=a", "kustomization.yaml=k"],
    ],
    [
      "a .sluiceignore, with comments",
      [],
      { "config/.sluiceignore": "# c\nchart\n/values.yaml\nout.yaml\n" },
      ["a.yaml=a", "kustomization.yaml=k"],
    ],
    [
      "one deeper down decides for its folder",
      [],
      {
        "config/.sluiceignore": "values.yaml\nout.yaml\nkustomization.yaml\ntemplates\n",
        "config/chart/.sluiceignore": "!values.yaml\n",
      },
      ["a.yaml=a", "chart/values.yaml=v"],
    ],
    [
      "what is in a folder that is left out can't be taken back",
      ["out.yaml"],
      { "config/.sluiceignore": "chart/\n!chart/values.yaml\n/*.yaml\n!a.yaml\n" },
      ["a.yaml=a"],
    ],
    [
      "what the settings leave out stays out",
      ["values.yaml", "out.yaml", "k*", "templates"],
      { "config/.sluiceignore": "!values.yaml\n" },
      ["a.yaml=a"],
    ],
  ];
  it.each(cases)("%s", async (_, exclude, ignored, files) => {
    expect(await read({ ...tree, ...ignored }, exclude)).toEqual(files);
  });

  it("a .sluiceignore that can't be read leaves its folder as it was", async () => {
    const entries = { ...tree, "config/out.yaml": "o", "config/chart/.sluiceignore": { link: "/etc/passwd" } };
    expect(await read(entries)).toEqual(["chart!", "a.yaml=a", "kustomization.yaml=k", "out.yaml=o", "values.yaml=w"]);
  });
});

it("looks at no folder but those on the way and in the config folder", async () => {
  const tree = new MemoryFileTree({
    "config/a.yaml": "a",
    "rendered/x/y.yaml": "y",
    "config/b.yaml": { link: "../s/b.yaml" },
    "s/b.yaml": "b",
  });
  const { followed } = await listConfigFolder(tree, { path: "config", exclude: [], show: (path) => path });
  expect(tree.listed).toEqual(["", "config", "s"]);
  expect(followed).toEqual(["config/b.yaml", "s/b.yaml"]);
});
