/**
 * The local object store: a bare, shallow Git directory that is filled by `git fetch` and by our own packs. It is a cache: whatever
 * is wrong with it, it is made anew from the remote.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SluiceError } from "../../model/problem.ts";
import type { ObjectId } from "../../ports/git.ts";
import { gitEnv, type ProgramEnv, type ProgramResult, runProgram } from "./git-program.ts";
import { readLooseObject } from "./loose-object.ts";
import { type GitObject, hashObject } from "./object-id.ts";
import { encodePackIndex, type PackLayout } from "./pack-bytes.ts";
import { PackFile } from "./pack-file.ts";
import { refName } from "./push-client.ts";
import { DamagedStoreError } from "./store-error.ts";

/** Raised when what is in the store, or how, changes: an older one is made anew. */
const storeVersion = 1;
const markerName = "sluice-store.json";

export interface LocalStoreOptions {
  readonly directory: string;
  /** Without credentials. */
  readonly url: string;
  /** What `git fetch` needs to get in: credentials, authorities, the ssh command. */
  fetchEnv(): Promise<ProgramEnv>;
  readonly fetchMsMax: number;
}

export class LocalStore {
  readonly #options: LocalStoreOptions;
  readonly #objects: string;
  /** Most recently used first. */
  #packs: PackFile[] = [];

  private constructor(options: LocalStoreOptions) {
    this.#options = options;
    this.#objects = join(options.directory, "objects");
  }

