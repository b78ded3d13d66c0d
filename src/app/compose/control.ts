/** Commands from this machine, for the running service: its control socket. */
import { type ControlServer, requestControl, serveControl } from "../../adapters/control/control-socket.ts";
import type { Settings } from "../../model/settings.ts";
import type { ControlCommand } from "../../pipeline/execute-command.ts";

/** Commands from this machine, for the running service. */
export function openControl(directory: string, answer: (request: unknown) => Promise<string>): Promise<ControlServer> {
  return serveControl(directory, answer);
}

export function sendControl({ state }: Settings, command: ControlCommand): Promise<string> {
  return requestControl(state.directory, command);
}
