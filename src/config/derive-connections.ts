/**
 * Connections that profiles describe (design-delivery.md, fromSecrets): where one puts the Secret projectsveltos/sveltos-nats
 * on a cluster, that Secret is the cluster's connection. A function of the catalog, as the seed's End to End flow has it.
 */
import type { Catalog, ContentDocument, Profile } from "../model/catalog.ts";
import { type Cluster, type ClusterKey, clusterKey } from "../model/cluster.ts";
import { type Connection, endpointsOf } from "../model/connection.ts";
import { derivedConnectionName } from "../model/connection-clusters.ts";
import { mayRefer } from "../model/document-ref.ts";
import { isCoreKind, type Manifest } from "../model/manifest.ts";
import type { Owner } from "../model/owner.ts";
import { type Checked, type Problem, SluiceError } from "../model/problem.ts";
import { profileClusters } from "../model/profile-clusters.ts";
import { selectorMatches } from "../model/select-clusters.ts";
import type { FromSecretsSettings } from "../model/settings.ts";
import type { TemplateSource } from "../model/template.ts";
import { compileTemplate } from "../render/compile-template.ts";
import { renderProfile } from "../render/render-profile.ts";
import { parseConnection } from "./parse-connection.ts";

const secret = { namespace: "projectsveltos", name: "sveltos-nats" } as const;

/** A connection, and the object that it is made of. */
export interface DerivedConnection {
  readonly connection: Connection;
  readonly cluster: ClusterKey;
  readonly owner: Owner;
  readonly manifest: Manifest;
}

/** Those that can be used, and what is wrong with the others. Every rendering that fails is told by its profile's record. */
export function deriveConnections(
  catalog: Catalog,
  settings: readonly FromSecretsSettings[],
): Checked<readonly DerivedConnection[]> {
  const problems: Problem[] = [];
  const found: DerivedConnection[] = [];
  const secrets = settings.length === 0 ? [] : findSecrets(catalog);
  for (const one of settings) {
    const dialled = new Map<string, string>();
    for (const { cluster, owner, manifest } of secrets) {
      const name = derivedConnectionName(one.name, clusterKey(cluster));
      if (one.clusters !== undefined && !selectorMatches(one.clusters, cluster.labels)) continue;
      const { value: connection, problems: faults } = readDerived(one, name, cluster, manifest, dialled);
      problems.push(...faults);
      if (connection !== undefined) found.push({ connection, cluster: clusterKey(cluster), owner, manifest });
    }
  }
  return { value: found, problems };
}

interface FoundSecret {
  readonly cluster: Cluster;
  readonly owner: Owner;
  readonly manifest: Manifest;
}

/** By cluster; of several profiles that render it the first one. */
function findSecrets(catalog: Catalog): readonly FoundSecret[] {
  const found = new Map<ClusterKey, FoundSecret>();
  const likely = [...catalog.contents].filter(([, content]) => mayHold(content));
  for (const [key, profile] of catalog.profiles) {
    if (profile.syncMode === "DryRun" || !likely.some(([document]) => refersTo(profile, document))) continue;
    const clusters = [...profileClusters(catalog).get(key)!].map((one) => catalog.clusters.get(one)!);
    const settings = { instance: "", secrets: "plain" } as const;
    for (const rendering of renderProfile(catalog, profile, clusters, "", settings)) {
      if (rendering.action !== "Create" || found.has(rendering.cluster)) continue;
      const manifest = rendering.manifests.find(({ identity }) => isConnectionSecret(identity));
      const cluster = catalog.clusters.get(rendering.cluster)!;
      if (manifest !== undefined) found.set(rendering.cluster, { cluster, owner: profile.owner, manifest });
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

/** Only what names it is rendered to look for it. */
function mayHold({ entries }: ContentDocument): boolean {
  return entries.some(({ content }) => content.source.text.includes(secret.name));
}

function refersTo({ policyRefs }: Profile, document: string): boolean {
  return policyRefs.some((ref) => mayRefer(ref, document));
}

function isConnectionSecret(identity: Manifest["identity"]): boolean {
  return isCoreKind(identity, "Secret") && identity.namespace === secret.namespace && identity.name === secret.name;
}

/** `dialled`: by address, the cluster whose connection it is already. */
function readDerived(
  { connectTo, clusters: _, ...settings }: FromSecretsSettings,
  name: string,
  cluster: Cluster,
  { text, at }: Manifest,
  dialled: Map<string, string>,
): Checked<Connection | undefined> {
  try {
    const addresses = new Map([...connectTo].map(([from, source]) => [from, renderAddress(source, cluster)]));
    const options = { ...settings, name, connectTo: addresses, file: at.file };
    const { value: connection, problems } = parseConnection(text, `Secret ${name}`, options, refuseReference);
    // Places within what was rendered mean nothing to people: the document that it stands in does.
    const placed = problems.map(({ code, severity, message }) => ({
      code,
      severity,
      message: `connection ${name}: ${message}`,
      at: { file: at.file, line: at.line, column: at.column },
    }));
    if (connection === undefined) return { value: undefined, problems: placed };
    for (const address of addressesOf(connection)) {
      const own = clusterKey(cluster);
      const fault = faultOfAddress(address, dialled.get(address), own);
      if (fault !== undefined) return { value: undefined, problems: [invalid(name, fault, settings.at)] };
      dialled.set(address, own);
    }
    return { value: connection, problems: placed };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { value: undefined, problems: [invalid(name, error.problem.message, settings.at)] };
  }
}

function renderAddress(source: TemplateSource, cluster: Cluster): string {
  const { template, problems } = compileTemplate(source);
  if (template === undefined) throw new SluiceError(problems[0]!);
  return template.render(new Map([["Cluster", cluster.document]]), { clock: 0 }).text.trim();
}

/** A Secret in Git can't point to what stands beside the settings. */
function refuseReference(): never {
  const message = "{env} and {file} belong to the settings: a Secret that a profile brings has its values in it";
  throw new SluiceError({ code: "CONNECTION_INVALID", message });
}

/** `host:port` to dial. */
function addressesOf(connection: Connection): ReadonlySet<string> {
  const urls = endpointsOf(connection).flatMap(({ url }) => url.split(","));
  return new Set(
    urls.map((url) => {
      const address = url
        .trim()
        .replace(/^[a-z]+:\/\//i, "")
        .replace(/^[^@/]*@/, "")
        .replace(/\/$/, "");
      const configured = /:\d+$/.test(address) ? address : `${address}:4222`;
      return connection.connectTo.get(configured) ?? configured;
    }),
  );
}

const withinCluster = /\.(?:svc|cluster\.local):\d+$/;

function faultOfAddress(address: string, other: ClusterKey | undefined, own: ClusterKey): string | undefined {
  if (withinCluster.test(address))
    return `only the cluster itself knows ${address}; map it by connectTo to where it is reached from here`;
  if (other === undefined || other === own) return undefined;
  return `it dials ${address}, and so does that of ${other}; have connectTo say another for each, with .Cluster`;
}

function invalid(name: string, fault: string, at: FromSecretsSettings["at"]): Problem {
  return { code: "CONNECTION_INVALID", severity: "error", message: `connection ${name}: ${fault}`, at };
}
