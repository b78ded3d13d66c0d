/** Forms of single values that the API server demands and OpenAPI does not say (k8s.io/kubernetes/pkg/apis/…/validation). */
import type { Json, JsonObject } from "../../../model/json.ts";
import { isJsonObject } from "../../../model/json.ts";
import { type Fault, faultOfLabelKey, faultOfLabelValue, faultOfName, faultOfNamespace } from "../check-names.ts";
import type { Findings } from "./findings.ts";

/** Checks a member that is there, at the findings' place. */
export type Rule = (value: Json, findings: Findings) => void;

/** A rule for texts; what is of another type is the schema's to refuse. */
export function text(faultOf: (text: string) => Fault): Rule {
  return (value, findings) => {
    const fault = typeof value === "string" ? faultOf(value) : undefined;
    if (fault !== undefined) findings.refuse(fault, value);
  };
}

/** A rule for texts of which the empty one is as none. */
export function textUnlessEmpty(faultOf: (text: string) => Fault): Rule {
  return text((value) => (value === "" ? undefined : faultOf(value)));
}

export function between(min: number, max: number): Rule {
  return (value, findings) => {
    if (typeof value !== "number" && typeof value !== "bigint") return;
    const number = Number(value);
    if (number >= min && number <= max) return;
    const range = max === Number.POSITIVE_INFINITY ? `at least ${min}` : `from ${min} to ${max}`;
    findings.refuse(`must be ${range}`, value);
  };
}

export function atLeast(min: number): Rule {
  return between(min, Number.POSITIVE_INFINITY);
}

/** The rule for each item of a list. */
export function each(rule: Rule): Rule {
  return (value, findings) => {
    if (!Array.isArray(value)) return;
    (value as readonly Json[]).forEach((item, index) => {
      findings.within(String(index), () => rule(item, findings));
    });
  };
}

export const notEmpty: Rule = (value, findings) => {
  if (Array.isArray(value) && value.length === 0) findings.refuse("must not be empty");
};

export const port = between(1, 65535);

export const subdomain = (name: string): Fault => faultOfName("", "", name);
export const label = faultOfNamespace;
export const serviceName = (name: string): Fault => faultOfName("", "Service", name);

/** Keys and values as a selector's or an object's labels. */
export const labelMap: Rule = (value, findings) => {
  if (!isJsonObject(value)) return;
  for (const [key, member] of value) {
    const fault = faultOfLabelKey(key);
    const valueFault = typeof member === "string" ? faultOfLabelValue(member) : undefined;
    if (fault !== undefined) findings.within(key, () => findings.refuse(`is a key that ${fault}`));
    if (valueFault !== undefined) findings.within(key, () => findings.refuse(valueFault, member));
  }
};

/** IANA's names of services, by which ports are called. */
export function faultOfPortName(name: string): Fault {
  if (name.length > 15) return "is longer than 15 characters";
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)) return "must be lower-case letters, digits and single '-' between them";
  return /[a-z]/.test(name) ? undefined : "must have a letter";
}

export const portNumberOrName: Rule = (value, findings) => {
  if (typeof value === "string") text(faultOfPortName)(value, findings);
  else port(value, findings);
};

/** A share such as `25%`, or a number that is not negative. */
export const shareOrNumber: Rule = (value, findings) => {
  if (typeof value === "string") text(faultOfShare)(value, findings);
  else atLeast(0)(value, findings);
};

function faultOfShare(share: string): Fault {
  return /^[0-9]+%$/.test(share) ? undefined : "must be a whole number, or one with a % behind it";
}

/** github.com/distribution/reference: what containers' runtimes take for an image. */
const image =
  /^(?:(?:\[[0-9A-Fa-f:]+\]|[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*(?:\.[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*)*)(?::[0-9]+)?\/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::[\w][\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,})?$/;

/** Blanks are refused by every version; of what else is no reference to an image only the node that pulls it says so. */
export const imageReference: Rule = (value, findings) => {
  if (typeof value !== "string" || value === "") return;
  if (/\s/.test(value)) findings.refuse("must have no blanks", value);
  else if (!image.test(value)) findings.doubt("is no reference to an image", value);
};

export function faultOfHost(host: string): Fault {
  if (isIp(host)) return "must be a DNS name, not an address";
  return host.includes("*")
    ? host.startsWith("*.")
      ? subdomain(host.slice(2))
      : "may have a * as its first part only"
    : subdomain(host);
}

const octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
const ipv4 = new RegExp(`^${octet}(?:\\.${octet}){3}$`);
const ipv6Part = /^[0-9A-Fa-f]{1,4}$/;

export function isIp(address: string): boolean {
  if (ipv4.test(address)) return true;
  if (!address.includes(":")) return false;
  const halves = address.split("::");
  if (halves.length > 2) return false;
  const parts = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  const last = parts.at(-1);
  const isMixed = last?.includes(".") === true && ipv4.test(last) && address.endsWith(last);
  const plain = isMixed ? parts.slice(0, -1) : parts;
  const count = plain.length + (isMixed ? 2 : 0);
  return plain.every((part) => ipv6Part.test(part)) && (halves.length === 2 ? count < 8 : count === 8);
}

export function faultOfIp(address: string): Fault {
  return isIp(address) ? undefined : "must be an IP address";
}

/** An address as a number; it must be one. */
export function readAddress(address: string): { readonly isIpv6: boolean; readonly number: bigint } {
  const fromOctets = (octets: string) => octets.split(".").reduce((sum, one) => (sum << 8n) | BigInt(one), 0n);
  if (!address.includes(":")) return { isIpv6: false, number: fromOctets(address) };
  const [head = "", tail] = address.split("::").map((half) => half.split(":").filter((part) => part !== ""));
  const widen = (parts: readonly string[]) =>
    parts.flatMap((part) => {
      if (!part.includes(".")) return [BigInt(`0x${part}`)];
      const number = fromOctets(part);
      return [number >> 16n, number & 0xffffn];
    });
  const [first, last] = [widen(head === "" ? [] : head), widen(tail ?? [])];
  const between = Array.from({ length: 8 - first.length - last.length }, () => 0n);
  return { isIpv6: true, number: [...first, ...between, ...last].reduce((sum, part) => (sum << 16n) | part, 0n) };
}

export function faultOfCidr(range: string): Fault {
  const slash = range.lastIndexOf("/");
  const bits = range.slice(slash + 1);
  const address = range.slice(0, Math.max(0, slash));
  const isValid =
    isIp(address) && /^(?:0|[1-9][0-9]{0,2})$/.test(bits) && Number(bits) <= (address.includes(":") ? 128 : 32);
  return isValid ? undefined : "must be a range of addresses such as 10.0.0.0/8";
}

export function faultOfVariableName(name: string): Fault {
  return /^[ -<>-~]+$/.test(name) ? undefined : "must be printable ASCII without '='";
}

export function faultOfQualifiedName(name: string): Fault {
  return faultOfLabelKey(name);
}

export function memberOfObject(value: Json | undefined, ...keys: readonly string[]): Json | undefined {
  let found: Json | undefined = value;
  for (const key of keys) found = isJsonObject(found) ? (found as JsonObject).get(key) : undefined;
  return found ?? undefined;
}
