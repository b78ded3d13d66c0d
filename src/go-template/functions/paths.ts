/** Go's path package; paths of the operating system are Unix paths too. */
import { define, type FunctionTable } from "./registry.ts";

/** path.Clean: the shortest path by lexical rules alone. */
function clean(path: string): string {
  const isRooted = path.startsWith("/");
  const kept: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== "..") kept.pop();
    else if (!isRooted) kept.push(part);
  }
  return (isRooted ? "/" : "") + kept.join("/") || ".";
}

function base(path: string): string {
  if (path === "") return ".";
  const name = path.replace(/\/+$/, "");
  return name === "" ? "/" : name.slice(name.lastIndexOf("/") + 1);
}

function dir(path: string): string {
  return clean(path.slice(0, path.lastIndexOf("/") + 1));
}

/** From the last point of the last element on. */
function ext(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const point = name.lastIndexOf(".");
  return point < 0 ? "" : name.slice(point);
}

const baseFunction = define(["string"], (_, path) => base(path));
const cleanFunction = define(["string"], (_, path) => clean(path));
const dirFunction = define(["string"], (_, path) => dir(path));
const extFunction = define(["string"], (_, path) => ext(path));
const isAbs = define(["string"], (_, path) => path.startsWith("/"));

export const pathFunctions: FunctionTable = {
  base: baseFunction,
  clean: cleanFunction,
  dir: dirFunction,
  ext: extFunction,
  isAbs,
  osBase: baseFunction,
  osClean: cleanFunction,
  osDir: dirFunction,
  osExt: extFunction,
  osIsAbs: isAbs,
};
