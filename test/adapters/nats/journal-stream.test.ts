/** What is received into a journal whose disk fails is not lost in silence. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type JournalFiles, machineFiles } from "../../../src/adapters/journal/journal-files.ts";
import { openJournal } from "../../../src/adapters/journal/open-journal.ts";
import { createHeldSubjects } from "../../../src/adapters/nats/held-subjects.ts";
import { createJournalStream } from "../../../src/adapters/nats/journal-stream.ts";
import { createFakeLog } from "../../fakes/fake-log.ts";
import { createFakeLink } from "../../fakes/fake-nats-link.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sluice-journal-stream-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it("says at its end how many messages the disk did not take, and how many had no room in memory", async () => {
  let isFull = false;
  const files: JournalFiles = {
    ...machineFiles,
    open: async (path, flags, mode) => {
      if (isFull && flags !== "r") throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC", syscall: "open" });
      return machineFiles.open(path, flags, mode);
    },
  };
  const log = createFakeLog();
  const stream = createJournalStream({
    connection: "bus",
    held: createHeldSubjects(),
    // Each message ends a segment.
    openJournal: (onTrouble) => openJournal(directory, { files, onTrouble, segmentBytesMax: 1, pendingBytesMax: 200 }),
    log,
  });
  const source = createFakeLink();
  stream.follow({ link: source.link, subjects: ["a"], excluded: [] });
  stream.receive();
  await expect.poll(() => source.bring).toBeDefined();
  source.bring?.("on disk");
  const journal = () => machineFiles.readdir(directory);
  await expect.poll(async () => (await journal()).filter((name) => name.endsWith(".journal"))).toHaveLength(1);
  isFull = true;
  for (const text of ["in memory", "in memory too"]) source.bring?.(text);
  source.bring?.("too much ".repeat(20));
  await stream.close();
  const errors = log.entries.filter(({ level }) => level === "error");
  expect(errors.map(({ message, fields }) => [message, fields?.messages])).toEqual([
    ["messages were lost: the journal had no room for them", 1],
    ["messages are lost, unless a push under way has landed: the disk did not take them", 2],
  ]);
});

it("says once what keeps the journal from being opened, however often that is tried", async () => {
  let tries = 0;
  const stream = createJournalStream({
    connection: "bus",
    held: createHeldSubjects(),
    openJournal: async () => {
      if (++tries < 4) throw Object.assign(new Error("EACCES"), { code: "EACCES", syscall: "open" });
      return openJournal(directory);
    },
    log: createFakeLog(),
  });
  stream.follow({ link: createFakeLink().link, subjects: ["a"], excluded: [] });
  const states: string[] = [];
  const ended = new AbortController();
  const reading = stream.read(undefined, ended.signal, ({ state }) => states.push(state));
  const first = reading[Symbol.asyncIterator]().next();
  await expect.poll(() => states.at(-1)).toBe("subscribed");
  expect(tries).toBe(4);
  expect(states).toEqual(["connecting", "degraded", "connecting", "subscribed"]);
  ended.abort();
  await first;
  await stream.close();
});
