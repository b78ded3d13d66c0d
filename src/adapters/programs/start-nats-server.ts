/** A nats-server of one's own for the demo: on 127.0.0.1, gone when it is over. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SluiceError } from "../../model/problem.ts";

export interface StartedNatsServer {
  /** `127.0.0.1:<port>`. */
  readonly address: string;
  stop(): Promise<void>;
}

const startMsMax = 15_000;

/** `program`: a path, or a name on PATH. Throws PROGRAM_MISSING, or PROGRAM_FAILED where it does not come up. */
export async function startNatsServer(
  program: string,
  directory: string,
  user: string,
  password: string,
): Promise<StartedNatsServer> {
  const port = await findFreePort();
  const config = join(directory, "nats-server.conf");
  await writeFile(
    config,
    `listen: "127.0.0.1:${port}"\nauthorization { user: ${JSON.stringify(user)}, password: ${JSON.stringify(password)} }\n`,
  );
  const child = spawn(program, ["-c", config], { stdio: "ignore" });
  const failed = new Promise<never>((_, reject) => {
    child.once("error", (cause) => {
      const hint = "Install nats-server 2.12 or newer, or name it with NATS_SERVER.";
      reject(new SluiceError({ code: "PROGRAM_MISSING", message: `${program} can't be started`, hint }, cause));
    });
    child.once("exit", (code) =>
      reject(new SluiceError({ code: "PROGRAM_FAILED", message: `${program} ended with code ${code}` })),
    );
  });
  failed.catch(() => undefined);
  await Promise.race([failed, untilListening(port)]);
  return {
    address: `127.0.0.1:${port}`,
    stop: async () => {
      if (child.exitCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    },
  };
}

async function untilListening(port: number): Promise<void> {
  for (let waited = 0; waited < startMsMax; waited += 50) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isOpen) return;
    await sleep(50);
  }
  throw new SluiceError({
    code: "PROGRAM_FAILED",
    message: `nats-server does not listen after ${startMsMax / 1000} s`,
  });
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
