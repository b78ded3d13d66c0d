/** One seed: its world is played to its end, and has to come out right. */
import { checkInvariants } from "./invariants.ts";
import { World } from "./world.ts";

const steps = 50;

export async function playSeed(seed: number): Promise<void> {
  const world = new World(seed);
  await world.play(steps);
  await checkInvariants(world);
}
