import { mkdir, mkdtemp, readdir, readFile, rm, rmdir, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { journalOf } from "../../../src/adapters/journal/epoch.ts";
import { type JournalOptions, openJournal } from "../../../src/adapters/journal/open-journal.ts";
import type { Problem } from "../../../src/model/problem.ts";
import type { Journal, JournalEntry, JournalMark, JournalMessage } from "../../../src/ports/journal.ts";
import { casesOf } from "../../tools/cases-of.ts";

let directory: string;
const opened: Journal[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sluice-journal-"));
});
afterEach(async () => {
  for (const journal of opened.splice(0)) await journal.close();
  await rm(directory, { recursive: true, force: true });
});

async function openAgain(options?: JournalOptions): Promise<Journal> {
  for (const journal of opened.splice(0)) await journal.close();
  const journal = await openJournal(directory, options);
  opened.push(journal);
  return journal;
}

function message(text: string, headers: Record<string, string[]> = {}, subject = "user.login"): JournalMessage {
  return { subject, headers: new Map(Object.entries(headers)), payload: new TextEncoder().encode(text) };
}

function appendAll(journal: Journal, first: number, last: number): void {
  for (let number = first; number <= last; number++) expect(journal.append(message(String(number)))).toBe(true);
}

/** The next `count` entries behind a sequence, and what was said of damage. */
async function readEntries(journal: Journal, count: number, after = 0) {
  const entries: JournalEntry[] = [];
  const problems: Problem[] = [];
  const abort = new AbortController();
  if (count === 0) return { entries, problems };
  for await (const entry of journal.read(after, abort.signal, (problem) => problems.push(problem))) {
    entries.push(entry);
    if (entries.length === count) break;
  }
  return { entries, problems };
}

const text = ({ payload }: JournalEntry) => new TextDecoder().decode(payload);
const sequences = (entries: readonly JournalEntry[]) => entries.map(({ sequence }) => sequence);
const segments = async () => (await readdir(directory)).filter((name) => name.endsWith(".journal")).sort();

it("gives back every message as it came, in order, also after it was opened again", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          subject: fc.stringMatching(/^[a-zäß€😀]{1,9}(\.[a-z]{1,9}){0,3}$/u),
          headers: fc.dictionary(
            fc.stringMatching(/^[!-9;-~]{1,12}$/),
            fc.array(fc.stringMatching(/^[ -~ä€]{0,9}$/), { minLength: 1, maxLength: 3 }),
          ),
          payload: fc.uint8Array({ maxLength: 2_000 }),
        }),
        { minLength: 1, maxLength: 30 },
      ),
      async (messages) => {
        const folder = await mkdtemp(join(directory, "run-"));
        const options = { segmentBytesMax: 3_000 };
        const written = await openJournal(folder, options);
        const expected = messages.map(({ subject, headers, payload }) => ({
          subject,
          headers: new Map(Object.entries(headers)),
          payload: Buffer.from(payload),
        }));
        for (const entry of expected) {
          written.append(entry);
          if (entry.payload.length % 3 === 0) await written.flush();
        }
        await written.flush();
        const before = await readEntries(written, messages.length);
        await written.close();
        const again = await openJournal(folder, options);
        const after = await readEntries(again, messages.length);
        await again.close();

        expect(before.entries).toMatchObject(expected);
        expect(after).toEqual(before);
        expect(sequences(after.entries)).toEqual(messages.map((_, index) => index + 1));
        expect(journalOf(again.epoch)).toBe(journalOf(written.epoch));
      },
    ),
    { numRuns: casesOf(25) },
  );
});

it("gives times that ascend strictly, also across openings", async () => {
  appendAll(await openAgain(), 1, 50);
  const journal = await openAgain();
  appendAll(journal, 51, 100);
  const { entries } = await readEntries(journal, 100);
  for (const [index, { nanos }] of entries.entries()) {
    if (index > 0) expect(nanos).toBeGreaterThan(entries[index - 1]!.nanos);
  }
});

it("hands on only what is on disk, and what comes while it is read", async () => {
  const journal = await openAgain();
  const reading = readEntries(journal, 3, 1);
  appendAll(journal, 1, 2);
  await journal.flush();
  appendAll(journal, 3, 4);
  expect((await reading).entries.map(text)).toEqual(["2", "3", "4"]);
});

