/**
 * The disk of a simulated machine, as a journal sees it: what was not synced a crash may take, and every call can fail.
 *
 * Written bytes are there at once and survive a crash once their file is synced; names survive once their folder is. After
 * a sync that failed nothing of the file is certain any more, however often it is synced again, unless it is emptied and
 * written anew.
 */
import type { JournalFile, JournalFiles } from "../../src/adapters/journal/journal-files.ts";
import type { FakeChance } from "../fakes/fake-chance.ts";

interface Inode {
  bytes: Buffer;
  /** What a crash leaves for certain. */
  durable: Buffer;
  isUncertain: boolean;
}

const faults = ["ENOSPC", "EIO", "EROFS", "EACCES", "EMFILE"] as const;

export interface DiskMachine {
  now(): number;
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** Passed before every call: of a machine that is gone it never comes back. */
  gate(): Promise<void>;
}

export class SimDisk {
  readonly #chance: FakeChance;
  #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  readonly #folders = new Set<string>();
  readonly #locks = new Set<string>();
  /** How likely a call fails. */
  trouble = 0;
  /** While it is full, or was mounted read-only, nothing can be written. */
  isFull = false;
  faults = 0;

  constructor(chance: FakeChance) {
    this.#chance = chance;
  }

  /** The machine loses its power, or its process is killed: only what is durable is sure to be there afterwards. */
  crash(): void {
    this.#locks.clear();
    for (const inode of new Set([...this.#names.values(), ...this.#durableNames.values()])) {
      const { bytes, durable } = inode;
      const isLonger = bytes.length > durable.length && bytes.subarray(0, durable.length).equals(durable);
      // Some of what was written last may have arrived.
      const kept = isLonger ? durable.length + this.#chance.below(bytes.length - durable.length + 1) : durable.length;
      inode.bytes = Buffer.from(isLonger ? bytes.subarray(0, kept) : durable);
      inode.durable = Buffer.from(inode.bytes);
      inode.isUncertain = false;
    }
    const names = new Map<string, Inode>();
    for (const path of new Set([...this.#names.keys(), ...this.#durableNames.keys()])) {
      const [now, then] = [this.#names.get(path), this.#durableNames.get(path)];
      const inode = now === then ? now : this.#chance.pick([now, then]);
      if (inode !== undefined) names.set(path, inode);
    }
    this.#names = names;
    this.#durableNames = new Map(names);
  }

  /** Whether no crash would take these bytes, which are in one file and whole: half a record is nothing. */
  isDurable(bytes: Uint8Array): boolean {
    return [...this.#durableNames.values()].some(({ durable }) => durable.includes(Buffer.from(bytes)));
  }

  /** The file system as one process of the machine sees it. */
  files(machine: DiskMachine): JournalFiles {
    const call = async (name: string, path: string, isWriting: boolean) => {
      await machine.gate();
      const isFault = this.trouble > 0 && this.#chance.next() < this.trouble;
      if (!isFault && !(isWriting && this.isFull)) return;
      this.faults++;
      throw fileError(isFault ? this.#chance.pick(faults) : "ENOSPC", name, path);
    };
    const folderOf = (path: string) => path.slice(0, path.lastIndexOf("/"));
    return {
      mkdir: async (path) => {
        await call("mkdir", path, true);
        for (let folder = path; folder !== ""; folder = folderOf(folder)) this.#folders.add(folder);
      },
      open: async (path, flags) => {
        const isWriting = flags !== "r";
        await call("open", path, isWriting);
        if (this.#folders.has(path)) return this.#folder(path, call);
        let inode = this.#names.get(path);
        if (inode === undefined && (flags === "r" || flags === "r+")) throw fileError("ENOENT", "open", path);
        inode ??= { bytes: Buffer.alloc(0), durable: Buffer.alloc(0), isUncertain: false };
        // All of it is written once more: nothing is left of what was uncertain.
        if (flags.startsWith("w")) Object.assign(inode, { bytes: Buffer.alloc(0), isUncertain: false });
        this.#names.set(path, inode);
        return openFile(inode, path, call, this.#chance);
      },
      readdir: async (path) => {
        await call("readdir", path, false);
        return [...this.#names.keys()]
          .filter((name) => folderOf(name) === path)
          .map((name) => name.slice(path.length + 1));
      },
      readText: async (path) => {
        await call("open", path, false);
        const inode = this.#names.get(path);
        if (inode === undefined) throw fileError("ENOENT", "open", path);
        return inode.bytes.toString("utf8");
      },
      rename: async (from, to) => {
        await call("rename", from, true);
        const inode = this.#names.get(from);
        if (inode === undefined) throw fileError("ENOENT", "rename", from);
        this.#names.delete(from);
        this.#names.set(to, inode);
      },
      unlink: async (path) => {
        await call("unlink", path, true);
        if (!this.#names.delete(path)) throw fileError("ENOENT", "unlink", path);
      },
      lock: async (directory) => {
        await machine.gate();
        if (this.#locks.has(directory)) throw new Error(`${directory} is locked`);
        this.#locks.add(directory);
        return {
          release: async () => {
            this.#locks.delete(directory);
          },
        };
      },
      sleep: (milliseconds, signal) => machine.sleep(milliseconds, signal),
      now: () => machine.now(),
      newEpoch: () => Array.from({ length: 4 }, () => hexWord(this.#chance)).join(""),
    };
  }

  #folder(path: string, call: Call): JournalFile {
    const refuse = () => Promise.reject(fileError("EISDIR", "read", path));
    const sync = async () => {
      await call("fsync", path, true);
      const isIn = (name: string) => name.slice(0, name.lastIndexOf("/")) === path;
      for (const name of this.#durableNames.keys()) if (isIn(name)) this.#durableNames.delete(name);
      for (const [name, inode] of this.#names) if (isIn(name)) this.#durableNames.set(name, inode);
    };
    const others = { read: refuse, write: refuse, readFile: refuse, writeFile: refuse, truncate: refuse, stat: refuse };
    return { ...others, sync, datasync: sync, close: async () => undefined };
  }
}

type Call = (name: string, path: string, isWriting: boolean) => Promise<void>;

function openFile(inode: Inode, path: string, call: Call, chance: FakeChance): JournalFile {
  const put = (bytes: Uint8Array, position: number) => {
    const grown = Buffer.alloc(Math.max(inode.bytes.length, position + bytes.length));
    inode.bytes.copy(grown);
    grown.set(bytes, position);
    inode.bytes = grown;
  };
  const sync = async () => {
    try {
      await call("fsync", path, true);
    } catch (error) {
      inode.isUncertain = true;
      throw error;
    }
    if (!inode.isUncertain) inode.durable = Buffer.from(inode.bytes);
  };
  return {
    read: async (into, offset, length, position) => {
      await call("read", path, false);
      const bytesRead = inode.bytes.copy(into, offset, position, Math.min(inode.bytes.length, position + length));
      return { bytesRead };
    },
    write: async (bytes, offset, length, position) => {
      // Half of it may be there where it fails, and fewer bytes be taken than were given.
      const part = length > 1 && chance.next() < 0.1 ? 1 + chance.below(length - 1) : length;
      try {
        await call("write", path, true);
      } catch (error) {
        if (chance.next() < 0.5) put(bytes.subarray(offset, offset + part), position);
        throw error;
      }
      put(bytes.subarray(offset, offset + part), position);
      return { bytesWritten: part };
    },
    readFile: async () => {
      await call("read", path, false);
      return Buffer.from(inode.bytes);
    },
    writeFile: async (text) => {
      await call("write", path, true);
      inode.bytes = Buffer.from(text);
    },
    truncate: async (length) => {
      await call("ftruncate", path, true);
      inode.bytes = Buffer.from(inode.bytes.subarray(0, length));
    },
    stat: async () => {
      await call("fstat", path, false);
      return { size: inode.bytes.length };
    },
    sync,
    datasync: sync,
    close: async () => undefined,
  };
}

function fileError(code: string, syscall: string, path: string): Error {
  return Object.assign(new Error(`${code}: it fails, ${syscall} '${path}'`), { code, syscall });
}

function hexWord(chance: FakeChance): string {
  return chance
    .below(2 ** 32)
    .toString(16)
    .padStart(8, "0");
}
