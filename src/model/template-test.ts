/** Tests of templates as people write them: events in, manifests and failures expected. */
import type { JsonObject } from "./json.ts";
import type { SourcePlace } from "./problem.ts";

export interface TestEvent {
  /** The message's payload; a file holds several. */
  readonly payload: { readonly kind: "text"; readonly text: string } | { readonly kind: "file"; readonly path: string };
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly connection?: string;
  readonly subject?: string;
}

export interface ExpectedManifest {
  /** `<namespace>/<name>`; absent: on every cluster. */
  readonly cluster?: string;
  readonly object: JsonObject;
  readonly at: SourcePlace;
}

export interface ExpectedFailure {
  readonly code: string;
  readonly cluster?: string;
  readonly trigger?: string;
  /** `<file>:<line>`. */
  readonly at?: string;
}

export interface TestCase {
  readonly name: string;
  readonly at: SourcePlace;
  /** Cluster documents that take the place of the catalog's. */
  readonly clusters?: readonly JsonObject[];
  readonly events: readonly TestEvent[];
  /** Undefined where `files` says it. */
  readonly manifests?: readonly ExpectedManifest[];
  /** A folder with exactly what is rendered; relative to the file. */
  readonly files?: string;
  readonly failures: readonly ExpectedFailure[];
}

export interface TestFile {
  readonly connection?: string;
  readonly subject?: string;
  readonly cases: readonly TestCase[];
}
