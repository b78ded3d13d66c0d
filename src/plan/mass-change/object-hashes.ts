/**
 * A table from 64-bit hashes of objects to two small numbers, 16 bytes an entry: a change that takes a million objects
 * away must be counted in the memory that is there.
 *
 * Open addressing with linear probing; nothing is ever removed. Two objects of one hash count as one: at a million that
 * happens once in thirty million counts.
 */

const entriesAtStart = 1024;
/** Beyond this share of full slots the table doubles. */
const loadMax = 0.5;

export class ObjectHashes {
  #hashes = new BigUint64Array(entriesAtStart);
  #first = new Uint32Array(entriesAtStart);
  #second = new Uint32Array(entriesAtStart);
  #size = 0;

  /** How many hashes there are. */
  get size(): number {
    return this.#size;
  }

  /**
   * The slot of a hash, made where there is none; good until the next call. `hash` must not be 0, which stands for an
   * empty slot.
   */
  slotOf(hash: bigint): number {
    if (hash === 0n) throw new Error("a hash of an object is never 0");
    if (this.#size >= this.#hashes.length * loadMax) this.#grow();
    const slot = findSlot(this.#hashes, hash);
    if (this.#hashes[slot] === 0n) {
      this.#hashes[slot] = hash;
      this.#size++;
    }
    return slot;
  }

  first(slot: number): number {
    return this.#first[slot]!;
  }

  second(slot: number): number {
    return this.#second[slot]!;
  }

  setFirst(slot: number, value: number): void {
    this.#first[slot] = value;
  }

  setSecond(slot: number, value: number): void {
    this.#second[slot] = value;
  }

  #grow(): void {
    const [hashes, first, second] = [this.#hashes, this.#first, this.#second];
    const length = hashes.length * 2;
    this.#hashes = new BigUint64Array(length);
    this.#first = new Uint32Array(length);
    this.#second = new Uint32Array(length);
    for (let old = 0; old < hashes.length; old++) {
      const hash = hashes[old]!;
      if (hash === 0n) continue;
      const slot = findSlot(this.#hashes, hash);
      this.#hashes[slot] = hash;
      this.#first[slot] = first[old]!;
      this.#second[slot] = second[old]!;
    }
  }
}

/** Of the hash, or the empty one where it belongs. The length is a power of two. */
function findSlot(hashes: BigUint64Array, hash: bigint): number {
  const mask = hashes.length - 1;
  let slot = Number(hash & 0xffff_ffffn) & mask;
  while (hashes[slot] !== 0n && hashes[slot] !== hash) slot = (slot + 1) & mask;
  return slot;
}
