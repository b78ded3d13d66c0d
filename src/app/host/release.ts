/** What nobody uses any more is closed; where that fails it is told, and keeps nothing from being in force. */
import type { Log } from "../../ports/system.ts";

export async function releaseOld(log: Log, release: () => Promise<void>): Promise<void> {
  await release().catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    log.warn("what the old settings used could not be closed", { reason });
  });
}
