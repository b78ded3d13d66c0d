/** Bounds on what is serialized: a template can build values that share their parts and are huge only when written. */

/** Accounts for what is about to be made; throws where it is too much. A function's context is one. */
export interface Budget {
  chargeItems(count: number): void;
  chargeBytes(bytes: number): void;
}

/** How deep values may be nested, for all formats. */
export const nestingMax = 1000;

/** A value is nested deeper than {@link nestingMax}: built so, or it contains itself. */
export class NestingError extends Error {
  constructor() {
    super(`nested deeper than ${nestingMax} levels`);
    this.name = "NestingError";
  }
}

const chunkBytes = 1024 * 1024;

/** Charges for a text while it grows, in chunks, so that a small one costs nothing. */
export class GrowthMeter {
  private readonly budget: Budget;
  private charged = 0;

  constructor(budget: Budget) {
    this.budget = budget;
  }

  /** Takes note of the length that the text has now. */
  note(length: number): void {
    if (length < this.charged + chunkBytes) return;
    this.budget.chargeBytes(length - this.charged);
    this.charged = length;
  }
}
