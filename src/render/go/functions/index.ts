/** All functions of Go templates besides the builtins: one table a family. */
import type { FunctionTable } from "./registry.ts";

export const templateFunctions: FunctionTable = {};
