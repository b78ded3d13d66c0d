/** Commands from this machine, for the running service: its control socket. */
import { join } from "node:path";
import { type ControlServer, requestControl, serveControl } from "../../adapters/control/control-socket.ts";
import type { Settings } from "../../model/settings.ts";
import type { ControlCommand } from "../../pipeline/execute-command.ts";

function controlPath(directory: string): string {
  return join(directory, "control.sock");
}

/** Commands from this machine, for the running service. */
export function openControl(directory: string, answer: (request: unknown) => Promise<string>): Promise<ControlServer> {
  return serveControl(controlPath(directory), answer);
}

export function sendControl({ state }: Settings, command: ControlCommand): Promise<string> {
  return requestControl(controlPath(state.directory), command);
}
