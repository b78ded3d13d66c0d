/**
 * How many connections are dialled at a time. A thousand that one change brings, or one network loses, would else all begin
 * their handshakes at once. One that gets no answer lets the next one in after a while, so that clusters that are gone hold
 * up nobody.
 */
import { setTimeout as sleep } from "node:timers/promises";

interface DialGateBounds {
  /** Dials under way. */
  readonly dialsMax: number;
  /** So long one counts at most. */
  readonly heldMsMax: number;
}

const dialGateDefault: DialGateBounds = { dialsMax: 50, heldMsMax: 500 };

export class DialGate {
  readonly #bounds: DialGateBounds;
  #underWay = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(bounds: DialGateBounds = dialGateDefault) {
    this.#bounds = bounds;
  }

  /** Dials when it is its turn, in the order of asking. What it comes to is the dial's own. */
  async pass<T>(dial: () => Promise<T>): Promise<T> {
    if (this.#underWay < this.#bounds.dialsMax) this.#underWay++;
    // Who goes gives its place to the next.
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const ended = new AbortController();
    void sleep(this.#bounds.heldMsMax, undefined, { signal: ended.signal, ref: false })
      .catch(() => undefined)
      .then(() => this.#leave());
    try {
      return await dial();
    } finally {
      ended.abort();
    }
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#underWay--;
    else next();
  }
}
