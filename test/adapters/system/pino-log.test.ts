/** Log lines: what they name, what they leave out, and when they were written. */
import { expect, it } from "vitest";
import { createLog } from "../../../src/adapters/system/pino-log.ts";
import { createRedactor } from "../../../src/adapters/system/redactor.ts";

function logInto(lines: string[], options: { format: "text" | "json"; isDated?: boolean; level?: "debug" | "info" }) {
  return createLog({ level: "info", redactor: createRedactor(), write: (line) => void lines.push(line), ...options });
}

it("text has a time where a process runs for long", () => {
  const lines: string[] = [];
  logInto(lines, { format: "text", isDated: true }).info("pushed", { events: 3, branch: "main" });
  logInto(lines, { format: "text" }).warn("careful");
  expect(lines).toEqual([
    expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z pushed {2}events=3 branch=main\n$/),
    "warn: careful\n",
  ]);
});

it("what is below the level is not even looked at", () => {
  for (const format of ["text", "json"] as const) {
    const lines: string[] = [];
    const log = logInto(lines, { format });
    const fields = {
      get subject(): string {
        throw new Error("looked at");
      },
    };
    log.debug("read", fields);
    expect(lines).toEqual([]);
  }
});

it("a problem is logged by its severity, with code, place and hint, and whose it is", () => {
  const lines: string[] = [];
  const at = { stream: "bus/EVENTS", sequence: 7 };
  const problem = { code: "TEMPLATE_FAILED", severity: "error", message: "it fails", at, hint: "Mend it." } as const;
  logInto(lines, { format: "json" }).problem(problem, { trigger: "login", cluster: "eu/one" });
  expect(JSON.parse(lines[0]!)).toMatchObject({
    level: "error",
    message: "it fails",
    code: "TEMPLATE_FAILED",
    at: "bus/EVENTS#7",
    trigger: "login",
    cluster: "eu/one",
  });
});
