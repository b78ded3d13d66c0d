/** What of charts a delivery can't express: warnings that name the field and the kind, each at its chart. */
import type { Catalog, OwnerSpec } from "../model/catalog.ts";
import { type ChartRef, isTemplateList, isTemplateMap, type TemplateTree } from "../model/chart.ts";
import type { HubDelivery } from "../model/hub-delivery.ts";
import { isJsonObject } from "../model/json.ts";
import { listOf } from "../model/json-members.ts";
import type { Problem } from "../model/problem.ts";
import { explainCheck } from "./flux/health-expressions.ts";

/** Nothing is made of charts: no tool is told of them. */
export function checkUndelivered(catalog: Catalog): readonly Problem[] {
  return ownersOf(catalog).flatMap(({ charts }) =>
    charts.map((chart) =>
      impossible(chart, `${chart.field} is kept in the state alone: nothing brings it to a cluster`),
    ),
  );
}

/** What an owner says of when its objects are well, and the hub's tool can't tell. */
export function checkHealths(catalog: Catalog, kind: HubDelivery["kind"]): readonly Problem[] {
  return ownersOf(catalog).flatMap(({ upkeep, at }) => {
    const checks = listOf(upkeep, "validateHealths").filter(isJsonObject);
    const inexpressible = checks
      .flatMap((check) => explainCheck(check) ?? [])
      .map((what) => `${what} of validateHealths`);
    const told = kind === "flux" ? inexpressible : checks.length > 0 ? ["validateHealths"] : [];
    return [...new Set(told)].map((what) => impossible({ at }, `${what} can't be expressed by delivery.kind ${kind}`));
  });
}

/** What is made for a hub, and the applier, which has helm install charts. */
export type ChartDeliveryKind = HubDelivery["kind"] | "applier";

export function checkCharts(catalog: Catalog, kind: ChartDeliveryKind): readonly Problem[] {
  return ownersOf(catalog).flatMap((owner) => owner.charts.flatMap((chart) => checkChart(chart, owner, kind)));
}

function ownersOf({ eventTriggers, profiles }: Catalog): readonly OwnerSpec[] {
  return [...eventTriggers.values(), ...profiles.values()];
}

/** Fields of a Helm chart that say nothing to anybody but Sveltos. */
const nowhere = [
  "options.dependencyUpdate",
  "options.enableClientCache",
  "options.upgradeOptions.recreate",
  "options.installOptions.recoverAfterConsecutiveFailures",
];

/** Fields, by kind of chart, that a delivery can't express. */
const inexpressible: Readonly<Record<ChartDeliveryKind, Readonly<Record<ChartRef["kind"], readonly string[]>>>> = {
  flux: {
    HelmChart: [
      ...nowhere,
      "options.labels",
      "options.description",
      "options.upgradeOptions.resetThenReuseValues",
      "options.upgradeOptions.subNotes",
      "registryCredentialsConfig.key",
      "registryCredentialsConfig.insecureSkipTLSVerify",
      "provenanceVerification",
    ],
    Kustomization: ["values", "valuesFrom", "optional", "tier"],
  },
  applier: {
    HelmChart: [
      "options.enableClientCache",
      "options.upgradeOptions.recreate",
      "options.installOptions.recoverAfterConsecutiveFailures",
      "options.upgradeOptions.upgradeCRDs",
      "options.postRenderStrategy",
      "registryCredentialsConfig.credentials",
      "registryCredentialsConfig.ca",
      "registryCredentialsConfig.key",
      "signatureVerification",
      "provenanceVerification",
      "patches",
    ],
    Kustomization: [],
  },
  argocd: {
    HelmChart: [
      ...nowhere,
      "options.labels",
      "options.description",
      "options.wait",
      "options.waitForJobs",
      "options.timeout",
      "options.disableHooks",
      "options.disableOpenAPIValidation",
      "options.atomic",
      "options.passCredentialsAll",
      "options.postRenderStrategy",
      "options.installOptions.disableHooks",
      "options.upgradeOptions.cleanupOnFail",
      "options.upgradeOptions.disableHooks",
      "options.upgradeOptions.force",
      "options.upgradeOptions.maxHistory",
      "options.upgradeOptions.resetThenReuseValues",
      "options.upgradeOptions.reuseValues",
      "options.upgradeOptions.subNotes",
      "options.upgradeOptions.upgradeCRDs",
      "options.uninstallOptions",
      "registryCredentialsConfig",
      "signatureVerification",
      "provenanceVerification",
      "patches",
    ],
    Kustomization: [],
  },
};

