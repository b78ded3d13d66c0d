/** Commands from this machine, for the running service: its control socket. */
import { type ControlServer, requestControl, serveControl } from "../../adapters/control/control-socket.ts";
import type { Settings } from "../../model/settings.ts";
import type { ControlCommand } from "../../pipeline/execute-command.ts";

/** Commands from this machine, for the running service. */
export function openControl(directory: string, answer: (request: unknown) => Promise<string>): Promise<ControlServer> {
  return serveControl(directory, answer);
}

/** `status` is answered in every state of the host, and changes nothing. */
export function sendControl(
  { state }: Settings,
  command: ControlCommand | { readonly command: "status" },
): Promise<string> {
  return requestControl(state.directory, command);
}
