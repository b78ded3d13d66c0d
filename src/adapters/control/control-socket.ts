/**
 * The control socket: how commands on the same machine reach the running service. One JSON document a line each way;
 * who may write the socket's folder may command.
 */
import { once } from "node:events";
import { chmod, mkdir, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { type Problem, SluiceError } from "../../model/problem.ts";
import { problemOf } from "./control-problem.ts";

type Reply = { readonly value: string } | { readonly problem: Problem };

const requestBytesMax = 1024 * 1024;

export interface ControlServer {
  close(): Promise<void>;
}

/** Listens on the socket; a socket that a killed service left behind is replaced, one in use is an error. */
export async function serveControl(
  path: string,
  handle: (request: unknown) => Promise<string>,
): Promise<ControlServer> {
  await mkdir(dirname(path), { recursive: true });
  if (await isAlive(path)) {
    throw new SluiceError({
      code: "LEADER_LOST",
      message: `another service runs with the same state directory (${path})`,
      hint: "Give each service a state.directory of its own.",
    });
  }
  await rm(path, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    void answer(socket, handle);
  });
  server.listen(path);
  await once(server, "listening");
  await chmod(path, 0o600);
  return {
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

async function answer(socket: Socket, handle: (request: unknown) => Promise<string>): Promise<void> {
  let received = 0;
  socket.on("data", (chunk: Buffer) => {
    received += chunk.length;
    if (received > requestBytesMax) socket.destroy();
  });
  for await (const line of createInterface({ input: socket })) {
    let reply: Reply;
    try {
      reply = { value: await handle(JSON.parse(line)) };
    } catch (error) {
      reply = { problem: problemOf(error) };
    }
    if (socket.writable) socket.write(`${JSON.stringify(reply)}\n`);
  }
}

async function isAlive(path: string): Promise<boolean> {
  const socket = connect(path);
  const isOpen = await Promise.race([
    once(socket, "connect").then(() => true),
    once(socket, "error").then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return isOpen;
}

/** Sends one request and returns the service's answer. Throws the service's problem, or that there is no service. */
export async function requestControl(path: string, request: unknown): Promise<string> {
  const socket = connect(path);
  try {
    await once(socket, "connect");
  } catch (cause) {
    throw new SluiceError(
      {
        code: "NO_SERVICE",
        message: `no service runs with this state directory (${path})`,
        hint: "Start it with `sluice run`, or run the command where the service runs.",
      },
      cause,
    );
  }
  socket.write(`${JSON.stringify(request)}\n`);
  for await (const line of createInterface({ input: socket })) {
    socket.destroy();
    const reply = JSON.parse(line) as Reply;
    if ("problem" in reply) throw new SluiceError(reply.problem);
    return reply.value;
  }
  throw new SluiceError({ code: "LEADER_LOST", message: "the service ended before it answered" });
}
