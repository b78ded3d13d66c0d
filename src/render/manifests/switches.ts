/**
 * Labels and annotations by which an object tells a consumer of the repository, or Sluice, what to do with it.
 *
 * `config.kubernetes.io/local-config` makes kustomize drop an object, `kustomize.toolkit.fluxcd.io/prune` and
 * `argocd.argoproj.io/sync-options` keep it for good, `argocd.argoproj.io/hook` makes a hook of it. A template's author may
 * write them; an event may not.
 */

/** Prefixes of keys: each itself, and what ends in it behind a dot. */
const switchDomains = [
  "fluxcd.io",
  "argoproj.io",
  "helm.sh",
  "config.kubernetes.io",
  "config.k8s.io",
  "applyset.kubernetes.io",
  "projectsveltos.io",
] as const;
const switchKeys: ReadonlySet<string> = new Set(["kubectl.kubernetes.io/last-applied-configuration"]);
/** Switches whose value is a mere number: an event may say it where the author wrote the key. */
const numberKeys: ReadonlySet<string> = new Set(["argocd.argoproj.io/sync-wave", "helm.sh/hook-weight"]);

/** Keys that only Sluice itself writes. */
const ownDomain = "sluice.dev";

function isOfDomain(prefix: string, domain: string): boolean {
  return prefix.endsWith(domain) && (prefix.length === domain.length || prefix.at(-domain.length - 1) === ".");
}

export function isSwitch(key: string): boolean {
  const slash = key.indexOf("/");
  if (slash < 0) return false;
  const prefix = key.slice(0, slash);
  return switchDomains.some((domain) => isOfDomain(prefix, domain)) || switchKeys.has(key);
}

export function isOwnKey(key: string): boolean {
  const slash = key.indexOf("/");
  return slash >= 0 && isOfDomain(key.slice(0, slash), ownDomain);
}

/** Whether a value that an event printed may stand behind a switch that the author wrote. */
export function mayBePrinted(key: string, value: string): boolean {
  return numberKeys.has(key) && /^-?[0-9]{1,9}$/.test(value);
}