it("cuts off what was half written at the end, wherever it broke off", async () => {
  const journal = await openAgain();
  appendAll(journal, 1, 3);
  await journal.flush();
  const [name] = await segments();
  const path = join(directory, name!);
  const wholeThree = (await stat(path)).size;
  journal.append(message("a fourth one, which breaks off", { "ce-id": ["4"] }));
  await journal.flush();
  const wholeFour = (await stat(path)).size;
  await openAgain();
  await opened[0]!.close();
  opened.length = 0;
  const bytes = await readFile(path);

  for (let length = wholeThree; length < wholeFour; length++) {
    await writeFile(path, bytes.subarray(0, length));
    const again = await openAgain();
    appendAll(again, 4, 4);
    const { entries, problems } = await readEntries(again, 4);
    expect(entries.map(text)).toEqual(["1", "2", "3", "4"]);
    expect(sequences(entries)).toEqual([1, 2, 3, 4]);
    expect(problems).toEqual([]);
    await again.close();
    opened.length = 0;
  }
});

it("begins anew where the process died beginning the first segment", async () => {
  const journal = await openAgain();
  appendAll(journal, 1, 1);
  await journal.flush();
  await journal.close();
  opened.length = 0;
  const [name] = await segments();
  await truncate(join(directory, name!), 7);

  const again = await openAgain();
  appendAll(again, 1, 2);
  expect(sequences((await readEntries(again, 2)).entries)).toEqual([1, 2]);
});

it("goes on behind damage, and says where it is and what is lost", async () => {
  const options = { segmentBytesMax: 400 };
  const journal = await openAgain(options);
  for (let number = 1; number <= 40; number++) {
    appendAll(journal, number, number);
    await journal.flush();
  }
  const { entries: whole } = await readEntries(journal, 40);
  await journal.close();
  opened.length = 0;
  const names = await segments();
  expect(names.length).toBeGreaterThan(3);

  for (const [index, name] of names.entries()) {
    const path = join(directory, name);
    const bytes = await readFile(path);
    const isLast = index === names.length - 1;
    // Every seventh byte behind the header; in the last segment not in its last record, which would be a broken end.
    const end = isLast ? bytes.length - 60 : bytes.length;
    for (let at = 36; at < end; at += 7) {
      const damaged = Buffer.from(bytes);
      damaged[at] = damaged[at]! ^ 0x5a;
      await writeFile(path, damaged);
      const again = await openAgain(options);
      const { entries, problems } = await readEntries(again, 39);
      const lost = sequences(whole).filter((sequence) => !sequences(entries).includes(sequence));
      expect(lost).toHaveLength(1);
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatchObject({ code: "JOURNAL_DAMAGED", severity: "error" });
      expect(problems[0]?.message).toContain(`entry ${lost[0]} is lost, in ${path}`);
      await again.close();
      opened.length = 0;
    }
    await writeFile(path, bytes);
  }
});

it("does not take bytes of a payload for a record", async () => {
  const donor = await openAgain();
  appendAll(donor, 1, 1);
  await donor.flush();
  const [name] = await segments();
  const record = (await readFile(join(directory, name!))).subarray(36);
  await donor.adopt(undefined);
  await donor.adopt({ epoch: "elsewhere", sequence: 1 });

  const journal = donor;
  journal.append({ ...message(""), payload: record });
  appendAll(journal, 2, 2);
  await journal.flush();
  const [path] = (await segments()).map((segment) => join(directory, segment));
  const bytes = await readFile(path!);
  bytes[60] = bytes[60]! ^ 1;
  await writeFile(path!, bytes);

  const { entries, problems } = await readEntries(journal, 1);
  expect(entries.map(text)).toEqual(["2"]);
  expect(problems).toMatchObject([{ code: "JOURNAL_DAMAGED" }]);
});

