/** A process that appends to a journal without end, and prints the highest sequence that it was told is on disk. */
import { openJournal } from "../../src/adapters/journal/open-journal.ts";

const directory = process.argv[2];
if (directory === undefined) throw new Error("usage: journal-writer DIRECTORY");

const journal = await openJournal(directory, { segmentBytesMax: 256 * 1024, onTrouble: console.error });
const onDisk = (async () => {
  for await (const { sequence } of journal.read(0, new AbortController().signal, console.error)) {
    process.stdout.write(`${sequence}\n`);
  }
})();
for (let round = 0; ; round++) {
  for (let number = 0; number < 1 + (round % 40); number++) {
    journal.append({
      subject: "user.login",
      headers: new Map([["ce-id", [String(round)]]]),
      payload: new Uint8Array((round * 37 + number * 11) % 3_000).fill(round),
    });
  }
  if (round % 3 === 0) await journal.flush();
  await Promise.race([onDisk, new Promise((resolve) => setImmediate(resolve))]);
}
