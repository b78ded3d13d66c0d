/**
 * What helm is told to do with a release: pure. Flags are those of helm 3.13 and newer; where helm 4 has other names, by
 * its version (cmd/helm/upgrade.go and uninstall.go of helm 3.22, pkg/cmd of helm 4.0).
 */
import { sealedValues } from "../../model/chart.ts";
import { chartName, originOf } from "../../model/chart-origin.ts";
import { ClusterRefusal } from "../../model/cluster-refusal.ts";
import type { JsonObject } from "../../model/json.ts";
import { writeJson } from "../../model/json.ts";
import { isOn, memberOf, numberOf, textOf } from "../../model/json-members.ts";
import { parseDuration } from "../../model/parse-duration.ts";
import type { HelmCommand, HelmVersion } from "../../ports/helm.ts";
import { partOfLabel } from "../apply-set.ts";
import { textAt, textsAt } from "../members.ts";
import { blobAnnotation } from "../pass-plan.ts";
import { releaseLabels } from "./release-labels.ts";

export interface ReleaseName {
  readonly namespace: string;
  readonly name: string;
}

/** As Sveltos keeps revisions unless it is told otherwise. */
const maxHistory = 2;
/** Helm's own. */
const timeoutMsUsual = 5 * 60_000;
/** Each of helm's waits may take the whole time: for hooks before and behind, and for what was applied. */
const waitsMax = 4;
const besidesMs = 60_000;

/** `chart`: a HelmChart with the marks that an applied object has; `known`: the release's labels now. */
export function installCommand(
  chart: JsonObject,
  known: ReadonlyMap<string, string>,
  version: HelmVersion,
): HelmCommand {
  const spec = memberOf(chart, "spec");
  const values = valuesOf(spec);
  return {
    args: ["upgrade", "--install", ...installFlags(chart, known, version), ...operands(chart)],
    ...(values === undefined ? {} : { values }),
    durationMsMax: limitOf(textOf(memberOf(spec, "options"), "timeout")),
  };
}

/** Asks the server, and changes nothing: the answer is JSON, with the manifest. */
export function dryInstallCommand(
  chart: JsonObject,
  known: ReadonlyMap<string, string>,
  version: HelmVersion,
): HelmCommand {
  const { args, ...rest } = installCommand(chart, known, version);
  const [verb = "", ...more] = args;
  return { ...rest, args: [verb, "--dry-run=server", "--hide-secret", "--output=json", ...more] };
}

/** Undefined: nobody asks for tests. */
export function testCommand(chart: JsonObject): HelmCommand | undefined {
  const options = memberOf(memberOf(chart, "spec"), "options");
  if (!isOn(options, "runTests")) return undefined;
  const timeout = textOf(options, "timeout");
  const args = ["test", ...flag("namespace", namespaceOf(chart)), ...flag("timeout", timeout), "--", nameOf(chart)];
  return { args, durationMsMax: limitOf(timeout) };
}

/** As the release's own label says, which was made of its chart: that may be gone. */
export function uninstallCommand({ namespace, name }: ReleaseName, labels: ReadonlyMap<string, string>): HelmCommand {
  const said = (labels.get(releaseLabels.uninstall) ?? "").split("_");
  const of = (key: string) => said.find((one) => one.startsWith(`${key}-`))?.slice(key.length + 1) ?? "";
  const flags = [
    ...(said.includes("no-hooks") ? ["--no-hooks"] : []),
    ...(said.includes("keep-history") ? ["--keep-history"] : []),
    ...flag("cascade", of("cascade")),
    ...flag("timeout", of("timeout")),
  ];
  const args = ["uninstall", ...flag("namespace", namespace), ...flags, "--", name];
  return { args, durationMsMax: limitOf(of("timeout")) };
}

/** What ends what helm left unfinished; by what it was about: an installation goes, an upgrade is taken back. */
export function recoverCommand({ namespace, name }: ReleaseName, isInstallation: boolean): HelmCommand {
  const verb = isInstallation ? "uninstall" : "rollback";
  const args = [verb, ...flag("namespace", namespace), "--no-hooks", "--", name];
  return { args, durationMsMax: limitOf("") };
}

