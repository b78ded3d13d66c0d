/** `sluice show connections`: each stream that is read and how far, told by the service that runs on this machine. */
import { briefProblem } from "../../model/problem.ts";
import type { Settings } from "../../model/settings.ts";
import type { StreamSnapshot } from "../../pipeline/loop/snapshot.ts";
import { sendControl } from "../compose/control.ts";
import type { HostSnapshot } from "../host/host-snapshot.ts";
import type { CliContext } from "./context.ts";
import type { View } from "./print-rows.ts";

/** In the order of the settings; `failedOnly`: those that are not subscribed. */
export async function readConnections(
  context: CliContext,
  settings: Settings,
  { failedOnly }: { readonly failedOnly: boolean },
): Promise<readonly StreamSnapshot[]> {
  const answer = await sendControl(settings, { command: "status" });
  const { leading } = context.redactor.redactValue(JSON.parse(answer)) as HostSnapshot;
  return (leading?.streams ?? []).filter(({ problem }) => !failedOnly || problem !== undefined);
}

/** A stream's name begins with its connection's, which may have slashes. */
function partsOf({ stream }: StreamSnapshot): readonly [string, string] {
  const slash = stream.lastIndexOf("/");
  return [stream.slice(0, slash), stream.slice(slash + 1)];
}

const numberText = (value: number | undefined) => (value === undefined ? "" : String(value));

export const connectionView: View<StreamSnapshot> = {
  columns: [
    { title: "CONNECTION", cell: (row) => partsOf(row)[0] },
    { title: "STREAM", cell: (row) => partsOf(row)[1] },
    { title: "STATE", cell: ({ state }) => state },
    { title: "READ", cell: ({ read }) => numberText(read) },
    { title: "PUSHED", cell: ({ pushed }) => numberText(pushed) },
    { title: "WAITING", cell: ({ pending }) => numberText(pending) },
    { title: "PROBLEM", cell: ({ problem }) => (problem === undefined ? "" : briefProblem(problem)) },
    { title: "HINT", cell: ({ problem }) => problem?.hint ?? "", isWide: true },
  ],
  name: ({ stream }) => stream,
  plain: (row) => {
    const [connection, stream] = partsOf(row);
    const { state, read, pushed, pending, problem } = row;
    return { connection, stream, state, read, pushed, waiting: pending, problem };
  },
};
