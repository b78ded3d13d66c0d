/** A state.directory that changes while the last change is still being followed: the journal ends up where the last one says. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type JournalFiles, machineFiles } from "../../../src/adapters/journal/journal-files.ts";
import { openJournal } from "../../../src/adapters/journal/open-journal.ts";
import { createHeldSubjects } from "../../../src/adapters/nats/held-subjects.ts";
import { createJournalStream } from "../../../src/adapters/nats/journal-stream.ts";
import { createFakeLog } from "../../fakes/fake-log.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sluice-moves-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const segmentsIn = async (folder: string) =>
  (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".journal")).length;

const streamOf = (folder: string, files: JournalFiles) =>
  createJournalStream({
    connection: "bus",
    held: createHeldSubjects(),
    openJournal: (onTrouble) => openJournal(folder, { files, onTrouble }),
    log: createFakeLog(),
  });

it("comes back to where it was, also while it is being copied away", async () => {
  const [first, second] = [join(directory, "first"), join(directory, "second")];
  const before = await openJournal(first);
  await before.adopt(undefined);
  before.append({ subject: "user", headers: new Map(), payload: Buffer.from("unread") });
  await before.close();
  const locked: string[] = [];
  // A disk that takes its time.
  const files: JournalFiles = {
    ...machineFiles,
    lock: (folder) => {
      locked.push(folder);
      return machineFiles.lock(folder);
    },
    open: async (path, flags, mode) => {
      if (flags === "w" && path.startsWith(second)) await sleep(100);
      return machineFiles.open(path, flags, mode);
    },
  };
  const stream = streamOf(first, files);
  stream.move(second);
  await expect.poll(() => locked).toContain(second);
  stream.move(first);
  await expect.poll(() => locked).toEqual([first, second, first]);
  await expect.poll(async () => [await segmentsIn(first), await segmentsIn(second)]).toEqual([1, 0]);
  await stream.close();
});

it("is closed while it is moved, and holds neither folder afterwards", async () => {
  const [first, second] = [join(directory, "first"), join(directory, "second")];
  const files: JournalFiles = {
    ...machineFiles,
    lock: async (folder) => {
      const lock = await machineFiles.lock(folder);
      // The folder is locked, and who moves there does not know it yet.
      if (folder === second) await sleep(100);
      return lock;
    },
  };
  const stream = streamOf(first, files);
  stream.move(second);
  await sleep(50);
  await stream.close();
  for (const folder of [first, second]) await (await openJournal(folder)).close();
});
