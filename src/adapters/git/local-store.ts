/**
 * The local object store: a bare, shallow Git directory that is filled by `git fetch` and by our own packs. It is a cache: whatever
 * is wrong with it, it is made anew from the remote.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SluiceError } from "../../model/problem.ts";
import type { ObjectId } from "../../ports/git.ts";
import type { ProgramEnv, ProgramResult, ProgramRun } from "../../ports/program-runner.ts";
import type { ByteSource } from "./byte-source.ts";
import { gitEnv, runProgram } from "./git-program.ts";
import { readLooseObject } from "./loose-object.ts";
import { mergePacks } from "./merge-packs.ts";
import { type GitObject, hashObject } from "./object-id.ts";
import { encodePackIndex, type PackEntries, type PackLayout } from "./pack-bytes.ts";
import { PackFile } from "./pack-file.ts";
import { refName } from "./push-client.ts";
import { preparedStore, seedStore } from "./seed-store.ts";
import { DamagedStoreError, isDiskFault, isFileError, StoreDiskError, withStoreDisk } from "./store-error.ts";
import { machineFiles, type StoreFiles } from "./store-files.ts";

/** Raised when what is in the store, or how, changes: an older one is made anew. */
const storeVersion = 1;
const markerName = "sluice-store.json";

/** So many packs of so few objects each are made one, of no more than that many; fewer, where there are many in all. */
const smallPacksMax = 12;
const packsMax = 24;
const smallPackObjectsMax = 60_000;
const mergeObjectsMax = 120_000;

/** So much of a pack is written at a time. */
const writeBytesMin = 4 * 1024 * 1024;

/** Where a store goes that can't be in its own folder; the second is in memory. */
const usualFallbacks = [tmpdir(), "/dev/shm"];

export interface LocalStoreOptions {
  readonly directory: string;
  /** Default: the machine's. */
  readonly files?: StoreFiles;
  /** Folders in which a store of its own is made where `directory` can't be written, the first that can be. */
  readonly fallbacks?: readonly string[];
  /** Another store that one which has to be made takes over from, if it is of the same repository. */
  readonly seed?: string;
  /** Without credentials. */
  readonly url: string;
  /** What `git fetch` needs to get in: credentials, authorities, the ssh command. */
  fetchEnv(): Promise<ProgramEnv>;
  readonly fetchMsMax: number;
  /** A fetch that says nothing for so long is given up. */
  readonly silence: NonNullable<ProgramRun["silence"]>;
}

export class LocalStore {
  readonly #options: LocalStoreOptions;
  readonly #files: StoreFiles;
  /** Where it is: the settings' folder, or a makeshift one. */
  #directory: string;
  /** Most recently used first. */
  #packs: PackFile[] = [];

  private constructor(options: LocalStoreOptions) {
    this.#options = options;
    this.#files = options.files ?? machineFiles;
    this.#directory = options.directory;
  }

  get #objects(): string {
    return join(this.#directory, "objects");
  }

  /** Whether it is in a makeshift folder, the settings' one being impossible to write. */
  get isMakeshift(): boolean {
    return this.#directory !== this.#options.directory;
  }

  get directory(): string {
    return this.#directory;
  }

  /**
   * Opens the store; one that is missing, damaged or another repository's is made anew; where its folder can't be written, in a
   * makeshift one. Throws a SluiceError (DISK_UNAVAILABLE) where there is none that can be.
   */
  static async open(options: LocalStoreOptions): Promise<LocalStore> {
    const store = new LocalStore(options);
    const { directory, seed } = options;
    try {
      await store.#takePrepared();
      if (store.#isOurs(directory)) {
        store.#removeLeftovers();
        store.#writeConfig();
        store.loadPacks();
        return store;
      }
    } catch (error) {
      if (!isFileError(error) && !(error instanceof DamagedStoreError)) throw error;
    }
    await store.rebuild();
    if (seed !== undefined && store.#isOurs(seed)) await store.#takeFrom(seed);
    return store;
  }

  /** A store that was prepared for this place takes it. */
  async #takePrepared(): Promise<void> {
    const { directory } = this.#options;
    const prepared = preparedStore(directory);
    const isOurs = this.#isOurs(prepared);
    await this.#files.rm(isOurs ? directory : prepared, { recursive: true, force: true });
    if (isOurs) await this.#files.rename(prepared, directory);
  }