/** What is installed, in YAML. */
export function manifestCommand({ namespace, name }: ReleaseName): HelmCommand {
  return { args: ["get", "manifest", ...flag("namespace", namespace), "--", name], durationMsMax: besidesMs };
}

/** Its chart and when it was deployed, in JSON. */
export function listCommand({ namespace, name }: ReleaseName): HelmCommand {
  const filter = flag("filter", `^${name.replaceAll(".", "\\.")}$`);
  return { args: ["list", ...flag("namespace", namespace), ...filter, "--output=json"], durationMsMax: besidesMs };
}

function installFlags(chart: JsonObject, known: ReadonlyMap<string, string>, version: HelmVersion): readonly string[] {
  const spec = memberOf(chart, "spec");
  const options = memberOf(spec, "options");
  const install = memberOf(options, "installOptions");
  const upgrade = memberOf(options, "upgradeOptions");
  const isEither = (key: string) => isOn(install, key) || isOn(upgrade, key);
  const isNew = version.major >= 4;
  return [
    ...flag("namespace", namespaceOf(chart)),
    ...when(install.get("createNamespace") !== false, "create-namespace"),
    ...flag("history-max", String(numberOf(upgrade, "maxHistory") ?? maxHistory)),
    ...flag("labels", writeLabels(chart, known)),
    ...flag("description", textOf(options, "description")),
    ...flag("timeout", textOf(options, "timeout")),
    ...when(isOn(options, "wait"), "wait"),
    ...when(isOn(options, "waitForJobs"), "wait-for-jobs"),
    ...when(isOn(options, "atomic"), isNew ? "rollback-on-failure" : "atomic"),
    ...when(isOn(options, "disableHooks") || isEither("disableHooks"), "no-hooks"),
    ...when(isOn(options, "disableOpenAPIValidation"), "disable-openapi-validation"),
    ...when(isOn(options, "skipSchemaValidation"), "skip-schema-validation"),
    ...when(isOn(options, "skipCRDs"), "skip-crds"),
    ...when(isOn(options, "dependencyUpdate"), "dependency-update"),
    ...when(isEither("takeOwnership"), "take-ownership"),
    ...when(isOn(upgrade, "cleanupOnFail"), "cleanup-on-fail"),
    ...when(isOn(upgrade, "force"), isNew ? "force-replace" : "force"),
    ...when(isOn(upgrade, "subNotes"), "render-subchart-notes"),
    ...valuesFlags(upgrade),
  ];
}

/** Without one of these helm reuses values where none are given. */
function valuesFlags(upgrade: JsonObject): readonly string[] {
  if (isOn(upgrade, "reuseValues")) return ["--reuse-values"];
  return isOn(upgrade, "resetThenReuseValues") ? ["--reset-then-reuse-values"] : ["--reset-values"];
}

/** Where the chart is; what begins with a dash is no flag behind `--`. */
function operands(chart: JsonObject): readonly string[] {
  const spec = memberOf(chart, "spec");
  const options = memberOf(spec, "options");
  const credentials = memberOf(spec, "registryCredentialsConfig");
  const origin = originOf(spec);
  if (origin?.kind !== "http" && origin?.kind !== "oci") {
    const url = JSON.stringify(textOf(spec, "repositoryURL"));
    const hint = "A repository of http, https or oci is one. Sources of Flux are Flux's.";
    throw new ClusterRefusal("invalid", `helm knows no chart repository ${url}`, hint, "DELIVERY_IMPOSSIBLE");
  }
  const isOci = origin.kind === "oci";
  return [
    ...flag("version", textOf(spec, "chartVersion")),
    ...(isOci ? [] : flag("repo", origin.url)),
    ...when(isOn(options, "passCredentialsAll"), "pass-credentials"),
    ...when(isOci && isOn(credentials, "plainHTTP"), "plain-http"),
    ...when(isOn(credentials, "insecureSkipTLSVerify"), "insecure-skip-tls-verify"),
    "--",
    nameOf(chart),
    isOci ? `${origin.url}/${chartName(spec)}` : chartName(spec),
  ];
}

