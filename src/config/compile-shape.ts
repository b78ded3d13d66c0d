/**
 * A schema, or one of its definitions, as a function that validates.
 *
 * The build puts another module in this one's place, which has all of them compiled: to load Ajv and to compile a schema
 * takes longer than most commands do (`.ci/compile-schemas.mjs`).
 */
import { Ajv, type AnySchemaObject, type ValidateFunction } from "ajv";
import { ajvOptions } from "./ajv-options.ts";

export function compileShape(schema: AnySchemaObject, definition: string | undefined): ValidateFunction {
  const ajv = new Ajv(ajvOptions);
  if (definition === undefined) return ajv.compile(schema);
  return ajv.addSchema(schema, "schema").compile({ $ref: `schema#/definitions/${definition}` });
}
