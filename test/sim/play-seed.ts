/** One seed: its world is played to its end, and has to come out right. */
import { checkInvariants } from "./invariants.ts";
import { World } from "./world.ts";

const steps = 50;

/** Resolves to how often what happened in it. `tell`: is given the story of one that fails. */
export async function playSeed(
  seed: number,
  tell?: (story: readonly string[]) => void,
): Promise<Readonly<Record<string, number>>> {
  const world = new World(seed, tell !== undefined);
  try {
    await world.play(steps);
    await checkInvariants(world);
  } catch (error) {
    tell?.(world.story);
    throw error;
  }
  const reviewed = world.isReviewed ? { reviewed: 1 } : {};
  return { ...world.counts, ...world.forge.counts, messages: world.messages.length, [world.kind]: 1, ...reviewed };
}

/** What happens in a seed, told in order; the same however often it is played. */
export async function storyOf(seed: number): Promise<readonly string[]> {
  const world = new World(seed, true);
  await world.play(steps);
  return world.story;
}
