/** What the API server demands of addresses, paths and ports besides the OpenAPI of their kinds. */
import type { Json, JsonObject } from "../../../model/json.ts";
import type { Findings } from "./findings.ts";
import { isNone, listOf, numberOf, oneOf, type Rules, rules } from "./rule-set.ts";
import {
  between,
  each,
  faultOfCidr,
  faultOfIp,
  faultOfPortName,
  isIp,
  memberOfObject,
  port,
  portNumberOrName,
  type Rule,
  readAddress,
  subdomain,
  text,
  textUnlessEmpty,
} from "./text-rules.ts";

/** A range is named by its first address: before Kubernetes 1.36 another one was taken as well. */
const range: Rule = (value, findings) => {
  if (typeof value !== "string") return;
  const fault = faultOfCidr(value);
  if (fault !== undefined) findings.refuse(fault, value);
  else if (rangeOf(value)?.isFirst === false) findings.doubt("must be the first address of its range", value);
};

interface AddressRange {
  readonly isIpv6: boolean;
  readonly first: bigint;
  /** How many bits its addresses have in common. */
  readonly common: number;
  readonly rest: bigint;
  readonly isFirst: boolean;
}

function rangeOf(text: Json | undefined): AddressRange | undefined {
  if (typeof text !== "string" || faultOfCidr(text) !== undefined) return undefined;
  const slash = text.lastIndexOf("/");
  const { isIpv6, number } = readAddress(text.slice(0, slash));
  const common = Number(text.slice(slash + 1));
  const rest = BigInt((isIpv6 ? 128 : 32) - common);
  const first = (number >> rest) << rest;
  return { isIpv6, first, common, rest, isFirst: first === number };
}

function checkBlock(block: JsonObject, findings: Findings): void {
  const whole = rangeOf(block.get("cidr"));
  if (whole === undefined) return;
  listOf(block, "except").forEach((item, index) => {
    const part = rangeOf(item);
    if (part === undefined) return;
    const isWithin = part.isIpv6 === whole.isIpv6 && part.common > whole.common;
    if (isWithin && (part.first >> whole.rest) << whole.rest === whole.first) return;
    findings.path.push("except");
    findings.within(String(index), () => findings.refuse("must be a part of cidr, and not all of it", item));
    findings.path.pop();
  });
}

function checkPeer(peer: JsonObject, findings: Findings): void {
  const has = (key: string) => (peer.get(key) ?? null) !== null;
  const hasSelector = has("podSelector") || has("namespaceSelector");
  if (!has("ipBlock") && !hasSelector) findings.refuse("must name a peer");
  if (has("ipBlock") && hasSelector) findings.refuse("must not have both ipBlock and a selector");
}

function checkPolicyPort(value: JsonObject, findings: Findings): void {
  const end = value.get("endPort") ?? undefined;
  if (end === undefined) return;
  const first = value.get("port") ?? undefined;
  if (typeof first !== "number" && typeof first !== "bigint")
    findings.refuse("must have a number as port beside endPort");
  else if ((numberOf(end) ?? 0) < Number(first)) {
    findings.within("endPort", () => findings.refuse("must be at least port", end));
  }
}

const pathSteps = ["//", "/./", "/../", "%2f", "%2F"];
const pathEnds = ["/..", "/."];

function checkIngressPath(path: JsonObject, findings: Findings): void {
  const type = path.get("pathType");
  const value = path.get("path") ?? "";
  if ((type !== "Exact" && type !== "Prefix") || typeof value !== "string") return;
  const found = pathSteps.find((step) => value.includes(step)) ?? pathEnds.find((end) => value.endsWith(end));
  if (!value.startsWith("/")) findings.within("path", () => findings.refuse("must begin with '/'", value));
  else if (found !== undefined) findings.within("path", () => findings.refuse(`must not have '${found}' in it`, value));
}

