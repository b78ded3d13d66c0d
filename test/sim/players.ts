/** Plays seeds, here or in processes of their own: each seed is a world by itself. */
import { type ChildProcess, fork } from "node:child_process";
import { inspect } from "node:util";
import { playSeed } from "./play-seed.ts";

export interface Played {
  readonly seed: number;
  /** How often what happened in it. */
  readonly counts?: Readonly<Record<string, number>>;
  /** Why it failed. */
  readonly error?: string;
}

/** A world is young for as long as it is played: collecting it early costs more than its room. */
const processFlags = ["--max-semi-space-size=64"];

export async function playHere(seed: number): Promise<Played> {
  // Worlds are full of errors, of which nobody looks at the stacks: one that fails is played again with them.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return { seed, counts: await playSeed(seed) };
  } catch (error) {
    Error.stackTraceLimit = stackTraceLimit;
    const again = await playSeed(seed).catch((repeated: unknown) => repeated);
    return { seed, error: inspect(again instanceof Error ? again : error) };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Rejects where a process ends by itself. */
export async function playInProcesses(
  seeds: readonly number[],
  jobs: number,
  note: (played: Played) => void,
): Promise<void> {
  const waiting = seeds.values();
  const work = async () => {
    const player = fork(new URL("player.js", import.meta.url), { execArgv: processFlags });
    try {
      for (const seed of waiting) note(await ask(player, seed));
    } finally {
      player.disconnect();
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
}

function ask(player: ChildProcess, seed: number): Promise<Played> {
  return new Promise((resolve, reject) => {
    const fail = (code: number | null) => reject(new Error(`the process that plays seed ${seed} ends with ${code}`));
    player.once("exit", fail);
    player.once("message", (played) => {
      player.off("exit", fail);
      resolve(played as Played);
    });
    player.send(seed);
  });
}
