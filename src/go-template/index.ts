/**
 * `sluice/go-template`: Go's text/template with Sprig's functions, for JavaScript. The one door of this folder, which
 * imports nothing of Sluice.
 */
export { encodeBytes } from "./bytes.ts";
export { sortedKeys } from "./compare.ts";
export { copyValue } from "./copy-value.ts";
export { bounds, noSourceOfChance } from "./execution.ts";
export type { MissingKey } from "./fields.ts";
export { encodeBase32 } from "./functions/encoding.ts";
export { templateFunctions } from "./functions/index.ts";
export {
  define,
  defineVariadic,
  type FunctionContext,
  type FunctionDeclaration,
  type FunctionOptions,
  type FunctionTable,
  GoFunctionError,
  type Parameter,
} from "./functions/registry.ts";
export { compileTemplate, ExecutionError, type GoTemplate, type GoTemplateOptions } from "./go-template.ts";
export type { Json, JsonObject } from "./json.ts";
export type { ExecutionContext, PrintedRange, RenderedText } from "./output.ts";
export { TemplateSyntaxError } from "./parser.ts";
export { quoteGo } from "./quote.ts";
export { chargeArgument, chargeInteger } from "./reading-cost.ts";
export { parseYaml11Stream, YamlToJsonError } from "./serialize/parse-yaml11.ts";
export type { TextOrigins } from "./serialize/scalar-text.ts";
export { YamlError } from "./serialize/yaml-cursor.ts";
export type { YamlAlias, YamlMapping, YamlNode, YamlScalar, YamlSequence, YamlStyle } from "./serialize/yaml-node.ts";
export { parseYamlStream } from "./serialize/yaml-parser.ts";
export { type ResolvedScalar, resolvePlain, type ScalarTag } from "./serialize/yaml-resolve.ts";
export { isBreak as isYamlBreak } from "./serialize/yaml-scalar.ts";
export type { FieldChain, TemplateReads } from "./template-reads.ts";
export {
  GoBoxed,
  GoComplex,
  GoInteger,
  type GoKind,
  GoMap,
  GoPointer,
  GoSlice,
  GoStruct,
  type GoType,
  type GoValue,
  goInt,
  MarkedText,
  stringList,
} from "./value.ts";
