/**
 * GitHub's published description of its REST API: checks requests against it, and gives its own examples as answers.
 * Nothing is let through that it does not name.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Ajv, type ValidateFunction } from "ajv";

interface Reference {
  readonly $ref: string;
}

interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required?: boolean;
  readonly schema: object;
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly (Parameter | Reference)[];
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content: Readonly<Record<string, { schema: object }>>;
  };
  readonly responses: Readonly<Record<string, Reference | Answer>>;
}

interface Answer {
  readonly content?: Readonly<
    Record<string, { readonly examples?: Readonly<Record<string, Reference | { value: unknown }>> }>
  >;
}

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

export interface DescribedRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

export interface DescribedOperation {
  /** As GitHub names it: `pulls/create`. */
  readonly id: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** What is not as described; empty: all is well. */
  readonly faults: readonly string[];
  /** Status and body of the answer that the description gives as example. */
  readonly status: number;
  readonly example: unknown;
}

let read: Description | undefined;

/** Thirteen megabytes: once a process is enough. */
function readDescription(): Description {
  if (read !== undefined) return read;
  const file = createRequire(import.meta.url).resolve("@octokit/openapi/generated/api.github.com.json");
  read = JSON.parse(readFileSync(file, "utf8")) as Description;
  return read;
}

export class GithubDescription {
  readonly #description: Description;
  // Of the formats it knows few, and would say so on the console.
  readonly #ajv = new Ajv({ strict: false, allErrors: true, logger: false, formats: { uri: true, "date-time": true } });
  readonly #bodies = new Map<string, ValidateFunction>();
  readonly #operations = new Map<
    string,
    { readonly pattern: RegExp; readonly names: string[]; readonly operation: Operation }[]
  >();

  /** Only these operations are known, so that what the adapter is found to use is a decision. */
  constructor(operations: readonly string[]) {
    this.#description = readDescription();
    const wanted = new Set(operations);
    for (const [path, methods] of Object.entries(this.#description.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        if (!wanted.delete(operation.operationId)) continue;
        const names = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name = ""]) => name);
        const pattern = new RegExp(`^${path.replace(/\{[^}]+\}/g, "([^/]+)")}$`);
        const known = this.#operations.get(method) ?? [];
        this.#operations.set(method, [...known, { pattern, names, operation }]);
      }
    }
    if (wanted.size > 0) throw new Error(`GitHub's description has no ${[...wanted].join(", ")}`);
  }

  /** Undefined: no operation of those wanted has that path and method. */
  match({ method, path, query, headers, body }: DescribedRequest): DescribedOperation | undefined {
    for (const { pattern, names, operation } of this.#operations.get(method.toLowerCase()) ?? []) {
      const values = pattern.exec(path)?.slice(1).map(decodeURIComponent);
      if (values === undefined) continue;
      const parameters = Object.fromEntries(names.map((name, index) => [name, values[index]!]));
      const faults = [
        ...this.#checkParameters(operation, parameters, query),
        ...this.#checkBody(operation, body),
        ...(headers["user-agent"] === undefined ? ["no user-agent"] : []),
        ...(/^application\/(vnd\.github\.v3\+json|vnd\.github\+json|json)/.test(String(headers.accept))
          ? []
          : [`accept ${headers.accept}`]),
      ];
      const [status = "200", answer] = Object.entries(operation.responses)[0]!;
      const content = this.#resolve<Answer>(answer).content?.["application/json"];
      const [given] = Object.values(content?.examples ?? {});
      const example = given === undefined ? {} : structuredClone(this.#resolve<{ value: unknown }>(given).value);
      return { id: operation.operationId, parameters, faults, status: Number(status), example };
    }
    return undefined;
  }

  #checkParameters(operation: Operation, path: Readonly<Record<string, string>>, query: URLSearchParams): string[] {
    const known = (operation.parameters ?? []).map((parameter) => this.#resolve<Parameter>(parameter));
    const unknown = [...query.keys()].filter(
      (key) => !known.some(({ name, in: place }) => name === key && place === "query"),
    );
    const wrong = known.flatMap(({ name, in: place, required, schema }) => {
      const value = place === "path" ? path[name] : place === "query" ? query.get(name) : undefined;
      if (value === undefined || value === null) return required === true ? [`${name} is missing`] : [];
      const typed = (this.#inline(schema) as { type?: string }).type === "integer" ? Number(value) : value;
      return this.#ajv.validate(this.#inline(schema), typed) ? [] : [`${name}: ${this.#ajv.errorsText()}`];
    });
    return [...unknown.map((key) => `query ${key} is unknown`), ...wrong];
  }

  #checkBody({ operationId, requestBody }: Operation, body: unknown): string[] {
    if (requestBody === undefined) return body === undefined ? [] : ["a body is sent where none is taken"];
    if (body === undefined) return requestBody.required === true ? ["the body is missing"] : [];
    const schema = this.#inline(requestBody.content["application/json"]!.schema) as {
      properties?: object;
      oneOf?: readonly { properties?: object }[];
      anyOf?: readonly { properties?: object }[];
    };
    let validate = this.#bodies.get(operationId);
    if (validate === undefined) {
      validate = this.#ajv.compile(schema);
      this.#bodies.set(operationId, validate);
    }
    if (!validate(body)) return [`body: ${this.#ajv.errorsText(validate.errors)}`];
    // The description forbids no further members; GitHub would just pass over a misspelt one.
    const variants = [schema, ...(schema.oneOf ?? []), ...(schema.anyOf ?? [])];
    const known = new Set(variants.flatMap(({ properties }) => Object.keys(properties ?? {})));
    return Object.keys(body as object)
      .filter((key) => !known.has(key))
      .map((key) => `body member ${key} is unknown`);
  }

  #resolve<T>(value: T | Reference): T {
    if (typeof value !== "object" || value === null || !("$ref" in value)) return value as T;
    let found: unknown = this.#description;
    for (const step of value.$ref.slice(2).split("/")) found = (found as Record<string, unknown>)[step];
    return this.#resolve(found as T);
  }

  /** The schema with what it refers to in place. */
  #inline(schema: unknown): object {
    const inline = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(inline);
      if (typeof value !== "object" || value === null) return value;
      const resolved = this.#resolve(value) as object;
      return Object.fromEntries(Object.entries(resolved).map(([key, member]) => [key, inline(member)]));
    };
    return inline(schema) as object;
  }
}
