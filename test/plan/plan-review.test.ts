import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { emptyReview, type FileContents, type FileDifference, type ReviewRecord } from "../../src/model/review.ts";
import { keepRejected, planReview, rejectShown } from "../../src/plan/plan-review.ts";
import { fingerprintProposal, readProjection, writeProjectionTrailer } from "../../src/plan/projection-trailer.ts";
import { parseReview, writeReview } from "../../src/plan/review-file.ts";
import { casesOf } from "../tools/cases-of.ts";

/** Below `c/one/`; what a hub applies as it is. */
function pathOf(path: string): string {
  return path.startsWith("~delivery/") ? path : `c/one/${path}`;
}

/** `+path=new`, `~path=old>new`, `-path=old`. */
function difference(text: string): FileDifference {
  const [, sign, path, contents = ""] = /^([+~-])([^=]*)=(.*)$/.exec(text)!;
  const [before, after] =
    sign === "+" ? [undefined, contents] : sign === "-" ? [contents, undefined] : contents.split(">");
  return { path: pathOf(path!), have: before, want: after };
}

/** `path=content`; `path=` is the absence. */
function contents(...texts: string[]): FileContents {
  return new Map(texts.map((text) => text.split("=")).map(([path, id]) => [pathOf(path!), id === "" ? undefined : id]));
}

function rejecting(group: string, ...texts: string[]): [string, ReviewRecord] {
  return [group, { ...emptyReview(group), rejected: contents(...texts) }];
}

const a = "triggers/a/ns/configmap/x.yaml";
const b = "triggers/b/ns/configmap/y.yaml";
const own = "base/sluice-cluster.yaml";
const ns = "base/namespaces/ns.yaml";
const rendered = "triggers/a/_cluster/namespace/ns.yaml";

const profileKeeper = "clusterprofiles/p/sluice-unit.yaml";
const unit = "~delivery/hub/c/one.yaml";
const keeper = "triggers/sluice-unit.yaml";
const hubFile = "~delivery/hub/sluice-delivery.yaml";
const release = "~delivery/charts/c/one/triggers/a/0123456789ab/ns/app.yaml";
const source = "~delivery/charts/c/one/triggers/a/0123456789ab/sluice-source.yaml";

interface Case {
  name: string;
  differences: string[];
  rejected?: [string, ReviewRecord][];
  all: string[];
  trigger: Record<string, string[]>;
}

