/** How our JSON Schemas are compiled: when they are first used from the sources, once and for all by the build. */
import type { Options } from "ajv";

/** A schema's own advice, shown whenever it is not met. */
export const hintKeyword = "x-hint";

export const ajvOptions = {
  allErrors: true,
  verbose: true,
  allowUnionTypes: true,
  formats: { uri: true },
  keywords: [hintKeyword],
  // Our schemas are checked by tests: compiling the schema of schemas each time would take longer than they do.
  meta: false,
  validateSchema: false,
  code: { optimize: false },
} as const satisfies Options;