  /** Takes over what another store has; without it, it is fetched. */
  async #takeFrom(seed: string): Promise<void> {
    try {
      await seedStore(seed, this.#directory, this.#files);
      this.loadPacks();
    } catch (error) {
      if (!isFileError(error) && !(error instanceof DamagedStoreError)) throw error;
      await this.rebuild();
    }
  }

  /** Throws away what is there and starts empty; in a makeshift folder where that is not possible here. */
  async rebuild(): Promise<void> {
    this.close();
    const { directory } = this.#options;
    try {
      await this.#make(directory);
      this.#directory = directory;
    } catch (error) {
      if (!(error instanceof StoreDiskError)) throw error;
      await this.#makeElsewhere(error, (folder) => this.#make(folder), []);
    }
  }

  /**
   * Goes to another folder with those branches, fetched anew: this one can't be written any more. Nothing changes where that fails.
   * Throws a SluiceError (DISK_UNAVAILABLE) where no folder can be written, and what fetching throws.
   */
  async move(branches: readonly string[], cause: unknown, signal?: AbortSignal): Promise<void> {
    const fill = async (folder: string) => {
      await this.#make(folder);
      const next = new LocalStore({ ...this.#options, directory: folder });
      try {
        if (branches.length > 0) await next.fetchBranches(branches, signal);
      } finally {
        next.close();
      }
    };
    // Deleted is not full: what is gone can be made again.
    const { directory } = this.#options;
    const isGone = !this.#files.existsSync(join(directory, markerName));
    const before = this.#directory;
    await this.#makeElsewhere(cause, fill, isGone ? [directory] : []);
    this.#closePacks();
    if (before !== directory && before !== this.#directory)
      this.#files.rmSync(before, { recursive: true, force: true });
    this.loadPacks();
  }

  /** Makes the store in the first folder that takes it. */
  async #makeElsewhere(
    cause: unknown,
    make: (folder: string) => Promise<void>,
    first: readonly string[],
  ): Promise<void> {
    const { fallbacks = usualFallbacks } = this.#options;
    const reasons = [String((cause as Error).message)];
    for (const base of [...first, ...fallbacks]) {
      const isMakeshift = !first.includes(base);
      let folder: string | undefined;
      try {
        folder = isMakeshift ? this.#files.mkdtempSync(join(base, "sluice-git-")) : base;
        await make(folder);
        this.#directory = folder;
        return;
      } catch (error) {
        if (isMakeshift && folder !== undefined) this.#removeQuietly(folder);
        if (!isFileError(error) && !(error instanceof StoreDiskError)) throw error;
        reasons.push(error.message);
      }
    }
    throw new SluiceError(
      {
        code: "DISK_UNAVAILABLE",
        message: `the local Git store can't be written: ${reasons.join("; ")}`,
        hint: `Make room, or make ${this.#options.directory} writable. What is pushed stays in memory until then.`,
      },
      cause,
    );
  }

  #removeQuietly(folder: string): void {
    try {
      // A git that was ended may still write a last file.
      this.#files.rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
    } catch {
      // It is in a folder that is emptied now and then.
    }
  }

  async #make(directory: string): Promise<void> {
    const { url } = this.#options;
    const files = this.#files;
    await withStoreDisk(`${directory} can't be written`, async () => {
      await files.rm(directory, { recursive: true, force: true });
      await files.mkdir(directory, { recursive: true, mode: 0o700 });
      const result = await runProgram("git", ["init", "--quiet", "--bare", "--template=", directory], {
        env: gitEnv(),
        durationMsMax: 60_000,
      });
      if (result.code !== 0) {
        const message = `git init failed in ${directory}: ${result.stderr}`;
        if (isDiskFault(result.stderr) || /permission denied/i.test(result.stderr)) throw new StoreDiskError(message);
        throw new SluiceError({ code: "PROGRAM_FAILED", message });
      }
      files.mkdirSync(join(directory, "objects/pack"), { recursive: true });
      files.writeFileSync(join(directory, "config"), storeConfig(url));
      // Last: without it the store counts as unfinished.
      files.writeFileSync(join(directory, markerName), JSON.stringify({ version: storeVersion, url }));
    });
  }

