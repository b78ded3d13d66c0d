/**
 * A watch that heals: listed, then followed from there; followed again from the last version after a cut; listed anew
 * where the server does not know that version any more (410).
 */
import { ClusterRefusal } from "../../model/cluster-refusal.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { ListOptions, ResourceKind, WatchEvent } from "../../ports/cluster.ts";
import { systemChance, systemClock } from "../system/system-clock.ts";
import type { KubeConnection } from "./kube-connection.ts";
import { listPages } from "./list-pages.ts";
import { metadataListType, metadataType, readMetadata, type WrittenMetadata } from "./metadata.ts";
import { noObject, parseAnswer } from "./parse-answer.ts";
import { collectionPath, queryOf } from "./resource-path.ts";

const delayMsMin = 200;
const delayMsMax = 10_000;
/** The server ends it then; each ends at another time. */
const watchSeconds = 300;

interface Written {
  readonly metadata?: WrittenMetadata;
}

type WrittenEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK"; readonly object: Written }
  | { readonly type: "ERROR"; readonly object: { readonly code?: number; readonly message?: string } };

class VersionGone extends Error {}

export async function* watchMetadata(
  connection: KubeConnection,
  kind: ResourceKind,
  options: ListOptions,
  signal: AbortSignal,
  onTrouble: (problem: Problem) => void,
): AsyncGenerator<WatchEvent> {
  let version = "";
  let delayMs = delayMsMin;
  while (!signal.aborted) {
    try {
      if (version === "") {
        yield { type: "listing" };
        let listed = "";
        for await (const page of listPages<Written>(connection, kind, options, metadataListType)) {
          listed = page.resourceVersion;
          for (const item of page.items) yield { type: "present", metadata: readMetadata(item) };
        }
        yield { type: "listed" };
        // Not before: a list that was cut short is begun anew, else what is behind the cut would count for ever as seen.
        version = listed;
        // The kind is gone; it may come back.
        if (version === "") await systemClock.sleep(delayMsMax, signal);
        else delayMs = delayMsMin;
        continue;
      }
      const query = queryOf({
        watch: "1",
        allowWatchBookmarks: "true",
        resourceVersion: version,
        labelSelector: options.labelSelector,
        timeoutSeconds: String(Math.round(watchSeconds * (1 + systemChance.next()))),
      });
      const path = collectionPath(kind, options.namespace) + query;
      let isEmpty = true;
      for await (const line of connection.stream(path, metadataType, signal)) {
        isEmpty = false;
        const event = parseAnswer<WrittenEvent>(line);
        if (typeof event.object !== "object" || event.object === null) throw noObject();
        if (event.type === "ERROR") throw new VersionGone(event.object.message ?? "");
        version = event.object.metadata?.resourceVersion ?? version;
        delayMs = delayMsMin;
        if (event.type === "BOOKMARK") continue;
        yield { type: event.type === "DELETED" ? "deleted" : "present", metadata: readMetadata(event.object) };
      }
      // What lies between may end each watch at once.
      if (isEmpty) delayMs = await pause(delayMs, signal);
    } catch (error) {
      if (signal.aborted) return;
      const isGone = error instanceof VersionGone || (error instanceof ClusterRefusal && error.reason === "expired");
      if (isGone || (error instanceof ClusterRefusal && error.reason === "not-found")) version = "";
      else if (error instanceof SluiceError) onTrouble(error.problem);
      else throw error;
      delayMs = await pause(delayMs, signal);
    }
  }
}

/** Returns how long the next one is to be. */
async function pause(delayMs: number, signal: AbortSignal): Promise<number> {
  await systemClock.sleep(delayMs * (0.5 + systemChance.next() / 2), signal);
  return Math.min(delayMs * 2, delayMsMax);
}