/** Throws a ClusterRefusal where they are encrypted: without them helm would go back to the chart's own. */
function valuesOf(spec: JsonObject): string | undefined {
  if (memberOf(spec, sealedValues).size > 0) {
    const hint = "Deliver with Flux, or set output.secrets to another value and have the chart rendered again.";
    throw new ClusterRefusal(
      "invalid",
      "its values are encrypted, and nothing is decrypted here",
      hint,
      "DELIVERY_IMPOSSIBLE",
    );
  }
  const values = memberOf(spec, holdsSecrets(spec) ? "secretValues" : "values");
  // JSON is YAML.
  return values.size === 0 ? undefined : writeJson(values);
}

/** Values are a Secret's: what helm says of them may quote it. */
export function holdsSecrets(spec: JsonObject): boolean {
  return memberOf(spec, "secretValues").size > 0;
}

/** Labels of ours that do not hold any more are taken away: helm keeps what is not named. */
function writeLabels(chart: JsonObject, known: ReadonlyMap<string, string>): string {
  const options = memberOf(memberOf(chart, "spec"), "options");
  const labels = new Map<string, string>([...[...textsAt(options, "labels")].filter(isLabel), ...ownLabels(chart)]);
  for (const key of Object.values(releaseLabels)) if (known.has(key) && !labels.has(key)) labels.set(key, "null");
  return [...labels].map(([key, value]) => `${key}=${value}`).join(",");
}

/** Somebody's own, which takes nothing from ours. */
function isLabel([key, value]: readonly [string, string]): boolean {
  return /^[\w./-]+$/.test(key) && /^[\w.-]*$/.test(value) && !key.startsWith("sluice.dev/");
}

/** What says whose the release is, and of which file. */
export function ownLabels(chart: JsonObject): ReadonlyMap<string, string> {
  const spec = memberOf(chart, "spec");
  const own = {
    [releaseLabels.set]: textAt(chart, "metadata", "labels", partOfLabel) ?? "",
    [releaseLabels.blob]: textAt(chart, "metadata", "annotations", blobAnnotation) ?? "",
    [releaseLabels.owner]: textAt(chart, "metadata", "labels", releaseLabels.owner) ?? "",
    [releaseLabels.left]: isLeft(chart) ? "true" : "",
    [releaseLabels.uninstall]: writeUninstall(memberOf(spec, "options")),
  };
  return new Map(Object.entries(own).filter(([, value]) => value !== ""));
}

/** LeavePolicies left it: nobody's any more, and to stay. */
export function isLeft(chart: JsonObject): boolean {
  return textAt(chart, "metadata", "annotations", releaseLabels.left) === "true";
}

/** A label's value: letters, digits, `-`, `_` and `.`. */
function writeUninstall(options: JsonObject): string {
  const own = memberOf(options, "uninstallOptions");
  const propagation = textOf(own, "deletionPropagation");
  const timeout = textOf(options, "timeout");
  return [
    ...(isOn(options, "disableHooks") || isOn(own, "disableHooks") ? ["no-hooks"] : []),
    ...(isOn(own, "keepHistory") ? ["keep-history"] : []),
    ...(/^(?:background|foreground|orphan)$/.test(propagation) ? [`cascade-${propagation}`] : []),
    ...(/^[0-9a-z.]{1,20}$/.test(timeout) ? [`timeout-${timeout}`] : []),
  ].join("_");
}

function nameOf(chart: JsonObject): string {
  return textAt(chart, "metadata", "name") ?? "";
}

function namespaceOf(chart: JsonObject): string {
  return textAt(chart, "metadata", "namespace") ?? "";
}

/** As one word: whatever it begins with it is the flag's value. */
function flag(name: string, value: string): readonly string[] {
  return value === "" ? [] : [`--${name}=${value}`];
}

function when(isSaid: boolean, name: string): readonly string[] {
  return isSaid ? [`--${name}`] : [];
}

/** When helm has taken too long, by the timeout that it was told, written as Go has it. */
function limitOf(timeout: string): number {
  const told = parseDuration(timeout);
  return (told > 0 ? told : timeoutMsUsual) * waitsMax + besidesMs;
}
