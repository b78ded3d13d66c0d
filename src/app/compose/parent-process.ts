/** The service that started this process, where one did. */
import { type AppliedMessage, pushedMessage } from "./applier-child.ts";

export interface ParentProcess {
  onPushed(hint: () => void): void;
  tell(message: AppliedMessage): void;
  /** Aborts when it is gone: nobody would end this process then. */
  readonly gone: AbortSignal;
}

/** Whether a service started it. */
export function isChildProcess(): boolean {
  return process.send !== undefined;
}

/** Undefined: a person started it. */
export function findParentProcess(): ParentProcess | undefined {
  if (!isChildProcess()) return undefined;
  const gone = new AbortController();
  process.once("disconnect", () => gone.abort());
  return {
    onPushed: (hint) => {
      process.on("message", (message) => {
        if (message === pushedMessage) hint();
      });
    },
    tell: (message) => {
      if (process.connected) process.send?.(message);
    },
    gone: gone.signal,
  };
}
