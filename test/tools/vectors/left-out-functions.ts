/**
 * Functions that Sluice leaves out on purpose, for vectors that were made with them: they ask the machine or make keys,
 * so the same event would not give the same text twice.
 */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { define, type FunctionTable } from "../../../src/go-template/functions/registry.ts";

export const leftOutFunctions: FunctionTable = {
  env: define(["string"], (_, name) => process.env[name] ?? ""),
  expandenv: define(["string"], (_, text) => {
    return text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_match, braced, bare) => process.env[braced ?? bare] ?? "");
  }),
  getHostByName: define(["string"], () => ""),
  genPrivateKey: define(["string"], (_, type) => privateKey(type)),
};

function privateKey(type: string): string {
  switch (type) {
    case "":
    case "rsa":
      return pem(generateKeyPairSync("rsa", { modulusLength: 4096 }).privateKey, "pkcs1");
    case "ecdsa":
      return pem(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey, "sec1");
    case "ed25519":
      return pem(generateKeyPairSync("ed25519").privateKey, "pkcs8");
    default:
      return `Unknown type ${type}`;
  }
}

function pem(key: KeyObject, type: "pkcs1" | "sec1" | "pkcs8"): string {
  return String(key.export({ format: "pem", type }));
}
