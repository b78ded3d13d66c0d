/**
 * Sprig's functions for keys and certificates.
 *
 * Making any needs real chance, and would put a private key into Git: they are errors. What only looks at its
 * arguments works.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { decodeBytes, encodeBytes } from "../bytes.ts";
import { GoStruct, type GoType } from "../value.ts";
import { decodeBase64 } from "./encoding.ts";
import { define, type FunctionDeclaration, type FunctionTable, GoFunctionError, type Parameter } from "./registry.ts";

const certificateType: GoType = { name: "sprig.certificate", kind: "struct" };

function refuse(): never {
  throw new GoFunctionError("keys and certificates cannot be made here: every rendering would make another one");
}

function refused(params: readonly Parameter[]): FunctionDeclaration {
  return define(params, refuse);
}

/** The contents of the first PEM block of a text. */
function pemBlock(text: string): { type: string; bytes: Buffer } | undefined {
  const found = /-----BEGIN ([^\n-]*)-----\r?\n(?:[^\n]*:[^\n]*\n)*([^-]*)-----END \1-----/.exec(text);
  if (found === null) return undefined;
  return { type: found[1]!, bytes: Buffer.from(found[2]!, "base64") };
}

function base64Text(text: string, what: string): string {
  const decoded = decodeBase64(text);
  if ("corruptAt" in decoded) throw new GoFunctionError(`unable to decode base64 ${what}`);
  return decodeBytes(decoded.bytes);
}

const keyTypes: Readonly<Record<string, "pkcs1" | "sec1" | "pkcs8">> = {
  "RSA PRIVATE KEY": "pkcs1",
  "EC PRIVATE KEY": "sec1",
  "PRIVATE KEY": "pkcs8",
};

/** Why a text is no private key in PEM, if it is none. */
function privateKeyFault(text: string): string | undefined {
  const block = pemBlock(text);
  if (block === undefined) return "no PEM data in input";
  if (!block.type.endsWith("PRIVATE KEY")) return `no private key data in PEM block of type ${block.type}`;
  const type = keyTypes[block.type];
  try {
    if (type === undefined) createPrivateKey(Buffer.from(encodeBytes(text)));
    else createPrivateKey({ key: block.bytes, format: "der", type });
    return undefined;
  } catch {
    return `invalid private key of type ${block.type}`;
  }
}

function buildCustomCert(certificate: string, key: string): GoStruct {
  const certificateText = base64Text(certificate, "certificate");
  const keyText = base64Text(key, "private key");
  const block = pemBlock(certificateText);
  if (block === undefined) throw new GoFunctionError("unable to decode certificate");
  try {
    new X509Certificate(block.bytes);
  } catch {
    throw new GoFunctionError("error parsing certificate: decodedCert.Bytes: x509: malformed certificate");
  }
  const fault = privateKeyFault(keyText);
  if (fault !== undefined) throw new GoFunctionError(`error parsing private key: ${fault}`);
  return new GoStruct(
    certificateType,
    new Map([
      ["Cert", certificateText],
      ["Key", keyText],
    ]),
  );
}

const keyKinds = ["", "rsa", "dsa", "ecdsa", "ed25519"];

export const certificateFunctions: FunctionTable = {
  genPrivateKey: define(["string"], (_, kind) => (keyKinds.includes(kind) ? refuse() : `Unknown type ${kind}`)),
  genCA: refused(["string", "int"]),
  genCAWithKey: refused(["string", "int", "string"]),
  genSelfSignedCert: refused(["string", "list", "list", "int"]),
  genSelfSignedCertWithKey: refused(["string", "list", "list", "int", "string"]),
  genSignedCert: refused(["string", "list", "list", "int", certificateType]),
  genSignedCertWithKey: refused(["string", "list", "list", "int", certificateType, "string"]),
  buildCustomCert: define(["string", "string"], (_, certificate, key) => buildCustomCert(certificate, key)),
};
