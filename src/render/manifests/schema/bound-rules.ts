/** What the API server demands of bounds, shares and schedules besides their OpenAPI. */
import type { Json, JsonObject } from "../../../model/json.ts";
import { isJsonObject } from "../../../model/json.ts";
import type { Findings } from "./findings.ts";
import { isNone, listOf, numberOf, oneOf, type Rules, rules } from "./rule-set.ts";
import { between, faultOfQualifiedName, memberOfObject, type Rule, shareOrNumber, text } from "./text-rules.ts";

/** A share of what there is, so no more than all of it. */
export const shareOfAll: Rule = (value, findings) => {
  if (typeof value === "string" && /^[0-9]+%$/.test(value) && Number(value.slice(0, -1)) > 100) {
    findings.refuse("must not be more than 100%", value);
  } else shareOrNumber(value, findings);
};

function faultOfLimitType(type: string): string | undefined {
  const fault = faultOfQualifiedName(type);
  if (fault !== undefined || type.includes("/")) return fault;
  return oneOf(type, ["Container", "Pod", "PersistentVolumeClaim"]);
}

/** What must not be above what: the bounds of a LimitRange, from the lowest to the highest. */
const ladder = ["min", "defaultRequest", "default", "max"] as const;

function checkLimit(item: JsonObject, findings: Findings): void {
  if (item.get("type") === "Pod") {
    for (const field of ["default", "defaultRequest"]) {
      if (isSome(item.get(field))) findings.within(field, () => findings.refuse("must not be there for type Pod"));
    }
  }
  if (item.get("type") === "PersistentVolumeClaim") {
    const has = (field: string) => memberOfObject(item, field, "storage") !== undefined;
    if (!has("min") && !has("max")) findings.refuse("lacks min.storage or max.storage");
  }
  for (const [index, upper] of ladder.entries()) {
    for (const lower of ladder.slice(0, index)) checkOrder(item, lower, upper, findings);
  }
  const ratios = item.get("maxLimitRequestRatio");
  for (const [name, ratio] of isJsonObject(ratios) ? ratios : []) {
    if ((numberOf(ratio) ?? 1) >= 1) continue;
    findings.path.push("maxLimitRequestRatio");
    findings.within(name, () => findings.refuse("must be at least 1", ratio));
    findings.path.pop();
  }
}

function isSome(value: Json | undefined): boolean {
  return isJsonObject(value) && value.size > 0;
}

function checkOrder(item: JsonObject, lower: string, upper: string, findings: Findings): void {
  const [least, most] = [item.get(lower), item.get(upper)];
  if (!isJsonObject(least) || !isJsonObject(most)) return;
  for (const [name, amount] of least) {
    const bound = most.get(name);
    const [asked, limit] = [numberOf(amount), bound === null ? 0 : numberOf(bound)];
    if (asked === undefined || limit === undefined || asked <= limit) continue;
    findings.path.push(lower);
    findings.within(name, () => findings.refuse(`must be at most the ${upper}`, amount));
    findings.path.pop();
  }
}

function checkLimits(spec: JsonObject, findings: Findings): void {
  const seen = new Set<Json>();
  listOf(spec, "limits").forEach((item, index) => {
    const type = memberOfObject(item, "type");
    if (type === undefined || !seen.has(type)) {
      seen.add(type ?? "");
      return;
    }
    findings.path.push("limits", String(index));
    findings.within("type", () => findings.refuse("is there twice", type));
    findings.path.length -= 2;
  });
}

/** Which zones there are depends on the machine: only what can be none is refused. */
export function faultOfTimeZone(zone: string): string | undefined {
  if (zone === "") return "is empty";
  if (zone.toLowerCase() === "local") return "must be a zone's own name";
  return /^[A-Za-z0-9_+-]+(?:\/[A-Za-z0-9_+-]+)*$/.test(zone)
    ? undefined
    : "must be a zone's name such as Europe/Berlin";
}

const positive: Rule = (value, findings) => {
  if ((numberOf(value) ?? 1) <= 0) findings.refuse("must be more than nothing", value);
};

const metricSources: Readonly<Record<string, string>> = {
  Resource: "resource",
  ContainerResource: "containerResource",
  External: "external",
  Object: "object",
  Pods: "pods",
};

export const boundRules: Readonly<Record<string, Rules>> = {
  "core.v1.LimitRangeItem": rules({ type: text(faultOfLimitType) }, checkLimit),
  "core.v1.LimitRangeSpec": rules({}, checkLimits),
  "policy.v1.PodDisruptionBudgetSpec": rules(
    { minAvailable: shareOfAll, maxUnavailable: shareOfAll },
    (spec, findings) => {
      if ((spec.get("minAvailable") ?? null) !== null && (spec.get("maxUnavailable") ?? null) !== null) {
        findings.refuse("must not have both minAvailable and maxUnavailable");
      }
    },
  ),
  "autoscaling.v2.MetricSpec": rules(
    { type: text((type) => oneOf(type, Object.keys(metricSources).sort())) },
    (metric, findings) => {
      const type = metric.get("type");
      const source = typeof type === "string" ? metricSources[type] : undefined;
      if (source !== undefined && (metric.get(source) ?? null) === null) findings.refuse(`lacks ${source}`);
    },
  ),
  "autoscaling.v2.HPAScalingRules": rules({ stabilizationWindowSeconds: between(0, 3600) }),
  "autoscaling.v2.HPAScalingPolicy": rules({
    value: between(1, Number.POSITIVE_INFINITY),
    periodSeconds: between(1, 1800),
  }),
  "scheduling.v1.PriorityClass": rules({}, (value, findings) => {
    const name = String(memberOfObject(value, "metadata", "name") ?? "");
    if (name.startsWith("system-")) {
      findings.path.push("metadata");
      findings.within("name", () => findings.refuse("must not begin with system-, which is Kubernetes' own", name));
      findings.path.pop();
    } else if ((numberOf(value.get("value")) ?? 0) > 1_000_000_000) {
      findings.within("value", () => findings.refuse("must be at most 1000000000", value.get("value") ?? null));
    }
  }),
};

/** Of a metric's target: an average or a value of nothing is no target. */
export const targetAmounts = { averageValue: positive, value: positive } as const;

/** A strategy without the rolling has no settings for it. */
export function checkStrategy(kindOf: string) {
  return (strategy: JsonObject, findings: Findings): void => {
    const type = strategy.get("type") || "RollingUpdate";
    if (type !== kindOf || isNone(strategy.get("rollingUpdate"))) return;
    findings.within("rollingUpdate", () => findings.refuse(`must not be there for type ${kindOf}`));
  };
}
