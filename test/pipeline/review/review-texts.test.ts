import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CloudEvent } from "../../../src/model/cloud-event.ts";
import { type JsonObject, parseJson } from "../../../src/model/json.ts";
import { triggerOwner } from "../../../src/model/owner.ts";
import { defuseText, fenceFor } from "../../../src/pipeline/review/defuse-text.ts";
import { encodePathPart, hashEntity, recordPath } from "../../../src/plan/paths.ts";
import { writeRecord } from "../../../src/plan/record-file.ts";
import { pathOf, ReviewWorld } from "./review-world.ts";

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

describe("entities and events", () => {
  const users = triggerOwner("users");
  const entity = (subject: string) => ({ connection: "bus", source: "auth", subject });
  const time = "2026-01-01T00:00:00Z";
  const message = { connection: "bus", stream: "USERS", sequence: 1, subject: "user.red", time, headers: new Map() };

  /** What a login leaves on the state branch: a manifest that names its entity, and the record. */
  function login(world: ReviewWorld, subject: string, type = "login"): void {
    const hash = hashEntity(entity(subject));
    const document = parseJson(
      JSON.stringify({ specversion: "1.0", id: `id-${subject}`, source: "auth", type, subject, data: { a: 1 } }),
    ) as JsonObject;
    const event = { ...entity(subject), id: `id-${subject}`, type, document } as unknown as CloudEvent;
    const record = { owner: users, entity: entity(subject), events: [{ event, message }], changedAt: message.time };
    world.remote.commitAsPerson("sluice/state", {
      [recordPath(users, hash)]: writeRecord({ ...record, clusters: new Map() }),
      [`desired/${pathOf(`users/${encodePathPart(subject)}`)}`]: manifestOf(hash),
    });
  }

  const manifestOf = (hash: string) =>
    `kind: ConfigMap\nmetadata:\n  annotations:\n    sluice.dev/entity: "${hash}"\n  labels:\n    app.kubernetes.io/managed-by: sluice\n    sluice.dev/owner: EventTrigger.users\n`;

  it("are in title, body and commit, as in push mode", async () => {
    const world = new ReviewWorld();
    login(world, "alice");
    await world.settle();
    expect(world.host.open).toMatchObject([{ title: "Create alice on 1 cluster (users: login from auth)" }]);
    login(world, "bob");
    login(world, "@acme/all Fixes #1");
    await world.settle();
    const { title, body } = world.host.open[0]!;
    expect(title).toMatch(/^Create 3 manifests on 1 cluster for .*alice/);
    expect(body).toContain("| `alice` | `auth` | `login` `id-alice` | `users` | 1 | 0 | 0 |");
    expect(title + body).not.toMatch(/@acme|Fixes #1/);
    const { message: commit } = world.remote.history("sluice/review/all")[0]!;
    expect(commit).toContain("- Create bob on 1 cluster (users: login from auth)");
    expect(commit).toMatch(/^Sluice-Event: auth alice id-alice\n/m);
    expect(commit).toMatch(/\nSluice-Event: [^\n]*\nSluice-Projection: [0-9a-f]{40} [0-9a-f]{40}\n$/);
    expect(commit).not.toMatch(/@acme|Fixes #1/);
  });

  it("of a deletion are known while the process lives; after that the entity's hash is", async () => {
    const world = new ReviewWorld();
    login(world, "alice");
    await world.settle();
    world.host.merge(1);
    await world.settle();
    const logout = () => {
      world.remote.commitAsPerson("sluice/state", {
        [recordPath(users, hashEntity(entity("alice")))]: undefined,
        [`desired/${pathOf("users/alice")}`]: undefined,
      });
    };
    logout();
    const gone = { owner: users, ...entity("alice"), type: "logout", id: "id-2", clusters: 1, failed: 0 };
    world.publisher.note({ events: [{ ...gone, action: "Delete" }] });
    await world.settle();
    expect(world.host.open).toMatchObject([{ title: "Delete alice on 1 cluster (users: logout from auth)" }]);
    world.restart();
    world.host.requests[1]!.body = "";
    await world.settle();
    expect(world.host.open[0]?.title).toMatch(/^Delete entity [0-9a-f]{12} on 1 cluster \(users\)$/);
  });
});

describe("a mass deletion", () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => `a/object-${index}`);

  for (const [deleted, others, isMass] of [
    [4, 0, false],
    [5, 0, true],
    [5, 5, false],
    [6, 5, true],
    [20, 30, false],
    [21, 30, true],
  ] as const) {
    it(`of ${deleted} beside ${others} others is ${isMass ? "" : "not "}warned of in the first line`, async () => {
      const world = new ReviewWorld();
      world.desire(Object.fromEntries(names(deleted).map((name) => [name, "1"])));
      await world.settle();
      world.host.merge(1);
      await world.settle();
      world.desire(Object.fromEntries(names(deleted).map((name) => [name, undefined])));
      world.desire(Object.fromEntries(names(others).map((name) => [name.replace("a/", "b/other-"), "1"])));
      await world.settle();
      const { title, body } = world.host.open[0]!;
      const [commit] = world.remote.history("sluice/review/all");
      const text = `This deletes ${deleted} manifests on 1 cluster.`;
      expect([title.startsWith("Mass deletion: "), body.startsWith(`**${text}**`)]).toEqual([isMass, isMass]);
      expect(commit?.message.startsWith("Mass deletion: ")).toBe(isMass);
    });
  }

  it("is none where everything passes to another owner", async () => {
    const world = new ReviewWorld();
    world.desire(Object.fromEntries(names(30).map((name) => [name, "1"])));
    await world.settle();
    world.host.merge(1);
    await world.settle();
    world.desire(
      Object.fromEntries(
        names(30).flatMap((name) => [
          [name, undefined],
          [`b${name.slice(1)}`, "1"],
        ]),
      ),
    );
    await world.settle();
    expect(world.host.open[0]?.title).toBe("Create 30, delete 30 manifests on 1 cluster");
  });
});
