/** Commands from this machine, for the running service: its control socket. */
import { join } from "node:path";
import { type ControlServer, requestControl, serveControl } from "../../adapters/control/control-socket.ts";
import type { Settings } from "../../model/settings.ts";
import { type ControlCommand, parseCommand } from "../../pipeline/execute-command.ts";

function controlPath({ state }: Settings): string {
  return join(state.directory, "control.sock");
}

/** Commands from this machine, for the running service. */
export function openControl(
  settings: Settings,
  execute: (command: ControlCommand) => Promise<string>,
): Promise<ControlServer> {
  return serveControl(controlPath(settings), (request) => execute(parseCommand(request)));
}

export function sendControl(settings: Settings, command: ControlCommand): Promise<string> {
  return requestControl(controlPath(settings), command);
}
