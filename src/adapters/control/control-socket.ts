/**
 * The control socket: how commands on the same machine reach the running service. One JSON document a line each way;
 * who may write the socket's folder may command.
 */
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Problem, SluiceError } from "../../model/problem.ts";
import { triedOnce, withDisk } from "../system/disk-trouble.ts";
import { makeFolders } from "../system/make-folders.ts";
import { problemOf } from "./control-problem.ts";
import { openSocketFolder } from "./socket-path.ts";

type Reply = { readonly value: string } | { readonly problem: Problem };

const socketName = "control.sock";
const requestBytesMax = 1024 * 1024;

export interface ControlServer {
  close(): Promise<void>;
}

/**
 * Listens in the folder, which is made where it is missing. A socket that a killed service left behind is replaced; one
 * that somebody answers on is an error (JOURNAL_LOCKED); a folder that can't be used is DISK_UNAVAILABLE.
 */
export async function serveControl(
  directory: string,
  handle: (request: unknown) => Promise<string>,
): Promise<ControlServer> {
  const openFolder = async () => {
    await makeFolders(directory, 0o700);
    return openSocketFolder(directory);
  };
  const folder = await withDisk(`the state directory ${directory} can't be used`, openFolder, triedOnce);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    void answer(socket, handle);
  });
  const listen = async () => {
    const path = folder.path(socketName);
    if (await isAlive(path)) {
      throw new SluiceError({
        code: "JOURNAL_LOCKED",
        message: `another service runs with the same state directory (${directory})`,
        hint: "Give each service a state.directory of its own.",
      });
    }
    await rm(path, { force: true });
    await listenPrivately(server, path);
  };
  try {
    await withDisk(`the control socket in ${directory} can't be made`, listen, triedOnce);
  } catch (error) {
    await folder.close();
    throw error;
  }
  return {
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
      await folder.close();
    },
  };
}

/** The socket is made with its mode, so that nobody else can connect before it is set. */
async function listenPrivately(server: Server, path: string): Promise<void> {
  const listening = once(server, "listening");
  const before = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(before);
  }
  await listening;
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
      reply = { value: await handle(parseRequest(line)) };
    } catch (error) {
      reply = { problem: problemOf(error) };
    }
    if (socket.writable) socket.write(`${JSON.stringify(reply)}\n`);
  }
}

function parseRequest(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new SluiceError({ code: "USAGE", message: "a request on the control socket is one line of JSON" }, cause);
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
export async function requestControl(directory: string, request: unknown): Promise<string> {
  const socket = await connectTo(directory);
  socket.write(`${JSON.stringify(request)}\n`);
  for await (const line of createInterface({ input: socket })) {
    socket.destroy();
    const reply = JSON.parse(line) as Reply;
    if ("problem" in reply) throw new SluiceError(reply.problem);
    return reply.value;
  }
  throw new SluiceError({ code: "SERVICE_BUSY", message: "the service ended before it answered" });
}

async function connectTo(directory: string): Promise<Socket> {
  try {
    const folder = await openSocketFolder(directory);
    try {
      const socket = connect(folder.path(socketName));
      await once(socket, "connect");
      return socket;
    } finally {
      await folder.close();
    }
  } catch (cause) {
    if (cause instanceof SluiceError) throw cause;
    const path = join(directory, socketName);
    const isForbidden = ["EACCES", "EPERM"].includes((cause as NodeJS.ErrnoException).code ?? "");
    throw new SluiceError(
      isForbidden
        ? {
            code: "NO_SERVICE",
            message: `this user may not ask the service of this state directory (${path})`,
            hint: "Run the command as the user that the service runs as.",
          }
        : {
            code: "NO_SERVICE",
            message: `no service runs with this state directory (${path})`,
            hint: "Start it with `sluice run`, or run the command where the service runs.",
          },
      cause,
    );
  }
}
