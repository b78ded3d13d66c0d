/** Lists in pages, begun again where the server has forgotten the page that follows. */
import { ClusterRefusal } from "../../model/cluster-refusal.ts";
import type { ListOptions, ResourceKind } from "../../ports/cluster.ts";
import type { KubeConnection } from "./kube-connection.ts";
import { noObject, parseAnswer } from "./parse-answer.ts";
import { collectionPath, queryOf } from "./resource-path.ts";

const pageObjects = 500;

export interface Page<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** Of the next page; empty: this was the last. */
  readonly next: string;
  /** How many are behind this page, where the server knows. */
  readonly remaining: number | undefined;
}

export async function readPage<T>(
  connection: KubeConnection,
  kind: ResourceKind,
  { namespace, labelSelector }: ListOptions,
  accept: string,
  from: { readonly next?: string; readonly limit?: number } = {},
): Promise<Page<T>> {
  const { next, limit = pageObjects } = from;
  const query = queryOf({ labelSelector, limit: String(limit), continue: next });
  const path = collectionPath(kind, namespace) + query;
  const list = parseAnswer<{
    readonly items?: readonly T[];
    readonly metadata?: {
      readonly resourceVersion?: string;
      readonly continue?: string;
      readonly remainingItemCount?: number;
    };
  }>(await connection.read({ method: "GET", path, accept }));
  if (!Array.isArray(list.items ?? [])) throw noObject();
  return {
    items: list.items ?? [],
    resourceVersion: list.metadata?.resourceVersion ?? "",
    next: list.metadata?.continue ?? "",
    remaining: list.metadata?.remainingItemCount,
  };
}

/** Every page; an object may come twice where the list had to be begun again. None where the kind is gone. */
export async function* listPages<T>(
  connection: KubeConnection,
  kind: ResourceKind,
  options: ListOptions,
  accept: string,
): AsyncGenerator<Page<T>> {
  let next = "";
  for (;;) {
    let page: Page<T>;
    try {
      page = await readPage<T>(connection, kind, options, accept, next === "" ? {} : { next });
    } catch (error) {
      if (!(error instanceof ClusterRefusal)) throw error;
      if (error.reason === "not-found" && next === "") return;
      if (error.reason !== "expired" || next === "") throw error;
      next = "";
      continue;
    }
    yield page;
    next = page.next;
    if (next === "") return;
  }
}
