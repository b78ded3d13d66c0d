/** How much memory Node's heap may take beyond what is in use. */
import { constants, type PerformanceEntry, PerformanceObserver } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";

/**
 * By how much of what is in use the heap grows before garbage is collected. Left alone V8 goes by the machine's memory, and
 * keeps several times what is needed by a service that shares the machine. (docs/performance.md)
 */
const growthPercentMin = 25;
/**
 * Up to here it grows in any case, which is less than a large repository takes anyway. A quarter of a small heap is filled
 * several times a second, and each collection costs as much, and throws away what was compiled of functions that are made
 * while others run.
 */
const heapBytesFree = 128 * 1024 * 1024;

/** What Node tells of a collection; its types leave it out. */
type CollectionEntry = PerformanceEntry & { readonly detail: { readonly kind: number } };

/** For a process that runs for long. V8 reads the flag at each collection: what one leaves counts from the next one on. */
export function limitHeapGrowth(): void {
  allowGrowth(growthPercentMin);
  const observer = new PerformanceObserver((list) => {
    const isMajor = (entry: PerformanceEntry) =>
      (entry as CollectionEntry).detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
    if (list.getEntries().some(isMajor)) allowGrowth(growthPercent(process.memoryUsage().heapUsed));
  });
  observer.observe({ entryTypes: ["gc"] });
}

function allowGrowth(percent: number): void {
  setFlagsFromString(`--heap-growing-percent=${percent}`);
}

/** By how much of what is in use of it a heap may grow, in percent. */
export function growthPercent(usedBytes: number): number {
  return Math.max(growthPercentMin, Math.round((100 * (heapBytesFree - usedBytes)) / usedBytes));
}
