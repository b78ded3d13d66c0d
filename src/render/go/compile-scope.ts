/** What compiling a template needs to know: functions, options, and which variables are in force where. */
import type { Execution } from "./execution.ts";
import type { MissingKey } from "./fields.ts";
import type { FunctionDeclaration } from "./functions/registry.ts";
import type { GoValue } from "./value.ts";

/** The variables of one invocation of a template, by slot; slot 0 is `$`. */
export type Variables = GoValue[];

/**
 * A compiled expression. `final` is the value that the command before it in the pipeline gave, for those compiled to
 * take one.
 */
export type Evaluate = (run: Execution, dot: GoValue, variables: Variables, final?: GoValue) => GoValue;

/** A compiled argument: what it gives is an argument for its parameter, not always a GoValue. */
export type EvaluateArgument = (run: Execution, dot: GoValue, variables: Variables, final?: GoValue) => unknown;

/** How a statement ended: went through, or on its way out of or to the next turn of the loop around it. */
export type Outcome = 0 | 1 | 2;
export const wentThrough = 0;
export const breaks = 1;
export const continues = 2;

export type Walk = (run: Execution, dot: GoValue, variables: Variables) => Outcome;

/** A template that can be invoked. */
export interface CompiledBody {
  readonly walk: Walk;
  readonly variableCount: number;
}

export interface CompileOptions {
  readonly missingKey: MissingKey;
  readonly findFunction: (name: string) => FunctionDeclaration | undefined;
  /** All templates by name; those that are still being compiled come later. */
  readonly bodies: ReadonlyMap<string, CompiledBody>;
}

/**
 * Variables of one template, as Go's execution stacks them. The stack is the same whatever the data: what a branch
 * declares is gone after it. So each variable has a fixed slot, found when compiling.
 */
export class Scope {
  readonly options: CompileOptions;
  private readonly names: string[] = ["$"];
  private slotsUsed = 1;

  constructor(options: CompileOptions) {
    this.options = options;
  }

  declare(name: string): number {
    const slot = this.names.push(name) - 1;
    this.slotsUsed = Math.max(this.slotsUsed, this.names.length);
    return slot;
  }

  /** The slot of the variable declared last by that name; `undefined` where none is in force. */
  find(name: string): number | undefined {
    const slot = this.names.lastIndexOf(name);
    return slot < 0 ? undefined : slot;
  }

  mark(): number {
    return this.names.length;
  }

  /** Forgets what was declared since the mark. */
  release(mark: number): void {
    this.names.length = mark;
  }

  get variableCount(): number {
    return this.slotsUsed;
  }
}