it("removes segments whose entries are settled, and keeps the last one of them", async () => {
  const journal = await openAgain({ segmentBytesMax: 400 });
  for (let number = 1; number <= 40; number++) {
    appendAll(journal, number, number);
    await journal.flush();
  }
  const before = await segments();
  journal.settle(20);
  await expect.poll(async () => (await segments()).length).toBeLessThan(before.length);
  journal.settle(40);
  await expect.poll(segments).toEqual(before.slice(-2));
  expect(sequences((await readEntries(journal, 1, 20)).entries)[0]).toBeGreaterThan(20);
  const again = await openAgain({ segmentBytesMax: 400 });
  appendAll(again, 41, 41);
  expect(sequences((await readEntries(again, 1, 40)).entries)).toEqual([41]);
});

it("reads from a position while what is before it is removed", async () => {
  const journal = await openAgain({ segmentBytesMax: 400 });
  const seen: number[] = [];
  const abort = new AbortController();
  const reading = (async () => {
    for await (const { sequence } of journal.read(0, abort.signal, () => expect.fail("no damage"))) {
      seen.push(sequence);
      journal.settle(sequence);
      if (sequence === 200) break;
    }
  })();
  for (let number = 1; number <= 200; number++) {
    appendAll(journal, number, number);
    if (number % 3 === 0) await journal.flush();
  }
  await reading;
  expect(seen).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
  await expect.poll(async () => (await segments()).length).toBeLessThanOrEqual(2);
});

it("refuses what it has no room for, and takes messages again when some are settled", async () => {
  const journal = await openAgain({ segmentBytesMax: 1_000, journalBytesMax: 4_000 });
  let taken = 0;
  while (journal.append(message("x".repeat(100)))) {
    taken++;
    await journal.flush();
  }
  expect(taken).toBeGreaterThan(20);
  journal.settle(taken);
  expect(journal.append(message("again"))).toBe(true);
  expect((await readEntries(journal, 1, taken)).entries.map(text)).toEqual(["again"]);

  const small = await openAgain({ pendingBytesMax: 500 });
  expect([small.append(message("y".repeat(300))), small.append(message("y".repeat(300)))]).toEqual([true, false]);
});

describe("an opening", () => {
  /** Each element is taken by a process of its own, which then dies; where there is nothing, it leaves nothing on disk. */
  async function openings(...taken: readonly (readonly [first: number, last: number] | undefined)[]) {
    const epochs: string[] = [];
    for (const range of taken) {
      const journal = await openAgain();
      if (range !== undefined) appendAll(journal, ...range);
      await journal.flush();
      epochs.push(journal.epoch);
    }
    return epochs;
  }

  /** What a checkpoint that stands there has not had. */
  async function unread(from: JournalMark, count: number) {
    const journal = await openAgain();
    expect(await journal.adopt(from)).toBeUndefined();
    const { entries, problems } = await readEntries(journal, count, journal.behind(from));
    expect(problems).toEqual([]);
    expect(journal.lastSequence()).toBe(entries.at(-1)?.sequence ?? journal.behind(from));
    return entries.map(text);
  }

  it("of which memory alone had the end takes no sequence of a later one along", async () => {
    // The first one gave 4 to 9 from memory, and these were pushed; the second died before it knew that.
    const [first] = await openings([1, 3]);
    expect(await unread({ epoch: first!, sequence: 9 }, 0)).toEqual([]);
    await openings([4, 5]);
    expect(await unread({ epoch: first!, sequence: 9 }, 2)).toEqual(["4", "5"]);
  });

  it("that left nothing on disk comes before the next one that does", async () => {
    const [, second] = await openings([1, 3], undefined, [4, 5], undefined, [6, 6]);
    expect(await unread({ epoch: second!, sequence: 5 }, 3)).toEqual(["4", "5", "6"]);
  });

  it("that was read to somewhere is read from there, and the next ones whole", async () => {
    const [first, second, third] = await openings([1, 3], [4, 6], [7, 7]);
    expect(await unread({ epoch: first!, sequence: 2 }, 5)).toEqual(["3", "4", "5", "6", "7"]);
    expect(await unread({ epoch: second!, sequence: 6 }, 1)).toEqual(["7"]);
    expect(await unread({ epoch: third!, sequence: 7 }, 0)).toEqual([]);
  });

  it("that died with an empty segment is counted, and its segment replaced", async () => {
    const [, second] = await openings([1, 3], [4, 4]);
    await opened.pop()!.close();
    await truncate(join(directory, (await segments())[1]!), 36);
    // It had given 4 to 9 from memory.
    const [third] = await openings([4, 5]);
    expect(third!.slice(32, 40)).toBe("00000003");
    expect(await segments()).toHaveLength(2);
    expect(await unread({ epoch: second!, sequence: 9 }, 2)).toEqual(["4", "5"]);
  });

  it("refuses a position that it has not given", async () => {
    const journal = await openAgain();
    appendAll(journal, 1, 3);
    expect(() => journal.behind({ epoch: journal.epoch, sequence: 4 })).toThrow(/never taken/);
  });

  it("goes on from files of before openings were told apart", async () => {
    const [epoch] = await openings([1, 3]);
    await opened.pop()!.close();
    const path = join(directory, (await segments())[0]!);
    const bytes = await readFile(path);
    bytes.write("SLUICEJ1", "latin1");
    bytes.writeBigUInt64LE(1n, 24);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 32)), 32);
    await writeFile(path, bytes);
    await openings([4, 4]);
    expect(await unread({ epoch: journalOf(epoch!), sequence: 2 }, 2)).toEqual(["3", "4"]);
  });
});