  #writeConfig(): void {
    this.#files.writeFileSync(join(this.#directory, "config"), storeConfig(this.#options.url));
  }

  /** What a crash left half done. */
  #removeLeftovers(): void {
    const folder = join(this.#objects, "pack");
    for (const name of this.#files.readdirSync(folder)) {
      if (name.startsWith("tmp_")) this.#files.rmSync(join(folder, name), { force: true });
    }
    this.#files.rmSync(`${this.#directory}.new`, { recursive: true, force: true });
  }

  #isOurs(directory: string): boolean {
    try {
      const text = this.#files.readFileSync(join(directory, markerName)).toString();
      const { version, url } = JSON.parse(text) as { version?: unknown; url?: unknown };
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
      names = this.#files.readdirSync(folder).filter((name) => name.endsWith(".idx"));
    } catch (error) {
      throw new DamagedStoreError(`${folder} can't be read`, error);
    }
    const wanted = new Set(names.map((name) => join(folder, name)));
    for (const pack of this.#packs) if (!wanted.delete(pack.index.path)) pack.close();
    const still = new Set(names.map((name) => join(folder, name)));
    this.#packs = this.#packs.filter((pack) => still.has(pack.index.path));
    for (const path of wanted) this.#packs.unshift(new PackFile(path, this.#files));
  }

  /** The object, checked against its id; undefined: it isn't here. Throws DamagedStoreError. */
  read(id: ObjectId): GitObject | undefined {
    const object = this.#find(id) ?? readLooseObject(this.#objects, id, this.#files);
    if (object !== undefined && hashObject(object.type, object.body) !== id) {
      throw new DamagedStoreError(`object ${id} is not what its name says`);
    }
    return object;
  }

  has(id: ObjectId): boolean {
    return (
      this.#packs.some((pack) => pack.index.findOffset(id) !== undefined) ||
      readLooseObject(this.#objects, id, this.#files) !== undefined
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
    return this.trackedHeads(branches);
  }

  /** Where those branches were when they were last fetched or pushed, as far as that is known. */
  async trackedHeads(branches: readonly string[]): Promise<ReadonlyMap<string, ObjectId>> {
    const { stdout } = await this.#git(["for-each-ref", "--format=%(objectname) %(refname)"]);
    const lines = stdout.toString().split("\n");
    const refs = new Map(lines.map((line) => [line.slice(41), line.slice(0, 40)] as const));
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

  /** Brings an object here that no branch of ours leads to any more: a commit with its tree, or a tree with those below it. */
  async fetchFormer(type: "commit" | "tree", id: ObjectId, signal?: AbortSignal): Promise<void> {
    if (type === "tree") await this.fetchObjects([id], signal);
    else await this.#fetch(["--depth=1", "--filter=blob:none", "origin", id], signal);
  }

  /** Brings single trees here, without what is in them. */
  async fetchTrees(ids: readonly ObjectId[], signal?: AbortSignal): Promise<void> {
    const silently = ["-c", "fetch.negotiationAlgorithm=noop"];
    await this.#fetch(["--filter=tree:0", "--stdin", "origin"], signal, `${ids.join("\n")}\n`, silently);
  }

  async #fetch(
    args: readonly string[],
    signal: AbortSignal | undefined,
    input = "",
    config: readonly string[] = [],
  ): Promise<void> {
    const { fetchEnv, silence } = this.#options;
    const common = [
      "fetch",
      // It tells how far it has come: that is how one knows that something moves, whatever it speaks through.
      "--progress",
      "--no-tags",
      "--no-write-fetch-head",
      "--recurse-submodules=no",
      "--no-auto-maintenance",
    ];
    const run = { moreEnv: await fetchEnv(), signal, silence };
    const result = await this.#git([...config, ...common, ...args], input, run);
    if (result.code !== 0) {
      const said = withoutProgress(result.stderr);
      if (isDiskFault(said)) throw new StoreDiskError(`${this.#directory} can't be written: ${said}`);
      throw new FetchFailedError(said);
    }
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
    await this.#files.rm(temporary, { force: true });
    const { entries, checksum } = await mergePacks(small, temporary, this.#files);
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
      this.#files.rmSync(pack.path.replace(/\.pack$/, extension), { force: true });
    }
  }

  /** Gives a complete pack its name and index. */
  #install(path: string, entries: PackEntries, checksum: Buffer): void {
    const name = join(this.#objects, "pack", `pack-${checksum.toString("hex")}`);
    this.#files.renameSync(path, `${name}.pack`);
    // What a remote has promised to have: its blobs need not all be here.
    this.#files.writeFileSync(`${name}.promisor`, "");
    this.#files.writeFileSync(path, encodePackIndex(entries, checksum), { mode: 0o444 });
    // The index comes last: a pack without one is nothing to git.
    this.#files.renameSync(path, `${name}.idx`);
    if (!this.#packs.some((pack) => pack.index.path === `${name}.idx`))
      this.#packs.unshift(new PackFile(`${name}.idx`, this.#files));
  }

  /**
   * Fetches the branches into a new store beside this one: history and what nobody needs any more stay behind. Nothing changes
   * until the answer is called, which puts it in this one's place.
   */
  async renew(branches: readonly string[], signal?: AbortSignal): Promise<() => Promise<void>> {
    const directory = this.#directory;
    const next = new LocalStore({ ...this.#options, directory: `${directory}.new`, fallbacks: [] });
    await next.rebuild();
    if (branches.length > 0) await next.fetchBranches(branches, signal);
    next.close();
    return async () => {
      this.#closePacks();
      await this.#files.rm(directory, { recursive: true, force: true });
      await this.#files.rename(`${directory}.new`, directory);
      this.loadPacks();
    };
  }

  /**
   * Stores a pack that the remote has, and where branches are now. `shallow`: commits of it that came without those before them; git
   * would look for these.
   */
  async addPack(
    layout: PackLayout,
    heads: ReadonlyMap<string, ObjectId>,
    shallow: readonly ObjectId[] = [],
  ): Promise<void> {
    const temporary = join(this.#objects, "pack", `tmp_${layout.checksum.toString("hex")}`);
    await withStoreDisk(`${this.#directory} can't be written`, async () => {
      await this.#files.rm(temporary, { force: true });
      await this.#writeWhole(temporary, layout);
      this.#install(temporary, layout.entries, layout.checksum);
      if (shallow.length > 0) this.#addShallow(shallow.filter((id) => this.has(id)));
    });
    const present = [...heads].filter(([, id]) => this.has(id));
    const commands = present.map(([branch, id]) => `update ${trackingRef(branch)} ${id}\n`);
    const result = await this.#git(["update-ref", "--stdin"], commands.join(""));
    if (result.code === 0) return;
    const message = `the store's refs can't be updated: ${result.stderr}`;
    throw isDiskFault(result.stderr) ? new StoreDiskError(message) : new DamagedStoreError(message);
  }

  #addShallow(commits: readonly ObjectId[]): void {
    const path = join(this.#directory, "shallow");
    const before = this.#files.existsSync(path) ? this.#files.readFileSync(path).toString().split("\n") : [];
    const all = new Set([...before.filter((line) => line !== ""), ...commits]);
    const next = join(this.#directory, "shallow.next");
    this.#files.writeFileSync(next, [...all].map((id) => `${id}\n`).join(""));
    this.#files.renameSync(next, path);
  }

  async #git(
    args: readonly string[],
    input = "",
    { moreEnv = {}, ...more }: { readonly moreEnv?: ProgramEnv } & Pick<ProgramRun, "signal" | "silence"> = {},
  ): Promise<ProgramResult> {
    const { fetchMsMax } = this.#options;
    const env = gitEnv({ ...moreEnv, GIT_DIR: this.#directory });
    return runProgram("git", args, { env, input, durationMsMax: fetchMsMax, ...more });
  }

  /** In large steps: each takes a turn of the event loop, and the objects stay in memory meanwhile. */
  async #writeWhole(path: string, bytes: ByteSource): Promise<void> {
    const file = await this.#files.open(path, "wx", 0o444);
    const write = async (pieces: readonly Buffer[]) => {
      const some = Buffer.concat(pieces);
      for (let at = 0; at < some.length; ) at += (await file.write(some, at)).bytesWritten;
    };
    try {
      let gathered: Buffer[] = [];
      let size = 0;
      for (const piece of bytes.pieces()) {
        gathered.push(piece);
        size += piece.length;
        if (size < writeBytesMin) continue;
        await write(gathered);
        [gathered, size] = [[], 0];
      }
      await write(gathered);
    } finally {
      await file.close();
    }
  }

  close(): void {
    this.#closePacks();
    if (this.isMakeshift) this.#removeQuietly(this.#directory);
  }

  #closePacks(): void {
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

/** What git said besides how far it had come. */
export function withoutProgress(stderr: string): string {
  const isProgress = /^(?:remote: )?(?:Enumerating|Counting|Compressing|Receiving|Resolving|Unpacking|Total) .*\d/;
  return stderr
    .split(/[\r\n]+/)
    .filter((line) => !isProgress.test(line))
    .join("\n");
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