  /** Opens the store; one that is missing, damaged or another repository's is made anew. */
  static async open(options: LocalStoreOptions): Promise<LocalStore> {
    const store = new LocalStore(options);
    try {
      if (!store.#isOurs()) await store.rebuild();
      else store.loadPacks();
    } catch (error) {
      if (!(error instanceof DamagedStoreError)) throw error;
      await store.rebuild();
    }
    return store;
  }

  /** Throws away what is there and starts empty. */
  async rebuild(): Promise<void> {
    const { directory, url } = this.#options;
    this.close();
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true });
    const result = await runProgram("git", ["init", "--quiet", "--bare", "--template=", directory], {
      env: gitEnv(),
      durationMsMax: 60_000,
    });
    if (result.code !== 0) {
      throw new SluiceError({ code: "PROGRAM_FAILED", message: `git init failed in ${directory}: ${result.stderr}` });
    }
    mkdirSync(join(this.#objects, "pack"), { recursive: true });
    writeFileSync(join(directory, "config"), storeConfig(url));
    // Last: without it the store counts as unfinished.
    writeFileSync(join(directory, markerName), JSON.stringify({ version: storeVersion, url }));
  }

  #isOurs(): boolean {
    try {
      const marker: unknown = JSON.parse(readFileSync(join(this.#options.directory, markerName), "utf8"));
      const { version, url } = marker as { version?: unknown; url?: unknown };
      return version === storeVersion && url === this.#options.url;
    } catch {
      return false;
    }
  }

  /** Opens packs that came, closes packs that went. Throws DamagedStoreError. */
  loadPacks(): void {
    const folder = join(this.#objects, "pack");
    let names: string[];
    try {
      names = readdirSync(folder).filter((name) => name.endsWith(".idx"));
    } catch (error) {
      throw new DamagedStoreError(`${folder} can't be read`, error);
    }
    const wanted = new Set(names.map((name) => join(folder, name)));
    for (const pack of this.#packs) if (!wanted.delete(pack.index.path)) pack.close();
    const still = new Set(names.map((name) => join(folder, name)));
    this.#packs = this.#packs.filter((pack) => still.has(pack.index.path));
    for (const path of wanted) this.#packs.unshift(new PackFile(path));
  }

  /** The object, checked against its id; undefined: it isn't here. Throws DamagedStoreError. */
  read(id: ObjectId): GitObject | undefined {
    const object = this.#find(id) ?? readLooseObject(this.#objects, id);
    if (object !== undefined && hashObject(object.type, object.body) !== id) {
      throw new DamagedStoreError(`object ${id} is not what its name says`);
    }
    return object;
  }

  has(id: ObjectId): boolean {
    return (
      this.#packs.some((pack) => pack.index.findOffset(id) !== undefined) ||
      readLooseObject(this.#objects, id) !== undefined
    );
  }

  #find(id: ObjectId): GitObject | undefined {
    for (const [position, pack] of this.#packs.entries()) {
      const object = pack.read(id, (base) => this.read(base));
      if (object === undefined) continue;
      if (position > 0) {
        this.#packs.splice(position, 1);
        this.#packs.unshift(pack);
      }
      return object;
    }
    return undefined;
  }

  /** Brings the branches' heads here with their trees; says where they are. */
  async fetchBranches(branches: readonly string[]): Promise<ReadonlyMap<string, ObjectId>> {
    const refspecs = branches.map((branch) => `+${refName(branch)}:${trackingRef(branch)}`);
    await this.#fetch(["--depth=1", "--filter=blob:none", "origin", ...refspecs]);
    const { stdout } = await this.#git(["for-each-ref", "--format=%(objectname) %(refname)"]);
    const refs = new Map(
      stdout
        .toString()
        .split("\n")
        .map((line) => [line.slice(41), line.slice(0, 40)] as const),
    );
    return new Map(
      branches.flatMap((branch) => {
        const id = refs.get(trackingRef(branch));
        return id === undefined ? [] : [[branch, id] as const];
      }),
    );
  }

  /** Brings single objects here that the filter left out. */
  async fetchObjects(ids: readonly ObjectId[]): Promise<void> {
    // Nothing is said of what is here: from a commit the server would conclude that its files are here too.
    const silently = ["-c", "fetch.negotiationAlgorithm=noop"];
    await this.#fetch(["--filter=blob:none", "--stdin", "origin"], `${ids.join("\n")}\n`, silently);
  }

  async #fetch(args: readonly string[], input = "", config: readonly string[] = []): Promise<void> {
    const common = [
      "fetch",
      "--quiet",
      "--no-tags",
      "--no-write-fetch-head",
      "--recurse-submodules=no",
      "--no-auto-maintenance",
    ];
    const result = await this.#git([...config, ...common, ...args], input, await this.#options.fetchEnv());
    if (result.code !== 0) throw new FetchFailedError(result.stderr);
    this.loadPacks();
  }

  /** Stores a pack that the remote has got, and where branches are now. */
  async addPack(layout: PackLayout, heads: ReadonlyMap<string, ObjectId>): Promise<void> {
    const name = join(this.#objects, "pack", `pack-${layout.checksum.toString("hex")}`);
    const temporary = join(this.#objects, "pack", `tmp_${layout.checksum.toString("hex")}`);
    await writeFile(temporary, layout.bytes, { mode: 0o444 });
    await rename(temporary, `${name}.pack`);
    // What a remote has promised to have: its blobs need not all be here.
    writeFileSync(`${name}.promisor`, "");
    writeFileSync(temporary, encodePackIndex(layout.entries, layout.checksum), { mode: 0o444 });
    // The index comes last: a pack without one is nothing to git.
    renameSync(temporary, `${name}.idx`);
    this.#packs.unshift(new PackFile(`${name}.idx`));
    const commands = [...heads].map(([branch, id]) => `update ${trackingRef(branch)} ${id}\n`);
    const result = await this.#git(["update-ref", "--stdin"], commands.join(""));
    if (result.code !== 0) throw new DamagedStoreError(`the store's refs can't be updated: ${result.stderr}`);
  }

  async #git(args: readonly string[], input = "", moreEnv: ProgramEnv = {}): Promise<ProgramResult> {
    const { directory, fetchMsMax } = this.#options;
    const env = gitEnv({ ...moreEnv, GIT_DIR: directory });
    return runProgram("git", args, { env, input, durationMsMax: fetchMsMax });
  }

  close(): void {
    for (const pack of this.#packs) pack.close();
    this.#packs = [];
  }
}

/** `git fetch` ended with an error: the remote's, the network's, or the store's. */
export class FetchFailedError extends Error {
  readonly stderr: string;

  constructor(stderr: string) {
    super(stderr);
    this.name = "FetchFailedError";
    this.stderr = stderr;
  }
}

function trackingRef(branch: string): string {
  return `refs/remotes/origin/${branch}`;
}

function storeConfig(url: string): string {
  const quoted = url.replace(/[\\"]/g, "\\$&");
  return `[core]
	repositoryformatversion = 1
	bare = true
	logAllRefUpdates = false
[extensions]
	partialClone = origin
[remote "origin"]
	url = "${quoted}"
	promisor = true
	partialclonefilter = blob:none
[fetch]
	unpackLimit = 1
[gc]
	auto = 0
[maintenance]
	auto = false
[protocol]
	version = 2
`;
}