describe("moved to another folder", () => {
  const small = { segmentBytesMax: 2000 };
  const all = (count: number) => Array.from({ length: count }, (_, index) => String(index + 1));
  const journalsIn = async (folder: string) =>
    (await readdir(folder)).filter((name) => name.endsWith(".journal")).length;

  it("goes on there with all that it holds, while it is written and read", async () => {
    const other = join(directory, "deep", "other");
    const journal = await openAgain(small);
    await journal.adopt(undefined);
    const reading = readEntries(journal, 900);
    appendAll(journal, 1, 300);
    await journal.flush();
    const moving = journal.moveTo(other);
    appendAll(journal, 301, 600);
    await moving;
    appendAll(journal, 601, 900);
    const { entries, problems } = await reading;
    expect(entries.map(text)).toEqual(all(900));
    expect(problems).toEqual([]);
    await journal.flush();
    // A reader that comes later finds the same, and nothing is left where it was.
    expect((await readEntries(journal, 900)).entries.map(text)).toEqual(all(900));
    expect(await segments()).toEqual([]);
    const { epoch } = journal;
    await journal.close();
    opened.length = 0;
    const again = await openJournal(other, small);
    opened.push(again);
    expect(await again.adopt({ epoch, sequence: 450 })).toBeUndefined();
    expect(again.behind({ epoch, sequence: 450 })).toBe(450);
    expect((await readEntries(again, 450, 450)).entries.map(text)).toEqual(all(900).slice(450));
    // The folder that it left may be used by another one.
    const next = await openJournal(directory, small);
    opened.push(next);
    expect(next.lastSequence()).toBe(0);
  });

  it("puts aside what stands there from before, and comes back to where it was", async () => {
    const other = join(directory, "other");
    const former = await openJournal(other, small);
    await former.adopt(undefined);
    appendAll(former, 1, 10);
    await former.flush();
    const { epoch: ofThePast } = former;
    await former.close();
    const journal = await openAgain(small);
    await journal.adopt(undefined);
    appendAll(journal, 1, 100);
    await journal.moveTo(other);
    appendAll(journal, 101, 200);
    await journal.moveTo(directory);
    appendAll(journal, 201, 300);
    await journal.moveTo(other);
    expect((await readEntries(journal, 300)).entries.map(text)).toEqual(all(300));
    expect(await readdir(join(other, "aside"))).toEqual([journalOf(ofThePast)]);
    expect(await segments()).toEqual([]);
  });

  it("is moved on by who opens the new folder, wherever a crash ended it", async () => {
    const other = join(directory, "other");
    await mkdir(other);
    const journal = await openAgain(small);
    await journal.adopt(undefined);
    // A file for each group.
    for (let first = 1; first < 200; first += 50) {
      appendAll(journal, first, first + 49);
      await journal.flush();
    }
    await journal.close();
    opened.length = 0;
    // Of a copy that was under way: some files, one of them cut off.
    const names = await segments();
    await writeFile(join(other, "moved-from.json"), JSON.stringify({ from: directory }));
    for (const name of names.slice(0, 3)) await writeFile(join(other, name), await readFile(join(directory, name)));
    await truncate(join(other, names[2]!), 100);
    const again = await openJournal(other, small);
    opened.push(again);
    expect(await again.adopt(undefined)).toBeUndefined();
    expect((await readEntries(again, 200)).entries.map(text)).toEqual(all(200));
    expect(await segments()).toEqual([]);
    expect(await readdir(other)).not.toContain("moved-from.json");
  });

  it("stays where it was where that can't be, and says so where the old folder is gone", async () => {
    const journal = await openAgain(small);
    appendAll(journal, 1, 50);
    await writeFile(join(directory, "file"), "");
    await expect(journal.moveTo(join(directory, "file", "below"))).rejects.toMatchObject({
      problem: { code: "DISK_UNAVAILABLE" },
    });
    appendAll(journal, 51, 100);
    expect((await readEntries(journal, 100)).entries.map(text)).toEqual(all(100));
    expect(await journalsIn(directory)).toBeGreaterThan(0);
    const other = join(directory, "other");
    await mkdir(other);
    await writeFile(join(other, "moved-from.json"), JSON.stringify({ from: join(directory, "nowhere") }));
    await expect(openJournal(other)).rejects.toMatchObject({ problem: { code: "JOURNAL_DAMAGED" } });
    // Half of the note: nothing had been moved by then.
    await writeFile(join(other, "moved-from.json"), '{"from');
    opened.push(await openJournal(other));
  });
});

