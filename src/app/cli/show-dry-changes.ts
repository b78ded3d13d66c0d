/** What a dry run found, as the difference of each object: what the server has, and what it would have. */
import { type DryChange, withoutBookkeeping } from "../../apply/dry-cluster.ts";
import { withMember } from "../../apply/members.ts";
import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";
import { diffLines, makeHunks, splitLines } from "../../pipeline/dry-run/diff-lines.ts";
import { writeCanonicalYaml } from "../../render/yaml/write-canonical-yaml.ts";
import type { CliContext } from "./context.ts";

export function showDryChanges(context: CliContext, changes: readonly DryChange[]): void {
  for (const { ref, before, after } of changes) {
    const { kind, namespace, name } = ref;
    const label = `${kind.kind.toLowerCase()}${kind.group === "" ? "" : `.${kind.group}`}/${name}`;
    const where = namespace === "" ? label : `${label} -n ${namespace}`;
    context.out(`${before === undefined ? "+++" : after === undefined ? "---" : "~~~"} ${where}\n`);
    if (after === undefined) continue;
    const [one, other] = maskSecret(ref.kind.kind, before, after).map((object) =>
      object === undefined ? [] : splitLines(writeCanonicalYaml(withoutBookkeeping(object))),
    );
    for (const { edits } of makeHunks(diffLines(one!, other!))) {
      for (const { sign, index } of edits) {
        const line = (sign === "+" ? other! : one!)[index] ?? "";
        context.out(`${sign} ${context.redactor.redact(line)}\n`);
      }
    }
  }
}

/** Of a Secret only is shown which of its values would be others. */
function maskSecret(
  kind: string,
  before: JsonObject | undefined,
  after: JsonObject,
): readonly (JsonObject | undefined)[] {
  if (kind !== "Secret") return [before, after];
  const mask = (object: JsonObject, other: JsonObject | undefined, changed: string) =>
    ["data", "stringData"].reduce((masked, key) => {
      const values = object.get(key);
      if (values === undefined || !isJsonObject(values)) return masked;
      const others = other?.get(key);
      const isSame = (name: string, value: Json) => isJsonObject(others) && others.get(name) === value;
      const entries = [...values].map(
        ([name, value]) => [name, isSame(name, value) ? "***" : `*** ${changed}`] as const,
      );
      return withMember(masked, [key], new Map(entries));
    }, object);
  return [before === undefined ? undefined : mask(before, after, "(old)"), mask(after, before, "(new)")];
}
