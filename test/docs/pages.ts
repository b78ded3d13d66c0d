/** The documentation as tests read it: pages, their code blocks, code spans, tables and links. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findProjectRoot } from "../tools/find-project-root.ts";

export interface Page {
  /** Relative to the project's root. */
  readonly path: string;
  readonly text: string;
}

export interface CodeBlock {
  readonly language: string;
  /** Without the indentation that the block has in the page. */
  readonly text: string;
  /** Of the block's first line in the page. */
  readonly line: number;
}

export function readPage(path: string): Page {
  return { path, text: readFileSync(join(findProjectRoot(), path), "utf8") };
}

/** All pages: those beside the README, those in `docs`, and those of the examples. */
export function readPages(): readonly Page[] {
  const markdown = (folder: string) =>
    readdirSync(join(findProjectRoot(), folder)).filter((name) => name.endsWith(".md"));
  const examples = readdirSync(join(findProjectRoot(), "examples"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => markdown(`examples/${name}`).map((page) => `examples/${name}/${page}`));
  return [
    ...markdown("."),
    ...markdown("docs").map((name) => `docs/${name}`),
    ...markdown("examples").map((name) => `examples/${name}`),
    ...examples,
  ]
    .sort()
    .map(readPage);
}

export function codeBlocks({ text }: Page): readonly CodeBlock[] {
  return [...text.matchAll(/^( *)```(\w*)\n([\s\S]*?)^ *```$/gm)].map((match) => {
    const [, indent = "", language = "", body = ""] = match;
    const dedented = body.replaceAll(new RegExp(`^${indent}`, "gm"), "");
    return { language, text: dedented, line: text.slice(0, match.index).split("\n").length + 1 };
  });
}

/** Blocks of what people type in a shell. */
export function shellBlocks(page: Page): readonly CodeBlock[] {
  return codeBlocks(page).filter(({ language }) => language === "sh" || language === "console");
}

/** What stands between single backticks, code blocks apart. */
export function codeSpans({ text }: Page): readonly string[] {
  const prose = text.replace(/^ *```[\s\S]*?^ *```$/gm, "");
  return [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span);
}

/** The cells of every row of every table, without the rows of dashes. */
export function tableRows({ text }: Page): readonly (readonly string[])[] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("|") && !/^[|\s-]+$/.test(line))
    .map((line) =>
      line
        .slice(1, line.lastIndexOf("|"))
        .split("|")
        .map((cell) => cell.trim()),
    );
}

/** The part of the page below a heading, up to the next one of its level or above. */
export function section({ path, text }: Page, heading: string): Page {
  const start = text.indexOf(`\n${heading}\n`);
  if (start < 0) throw new Error(`${path} has no ${heading}`);
  const level = heading.indexOf(" ");
  const body = text.slice(start + heading.length + 2);
  const end = body.search(new RegExp(`^#{1,${level}} `, "m"));
  return { path, text: end < 0 ? body : body.slice(0, end) };
}

/** The line of the heading that a line of the page stands under. */
export function sectionLine({ text }: Page, line: number): number {
  const above = text.split("\n").slice(0, line);
  return above.findLastIndex((one) => /^##+ /.test(one)) + 1;
}
