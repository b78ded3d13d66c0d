/** The control socket: requests and answers, who may ask, and folders with any path. */
import { chmod, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ControlServer, requestControl, serveControl } from "../../../src/adapters/control/control-socket.ts";
import { SluiceError } from "../../../src/model/problem.ts";

let folder: string;
const servers: ControlServer[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-control-"));
});

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  await rm(folder, { recursive: true, force: true });
});

async function serve(directory: string, handle: (request: unknown) => Promise<string>): Promise<void> {
  servers.push(await serveControl(directory, handle));
}

const codeOf = (code: string) => ({ problem: { code } });

it("answers a request, and gives a problem back as it is", async () => {
  await serve(folder, async (request) => {
    if ((request as { command: string }).command === "pause") return "paused";
    throw new SluiceError({ code: "SERVICE_BUSY", message: "the service is starting", hint: "Ask again." });
  });
  expect(await requestControl(folder, { command: "pause" })).toBe("paused");
  await expect(requestControl(folder, { command: "resume" })).rejects.toMatchObject({
    problem: { code: "SERVICE_BUSY", message: "the service is starting", hint: "Ask again." },
  });
});

it("calls a bug a bug, and what is no JSON no request", async () => {
  await serve(folder, async () => {
    throw new TypeError("undefined is not a function");
  });
  await expect(requestControl(folder, {})).rejects.toMatchObject(codeOf("INTERNAL"));
  const socket = connect(join(folder, "control.sock"));
  socket.write("pause\n");
  const said = await new Promise<string>((resolve) => socket.once("data", (data) => resolve(String(data))));
  socket.destroy();
  expect(JSON.parse(said)).toMatchObject(codeOf("USAGE"));
});

it("is made for its user alone", async () => {
  const directory = join(folder, "state");
  await serve(directory, async () => "");
  expect((await stat(join(directory, "control.sock"))).mode & 0o777).toBe(0o600);
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
});

describe("the folder", () => {
  it("may have a path that is longer than a socket's may be", async () => {
    const directory = join(folder, "a".repeat(90), "b".repeat(90));
    await serve(directory, async () => "here");
    expect(await requestControl(directory, {})).toBe("here");
  });

  it("has one service: a second one is refused, one that was killed is replaced", async () => {
    await serve(folder, async () => "first");
    await expect(serveControl(folder, async () => "second")).rejects.toMatchObject(codeOf("JOURNAL_LOCKED"));
    await servers.pop()?.close();
    await writeFile(join(folder, "control.sock"), "");
    await serve(folder, async () => "second");
    expect(await requestControl(folder, {})).toBe("second");
  });

  it("that can't be used says why, without a number of the system's", async () => {
    await writeFile(join(folder, "file"), "");
    await expect(serveControl(join(folder, "file"), async () => "")).rejects.toMatchObject({
      problem: { code: "DISK_UNAVAILABLE", hint: expect.not.stringContaining("again") },
    });
  });

  it("of another user's service says that, and not that there is none", async () => {
    await serve(folder, async () => "");
    await chmod(join(folder, "control.sock"), 0);
    await chmod(folder, 0o755);
    // Root may do anything.
    const isRoot = process.getuid?.() === 0;
    if (isRoot) process.seteuid?.("nobody");
    try {
      await expect(requestControl(folder, {})).rejects.toMatchObject({
        problem: { code: "NO_SERVICE", message: expect.stringContaining("may not") },
      });
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });

  it("without a service says so", async () => {
    await expect(requestControl(folder, {})).rejects.toMatchObject(codeOf("NO_SERVICE"));
    await expect(requestControl(join(folder, "nowhere"), {})).rejects.toMatchObject(codeOf("NO_SERVICE"));
  });

  it("whose service ends before it answers says so", async () => {
    await serve(folder, () => new Promise(() => undefined));
    const asked = requestControl(folder, {});
    asked.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await servers.pop()?.close();
    await expect(asked).rejects.toMatchObject(codeOf("SERVICE_BUSY"));
  });
});
