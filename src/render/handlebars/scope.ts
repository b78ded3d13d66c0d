/** What names mean at a place of a template: the contexts around it, the loop that it is in, block parameters. */
import type { Json, JsonObject } from "../../model/json.ts";
import type { Run } from "./run.ts";
import type { HandlebarsValue } from "./value.ts";

/** A context, `this`; `each`, `with` and sections make a new one, `if` and `unless` do not. */
export interface Scope {
  readonly value: HandlebarsValue;
  /** What `..` is. */
  readonly outer: Scope | undefined;
  readonly loop: Loop | undefined;
  readonly bindings: Bindings | undefined;
}

/** An iteration: `@key`, `@index`, `@first`, `@last`. */
export interface Loop {
  readonly key: string | bigint;
  readonly index: bigint;
  readonly first: boolean;
  readonly last: boolean;
  /** What `@../` is. */
  readonly outer: Loop | undefined;
}

/** The values of block parameters, `as |item index|`. */
export interface Bindings {
  readonly values: readonly HandlebarsValue[];
  readonly outer: Bindings | undefined;
}

/** The names of block parameters, which are known when a template is compiled. */
export interface BindingNames {
  readonly names: readonly string[];
  readonly outer: BindingNames | undefined;
}

export type Evaluate = (run: Run, scope: Scope) => HandlebarsValue;
export type Execute = (run: Run, scope: Scope) => void;

/** The scope within a block that has a context of its own, with the values for its parameters. */
export function enterScope(outer: Scope, value: Json, values: readonly Json[], loop = outer.loop): Scope {
  return { value, outer, loop, bindings: { values, outer: outer.bindings } };
}

export function rootScope(value: JsonObject): Scope {
  return { value, outer: undefined, loop: undefined, bindings: undefined };
}
