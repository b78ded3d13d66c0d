/**
 * The local object store: a bare, shallow Git directory that is filled by `git fetch` and by our own packs. It is a cache: whatever
 * is wrong with it, it is made anew from the remote.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { SluiceError } from "../../model/problem.ts";
import type { ObjectId } from "../../ports/git.ts";
import { gitEnv, type ProgramEnv, type ProgramResult, runProgram } from "./git-program.ts";
import { readLooseObject } from "./loose-object.ts";
import { mergePacks } from "./merge-packs.ts";
import { type GitObject, hashObject } from "./object-id.ts";
import { encodePackIndex, type PackEntry, type PackLayout } from "./pack-bytes.ts";
import { PackFile } from "./pack-file.ts";
import { refName } from "./push-client.ts";
import { DamagedStoreError } from "./store-error.ts";

/** Raised when what is in the store, or how, changes: an older one is made anew. */
const storeVersion = 1;
const markerName = "sluice-store.json";

/** So many packs of so few objects each are made one, of no more than that many; fewer, where there are many in all. */
const smallPacksMax = 12;
const packsMax = 24;
const smallPackObjectsMax = 60_000;
const mergeObjectsMax = 120_000;

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
      else {
        store.#removeLeftovers();
        store.#writeConfig();
        store.loadPacks();
      }
    } catch (error) {
      const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
      if (!isMissing && !(error instanceof DamagedStoreError)) throw error;
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
    this.#writeConfig();
    // Last: without it the store counts as unfinished.
    writeFileSync(join(directory, markerName), JSON.stringify({ version: storeVersion, url }));
  }

  #writeConfig(): void {
    writeFileSync(join(this.#options.directory, "config"), storeConfig(this.#options.url));
  }

  /** What a crash left half done. */
  #removeLeftovers(): void {
    const folder = join(this.#objects, "pack");
    for (const name of readdirSync(folder)) if (name.startsWith("tmp_")) rmSync(join(folder, name), { force: true });
    rmSync(`${this.#options.directory}.new`, { recursive: true, force: true });
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
  async fetchBranches(branches: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, ObjectId>> {
    const refspecs = branches.map((branch) => `+${refName(branch)}:${trackingRef(branch)}`);
    await this.#fetch(["--depth=1", "--filter=blob:none", "origin", ...refspecs], signal);
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

  /** Brings a branch's newest commits here, without their trees. */
  async fetchHistory(branch: string, countMax: number, signal?: AbortSignal): Promise<void> {
    const refspec = `+${refName(branch)}:${trackingRef(branch)}`;
    await this.#fetch([`--depth=${countMax}`, "--filter=tree:0", "origin", refspec], signal);
  }

  /** Where a branch was when it was last fetched or pushed; undefined: nothing is known of it. */
  async trackedHead(branch: string): Promise<ObjectId | undefined> {
    const { code, stdout } = await this.#git(["rev-parse", "--verify", "--quiet", `${trackingRef(branch)}^{commit}`]);
    return code === 0 ? stdout.toString().trim() : undefined;
  }

  /** Brings single objects here that the filter left out. */
  async fetchObjects(ids: readonly ObjectId[], signal?: AbortSignal): Promise<void> {
    // Nothing is said of what is here: from a commit the server would conclude that its files are here too.
    const silently = ["-c", "fetch.negotiationAlgorithm=noop"];
    await this.#fetch(["--filter=blob:none", "--stdin", "origin"], signal, `${ids.join("\n")}\n`, silently);
  }

  async #fetch(
    args: readonly string[],
    signal: AbortSignal | undefined,
    input = "",
    config: readonly string[] = [],
  ): Promise<void> {
    const common = [
      "fetch",
      "--quiet",
      "--no-tags",
      "--no-write-fetch-head",
      "--recurse-submodules=no",
      "--no-auto-maintenance",
    ];
    const result = await this.#git([...config, ...common, ...args], input, await this.#options.fetchEnv(), signal);
    if (result.code !== 0) throw new FetchFailedError(result.stderr);
    this.loadPacks();
  }

  get packBytes(): number {
    return this.#packs.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get packCount(): number {
    return this.#packs.length;
  }

  /**
   * Makes one pack of the small ones where there are many; undefined: there aren't. Nothing changes until the answer is
   * called, which puts the new one in the place of the old. Others may read meanwhile.
   */
  async mergeSmallPacks(): Promise<(() => void) | undefined> {
    const small: PackFile[] = [];
    let objects = 0;
    for (const pack of this.#packs.toSorted((a, b) => a.index.count - b.index.count)) {
      objects += pack.index.count;
      if (pack.index.count > smallPackObjectsMax || objects > mergeObjectsMax) break;
      small.push(pack);
    }
    const enough = this.#packs.length > packsMax ? 2 : smallPacksMax;
    if (small.length < enough) return undefined;
    const temporary = join(this.#objects, "pack", `tmp_merge_${process.pid}`);
    await rm(temporary, { force: true });
    const { entries, checksum } = await mergePacks(small, temporary);
    return () => {
      if (!small.every((pack) => this.#packs.includes(pack))) return;
      this.#install(temporary, entries, checksum);
      for (const pack of small) this.#removePack(pack);
    };
  }

  #removePack(pack: PackFile): void {
    this.#packs = this.#packs.filter((other) => other !== pack);
    pack.close();
    for (const extension of [".idx", ".rev", ".promisor", ".pack"]) {
      rmSync(pack.path.replace(/\.pack$/, extension), { force: true });
    }
  }

  /** Gives a complete pack its name and index. */
  #install(path: string, entries: readonly PackEntry[], checksum: Buffer): void {
    const name = join(this.#objects, "pack", `pack-${checksum.toString("hex")}`);
    renameSync(path, `${name}.pack`);
    // What a remote has promised to have: its blobs need not all be here.
    writeFileSync(`${name}.promisor`, "");
    writeFileSync(path, encodePackIndex(entries, checksum), { mode: 0o444 });
    // The index comes last: a pack without one is nothing to git.
    renameSync(path, `${name}.idx`);
    if (!this.#packs.some((pack) => pack.index.path === `${name}.idx`))
      this.#packs.unshift(new PackFile(`${name}.idx`));
  }

  /**
   * Fetches the branches into a new store beside this one: history and what nobody needs any more stay behind. Nothing changes
   * until the answer is called, which puts it in this one's place.
   */
  async renew(branches: readonly string[], signal?: AbortSignal): Promise<() => Promise<void>> {
    const { directory } = this.#options;
    const next = new LocalStore({ ...this.#options, directory: `${directory}.new` });
    await next.rebuild();
    if (branches.length > 0) await next.fetchBranches(branches, signal);
    next.close();
    return async () => {
      this.close();
      await rm(directory, { recursive: true, force: true });
      await rename(`${directory}.new`, directory);
      this.loadPacks();
    };
  }

  /** Stores a pack that the remote has got, and where branches are now. */
  async addPack(layout: PackLayout, heads: ReadonlyMap<string, ObjectId>): Promise<void> {
    const temporary = join(this.#objects, "pack", `tmp_${layout.checksum.toString("hex")}`);
    await rm(temporary, { force: true });
    await writeWhole(temporary, layout.bytes);
    this.#install(temporary, layout.entries, layout.checksum);
    const present = [...heads].filter(([, id]) => this.has(id));
    const commands = present.map(([branch, id]) => `update ${trackingRef(branch)} ${id}\n`);
    const result = await this.#git(["update-ref", "--stdin"], commands.join(""));
    if (result.code !== 0) throw new DamagedStoreError(`the store's refs can't be updated: ${result.stderr}`);
  }

  async #git(
    args: readonly string[],
    input = "",
    moreEnv: ProgramEnv = {},
    signal?: AbortSignal,
  ): Promise<ProgramResult> {
    const { directory, fetchMsMax } = this.#options;
    const env = gitEnv({ ...moreEnv, GIT_DIR: directory });
    return runProgram("git", args, { env, input, durationMsMax: fetchMsMax, signal });
  }

  close(): void {
    for (const pack of this.#packs) pack.close();
    this.#packs = [];
  }
}

/** In one go: `writeFile` takes a turn of the event loop for each half a megabyte, and the objects stay in memory meanwhile. */
async function writeWhole(path: string, bytes: Buffer): Promise<void> {
  const file = await open(path, "wx", 0o444);
  try {
    for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
  } finally {
    await file.close();
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
