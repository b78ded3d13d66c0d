/**
 * Full passes over the clusters of one process: what they hold in memory is bounded, and not how many there are, so that
 * clusters that are slow hold up no others.
 */
import type { Clock } from "../ports/system.ts";

export interface FullPassBounds {
  /** A cluster's lists are read beside so many others': 20,000 objects are some 50 MB. */
  readonly listsMax: number;
  /** One that is read for longer is slow, and another is read beside it. */
  readonly listMsMax: number;
  /** The passes that are carried out have so much to do in all. */
  readonly weightMax: number;
  /** What has no more to do than that never waits. */
  readonly lightMax: number;
}

const defaultBounds: FullPassBounds = { listsMax: 3, listMsMax: 30_000, weightMax: 200_000, lightMax: 1_000 };

interface Waiting {
  readonly weight: number;
  readonly go: () => void;
}

export class FullPasses {
  readonly #clock: Clock;
  readonly #bounds: FullPassBounds;
  #lists = 0;
  readonly #waitingForLists: (() => void)[] = [];
  #weight = 0;
  readonly #waitingForRoom: Waiting[] = [];

  constructor(clock: Clock, bounds = defaultBounds) {
    this.#clock = clock;
    this.#bounds = bounds;
  }

  /**
   * Carries out what a look at the cluster plans. Where there is no room for it the plan is dropped, and when there is the
   * cluster is looked at again.
   */
  async run<Plan extends { readonly weight: number }, T>(
    look: () => Promise<Plan>,
    carryOut: (plan: Plan) => Promise<T>,
  ): Promise<T> {
    let taken = 0;
    try {
      let plan = await this.#list(look);
      if (this.#hasRoomFor(plan.weight)) taken = this.#take(plan.weight);
      else {
        taken = await this.#waitForRoom(plan.weight);
        plan = await this.#list(look);
      }
      return await carryOut(plan);
    } finally {
      this.#weight -= taken;
      this.#letIn();
    }
  }

  async #list<T>(look: () => Promise<T>): Promise<T> {
    if (this.#lists < this.#bounds.listsMax) this.#lists++;
    else await new Promise<void>((resolve) => this.#waitingForLists.push(resolve));
    const looked = new AbortController();
    let isIn = true;
    const leave = () => {
      if (!isIn) return;
      isIn = false;
      const next = this.#waitingForLists.shift();
      if (next === undefined) this.#lists--;
      else next();
    };
    void this.#clock.sleep(this.#bounds.listMsMax, looked.signal).then(leave);
    try {
      return await look();
    } finally {
      leave();
      looked.abort();
    }
  }

  #hasRoomFor(weight: number): boolean {
    const { weightMax, lightMax } = this.#bounds;
    return weight <= lightMax || this.#weight === 0 || this.#weight + weight <= weightMax;
  }

  #take(weight: number): number {
    this.#weight += weight;
    return weight;
  }

  #waitForRoom(weight: number): Promise<number> {
    return new Promise((resolve) => {
      this.#waitingForRoom.push({ weight, go: () => resolve(this.#take(weight)) });
    });
  }

  #letIn(): void {
    for (let first = this.#waitingForRoom[0]; first !== undefined; first = this.#waitingForRoom[0]) {
      if (!this.#hasRoomFor(first.weight)) return;
      this.#waitingForRoom.shift();
      first.go();
    }
  }
}