const cases: Case[] = [
  { name: "nothing differs: nothing is proposed", differences: [], all: [], trigger: {} },
  {
    name: "each trigger's group has what its objects need, and both have what both need",
    differences: [`+${own}=1`, `+${ns}=1`, `+${a}=1`, `+${b}=1`],
    all: [ns, own, a, b],
    trigger: { a: [ns, own, a], b: [ns, own, b] },
  },
  {
    name: "shards are no namespace",
    differences: [`+${ns}=1`, "+triggers/a/ab/cd/ns/configmap/x.yaml=1"],
    all: [ns, "triggers/a/ab/cd/ns/configmap/x.yaml"],
    trigger: { a: [ns, "triggers/a/ab/cd/ns/configmap/x.yaml"] },
  },
  {
    name: "what no object needs has a group of its own",
    differences: [`+${own}=1`, `-${a}=1`],
    all: [own, a],
    trigger: { a: [a], _clusters: [own] },
  },
  {
    name: "what was turned down is left out, in its group only",
    differences: [`+${a}=1`, `+${b}=1`],
    rejected: [rejecting("a", `${a}=1`), rejecting("all", `${b}=1`)],
    all: [a],
    trigger: { b: [b] },
  },
  {
    name: "something else at the same path is not what was turned down",
    differences: [`~${a}=0>2`],
    rejected: [rejecting("a", `${a}=1`), rejecting("all", `${a}=1`)],
    all: [a],
    trigger: { a: [a] },
  },
  {
    name: "a removal is turned down by its absence",
    differences: [`-${a}=1`],
    rejected: [rejecting("a", `${a}=`), rejecting("all", `${a}=`)],
    all: [],
    trigger: {},
  },
  {
    name: "what is shared comes again with what needs it, however it was turned down",
    differences: [`+${own}=1`, `+${ns}=1`, `+${a}=1`, "+triggers/a/ns/configmap/new.yaml=1"],
    rejected: [rejecting("a", `${own}=1`, `${ns}=1`, `${a}=1`), rejecting("all", `${own}=1`, `${ns}=1`, `${a}=1`)],
    all: [ns, own, "triggers/a/ns/configmap/new.yaml"],
    trigger: { a: [ns, own, "triggers/a/ns/configmap/new.yaml"] },
  },
  {
    name: "what is shared and was turned down with all that needs it is not proposed by itself",
    differences: [`+${own}=1`, `+${a}=1`],
    rejected: [rejecting("a", `${own}=1`, `${a}=1`), rejecting("all", `${own}=1`, `${a}=1`)],
    all: [],
    trigger: {},
  },
  {
    name: "a generated namespace goes with the last object in it",
    differences: [`-${ns}=1`, `-${a}=1`],
    all: [ns, a],
    trigger: { a: [ns, a] },
  },
  {
    name: "and behind the objects of several groups, and not where people keep one",
    differences: [`-${ns}=1`, `-${a}=1`, `-${b}=1`],
    rejected: [rejecting("b", `${b}=`), rejecting("all", `${b}=`)],
    all: [a],
    trigger: { a: [a] },
  },
  {
    name: "and by itself when nothing is left in it",
    differences: [`-${ns}=1`],
    all: [ns],
    trigger: { _clusters: [ns] },
  },
  {
    name: "a generated namespace gives way together with the one that is rendered",
    differences: [`+${rendered}=1`, `-${ns}=1`, `+${b}=1`],
    all: [ns, rendered, b],
    trigger: { a: [ns, rendered], b: [b] },
  },
  {
    name: "and stays where that is turned down",
    differences: [`+${rendered}=1`, `-${ns}=1`],
    rejected: [rejecting("a", `${rendered}=1`), rejecting("all", `${rendered}=1`)],
    all: [],
    trigger: {},
  },
  {
    name: "and comes back together with the rendered one's end, not with what needs it",
    differences: [`-${rendered}=1`, `+${ns}=1`, `+${b}=1`],
    all: [ns, rendered, b],
    trigger: { a: [ns, rendered], b: [b] },
  },
  {
    name: "an object that passes to another owner goes from the one to the other in one request",
    differences: [`-${a}=1`, "+triggers/b/ns/configmap/x.yaml=1"],
    all: [a, "triggers/b/ns/configmap/x.yaml"],
    trigger: { b: [a, "triggers/b/ns/configmap/x.yaml"] },
  },
  {
    name: "or stays where it is, where the new owner's was turned down",
    differences: [`-${a}=1`, "+triggers/b/ns/configmap/x.yaml=1"],
    rejected: [
      rejecting("b", "triggers/b/ns/configmap/x.yaml=1"),
      rejecting("all", "triggers/b/ns/configmap/x.yaml=1"),
    ],
    all: [],
    trigger: {},
  },
  {
    name: "all units of a cluster come with whatever puts an object there",
    differences: [`+${hubFile}=1`, `+${unit}=1`, `+${keeper}=1`, `+${a}=1`, `+${b}=1`],
    all: [keeper, a, b, unit, hubFile].sort(),
    trigger: { a: [keeper, a, unit, hubFile].sort(), b: [keeper, b, unit, hubFile].sort() },
  },
  {
    name: "units of which no object comes have the clusters' group",
    differences: [`+${hubFile}=1`, `+${unit}=1`, "~~delivery/hub/c/two.yaml=1>2", `-${a}=1`],
    all: [hubFile, unit, "~delivery/hub/c/two.yaml", a].sort(),
    trigger: { a: [a], _clusters: [hubFile, unit, "~delivery/hub/c/two.yaml"].sort() },
  },
  {
    name: "a unit stays, with what keeps its folder, while an object goes from its cluster",
    differences: [`-${unit}=1`, `-${keeper}=1`, `-${own}=1`, `-${a}=1`],
    all: [a],
    trigger: { a: [a] },
  },
  {
    name: "and while people want the object to stay",
    differences: [`-${unit}=1`, `-${keeper}=1`, `-${own}=1`, `-${a}=1`],
    rejected: [rejecting("a", `${a}=`), rejecting("all", `${a}=`)],
    all: [],
    trigger: {},
  },
  {
    name: "then it goes",
    differences: [`-${unit}=1`, `-${keeper}=1`, `-${own}=1`],
    all: [own, keeper, unit].sort(),
    trigger: { _clusters: [own, keeper, unit].sort() },
  },
  {
    name: "what keeps the folder of one unit goes with the change that takes it from the others",
    differences: [`-${profileKeeper}=1`, `~${unit}=1>2`],
    all: [profileKeeper, unit],
    trigger: { _clusters: [profileKeeper, unit] },
  },
  {
    name: "files of units that an older version wrote go with what takes their place, so that no object is there twice",
    differences: ["-~delivery/hub/c/one/base.yaml=1", "-~delivery/hub/c/one/triggers.yaml=1", `+${unit}=1`],
    all: [unit, "~delivery/hub/c/one/base.yaml", "~delivery/hub/c/one/triggers.yaml"],
    trigger: { _clusters: [unit, "~delivery/hub/c/one/base.yaml", "~delivery/hub/c/one/triggers.yaml"] },
  },
  {
    name: "also where an object comes and another goes",
    differences: ["-~delivery/hub/c/one/base.yaml=1", `+${unit}=1`, `+${a}=1`, `-${b}=1`],
    all: [a, b, unit, "~delivery/hub/c/one/base.yaml"].sort(),
    trigger: { a: [a, unit, "~delivery/hub/c/one/base.yaml"].sort(), b: [b] },
  },
  {
    name: "also where that comes with an object",
    differences: [`-${profileKeeper}=1`, `~${unit}=1>2`, `+${a}=1`],
    all: [profileKeeper, a, unit],
    trigger: { a: [profileKeeper, a, unit] },
  },
  {
    name: "and stays where people want the unit to stay",
    differences: [`-${profileKeeper}=1`, `~${unit}=1>2`],
    rejected: [rejecting("_clusters", `${unit}=2`), rejecting("all", `${unit}=2`)],
    all: [],
    trigger: {},
  },
  {
    name: "charts and their sources are their owner's",
    differences: [`+${unit}=1`, `+${release}=1`, `+${source}=1`, `+${b}=1`],
    all: [unit, release, source, b].sort(),
    trigger: { a: [release, source, unit].sort(), b: [b, unit].sort() },
  },
  {
    name: "profiles are no triggers",
    differences: ["+profiles/a/ns/configmap/x.yaml=1"],
    all: ["profiles/a/ns/configmap/x.yaml"],
    trigger: { "_profile.c.a": ["profiles/a/ns/configmap/x.yaml"] },
  },
];

