/** `npm run tools [NAME …]`: builds programs that tests run, all of them unless some are named. */
import { buildTool, type ToolName, toolNames } from "./build-tool.ts";

const names = process.argv.length > 2 ? process.argv.slice(2) : toolNames;
for (const name of names) {
  if (!(toolNames as readonly string[]).includes(name)) {
    process.stderr.write(`there is no tool ${name}; there are: ${toolNames.join(", ")}\n`);
    process.exitCode = 2;
    continue;
  }
  process.stdout.write(`${name} ${await buildTool(name as ToolName)}\n`);
}
