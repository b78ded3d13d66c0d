/** Runs Go's own text/template with Sveltos' functions: the program in test/tools/gotemplate. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { type Json, writeJson } from "../../src/model/json.ts";
import { findProjectRoot } from "./find-project-root.ts";

export interface GoTemplateRequest {
  readonly template: string;
  readonly data: Json;
  readonly numbers?: "int64" | "float64";
  readonly missingKey?: "default" | "zero" | "error";
  /** For bench: how often it is rendered, and whether the result is parsed and written as YAML each time. */
  readonly iterations?: number;
  readonly yaml?: boolean;
}

export interface GoTemplateAnswer {
  readonly output: Buffer;
  readonly errorKind?: "parse" | "exec" | "yaml" | "crash";
  readonly error?: string;
  /** For bench: per rendering. */
  readonly nanoseconds?: number;
  readonly cpuNanoseconds?: number;
}

/** Puts requests to Go and returns its answers in their order. What makes Go itself crash is answered as a crash. */
export function askGo(command: "render" | "bench", requests: readonly GoTemplateRequest[]): GoTemplateAnswer[] {
  const answers: GoTemplateAnswer[] = [];
  while (answers.length < requests.length) {
    const input = requests.slice(answers.length).map(requestLine).join("");
    const run = spawnSync(buildProgram(), [command], { input, maxBuffer: 1024 ** 3, encoding: "utf8" });
    for (const line of run.stdout.split("\n").filter(Boolean)) answers.push(readAnswer(line));
    if (run.status === 0) break;
    const [reason = "no reason"] = run.stderr.split("\n");
    answers.push({ output: Buffer.alloc(0), errorKind: "crash", error: reason });
  }
  return answers;
}

function requestLine({ template, data, numbers, missingKey, iterations, yaml }: GoTemplateRequest): string {
  const options = JSON.stringify({ template, numbers, missingkey: missingKey, iterations, yaml });
  return `${options.slice(0, -1)},"data":${writeJson(data)}}\n`;
}

function readAnswer(line: string): GoTemplateAnswer {
  const answer = JSON.parse(line) as Omit<GoTemplateAnswer, "output"> & { output: string | null };
  return { ...answer, output: Buffer.from(answer.output ?? "", "base64") };
}

let program: string | undefined;

/** Path of the program, built once for each version of its sources. */
function buildProgram(): string {
  if (program !== undefined) return program;
  const folder = join(findProjectRoot(), "test", "tools", "gotemplate");
  const sources = createHash("sha256");
  for (const name of readdirSync(folder).sort()) sources.update(readFileSync(join(folder, name)));
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "sluice", "tools");
  const path = join(cache, `gotemplate-${sources.digest("hex").slice(0, 16)}`);
  if (!existsSync(path)) {
    mkdirSync(cache, { recursive: true });
    const unfinished = `${path}.${process.pid}`;
    const build = spawnSync("go", ["build", "-trimpath", "-o", unfinished, "."], { cwd: folder, encoding: "utf8" });
    if (build.status !== 0) throw new Error(`go build of gotemplate failed: ${build.stderr ?? build.error}`);
    renameSync(unfinished, path);
  }
  program = path;
  return path;
}