describe("planReview", () => {
  for (const { name, differences, rejected = [], all, trigger } of cases) {
    it(name, () => {
      const given = differences.map(difference);
      const reviews = new Map(rejected);
      const pathsOf = (proposals: ReturnType<typeof planReview>) =>
        Object.fromEntries(
          [...proposals].map(([group, files]) => [group, files.map(({ path }) => path.replace(/^c\/one\//, ""))]),
        );

      const whole = planReview(given, "all", reviews);

      expect(pathsOf(whole)).toEqual(all.length === 0 ? {} : { all });
      expect(pathsOf(planReview(given, "trigger", reviews))).toEqual(trigger);
      const [proposal = []] = whole.values();
      const ended = new Map([["all", { ...emptyReview("all"), rejected: shownBy(proposal) }]]);
      expect(planReview(proposal, "all", ended).size, "what was shown and turned down is not proposed again").toBe(0);
    });
  }
});

describe("in whatever order requests are merged and closed", () => {
  const owners = ["a", "b"];
  const clusters = ["c/one", "c/two"];
  const objects = clusters.flatMap((cluster) =>
    owners.map((owner) => `${cluster}/triggers/${owner}/ns/configmap/x.yaml`),
  );
  const clusterOf = (path: string) => path.split("/").slice(0, 2).join("/");
  const unitFiles = (cluster: string) => [
    `~delivery/hub/${cluster}.yaml`,
    `${cluster}/triggers/sluice-unit.yaml`,
    `${cluster}/${own}`,
  ];
  const step = fc.oneof(
    fc.record({
      kind: fc.constant("object" as const),
      path: fc.constantFrom(...objects),
      text: fc.constantFrom("1", "2", undefined),
    }),
    fc.record({ kind: fc.constant("cluster" as const), cluster: fc.constantFrom(...clusters), isThere: fc.boolean() }),
    fc.record({ kind: fc.constant("delivery" as const), text: fc.constantFrom("1", "2") }),
    fc.record({ kind: fc.constantFrom("merge" as const, "close" as const, "propose" as const), group: fc.nat(3) }),
  );

  for (const grouping of ["all", "trigger"] as const) {
    it(`no object is on the target without its unit: ${grouping}`, () => {
      let [arrivals, ends] = [0, 0];
      fc.assert(
        fc.property(fc.array(step, { minLength: 40, maxLength: 80 }), (steps) => {
          const target = new Map<string, string>();
          const wanted = new Map<string, string>();
          const reviews = new Map<string, ReviewRecord>();
          const known = new Set(clusters);
          let text = "1";
          for (const one of steps) {
            // As the state has it: a cluster in no document keeps its units until it has no objects left.
            if (one.kind === "object") {
              if (one.text !== undefined && known.has(clusterOf(one.path))) wanted.set(one.path, one.text);
              else wanted.delete(one.path);
            } else if (one.kind === "cluster") {
              if (one.isThere) known.add(one.cluster);
              else {
                known.delete(one.cluster);
                for (const path of objects) if (clusterOf(path) === one.cluster) wanted.delete(path);
              }
            } else if (one.kind === "delivery") text = one.text;
            for (const cluster of clusters) {
              for (const path of unitFiles(cluster)) {
                if (known.has(cluster)) wanted.set(path, text);
                else wanted.delete(path);
              }
            }
            for (const [group, review] of reviews) {
              reviews.set(group, { ...review, rejected: keepRejected(review.rejected, wanted) });
            }
            if (one.kind === "propose") reviews.clear();
            if (one.kind !== "merge" && one.kind !== "close") continue;
            const paths = [...new Set([...target.keys(), ...wanted.keys()])];
            const differences = paths
              .map((path) => ({ path, have: target.get(path), want: wanted.get(path) }))
              .filter(({ have, want }) => have !== want);
            const proposals = [...planReview(differences, grouping, reviews)];
            const [group, proposal] = proposals[one.group % Math.max(1, proposals.length)] ?? ["", []];
            if (one.kind === "close" && proposal.length > 0) {
              const { rejected } = reviews.get(group) ?? emptyReview(group);
              reviews.set(group, { ...emptyReview(group), rejected: new Map([...rejected, ...shownBy(proposal)]) });
              continue;
            }
            for (const { path, want } of proposal) {
              if (want === undefined) target.delete(path);
              else target.set(path, want);
              if (objects.includes(path)) arrivals++;
              if (path.startsWith("~delivery/") && want === undefined) ends++;
            }
            for (const path of objects.filter((object) => target.has(object))) {
              for (const file of unitFiles(clusterOf(path))) expect([...target.keys()]).toContain(file);
            }
          }
        }),
        { seed: 7, numRuns: casesOf(500) },
      );
      expect(Math.min(arrivals, ends), "objects came, and units went").toBeGreaterThan(casesOf(20));
    });
  }
});

function shownBy(proposal: readonly FileDifference[]): FileContents {
  return new Map(proposal.map(({ path, want }) => [path, want]));
}

describe("what counts as turned down", () => {
  const shown = contents("x=1", "y=2", "z=");
  const ends: [name: string, target: FileContents, rejected: FileContents][] = [
    ["merged as it was: nothing", contents("x=1", "y=2", "z="), new Map()],
    ["closed: all of it, absences included", contents("x=", "y=0", "z=3"), shown],
    ["merged with an edit, and less a file", contents("x=9", "y=", "z="), contents("x=1", "y=2")],
  ];
  for (const [name, target, rejected] of ends) {
    it(name, () => {
      expect(rejectShown(shown, target)).toEqual(rejected);
    });
  }

  it("ends when something else is desired, and does not come back with what was desired before", () => {
    expect(keepRejected(contents("x=1", "y=2", "z="), contents("x=1", "y=3", "z=4"))).toEqual(contents("x=1"));
  });
});

describe("a commit of a review branch", () => {
  const proposal = [difference(`+${a}=1`)];
  const commit = { tree: "t1", parents: ["p1"] };
  const message = `Create\n\n${writeProjectionTrailer(fingerprintProposal(proposal), commit)}\n`;

  it("says what it proposes, and is nobody's any more when it was changed", () => {
    expect(readProjection({ ...commit, message })).toBe(fingerprintProposal(proposal));
    expect(readProjection({ ...commit, tree: "t2", message })).toBeUndefined();
    expect(readProjection({ ...commit, parents: ["p1", "p2"], message })).toBeUndefined();
    expect(readProjection({ ...commit, message: "By a person\n" })).toBeUndefined();
  });

  it("proposes something else as soon as anything of it is something else", () => {
    const others = [
      [],
      [difference(`+${a}=2`)],
      [difference(`~${a}=0>1`)],
      [difference(`-${a}=1`)],
      [...proposal, difference(`+${b}=1`)],
    ];
    expect(new Set([proposal, ...others].map(fingerprintProposal)).size).toBe(1 + others.length);
  });
});

describe("the review file", () => {
  const ids = fc.option(fc.string({ minLength: 1 }), { nil: undefined });
  const files = fc.array(fc.tuple(fc.string(), ids)).map((entries) => new Map(entries));
  const records = fc.record(
    {
      group: fc.string({ minLength: 1 }),
      request: fc.nat(),
      head: fc.string({ minLength: 1 }),
      shown: files,
      rejected: files,
    },
    { requiredKeys: ["group", "shown", "rejected"] },
  );

  it("gives back what was written, and is not there where there is nothing to remember", () => {
    fc.assert(
      fc.property(records, (record) => {
        const text = writeReview(record);
        if (record.request === undefined && record.rejected.size === 0) expect(text).toBeUndefined();
        else {
          const read = parseReview(text!, "reviews/x.json");
          expect({ ...read, shown: new Map(read.shown), rejected: new Map(read.rejected) }).toEqual(record);
        }
      }),
    );
  });
});
