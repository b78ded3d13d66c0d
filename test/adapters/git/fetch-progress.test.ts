/** What git says when a fetch fails, without how far it had come. */
import { expect, it } from "vitest";
import { withoutProgress } from "../../../src/adapters/git/local-store.ts";

it.each([
  ["remote: Enumerating objects: 5, done.\nremote: Total 5 (delta 0)\nfatal: early EOF", "fatal: early EOF"],
  [
    "Receiving objects:  10% (1/10)\rReceiving objects:  90% (9/10)\rfatal: the remote end hung up",
    "fatal: the remote end hung up",
  ],
  ["remote: Counting on you to log in\nfatal: no", "remote: Counting on you to log in\nfatal: no"],
  ["", ""],
])("%j", (stderr, said) => expect(withoutProgress(stderr)).toBe(said));
