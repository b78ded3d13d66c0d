/** The journal under kill -9: what was said to be on disk is there, and what follows goes on behind it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openJournal } from "../../src/adapters/journal/open-journal.ts";
import type { Problem } from "../../src/model/problem.ts";
import { type CompiledProgram, compileProgram } from "../tools/compile-program.ts";

const rounds = 12;
let program: CompiledProgram;
let directory: string;

beforeAll(async () => {
  program = await compileProgram("test/contract/journal-writer.ts");
  directory = await mkdtemp(join(tmpdir(), "sluice-journal-"));
});
afterAll(async () => {
  await program.remove();
  await rm(directory, { recursive: true, force: true });
});

it("keeps everything that it had handed on, over many crashes", async () => {
  let seen = 0;
  for (let round = 0; round < rounds; round++) {
    const child = spawn(process.execPath, [program.path, directory], { stdio: ["ignore", "pipe", "inherit"] });
    const told = await killAfter(child, 100 + Math.random() * 400);
    expect(told.length).toBeGreaterThan(0);

    const journal = await openJournal(directory);
    const problems: Problem[] = [];
    const sequences: number[] = [];
    const abort = new AbortController();
    const reading = (async () => {
      for await (const { sequence } of journal.read(0, abort.signal, (problem) => problems.push(problem))) {
        sequences.push(sequence);
      }
    })();
    // What this process was told of, and all that was there before it: it may have been killed before it read so far.
    const least = Math.max(seen, told.at(-1)!);
    await expect.poll(() => sequences.length, { timeout: 30_000 }).toBeGreaterThanOrEqual(least);
    await sleep(50);
    abort.abort();
    await reading;
    await journal.close();

    expect(problems).toEqual([]);
    expect(sequences).toEqual(Array.from({ length: sequences.length }, (_, index) => index + 1));
    seen = sequences.length;
  }
});

/** The sequences that the process had printed whole when it was killed, so long after its first one. */
async function killAfter(child: ChildProcess, milliseconds: number): Promise<number[]> {
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  const closed = once(child, "close");
  while (!output.includes("\n") && child.exitCode === null) await sleep(5);
  await sleep(milliseconds);
  child.kill("SIGKILL");
  await closed;
  return output.split("\n").slice(0, -1).map(Number);
}
