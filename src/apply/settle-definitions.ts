/** After a CustomResourceDefinition is applied its kind is served a moment later. */
import { ClusterRefusal } from "../model/cluster-refusal.ts";
import type { ClusterReader } from "../ports/cluster.ts";
import type { Clock } from "../ports/system.ts";
import type { DesiredObject } from "./desired-object.ts";
import { listAt, memberAt, textAt } from "./members.ts";

const settleMsMax = 30_000;
const lookMs = 100;

/** Waits for the kinds of these definitions; what does not come in half a minute is not waited for any longer. */
export async function settleDefinitions(
  { reader, clock }: { readonly reader: ClusterReader; readonly clock: Clock },
  definitions: readonly DesiredObject[],
): Promise<void> {
  const until = clock.monotonic() + settleMsMax;
  await Promise.all(
    definitions.map(async ({ object }) => {
      const group = textAt(object, "spec", "group") ?? "";
      const kind = textAt(object, "spec", "names", "kind") ?? "";
      const versions = listAt(object, "spec", "versions").flatMap((version) => {
        const name = textAt(version, "name");
        return name !== undefined && memberAt(version, "served") === true ? [name] : [];
      });
      for (const version of versions) {
        while (!(await isServed(reader, group, kind, version)) && clock.monotonic() < until) {
          await clock.sleep(lookMs);
        }
      }
    }),
  );
}

async function isServed(reader: ClusterReader, group: string, kind: string, version: string): Promise<boolean> {
  try {
    return (await reader.findKind(group, kind, version)) !== undefined;
  } catch (error) {
    // Of a group that is not served at the moment whatever is in it fails by itself.
    if (error instanceof ClusterRefusal) return false;
    throw error;
  }
}
