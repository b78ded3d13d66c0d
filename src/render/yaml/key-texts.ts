/** Whether a mapping has two keys alike. */
import { fail } from "./cursor.ts";
import type { YamlMapping, YamlScalar } from "./node.ts";

/** From this many keys on, a mapping is watched for duplicates by a set. */
const keySetSizeMin = 12;

/** The keys of a mapping, of which no two may be alike. */
export class KeyTexts {
  readonly #mapping: YamlMapping;
  #texts: Set<string> | undefined;

  constructor(mapping: YamlMapping) {
    this.#mapping = mapping;
  }

  add(key: YamlScalar): void {
    const { keys } = this.#mapping;
    if (this.#texts === undefined && keys.length >= keySetSizeMin) this.#texts = new Set(keys.map(({ text }) => text));
    const isKnown = this.#texts?.has(key.text) ?? keys.some(({ text }) => text === key.text);
    if (isKnown) fail(`the key ${JSON.stringify(key.text)} stands here twice`, key.start);
    this.#texts?.add(key.text);
    keys.push(key);
  }
}
