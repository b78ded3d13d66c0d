/** All functions of Go templates besides the builtins: one table a family. */
import { certificateFunctions } from "./certificates.ts";
import { chanceFunctions } from "./chance.ts";
import { cryptoFunctions } from "./crypto.ts";
import { dateFunctions } from "./dates.ts";
import { defaultFunctions } from "./defaults.ts";
import { dictFunctions } from "./dicts.ts";
import { encodingFunctions } from "./encoding.ts";
import { withReads } from "./function-reads.ts";
import { listFunctions } from "./lists.ts";
import { mathFunctions } from "./math.ts";
import { objectFunctions } from "./objects.ts";
import { pathFunctions } from "./paths.ts";
import { reflectionFunctions } from "./reflection.ts";
import { regexFunctions } from "./regexes.ts";
import type { FunctionTable } from "./registry.ts";
import { semverFunctions } from "./semver.ts";
import { serializationFunctions } from "./serialization.ts";
import { stringFunctions } from "./strings.ts";
import { urlFunctions } from "./urls.ts";

export const templateFunctions: FunctionTable = withReads({
  ...stringFunctions,
  ...mathFunctions,
  ...listFunctions,
  ...dictFunctions,
  ...defaultFunctions,
  ...reflectionFunctions,
  ...regexFunctions,
  ...dateFunctions,
  ...semverFunctions,
  ...encodingFunctions,
  ...cryptoFunctions,
  ...certificateFunctions,
  ...chanceFunctions,
  ...pathFunctions,
  ...urlFunctions,
  ...serializationFunctions,
  ...objectFunctions,
});
