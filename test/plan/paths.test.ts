/** Paths: portable, and no two names in one. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  clusterFolder,
  encodePathPart,
  hashEntity,
  identityPath,
  isAggregateEntity,
  layOutPath,
  objectClaimsFolder,
  objectPath,
  ownerOfFolder,
  positionsPath,
  readOwnedPath,
  recordPath,
} from "../../src/plan/paths.ts";

const odd = fc.oneof(
  fc.string({ unit: "binary", minLength: 1, maxLength: 12 }),
  fc.string({
    unit: fc.constantFrom("a", "b", "A", ".", "-", "_", "%", "/", "~", " ", "é", "𝒳"),
    minLength: 1,
    maxLength: 8,
  }),
  fc.string({ unit: fc.constantFrom("a", "b", "é", "A"), minLength: 60, maxLength: 400 }),
  fc.constantFrom("kustomization", "kustomization.yaml", "logo.png", "a.tar.gz", "a.", "%6Bustomization", "logo%2Epng"),
  fc.constantFrom("con", "nul", "aux.conf", "com1", "lpt9.", "..", ".", ".git", "git~1", "-rf", "con1"),
);

describe("encodePathPart", () => {
  const cases: [string, string][] = [
    ["namespace", "namespace"],
    ["kube-system", "kube-system"],
    ["a.b_c-1", "a.b_c-1"],
    ["_cluster", "_cluster"],
    ["Admin", "%41dmin"],
    ["system:admin", "system%3Aadmin"],
    ["a/b", "a%2Fb"],
    ["a%2Fb", "a%252%46b"],
    [".git", "%2Egit"],
    ["..", "%2E%2E"],
    ["-rf", "%2Drf"],
    ["é", "%C3%A9"],
    ["a\nb", "a%0Ab"],
    ["git~1", "git%7E1"],
    ["con", "%63on"],
    ["nul.txt", "%6Eul.txt"],
    ["console", "console"],
    // Names of kustomize.
    ["kustomization", "%6Bustomization"],
    ["kustomization.yaml", "%6Bustomization.yaml"],
    ["kustomization.yml", "%6Bustomization.yml"],
    ["Kustomization", "%4Bustomization"],
    ["kustomizations", "kustomizations"],
    // What source-controller leaves out, as a file's name before `.yaml` or as a folder's.
    ["cloudbuild", "%63loudbuild"],
    ["appveyor.yml", "%61ppveyor.yml"],
    ["codeship-steps", "%63odeship-steps"],
    ["codeship-services.yml", "%63odeship-services.yml"],
    ["logo.png", "logo%2Epng"],
    ["widget.example.zip", "widget.example%2Ezip"],
    ["é.zip", "%C3%A9%2Ezip"],
    ["backup.tar.gz", "backup.tar%2Egz"],
    ["dump.gz", "dump.gz"],
    ["png", "png"],
    ["logo.png.old", "logo.png.old"],
    [".sops", "%2Esops"],
    [".gitlab-ci", "%2Egitlab-ci"],
    // Of Helm's and Argo CD's charts.
    ["Chart", "%43hart"],
    ["a.", "a%2E"],
    ["", "%"],
  ];
  for (const [part, path] of cases)
    it(`${JSON.stringify(part)} is ${path}`, () => expect(encodePathPart(part)).toBe(path));

  it("is portable, and short enough for every file system", () => {
    fc.assert(
      fc.property(odd, (part) => {
        const path = encodePathPart(part);
        expect(path).toMatch(/^[a-z0-9_%][a-zA-F0-9_.%~-]*$/);
        expect(path).toMatch(/^(?!(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$))/);
        expect(path.replace(/%[0-9A-F]{2}/g, "")).toMatch(/^[a-z0-9_.~-]*%?$/);
        expect(Buffer.byteLength(`${path}.yaml`)).toBeLessThanOrEqual(255);
      }),
    );
  });

  it("never gives two names one path, not even a name that looks like another's path", () => {
    fc.assert(
      fc.property(odd, odd, (a, b) => {
        fc.pre(a.isWellFormed() && b.isWellFormed());
        if (a !== b) expect(encodePathPart(a)).not.toBe(encodePathPart(b));
        if (encodePathPart(a) !== a) expect(encodePathPart(encodePathPart(a))).not.toBe(encodePathPart(a));
      }),
    );
    const long = "a".repeat(300);
    expect(encodePathPart(encodePathPart(long))).not.toBe(encodePathPart(long));
    expect(encodePathPart(`${long}b`)).not.toBe(encodePathPart(long));
  });
});

describe("paths of objects", () => {
  const login = { kind: "EventTrigger", namespace: "", name: "login" } as const;
  const plain = { shards: 0, buckets: 1 };
  const namespace = { group: "", kind: "Namespace", namespace: "", name: "mgianluc" };
  const role = { group: "rbac.authorization.k8s.io", kind: "Role", namespace: "a", name: "system:view" };

  it("are as designed", () => {
    expect(objectPath("mgmt/prod", login, namespace, plain)).toBe(
      "desired/mgmt/prod/triggers/login/_cluster/namespace/mgianluc.yaml",
    );
    expect(objectPath("mgmt/prod", login, role, plain)).toBe(
      "desired/mgmt/prod/triggers/login/a/role.rbac.authorization.k8s.io/system%3Aview.yaml",
    );
    expect(objectClaimsFolder("mgmt/prod", role)).toBe(
      "claims/mgmt/prod/a/role.rbac.authorization.k8s.io/system%3Aview",
    );
    expect(objectPath("mgmt/prod", login, role, { shards: 2, buckets: 1 })).toMatch(
      /^desired\/mgmt\/prod\/triggers\/login\/[0-9a-f]{2}\/[0-9a-f]{2}\/a\/role\.rbac\.authorization\.k8s\.io\/system%3Aview\.yaml$/,
    );
    expect(recordPath(login, "abcdef")).toBe("records/eventtrigger/login/ab/cd/abcdef.json");
    const base = { kind: "Profile", namespace: "mgmt", name: "base" } as const;
    expect(recordPath(base, "abcdef")).toBe("records/profile/mgmt.base/ab/cd/abcdef.json");
    expect(objectPath("mgmt/prod", base, namespace, { shards: 0, buckets: 4 })).toBe(
      "desired/mgmt/prod/profiles/base/_cluster/namespace/mgianluc.yaml",
    );
    const onHub = { ...role, isLocal: true } as const;
    expect(objectPath("fleet/eu", login, onHub, plain)).toBe(
      "desired/mgmt/mgmt/triggers/login/a/role.rbac.authorization.k8s.io/system%3Aview.yaml",
    );
    expect(objectClaimsFolder("fleet/eu", onHub)).toBe(objectClaimsFolder("mgmt/mgmt", role));
    const other = { ...base, namespace: "fleet" };
    const path = objectPath("fleet/eu", other, onHub, plain);
    expect(path).toBe("desired/mgmt/mgmt/profiles/fleet%2Fbase/a/role.rbac.authorization.k8s.io/system%3Aview.yaml");
    expect(ownerOfFolder("Profile", "fleet%2Fbase", "mgmt/mgmt")).toEqual(other);
    expect(ownerOfFolder("Profile", "base", "mgmt/mgmt")).toEqual(base);
    expect(recordPath(login, "abcdef@fleet/eu")).toBe(recordPath(login, "abcdef"));
    expect(positionsPath("bus")).toBe("positions/bus.json");
    expect(positionsPath("agents/fleet/eu-1")).toMatch(/^positions\/agents\/[0-9a-f]{2}\/fleet%2Feu-1\.json$/);
  });

  const part = fc.constantFrom("a", "b", "a-b", "a.b", "ab", "a/b");
  const identities = fc.record({
    group: fc.constantFrom("", "a.b", "b"),
    kind: fc.constantFrom("A", "B", "AB"),
    namespace: fc.constantFrom("", "a", "b", "a.b"),
    name: part,
  });
  const layouts = fc.record({ shards: fc.nat({ max: 2 }), buckets: fc.constantFrom(1, 4, 64) });
  it("are one for kinds that differ in case alone", () => {
    const other = { ...role, kind: "ROLE" };
    expect(objectPath("mgmt/prod", login, other, plain)).toBe(objectPath("mgmt/prod", login, role, plain));
  });

  it("are found from any layout in any other", () => {
    fc.assert(
      fc.property(identities, layouts, layouts, (identity, from, to) => {
        const below = (layout: typeof from) => objectPath("x/y", login, identity, layout).slice("desired/x/y/".length);
        expect(layOutPath(readOwnedPath(below(from))!, to)).toBe(below(to));
      }),
    );
  });

  it("have a Namespace and what is in it in one bucket", () => {
    const layout = { shards: 0, buckets: 64 };
    const bucket = (identity: typeof role) => objectPath("x/y", login, identity, layout).split("/")[4];
    expect(bucket(namespace)).toBe(bucket({ ...role, namespace: "mgianluc" }));
  });

  it("are different for different objects, below every owner", () => {
    fc.assert(
      fc.property(identities, identities, layouts, (a, b, layout) => {
        const isSame = JSON.stringify(a) === JSON.stringify(b);
        expect(identityPath(a) === identityPath(b)).toBe(isSame);
        expect(objectPath("x/y", login, a, layout) === objectPath("x/y", login, b, layout)).toBe(isSame);
      }),
    );
  });

  it("are different for different clusters", () => {
    expect(clusterFolder("a/b-c")).not.toBe(clusterFolder("a-b/c"));
    expect(clusterFolder("a/b")).toBe("a/b");
  });
});

it("entities are told apart exactly", () => {
  const parts = fc.constantFrom("", "a", "b", "a/b", 'a","b', "A", "a b", "\u0000");
  const entities = fc.record({ connection: parts, source: parts, subject: parts });
  fc.assert(
    fc.property(entities, entities, (a, b) => {
      expect(hashEntity(a)).toMatch(isAggregateEntity(a) ? /^_all\// : /^[0-9a-f]{40}$/);
      expect(hashEntity(a) === hashEntity(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
    }),
  );
});
