/** `npm run demo`: installs and builds what is needed, nats-server included, and runs `sluice demo`. */
import { join } from "node:path";
import { fail, prepare, root, runOrFail } from "./prepare.mjs";

prepare();
const { buildTool } = await import(join(root, "dist/test/tools/build-tool.js"));
const server = await buildTool("nats-server").catch((error) => fail(error.message));
runOrFail(process.execPath, [join(root, "dist/program/sluice.js"), "demo", ...process.argv.slice(2)], {
  env: { ...process.env, NATS_SERVER: server },
});
