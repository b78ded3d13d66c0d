/** How much memory Node's heap may take beyond what is in use. */
import { setFlagsFromString } from "node:v8";

/**
 * By how much of what is in use the heap grows before garbage is collected. Left alone V8 goes by the machine's memory, and
 * keeps several times what is needed by a service that shares the machine. (docs/performance.md)
 */
const growthPercent = 25;

/** For a process that runs for long; V8 reads the flag at each collection, so that it counts from now on. */
export function limitHeapGrowth(): void {
  setFlagsFromString(`--heap-growing-percent=${growthPercent}`);
}
