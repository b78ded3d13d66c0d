/**
 * What LeavePolicies leaves is marked: nobody's any more, and whoever applies the folder is told to leave the object in
 * the cluster when the file goes. The rest stays as it was last rendered.
 */
import { putIn, takeOut } from "./metadata-lines.ts";
import { joinProvenance, splitProvenance } from "./provenance.ts";

const section = "  annotations:";
export const leftKey = "sluice.dev/left";
const fluxKey = "kustomize.toolkit.fluxcd.io/prune";
const argoKey = "argocd.argoproj.io/sync-options";
const argoOptions = ["Prune=false", "Delete=false"];

/** What tells who applies a hub's object to leave it where it is when its file goes. */
export const leftAnnotations = {
  /** It is passed over by garbage collection. */
  flux: { [fluxKey]: "disabled" },
  /** Neither pruned, nor deleted with its Application. */
  argocd: { [argoKey]: argoOptions.join(",") },
} as const;

/** The manifest without owner and entity, and with the marks; the label of its Sluice stays, by which the file is ours. */
export function markLeft(manifest: string): string {
  const { bare, texts } = splitProvenance(manifest);
  const { instance } = texts;
  let marked = joinProvenance(bare, instance === undefined ? {} : { instance });
  const argo = takeOut(marked, section, argoKey);
  const options = optionsOf(argo.value).filter((option) => !/^(?:Prune|Delete)=/.test(option));
  marked = putIn(argo.rest, section, argoKey, quoteIfNeeded([...options, ...argoOptions].join(",")));
  marked = putIn(takeOut(marked, section, fluxKey).rest, section, fluxKey, "disabled");
  return putIn(takeOut(marked, section, leftKey).rest, section, leftKey, '"true"');
}

/** A hub's object without what has it left there. */
export function dropLeftAnnotations(text: string): string {
  return takeOut(takeOut(text, section, argoKey).rest, section, fluxKey).rest;
}

export function isMarkedLeft(manifest: string): boolean {
  return takeOut(manifest, section, leftKey).value !== undefined;
}

/** The options that a manifest has already, as canonical YAML writes a line of text; others are none that Argo CD reads. */
function optionsOf(value = ""): readonly string[] {
  const text = value.startsWith('"') ? (JSON.parse(value) as string) : value;
  return text
    .split(",")
    .map((option) => option.trim())
    .filter((option) => /^[A-Za-z]+=[A-Za-z]+$/.test(option));
}

function quoteIfNeeded(text: string): string {
  return /^[A-Za-z]+=[A-Za-z,=]+$/.test(text) ? text : JSON.stringify(text);
}
