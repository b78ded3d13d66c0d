/** A process that plays the seeds that it is sent. */
import { playHere } from "./players.ts";

process.on("message", async (seed: number) => {
  process.send?.(await playHere(seed));
});
