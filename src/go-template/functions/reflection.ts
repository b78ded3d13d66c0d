/** Sprig's functions that ask for a value's Go type. */
import { type GoArgument, kindOf, typeOf } from "../value.ts";
import { areDeepEqual } from "./deep-equal.ts";
import { define, type FunctionTable } from "./registry.ts";

/** What `%T` prints. */
function typeName(value: GoArgument): string {
  return typeOf(value)?.name ?? "<nil>";
}

export const reflectionFunctions: FunctionTable = {
  typeOf: define(["any"], (_, value) => typeName(value)),
  typeIs: define(["string", "any"], (_, name, value) => name === typeName(value)),
  typeIsLike: define(["string", "any"], (_, name, value) => {
    const type = typeName(value);
    return name === type || `*${name}` === type;
  }),
  kindOf: define(["any"], (_, value) => kindOf(value)),
  kindIs: define(["string", "any"], (_, kind, value) => kind === kindOf(value)),
  deepEqual: define(["any", "any"], (context, left, right) => areDeepEqual(context, left, right)),
};
