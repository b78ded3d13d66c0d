/** What compiling a template needs to know: functions, options, and which variables are in force where. */
import type { Execution } from "./execution.ts";
import type { MissingKey } from "./fields.ts";
import type { FunctionDeclaration } from "./functions/registry.ts";
import { GoPointer, type GoValue } from "./value.ts";

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

/** What a variable's slot holds while `and` or `or` has not come to its declaration. */
export const undeclared: GoValue = new GoPointer({ name: "undeclared", kind: "ptr" }, null);

interface Variable {
  readonly name: string;
  /** Declared whenever the template gets past it: everywhere but in an argument that `and` and `or` may skip. */
  readonly isCertain: boolean;
}

/**
 * Variables of one template, as Go's execution stacks them. The stack is the same whatever the data, but for what `and`
 * and `or` skip: what a branch declares is gone after it. So each variable has a fixed slot, found when compiling.
 */
export class Scope {
  readonly options: CompileOptions;
  private readonly variables: Variable[] = [{ name: "$", isCertain: true }];
  private slotsUsed = 1;
  private skippable = 0;

  constructor(options: CompileOptions) {
    this.options = options;
  }

  declare(name: string): number {
    const slot = this.variables.push({ name, isCertain: this.skippable === 0 }) - 1;
    this.slotsUsed = Math.max(this.slotsUsed, this.variables.length);
    return slot;
  }

  /** Slots of variables by that name, the last one first: up to one that is certainly declared, if there is one. */
  find(name: string): { slots: readonly number[]; isCertain: boolean } {
    const slots: number[] = [];
    for (let slot = this.variables.length - 1; slot >= 0; slot--) {
      const variable = this.variables[slot]!;
      if (variable.name !== name) continue;
      slots.push(slot);
      if (variable.isCertain) return { slots, isCertain: true };
    }
    return { slots, isCertain: false };
  }

  /** Compiles what may be skipped; returns the slots that it declares. */
  compileSkippable(compile: () => void): number[] {
    const start = this.mark();
    this.skippable++;
    compile();
    this.skippable--;
    return Array.from({ length: this.mark() - start }, (_, index) => start + index);
  }

  mark(): number {
    return this.variables.length;
  }

  /** Forgets what was declared since the mark. */
  release(mark: number): void {
    this.variables.length = mark;
  }

  get variableCount(): number {
    return this.slotsUsed;
  }
}