describe("a checkpoint that stands elsewhere", () => {
  const elsewhere = { epoch: "elsewhere", sequence: 77 };
  const cases: readonly {
    readonly name: string;
    /** Where the checkpoint stood when the journal was first read; absent: it never was. */
    readonly first?: JournalMark | undefined;
    readonly later: JournalMark | "own" | undefined;
    readonly isRead: boolean;
  }[] = [
    { name: "reads a journal that was never read, whatever the times", later: elsewhere, isRead: true },
    { name: "reads a journal that was never read, standing nowhere", later: undefined, isRead: true },
    { name: "reads the journal that was first read from there", first: elsewhere, later: elsewhere, isRead: true },
    { name: "reads the journal in which it stands", first: elsewhere, later: "own", isRead: true },
    { name: "standing nowhere, reads what was first read so", first: undefined, later: undefined, isRead: true },
    {
      name: "puts aside what was first read from a third",
      first: { epoch: "x", sequence: 1 },
      later: elsewhere,
      isRead: false,
    },
    { name: "puts aside what was first read from nowhere", first: undefined, later: elsewhere, isRead: false },
    {
      name: "standing nowhere, puts aside what was read from somewhere",
      first: elsewhere,
      later: undefined,
      isRead: false,
    },
  ];

  it.each(cases)("$name", async ({ later, isRead, ...rest }) => {
    let journal = await openAgain();
    if ("first" in rest) await journal.adopt(rest.first);
    appendAll(journal, 1, 5);
    await journal.flush();
    const { epoch } = journal;
    journal = await openAgain();

    const aside = await journal.adopt(later === "own" ? { epoch, sequence: 2 } : later);

    if (isRead) {
      expect(aside).toBeUndefined();
      expect(sequences((await readEntries(journal, 5)).entries)).toEqual([1, 2, 3, 4, 5]);
    } else {
      expect(aside).toEqual({ folder: join(directory, "aside", journalOf(epoch)), entries: 5 });
      expect(await readdir(aside?.folder ?? "")).toHaveLength(1);
      expect(journalOf(journal.epoch)).not.toBe(journalOf(epoch));
      appendAll(journal, 1, 1);
      expect(sequences((await readEntries(journal, 1)).entries)).toEqual([1]);
    }
  });

  /** One with entries 1 to 3 of an opening before, and 6 and 7 of this one: the checkpoint stands in a third journal. */
  async function openOfThePast() {
    const before = await openAgain();
    await before.adopt(elsewhere);
    appendAll(before, 1, 3);
    await before.flush();
    const journal = await openAgain();
    appendAll(journal, 6, 7);
    return journal;
  }

  it("loses nothing of what came before it was known where the checkpoint stands", async () => {
    const journal = await openOfThePast();
    expect(await journal.adopt({ epoch: "a third", sequence: 1 })).toBeDefined();
    expect((await readEntries(journal, 2)).entries.map(text)).toEqual(["6", "7"]);
  });

  it("loses nothing of what comes while what was before is put aside", async () => {
    const journal = await openOfThePast();
    let isDone = false;
    const adopting = journal.adopt({ epoch: "a third", sequence: 1 }).finally(() => {
      isDone = true;
    });
    let taken = 7;
    while (!isDone) {
      appendAll(journal, ++taken, taken);
      await turn();
    }
    expect(await adopting).toBeDefined();
    expect(taken).toBeGreaterThan(8);
    const { entries, problems } = await readEntries(journal, taken - 5);
    expect(entries.map(text)).toEqual(Array.from({ length: taken - 5 }, (_, index) => String(index + 6)));
    expect(sequences(entries)[0]).toBe(1);
    expect(problems).toEqual([]);
    expect(await journal.close()).toBe(0);
  });

  it("does not put aside a journal in which nothing is", async () => {
    const journal = await openAgain();
    await journal.adopt({ epoch: "x", sequence: 1 });
    expect(await journal.adopt(elsewhere)).toBeUndefined();
  });
});