/** What an endpoint can't have: addresses of the machine itself, of the link, and of nobody or everybody. */
function faultOfEndpoint(address: string): string | undefined {
  const fault = faultOfIp(address);
  if (fault !== undefined) return fault;
  const { isIpv6, number } = readAddress(address);
  const isBad = isIpv6
    ? number <= 1n || number >> 118n === 0xfe80n >> 6n || number >> 104n === 0xff02n << 8n
    : number === 0n || number >> 24n === 127n || number >> 16n === 0xa9fen || number >> 8n === 0xe00000n;
  return isBad ? "must not be an address of the machine itself, of the link, or of nobody" : undefined;
}

function checkSlice(slice: JsonObject, findings: Findings): void {
  const type = slice.get("addressType");
  if (typeof type !== "string") return;
  listOf(slice, "endpoints").forEach((endpoint, index) => {
    listOf(endpoint, "addresses").forEach((address, at) => {
      if (typeof address !== "string") return;
      const fault = faultOfAddress(type, address);
      if (fault === undefined) return;
      findings.path.push("endpoints", String(index), "addresses");
      findings.within(String(at), () => findings.refuse(fault, address));
      findings.path.length -= 3;
    });
  });
}

function faultOfAddress(type: string, address: string): string | undefined {
  if (type === "FQDN") return subdomain(address);
  if (type !== "IPv4" && type !== "IPv6") return undefined;
  if (isIp(address) && address.includes(":") !== (type === "IPv6")) return `must be of ${type}, as addressType says`;
  return faultOfEndpoint(address);
}

export const networkRules: Readonly<Record<string, Rules>> = {
  "core.v1.HostAlias": rules({ ip: text(faultOfIp), hostnames: each(text(subdomain)) }),
  "core.v1.ClientIPConfig": rules({ timeoutSeconds: between(1, 86_400) }),
  "core.v1.EndpointAddress": rules({ ip: text(faultOfEndpoint) }),
  "discovery.v1.EndpointSlice": rules({}, checkSlice),
  "networking.v1.HTTPIngressRuleValue": rules({
    paths: (value, findings) => {
      if (isNone(value)) findings.refuse("must not be empty");
    },
  }),
  "networking.v1.HTTPIngressPath": rules({}, checkIngressPath),
  "networking.v1.ServiceBackendPort": rules(
    { number: port, name: textUnlessEmpty(faultOfPortName) },
    (value, findings) => {
      if ((numberOf(value.get("number")) ?? 0) !== 0 && !isNone(value.get("name"))) {
        findings.refuse("must not have both number and name");
      }
    },
  ),
  "networking.v1.IPBlock": rules({ cidr: range, except: each(range) }, checkBlock),
  "networking.v1.NetworkPolicyPeer": rules({}, checkPeer),
  "networking.v1.NetworkPolicyPort": rules(
    { port: portNumberOrName, endPort: port, protocol: text((protocol) => oneOf(protocol, ["TCP", "UDP", "SCTP"])) },
    checkPolicyPort,
  ),
  "networking.v1.NetworkPolicySpec": rules({
    policyTypes: (value, findings) => {
      each(text((type) => oneOf(type, ["Ingress", "Egress"])))(value, findings);
      if (Array.isArray(value) && value.length > 2) findings.refuse("must have at most two");
    },
  }),
};

/** Whom clients of a Service are kept with, and how they come in. */
export function checkReach(spec: JsonObject, findings: Findings): void {
  const type = spec.get("type") ?? "ClusterIP";
  const isOutside = type === "NodePort" || type === "LoadBalancer";
  if (spec.get("clusterIP") === "None" && isOutside) {
    findings.within("clusterIP", () => findings.refuse(`must not be None for type ${String(type)}`));
  }
  const policy = spec.get("externalTrafficPolicy");
  if (policy === "Local" && !isOutside && isNone(memberOfObject(spec, "externalIPs"))) {
    findings.within("externalTrafficPolicy", () =>
      findings.refuse("is for Services that are reached from outside", policy),
    );
  }
}
