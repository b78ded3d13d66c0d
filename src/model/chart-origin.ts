/** Where a Helm chart comes from, by what its document says. */
import type { JsonObject } from "./json.ts";
import { textOf } from "./json-members.ts";

/** The chart's name as its repository has it: without the repository's own, which Sveltos puts before it. */
export function chartName(spec: JsonObject): string {
  const [name, repository] = [textOf(spec, "chartName"), textOf(spec, "repositoryName")];
  return repository !== "" && name.startsWith(`${repository}/`) ? name.slice(repository.length + 1) : name;
}

/** A repository of charts. */
export interface ChartRepository {
  readonly kind: "http" | "oci";
  readonly url: string;
}

/** Where a Helm chart comes from, by the form of its repositoryURL; undefined: nothing that is known. */
export type ChartOrigin =
  | ChartRepository
  /** A source of Flux' that is there already: `gitrepository://<namespace>/<name>/<path>`. */
  | {
      readonly kind: "GitRepository" | "OCIRepository" | "Bucket";
      readonly namespace: string;
      readonly name: string;
      readonly path: string;
    };

const fluxSources = { gitrepository: "GitRepository", ocirepository: "OCIRepository", bucket: "Bucket" } as const;
const fluxSource = /^(gitrepository|ocirepository|bucket):\/\/([^/]+)\/([^/]+)(?:\/(.*))?$/;

export function originOf(spec: JsonObject): ChartOrigin | undefined {
  const url = textOf(spec, "repositoryURL");
  if (/^https?:\/\//.test(url)) return { kind: "http", url };
  if (/^oci:\/\//.test(url)) return { kind: "oci", url: url.replace(/\/+$/, "") };
  const [, scheme, namespace = "", name = "", path = ""] = fluxSource.exec(url) ?? [];
  if (scheme === undefined) return undefined;
  return { kind: fluxSources[scheme as keyof typeof fluxSources], namespace, name, path };
}