function checkChart(chart: ChartRef, owner: OwnerSpec, kind: ChartDeliveryKind): readonly Problem[] {
  const { fields, field } = chart;
  const whole = explainWhole(chart, kind);
  if (whole !== undefined) return [impossible(chart, `${whole} can't be expressed by delivery.kind ${kind}`)];
  const said = inexpressible[kind][chart.kind].filter((path) => isSaid(chart, path));
  const others: string[] = [];
  if (owner.syncMode === "OneTime" && kind !== "applier") others.push("syncMode OneTime of charts");
  if (kind !== "flux" && owner.extraLabels.size + owner.extraAnnotations.size > 0) others.push("extraLabels of charts");
  if (kind === "applier" && chart.kind === "HelmChart") {
    if (owner.syncMode === "ContinuousWithDriftDetection") others.push(`syncMode ${owner.syncMode} of charts`);
    if (owner.upkeep.has("maxConsecutiveFailures")) others.push("maxConsecutiveFailures of charts");
  }
  if (kind === "argocd" && chart.valuesFrom.some((ref) => ref.kind === "Secret")) others.push("valuesFrom a Secret");
  if (kind === "flux" && isOfHttp(fields) && isSaid(chart, "signatureVerification"))
    others.push(`${field}.signatureVerification of an http repository`);
  const credentials = kind === "flux" && isSaid(chart, "registryCredentialsConfig.credentials");
  return [
    ...[...said.map((path) => `${field}.${path}`), ...others].map((what) =>
      impossible(chart, `${what} can't be expressed by delivery.kind ${kind}`),
    ),
    ...(credentials ? [impossible(chart, credentialsMessage, credentialsHint)] : []),
  ];
}

const credentialsMessage =
  "registryCredentialsConfig.credentials is looked for in each cluster's own namespace, with the keys username and password";
const credentialsHint = "Have such a Secret there; Sluice copies none.";

/** Why nothing is made of a chart at all. */
function explainWhole({ kind, field, fields }: ChartRef, delivery: ChartDeliveryKind): string | undefined {
  if (kind === "Kustomization") return delivery === "flux" ? undefined : `${field} to a source of Flux'`;
  const url = fields.get("repositoryURL");
  const text = url === undefined ? "" : textOf(url);
  if (text === undefined || /^(?:https?|oci):\/\//.test(text)) return undefined;
  const isFluxSource = /^(?:gitrepository|ocirepository|bucket):\/\//.test(text);
  return isFluxSource && delivery === "flux" ? undefined : `${field}.repositoryURL ${JSON.stringify(text)}`;
}

function isOfHttp(fields: ChartRef["fields"]): boolean {
  const url = fields.get("repositoryURL");
  return url !== undefined && /^https?:/.test(textOf(url) ?? "");
}

/** Undefined for a template: it is known only where it is rendered. */
function textOf(tree: TemplateTree): string | undefined {
  if (typeof tree !== "object" || tree === null || isTemplateMap(tree) || isTemplateList(tree)) return "";
  return tree.source.text.includes("{{") ? undefined : tree.source.text.trim();
}

/** Whether a chart says something there that would not be so anyway. */
function isSaid(chart: ChartRef, path: string): boolean {
  if (path === "valuesFrom") return chart.valuesFrom.length > 0;
  let tree: TemplateTree | undefined = chart.fields;
  for (const step of path.split(".")) tree = tree !== undefined && isMap(tree) ? tree.get(step) : undefined;
  if (tree === undefined || tree === null || tree === false) return false;
  if (isMap(tree)) return tree.size > 0;
  return textOf(tree) !== "" || typeof tree !== "object" || Array.isArray(tree);
}

function isMap(tree: TemplateTree): tree is ReadonlyMap<string, TemplateTree> {
  return typeof tree === "object" && tree !== null && isTemplateMap(tree);
}

const undeliveredHint = "docs/delivery.md says what each delivery.kind makes of it.";

function impossible({ at }: Pick<ChartRef, "at">, message: string, hint = undeliveredHint): Problem {
  return { code: "DELIVERY_IMPOSSIBLE", severity: "warning", message, at, hint };
}
