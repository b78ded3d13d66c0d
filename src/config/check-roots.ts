/** Names that templates look for at the root of their data and that never are there. */
import { nearestWord } from "../model/nearest-word.ts";
import type { Problem } from "../model/problem.ts";
import type { Template } from "../model/template.ts";
import { placeInSource } from "../render/template-place.ts";

const ofEvents = ["CloudEvent", "CloudEvents", "Cluster", "Message"];

/** `known`: what there is; for an eventSourceName only the cluster. */
export function checkRoots(template: Template, known: readonly string[] = ofEvents): Problem[] {
  const { source, reads } = template;
  return [...reads.roots].flatMap((root) => {
    if (known.includes(root)) return [];
    const nearest = nearestWord(root, known);
    const names = known.map((name) => `.${name}`).join(", ");
    const at = placeInSource(source, offsetOf(root, source.text));
    if (source.confidential === true) {
      // Of a Secret's template nothing is quoted, not even what it is wrong about.
      const { excerpt: _, ...place } = at;
      const message = "the template of a Secret looks for something that is not there, and fails where it comes to it";
      return [{ code: "TEMPLATE_ROOT", severity: "warning", message, at: place, hint: `There are: ${names}.` }];
    }
    const message = `nothing is called .${root} here, so the template fails wherever it comes to it`;
    const hint = nearest === undefined ? `There are: ${names}.` : `Did you mean .${nearest}?`;
    return [{ code: "TEMPLATE_ROOT", severity: "warning", message, at, hint }];
  });
}

/** Go writes a dot before it, Handlebars may not. */
function offsetOf(root: string, text: string): number {
  const found = [`\\.${escapePattern(root)}\\b`, `\\b${escapePattern(root)}\\b`].map((pattern) =>
    text.search(new RegExp(pattern)),
  );
  return found.find((offset) => offset >= 0) ?? 0;
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