it("is for one at a time, and for the next one after a crash", async () => {
  const journal = await openAgain();
  await expect(openJournal(directory)).rejects.toMatchObject({ problem: { code: "JOURNAL_LOCKED" } });
  await journal.close();
  opened.length = 0;
  await writeFile(join(directory, "lock.1.left-over"), ""); // Nobody listens on it.
  const again = await openAgain();
  await expect(openJournal(directory)).rejects.toMatchObject({ problem: { code: "JOURNAL_LOCKED" } });
  await again.close();
  opened.length = 0;
  expect((await readdir(directory)).filter((name) => name.startsWith("lock"))).toEqual([]);
});

it("is opened by one of many that try at once", async () => {
  await writeFile(join(directory, "lock.1.left-over"), "");
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => openJournal(directory)));
  const winners = outcomes.filter((outcome) => outcome.status === "fulfilled");
  expect(winners).toHaveLength(1);
  for (const { value } of winners) opened.push(value);
});

it("says that it can't be read where it is mixed from several, or has no header", async () => {
  appendAll(await openAgain(), 1, 1);
  await opened[0]!.close();
  opened.length = 0;
  const [name] = await segments();
  const bytes = await readFile(join(directory, name!));
  const other = Buffer.from(bytes);
  other[10] = other[10]! ^ 1;
  await writeFile(join(directory, "0000000000000009.journal"), other);
  await writeFile(join(directory, name!), other);
  await expect(openAgain()).rejects.toMatchObject({ problem: { code: "JOURNAL_DAMAGED" } });
});

it("writes to another segment what it could not write, and tells of the trouble and its end", async () => {
  const troubles: (string | undefined)[] = [];
  const journal = await openAgain({ segmentBytesMax: 100, onTrouble: (problem) => troubles.push(problem?.code) });
  appendAll(journal, 1, 2);
  await journal.flush();
  const inTheWay = join(directory, "0000000000000003.journal");
  await mkdir(inTheWay);
  appendAll(journal, 3, 4);
  await expect.poll(() => troubles).toContain("DISK_UNAVAILABLE");
  appendAll(journal, 5, 5);

  await rmdir(inTheWay);
  await journal.flush();

  expect(troubles.at(-1)).toBeUndefined();
  const { entries, problems } = await readEntries(journal, 5);
  expect(entries.map(text)).toEqual(["1", "2", "3", "4", "5"]);
  expect(problems).toEqual([]);
});

