import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { createRedactor } from "../../src/adapters/system/redactor.ts";
import { runCli } from "../../src/app/cli/program.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

it("leaves no folder behind where there is no nats-server", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-no-demo-"));
  vi.stubEnv("TMPDIR", folder);
  vi.stubEnv("NATS_SERVER", join(folder, "none"));
  let told = "";
  try {
    const code = await runCli(["demo"], {
      out: () => undefined,
      err: (text) => {
        told += text;
      },
      isTerminal: false,
      workingDirectory: folder,
      stop: new AbortController().signal,
      stopInOrder: () => undefined,
      redactor: createRedactor(),
    });
    expect(told).toContain("PROGRAM_MISSING");
    expect(code).toBe(3);
    expect(await readdir(folder)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
