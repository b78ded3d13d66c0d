import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defuseText, fenceFor } from "../../../src/pipeline/review/defuse-text.ts";
import { ReviewWorld } from "./review-world.ts";

const invisible = "\u200b";

describe("text from events", () => {
  const hostile: [what: string, text: string, signal: RegExp][] = [
    ["a mention", "hello @acme/platform", /@\w/],
    ["an issue", "Fixes #1", /#\d/],
    ["an issue of another repository", "closes acme/fleet#12", /#\d/],
    ["an issue the old way", "resolves GH-7", /GH-\d/i],
    ["a pull request as Gitea writes it", "closes !3", /!\d/],
    ["an issue by its address", "Fixes https://github.com/acme/fleet/issues/1", /:\/\//],
    ["a directive to CI", "[skip ci] [ci skip] [no ci]", /\[\w/],
    ["a directive to Azure", "***NO_CI***", /\*\*\*/],
    ["a workflow command", "::error file=a::b", /::/],
    ["a workflow command of old", "##[set-output name=x]", /\[\w/],
    ["a picture", "![x](https://evil.test/pixel.gif)", /\[\w|:\/\//],
    ["text that turns around", "abc\u202edef", /\u202e/],
    ["an escape sequence", "\u001b[31mred", /\u001b/],
  ];
  for (const [what, text, signal] of hostile) {
    it(`is no ${what.replace(/^an? /, "")}`, () => {
      expect(text).toMatch(signal);
      const defused = defuseText(text);
      expect(defused).not.toMatch(signal);
      if (!/[\u001b\u202e]/.test(text)) expect(defused.replaceAll(invisible, "")).toBe(text);
    });
  }

  it("gives signals by no means, whatever it is made of", () => {
    const pieces = fc.constantFrom(
      "@",
      "#",
      "1",
      "a",
      "[",
      "]",
      ":",
      "/",
      "!",
      "GH-",
      "*",
      "skip ci",
      " ",
      "\n",
      "-",
      "`",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 20 }), (parts) => {
        const text = defuseText(parts.join(""));
        expect(text).not.toMatch(/@[\w/]|[#!]\d|\bGH-\d|\[[\w ]|::|:\/\/|\*\*/);
      }),
    );
  });

  it("does not get out of its fence", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("`", "``", "`````", "a", "\n")), (parts) => {
        const text = parts.join("");
        expect(text.includes(fenceFor(text))).toBe(false);
      }),
    );
  });
});

describe("a request's body", () => {
  it("shows what changes, harmlessly", async () => {
    const world = new ReviewWorld();
    world.desire({ "a/x": "1" });
    await world.settle();
    world.host.merge(1);
    await world.settle();
    world.desire({ "a/x": "@acme/platform Fixes #1 [skip ci] ```" });
    await world.settle();
    const { body, title } = world.host.open[0]!;
    expect(title).toBe("Update 1 manifest on 1 cluster");
    expect(body).toContain("| `a` | `fleet/eu` | 0 | 1 | 0 |");
    expect(body).toContain("-data: 1");
    expect(body.replaceAll(invisible, "")).toContain("+data: @acme/platform Fixes #1 [skip ci] ```");
    expect(body).not.toMatch(/@acme|#1|\[skip/);
    expect(body).toContain("````diff");
  });

  it("shows nothing of a Secret but that it changes", async () => {
    const world = new ReviewWorld();
    world.desire({ "triggers/a/ns/secret/password.yaml": "c2VjcmV0" });
    await world.settle();
    const { body } = world.host.open[0]!;
    expect(body).toContain("ns/secret/password.yaml");
    expect(body).not.toContain("c2VjcmV0");
  });

  it("never is longer than the forge takes, and says what it leaves out", async () => {
    for (const charactersMax of [10_000, 3000, 400]) {
      const world = new ReviewWorld();
      world.host.bodyCharactersMax = charactersMax;
      world.restart();
      const names = Array.from({ length: 700 }, (_, index) => [`a/object-${index}`, "x".repeat(100)]);
      world.desire(Object.fromEntries(names));
      await world.settle();
      const { body } = world.host.open[0]!;
      expect(body.length).toBeLessThanOrEqual(charactersMax);
      if (charactersMax > 1000) expect(body).toMatch(/\d+ more files are not shown here/);
      const { pushes } = world.remote;
      await world.settle();
      expect(world.remote.pushes).toBe(pushes);
      expect(world.host.calls.filter((call) => call === "updateRequest")).toEqual([]);
    }
  });

  it("has a row for each trigger and cluster, up to a bound", async () => {
    const world = new ReviewWorld();
    world.host.bodyCharactersMax = 100_000;
    world.restart();
    world.desire(Object.fromEntries(Array.from({ length: 70 }, (_, index) => [`trigger-${index}/x`, "1"])));
    await world.settle();
    expect(world.host.open[0]?.body).toContain("And 20 more rows.");
    expect(world.remote.history("sluice/review/all")[0]?.message.match(/^Sluice-Trigger: /gm)).toHaveLength(50);
  });
});

it("a commit on the review branch says what it does, with trailers for tools", async () => {
  const world = new ReviewWorld();
  world.desire({ "a/x": "1", "b/y": "1" });
  await world.settle();
  expect(world.remote.history("sluice/review/all")[0]?.message).toMatch(
    /^Create 2 manifests on 1 cluster\n\nSluice-Trigger: a\nSluice-Trigger: b\nSluice-Projection: [0-9a-f]{40} [0-9a-f]{40}\n$/,
  );
});
