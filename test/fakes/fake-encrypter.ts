/** An encrypter without a program: what it writes has the form that sops gives it, and another text each time. */
import { createHmac } from "node:crypto";
import { parse, stringify } from "yaml";
import { SluiceError } from "../../src/model/problem.ts";
import type { Decrypter, Encrypter } from "../../src/ports/encrypter.ts";

interface Held {
  data?: Record<string, string>;
  stringData?: Record<string, string>;
  sops?: { mac: string; recipients: string };
}

export class FakeEncrypter implements Encrypter, Decrypter {
  readonly recipients: string;
  /** Paths of what was encrypted, in their order. */
  readonly encrypted: string[] = [];
  /** What the next encryptions fail with. */
  readonly failures: SluiceError[] = [];
  readonly #plain = new Map<string, string>();

  constructor(recipients = "team") {
    this.recipients = recipients;
  }

  async encrypt(secret: string, path: string): Promise<string> {
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    this.encrypted.push(path);
    const object = parse(secret) as Held;
    for (const member of [object.data, object.stringData]) {
      for (const [key, value] of Object.entries(member ?? {})) member![key] = this.#hide(value);
    }
    object.sops = { mac: this.#hide(macOf(secret)), recipients: this.recipients };
    return stringify(object);
  }

  async decrypt(text: string, path: string): Promise<string> {
    const { sops, ...object } = parse(text) as Held;
    if (sops === undefined) {
      throw new SluiceError({ code: "SOPS_FAILED", message: `${path} can't be decrypted: it is not encrypted` });
    }
    for (const member of [object.data, object.stringData]) {
      for (const [key, value] of Object.entries(member ?? {})) member![key] = this.#plain.get(value) ?? value;
    }
    return stringify(object);
  }

  #hide(value: string): string {
    const hidden = `ENC[AES256_GCM,data:${this.#plain.size},type:str]`;
    this.#plain.set(hidden, value);
    return hidden;
  }
}

function macOf(text: string): string {
  return createHmac("sha256", "fake").update(text).digest("hex");
}
