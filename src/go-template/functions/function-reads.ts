/**
 * What of their arguments functions read: all of it, but for those named here. A function that is new is charged for
 * everything until it is looked at.
 */
import type { Reads } from "../reading-cost.ts";
import type { FunctionTable } from "./registry.ts";

const names: Readonly<Record<Exclude<Reads, "all">, string>> = {
  size: `
    call index len not eq ne lt le gt ge
    typeOf typeIs typeIsLike kindOf kindIs
    default empty coalesce all any ternary
    list tuple dict get set unset hasKey dig pluck pick first mustFirst last mustLast
    int int64 float64 add1 add sub mul div mod max biggest min floor ceil round
    add1f addf subf divf mulf maxf minf
    ago date dateInZone date_in_zone htmlDate htmlDateInZone duration durationRound
    getResource chainRemoveField
    ${chargesItself()}`,
  items: `
    slice mustSlice append mustAppend push mustPush prepend mustPrepend concat rest mustRest initial mustInitial
    reverse mustReverse compact mustCompact uniq mustUniq without mustWithout has mustHas chunk mustChunk omit`,
  keys: "keys values",
  sorted: "sortAlpha",
};

/** Those that make a text or a copy charge for it while it grows; those that compare or merge, for each step. */
function chargesItself(): string {
  return `
    toYaml toJson mustToJson toPrettyJson mustToPrettyJson toRawJson mustToRawJson toToml
    copy setField removeField chainSetField getField
    deepCopy mustDeepCopy deepEqual merge mustMerge mergeOverwrite mustMergeOverwrite`;
}

const readsByName = new Map<string, Reads>(
  Object.entries(names).flatMap(([reads, list]) =>
    list
      .split(/\s+/)
      .filter(Boolean)
      .map((name) => [name, reads as Reads] as const),
  ),
);

/** The functions with what they read. */
export function withReads(table: FunctionTable): FunctionTable {
  return Object.fromEntries(
    Object.entries(table).map(([name, declaration]) => [
      name,
      { ...declaration, reads: declaration.reads ?? readsByName.get(name) ?? "all" },
    ]),
  );
}
