/** A cluster that is written to only while the lease is ours. */
import type { JsonObject } from "../model/json.ts";
import type { ClusterWriter, DeletionOrder, ObjectRef } from "../ports/cluster.ts";

/** Reads go straight to the cluster; each write is preceded by the assertion, which throws where it does not hold. */
export function guardWriter(writer: ClusterWriter, assertHeld: () => void): ClusterWriter {
  return {
    apply: async (ref: ObjectRef, object: JsonObject, manager: string) => {
      assertHeld();
      return writer.apply(ref, object, manager);
    },
    remove: async (ref: ObjectRef, uid: string, order: DeletionOrder) => {
      assertHeld();
      return writer.remove(ref, uid, order);
    },
    patch: async (ref: ObjectRef, uid: string, change: JsonObject) => {
      assertHeld();
      return writer.patch(ref, uid, change);
    },
    renameManager: async (ref: ObjectRef, from: string, to: string) => {
      assertHeld();
      return writer.renameManager(ref, from, to);
    },
  };
}
