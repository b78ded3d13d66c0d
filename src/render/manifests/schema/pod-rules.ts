/** What the API server demands of pods besides their OpenAPI. */
import type { Json, JsonObject } from "../../../model/json.ts";
import { isJsonObject } from "../../../model/json.ts";
import type { Findings } from "./findings.ts";
import { isNone, listOf, numberOf, type Rules, rules } from "./rule-set.ts";
import { atLeast, faultOfQualifiedName, label, memberOfObject, notEmpty, text, textUnlessEmpty } from "./text-rules.ts";

/** A path that leads nowhere else. */
function faultOfSteps(path: string): string | undefined {
  return path.split("/").includes("..") ? "must not have '..' in it" : undefined;
}

function faultOfSubPath(path: string): string | undefined {
  return path.startsWith("/") ? "must not begin with '/'" : faultOfSteps(path);
}

/** Of these an object has one. */
function exactlyOne(keys: readonly string[], what: string) {
  return (value: JsonObject, findings: Findings): void => {
    const given = keys.filter((key) => (value.get(key) ?? null) !== null);
    if (given.length === 0) findings.refuse(`must have ${what}: ${keys.join(", ")}`);
    if (given.length > 1) findings.refuse(`must not have both ${given[0]} and ${given[1]}`);
  };
}

const handlers = ["exec", "httpGet", "tcpSocket", "grpc"];

/** A name that a volume has besides what it is. */
function checkVolume(volume: JsonObject, findings: Findings): void {
  const given = [...volume].filter(([key, value]) => key !== "name" && value !== null).map(([key]) => key);
  if (given.length > 1) findings.refuse(`must not be both ${given[0]} and ${given[1]}`);
}

function checkVariable(variable: JsonObject, findings: Findings): void {
  if (isNone(variable.get("value")) || (variable.get("valueFrom") ?? null) === null) return;
  findings.refuse("must not have both value and valueFrom");
}

/** Containers of a pod are told apart by their names, of whatever sort they are. */
function checkContainerNames(spec: JsonObject, findings: Findings): void {
  const seen = new Set<Json>(listOf(spec, "containers").map((container) => memberOfObject(container, "name") ?? ""));
  listOf(spec, "initContainers").forEach((container, index) => {
    const name = memberOfObject(container, "name");
    if (typeof name !== "string" || !seen.has(name)) return;
    findings.path.push("initContainers", String(index));
    findings.within("name", () => findings.refuse("is a container's already", name));
    findings.path.length -= 2;
  });
}

export function checkNames(spec: JsonObject, findings: Findings): void {
  checkContainerNames(spec, findings);
  if (spec.get("dnsPolicy") === "None" && listOf(spec.get("dnsConfig") ?? null, "nameservers").length === 0) {
    findings.within("dnsConfig", () => findings.refuse("must have nameservers where dnsPolicy is None"));
  }
  if (spec.get("hostPID") === true && spec.get("shareProcessNamespace") === true) {
    findings.refuse("must not have both hostPID and shareProcessNamespace");
  }
}

export const podRules: Readonly<Record<string, Rules>> = {
  "core.v1.VolumeMount": rules({
    mountPath: text((path) => (path === "" ? "is empty" : undefined)),
    subPath: textUnlessEmpty(faultOfSubPath),
  }),
  "core.v1.HostPathVolumeSource": rules({ path: text(faultOfSteps) }),
  "core.v1.Volume": rules({ name: text(label) }, checkVolume),
  "core.v1.EnvVar": rules({}, checkVariable),
  "core.v1.Probe": rules(
    {
      initialDelaySeconds: atLeast(0),
      timeoutSeconds: atLeast(0),
      periodSeconds: atLeast(0),
      successThreshold: atLeast(0),
      failureThreshold: atLeast(0),
    },
    exactlyOne(handlers, "a handler"),
  ),
  "core.v1.LifecycleHandler": rules({}, exactlyOne(["exec", "httpGet", "tcpSocket", "sleep"], "a handler")),
  "core.v1.HTTPHeader": rules({
    name: text((name) => (/^[-A-Za-z0-9]+$/.test(name) ? undefined : "must be letters, digits and '-'")),
  }),
  "core.v1.PodReadinessGate": rules({ conditionType: text(faultOfQualifiedName) }),
  "core.v1.TopologySpreadConstraint": rules({ maxSkew: atLeast(1) }),
  "core.v1.NodeSelector": rules({ nodeSelectorTerms: notEmpty }),
};

/** What a container asks for has a name of Kubernetes' own, or one with a domain: which there are depends on the version. */
export function checkResourceNames(resources: JsonObject, findings: Findings): void {
  for (const field of ["limits", "requests"]) {
    const amounts = resources.get(field);
    if (!isJsonObject(amounts)) continue;
    for (const [name, amount] of amounts) {
      if (name.includes("/") || numberOf(amount) === undefined) continue;
      if (/^(?:cpu|memory|ephemeral-storage|storage|hugepages-.+)$/.test(name)) continue;
      findings.path.push(field);
      findings.doubtKey(name, "is no resource of a container");
      findings.path.pop();
    }
  }
}
