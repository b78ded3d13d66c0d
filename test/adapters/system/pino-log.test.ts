import { describe, expect, it } from "vitest";
import { createLog } from "../../../src/adapters/system/pino-log.ts";
import { createRedactor } from "../../../src/adapters/system/redactor.ts";

const secret = 'quote" and \\ slash';

describe.each(["json", "text"] as const)("a log as %s", (format) => {
  function logged(write: (log: ReturnType<typeof createLog>) => void): string {
    const lines: string[] = [];
    const redactor = createRedactor();
    redactor.remember(secret);
    redactor.remember("message");
    write(createLog({ level: "debug", format, redactor, write: (line) => lines.push(line) }));
    return lines.join("");
  }

  it("has no secret in a message or a field, however it is escaped", () => {
    const text = logged((log) => log.warn(`refused: ${secret}`, { header: `Bearer ${secret}`, count: 3 }));
    expect(text).not.toContain("slash");
    expect(text).toContain("refused: ***");
    expect(text).toContain("Bearer ***");
  });

  it("keeps the names of its fields", () => {
    const text = logged((log) => log.info("hello", { message_count: 2 }));
    expect(text).toContain("message_count");
    if (format === "json") expect(JSON.parse(text)).toMatchObject({ message: "hello", level: "info" });
  });
});
