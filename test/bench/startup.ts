/** What starting a command takes, in CPU seconds, against Node itself. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { type BenchOptions, type BenchRow, formatNumber, percentile } from "./bench-row.ts";
import { runTimed } from "./run-timed.ts";

const event = {
  specversion: "1.0",
  id: "1",
  type: "auth.example.com.login",
  source: "auth.example.com",
  subject: "alice",
  time: "2026-01-01T00:00:00Z",
  data: { organization: "engineering" },
};

export async function benchStartup({ isQuick }: BenchOptions): Promise<readonly BenchRow[]> {
  const runs = isQuick ? 5 : 20;
  const root = findProjectRoot();
  const folder = mkdtempSync(join(tmpdir(), "sluice-startup-"));
  try {
    writeFileSync(join(folder, "event.json"), JSON.stringify(event));
    const sluice = `node ${join(root, "dist", "program", "sluice.js")}`;
    const settings = join(root, "examples", "user-namespaces", "sluice.yaml");
    const commands = [
      ["sluice --version", `${sluice} --version > /dev/null`, 2],
      ["sluice render of one event", `${sluice} render -f ${settings} --event ${folder}/event.json > /dev/null`, 6],
    ] as const;
    const rows: BenchRow[] = [];
    for (const [name, command, atMost] of commands) {
      const [mine, node]: [number[], number[]] = [[], []];
      for (let run = 0; run < runs; run++) {
        node.push(await runTimed("node -e 0"));
        mine.push(await runTimed(command));
      }
      const [own, rival] = [percentile(mine, 0.5), percentile(node, 0.5)];
      rows.push({
        name: `${name}, CPU, against node -e 0`,
        ratio: own / rival,
        goal: { atMost },
        detail: `${formatNumber(own * 1000)} ms and ${formatNumber(rival * 1000)} ms`,
      });
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
