/** Disks that take half of what they are given, and that fail once: nothing of the journal is lost by that. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type JournalFile, type JournalFiles, machineFiles } from "../../../src/adapters/journal/journal-files.ts";
import { openJournal } from "../../../src/adapters/journal/open-journal.ts";
import type { Journal, JournalMark } from "../../../src/ports/journal.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sluice-journal-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** The machine's files, of which some calls are done otherwise. */
function filesWith(change: (file: JournalFile, path: string) => Partial<JournalFile>): JournalFiles {
  return {
    ...machineFiles,
    open: async (path, flags, mode) => {
      const file = await machineFiles.open(path, flags, mode);
      const changed = change(file, path);
      return new Proxy(file, {
        get: (target, key) => {
          const value: unknown = Reflect.get(changed, key) ?? Reflect.get(target, key);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    },
  };
}

const append = (journal: Journal, text: string) =>
  journal.append({ subject: "user", headers: new Map(), payload: Buffer.from(text) });

async function readAll(journal: Journal, from: JournalMark | undefined, count: number): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { payload } of journal.read(journal.behind(from), new AbortController().signal, ({ message }) => {
    throw new Error(message);
  })) {
    found.push(Buffer.from(payload).toString());
    if (found.length === count) break;
  }
  return found;
}

it("a disk that takes less than it is given has every header and record whole in the end", async () => {
  const files = filesWith((file) => ({
    write: (bytes, offset, length, position) => file.write(bytes, offset, Math.ceil(length / 2), position),
  }));
  const journal = await openJournal(directory, { files });
  append(journal, "one");
  append(journal, "two");
  await journal.close();
  const again = await openJournal(directory);
  await again.adopt(undefined);
  expect(await readAll(again, undefined, 2)).toEqual(["one", "two"]);
  await again.close();
});

it("what came before it was known where the checkpoint stands is kept where the disk fails then", async () => {
  const first = await openJournal(directory);
  append(first, "one");
  await first.flush();
  await first.adopt(undefined);
  await first.close();

  let fails = false;
  const files = filesWith((file) => ({
    read: async (into, offset, length, position) => {
      if (fails) throw Object.assign(new Error("EIO: it fails, read"), { code: "EIO", syscall: "read" });
      return file.read(into, offset, length, position);
    },
  }));
  const journal = await openJournal(directory, { files });
  append(journal, "two");
  append(journal, "three");
  await journal.flush();
  // The journal is put aside, and these have to be read out of it.
  const from = { epoch: "elsewhere", sequence: 3 };
  fails = true;
  await expect(journal.adopt(from)).rejects.toMatchObject({ problem: { code: "DISK_UNAVAILABLE" } });
  fails = false;
  expect(await journal.adopt(from)).toMatchObject({ entries: 3 });
  await journal.flush();
  expect(await readAll(journal, from, 2)).toEqual(["two", "three"]);
  await journal.close();
});

it("what a process that was killed wrote is synced before anything comes behind it, and tried again where that fails", async () => {
  const killed = await openJournal(directory);
  append(killed, "one");
  await killed.close();
  const synced: string[] = [];
  let fails = true;
  const sync = (path: string, call: () => Promise<void>) => async () => {
    synced.push(basename(path));
    if (fails) throw Object.assign(new Error("EIO: it fails, fsync"), { code: "EIO", syscall: "fsync" });
    await call();
  };
  const files = filesWith((file, path) => ({
    sync: sync(path, () => file.sync()),
    datasync: sync(path, () => file.datasync()),
  }));
  const journal = await openJournal(directory, { files });
  expect(synced).toEqual([]);
  append(journal, "two");
  await expect.poll(() => synced.length).toBe(2);
  fails = false;
  await journal.flush();
  const former = "0000000000000001.journal";
  expect(synced.slice(0, 4)).toEqual([former, former, former, "0000000000000002.journal.new"]);
  await journal.close();
});
