/** mergo as Sprig uses it: maps merged into the first one, in depth. */
import { anyType, GoMap, type GoObject, type GoValue, mapEntries, typeOf } from "../value.ts";
import { isEmpty } from "./defaults.ts";
import { GoFunctionError } from "./registry.ts";

/**
 * Puts into `target` what it lacks or has only as an empty value; with `overwrite` everything. Maps on both sides are
 * merged, in place; whatever is put is shared with the source. Charges one step for each key looked at.
 */
export function mergeInto(
  target: Map<string, GoValue>,
  source: GoObject,
  options: { overwrite: boolean; charge: (steps: number) => void },
): void {
  options.charge(source.size);
  for (const [key, value] of [...source]) {
    const present = target.get(key);
    if (value === null || value === undefined) {
      if (options.overwrite) target.set(key, null);
      continue;
    }
    const from = mapEntries(value);
    const into = mapEntries(present);
    if (from !== undefined && into !== undefined) {
      checkElements(present, value, from);
      mergeInto(into as Map<string, GoValue>, from, options);
      if (into.size > 0) continue;
    }
    if (options.overwrite || isEmpty(present)) target.set(key, value);
  }
}

/** A map[string]string takes no interface{}; a nil map nothing at all. */
function checkElements(target: GoValue, source: GoValue, entries: GoObject): void {
  if (!(target instanceof GoMap) || entries.size === 0) return;
  if (target.entries === null) throw new GoFunctionError("assignment to entry in nil map");
  const [into, from] = [target.type.elem!.name, typeOf(source)!.elem!.name];
  if (into !== anyType.name && into !== from) {
    throw new GoFunctionError(`reflect.Value.SetMapIndex: value of type ${from} is not assignable to type ${into}`);
  }
}