describe("a disk that fails", () => {
  /** Keeps the segment that begins with a sequence from being made. */
  const block = async (sequence: number) => {
    const path = join(directory, `${String(sequence).padStart(16, "0")}.journal`);
    await mkdir(path);
    return () => rmdir(path);
  };
  const troublesOf = () => {
    const troubles: (Problem | undefined)[] = [];
    return { troubles, onTrouble: (problem: Problem | undefined) => troubles.push(problem) };
  };

  it("hands on from memory what was taken, and has all of it on disk afterwards", async () => {
    const { troubles, onTrouble } = troublesOf();
    const journal = await openAgain({ segmentBytesMax: 100, onTrouble });
    appendAll(journal, 1, 2);
    await journal.flush();
    const unblock = await block(3);
    appendAll(journal, 3, 4);
    await expect.poll(() => troubles.length).toBeGreaterThan(0);
    const reading = readEntries(journal, 6);
    appendAll(journal, 5, 6);

    expect(sequences((await reading).entries)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(troubles.at(-1)).toMatchObject({
      code: "DISK_UNAVAILABLE",
      message: expect.not.stringMatching(/E[A-Z]{4}/),
    });

    await unblock();
    await journal.flush();
    expect(troubles.at(-1)).toBeUndefined();
    const { entries, problems } = await readEntries(await openAgain(), 6);
    expect(entries.map(text)).toEqual(["1", "2", "3", "4", "5", "6"]);
    expect(problems).toEqual([]);
  });

  it("forgets what had its effect, gives no sequence twice, and counts on behind", async () => {
    const { troubles, onTrouble } = troublesOf();
    const journal = await openAgain({ segmentBytesMax: 100, pendingBytesMax: 500, onTrouble });
    appendAll(journal, 1, 2);
    await journal.flush();
    const unblock = await block(3);
    let taken = 2;
    while (journal.append(message(String(taken + 1)))) taken++;
    await expect.poll(() => troubles.length).toBeGreaterThan(0);
    expect(sequences((await readEntries(journal, taken)).entries)).toHaveLength(taken);

    journal.settle(taken);
    expect(journal.append(message("more"))).toBe(true);
    expect(sequences((await readEntries(journal, 1, taken)).entries)).toEqual([taken + 1]);

    await unblock();
    await journal.flush();
    const from = { epoch: journal.epoch, sequence: taken };
    const again = await openAgain();
    await again.adopt(from);
    expect((await readEntries(again, 1, again.behind(from))).entries.map(text)).toEqual(["more"]);
  });

  it("moves away from it with what it has not taken", async () => {
    const { troubles, onTrouble } = troublesOf();
    const journal = await openAgain({ segmentBytesMax: 100, onTrouble });
    appendAll(journal, 1, 2);
    await journal.flush();
    await block(3);
    appendAll(journal, 3, 4);
    await expect.poll(() => troubles.length).toBeGreaterThan(0);
    const other = join(directory, "other");
    await journal.moveTo(other);
    appendAll(journal, 5, 5);
    await journal.flush();
    expect(troubles.at(-1)).toBeUndefined();
    expect(await journal.close()).toBe(0);
    const again = await openJournal(other);
    opened.push(again);
    expect((await readEntries(again, 5)).entries.map(text)).toEqual(["1", "2", "3", "4", "5"]);
  });

  it("is closed all the same, and says how much is lost", async () => {
    const { troubles, onTrouble } = troublesOf();
    const journal = await openAgain({ segmentBytesMax: 100, onTrouble });
    appendAll(journal, 1, 2);
    await journal.flush();
    const unblock = await block(3);
    appendAll(journal, 3, 6);
    await expect.poll(() => troubles.length).toBeGreaterThan(0);
    // It had its effect all the same.
    journal.settle(4);
    await writeFile(join(directory, "file"), "");
    await expect(journal.moveTo(join(directory, "file", "below"))).rejects.toMatchObject({
      problem: { code: "DISK_UNAVAILABLE" },
    });
    expect(await journal.close()).toBe(2);
    await unblock();
    expect((await readEntries(await openAgain(), 2)).entries.map(text)).toEqual(["1", "2"]);
  });

  it("makes its folder again where somebody removed it", async () => {
    const { onTrouble } = troublesOf();
    const journal = await openAgain({ segmentBytesMax: 100, onTrouble });
    appendAll(journal, 1, 2);
    await journal.flush();
    await rm(directory, { recursive: true });

    appendAll(journal, 3, 3);
    await journal.flush();

    const { entries, problems } = await readEntries(journal, 1);
    expect(entries.map(text)).toEqual(["3"]);
    expect(problems).toMatchObject([{ code: "JOURNAL_DAMAGED", message: expect.stringContaining("1 to 2") }]);
  });
});
