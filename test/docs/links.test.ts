/** Every link from page to page leads somewhere: to a file that is there, and to a heading in it. */
import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, it } from "vitest";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { type Page, readPage, readPages } from "./pages.ts";

/** As forges make anchors of headings: lower case, blanks to dashes, without punctuation. */
function anchors({ text }: Page): readonly string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

it.each(readPages())("$path", ({ path, text }) => {
  const links = [...text.replace(/^ *```[\s\S]*?^ *```$/gm, "").matchAll(/\]\(([^)\s]+)\)/g)];
  const broken = links.flatMap(([, link = ""]) => {
    if (/^[a-z]+:/.test(link)) return [];
    const [file = "", anchor] = link.split("#", 2);
    const target = file === "" ? path : normalize(join(dirname(path), file));
    if (!existsSync(join(findProjectRoot(), target))) return link;
    return anchor === undefined || anchors(readPage(target)).includes(anchor) ? [] : link;
  });
  expect(broken).toEqual([]);
});
