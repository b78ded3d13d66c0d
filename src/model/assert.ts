/**
 * What must hold, checked where it would first break, in production too: a failed assertion ends the process before it
 * commits anything, and the restart goes on from the state.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`a bug in Sluice: ${message}`);
}
