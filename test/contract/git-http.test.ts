/** The Git adapter over smart http, against `git http-backend`, on good days and bad. */
import { execFile, execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, request as httpRequest, type Server } from "node:http";
import { type AddressInfo, connect as netConnect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { GitAuth } from "../../src/adapters/git/git-auth.ts";
import { type GitRepositoryOptions, openGitRepository } from "../../src/adapters/git/open-git-repository.ts";
import { SluiceError } from "../../src/model/problem.ts";
import type { GitRepository, RefOutcome } from "../../src/ports/git.ts";
import { GitHttpServer } from "../tools/git-http.ts";
import { GitSandbox, identity } from "../tools/git-sandbox.ts";
import { MemoryLog } from "../tools/memory-log.ts";

const anyone: GitAuth = { kind: "none" };
const basic = (password: string): GitAuth => ({
  kind: "basic",
  username: async () => "ada",
  password: async () => password,
});

let sandbox: GitSandbox;
let server: GitHttpServer;
let log: MemoryLog;
const opened: GitRepository[] = [];

beforeEach(async () => {
  sandbox = new GitSandbox();
  sandbox.git(sandbox.remote, "config", "http.receivepack", "true");
  sandbox.git(sandbox.remote, "config", "uploadpack.allowFilter", "true");
  server = await GitHttpServer.start({ root: sandbox.folder });
  log = new MemoryLog();
});

afterEach(async () => {
  for (const repository of opened.splice(0)) await repository.close();
  await server.stop();
  sandbox.remove();
});

async function open(options: Partial<GitRepositoryOptions> = {}): Promise<GitRepository> {
  const repository = await openGitRepository({
    url: server.urlOf("remote.git"),
    directory: join(sandbox.folder, "store"),
    author: identity,
    auth: anyone,
    log,
    ...options,
  });
  opened.push(repository);
  return repository;
}

async function writeFile(
  repository: GitRepository,
  head: string | undefined,
  path: string,
  text: string,
): Promise<string> {
  const base = head === undefined ? undefined : (await repository.readCommit(head)).tree;
  const parents = head === undefined ? [] : [head];
  const changes = [{ path, action: "write", text } as const];
  return (await repository.writeCommit({ base, changes, parents, message: "m", time: 1_800_000_000_000 })).id;
}

async function pushFile(
  repository: GitRepository,
  head: string | undefined,
  path: string,
): Promise<[string, RefOutcome | undefined]> {
  const id = await writeFile(repository, head, path, path);
  const outcomes = await repository.push([{ branch: "main", from: head, to: id }]);
  return [id, outcomes.get("main")];
}

async function problemOf(action: Promise<unknown>): Promise<SluiceError["problem"]> {
  try {
    await action;
  } catch (error) {
    if (error instanceof SluiceError) return error.problem;
    throw error;
  }
  throw new Error("no error was thrown");
}

describe("on good days", () => {
  it("fetches blobs as they are needed and pushes with one request each", async () => {
    const head = sandbox.commitAsPerson("main", { "config/a.yaml": "a: 1\n", "other/b": "b" });
    const repository = await open();
    await repository.fetchHeads(["main", "state"]);
    const { tree } = await repository.readCommit(head);
    server.requests.length = 0;
    expect((await repository.readFiles(tree, ["config/a.yaml"])).get("config/a.yaml")).toBe("a: 1\n");
    expect(server.requests).toEqual(["POST /remote.git/git-upload-pack"]);
    server.requests.length = 0;

    let current: string = head;
    for (let round = 0; round < 3; round++) {
      const [next, outcome] = await pushFile(repository, current, `file-${round}`);
      expect(outcome?.kind).toBe("pushed");
      current = next;
    }

    expect(server.requests).toEqual([
      "GET /remote.git/info/refs?service=git-receive-pack",
      ...Array.from({ length: 3 }, () => "POST /remote.git/git-receive-pack"),
    ]);
    expect(sandbox.headOf("main")).toBe(current);
    sandbox.fsck();
  });

  it("shows credentials, asking for them each time, and never tells them", async () => {
    server.authorization = `Basic ${Buffer.from("ada:first-secret").toString("base64")}`;
    const head = sandbox.commitAsPerson("main", { a: "1" });
    let password = "first-secret";
    const repository = await open({
      auth: { ...basic(""), kind: "basic", username: async () => "ada", password: async () => password },
    });
    await repository.fetchHeads(["main"]);
    const { tree } = await repository.readCommit(head);
    expect((await repository.readFiles(tree, ["a"])).get("a")).toBe("1");
    const [next, outcome] = await pushFile(repository, head, "b");
    expect(outcome?.kind).toBe("pushed");

    server.authorization = `Basic ${Buffer.from("ada:second-secret").toString("base64")}`;
    const refusal = await problemOf(pushFile(repository, next, "c"));
    expect(refusal.code).toBe("GIT_AUTH");
    password = "second-secret";
    expect((await pushFile(repository, next, "c"))[1]?.kind).toBe("pushed");

    server.authorization = "Bearer token-secret";
    const bearer = await open({
      auth: { kind: "bearer", token: async () => "token-secret\n" },
      directory: join(sandbox.folder, "bearer"),
    });
    await bearer.fetchHeads(["main"]);
    const more = await open({
      auth: { kind: "bearer", token: async () => "token-secret\nsecond-secret" },
      directory: join(sandbox.folder, "more"),
    });
    const unsent = await problemOf(more.fetchHeads(["main"]));
    expect(unsent.code).toBe("GIT_AUTH");
    expect(JSON.stringify([log.lines, refusal, unsent])).not.toMatch(/-secret/);
  });

  it("fetches files by the git program where the server knows only the old protocol", async () => {
    const head = sandbox.commitAsPerson("main", { a: "1", b: "2" });
    const repository = await open();
    await repository.fetchHeads(["main"]);
    server.fault = ({ headers, method }) =>
      method === "POST" && headers["user-agent"] === "git/sluice" ? { kind: "status", status: 500 } : undefined;
    const { tree } = await repository.readCommit(head);
    expect([...(await repository.readFiles(tree, ["a", "b"]))]).toEqual([
      ["a", "1"],
      ["b", "2"],
    ]);
  });

  it("goes on over a new connection where the server closed the idle ones", async () => {
    const repository = await open();
    await repository.fetchHeads(["main"]);
    const [[first]] = await Promise.all([pushFile(repository, undefined, "a"), repository.fetchHeads(["other"])]);
    server.cutIdleConnections();
    const [second, outcome] = await pushFile(repository, first, "b");
    expect(outcome?.kind).toBe("pushed");

    // A connection may turn out to be closed only when it is used: here each that was used before.
    await Promise.all([repository.fetchHeads(["main"]), repository.fetchHeads(["other"])]);
    const used = new Set<unknown>();
    server.fault = ({ socket }) => {
      if (used.has(socket)) return { kind: "cut", when: "before" };
      used.add(socket);
      return undefined;
    };
    await Promise.all([pushFile(repository, second, "c"), repository.fetchHeads(["other"])]);
    expect(used.size).toBeGreaterThan(1);
    // Until both are idle again.
    await sleep(100);
    expect((await pushFile(repository, sandbox.headOf("main"), "d"))[1]?.kind).toBe("pushed");
  });

  it("follows a redirect on the same host, and no other", async () => {
    const front = await GitHttpServer.start({ root: sandbox.folder });
    const target = { host: "127.0.0.1" };
    front.fault = ({ url }) => {
      const location = server.urlOf("").replace("127.0.0.1", target.host).slice(0, -1) + url;
      return { kind: "status", status: 301, headers: { location } };
    };
    try {
      const repository = await open({ url: front.urlOf("remote.git") });
      await repository.fetchHeads(["main"]);
      const [head, outcome] = await pushFile(repository, undefined, "a");
      expect(outcome?.kind).toBe("pushed");
      expect(sandbox.headOf("main")).toBe(head);
      target.host = "localhost";
      expect((await problemOf(repository.fetchHeads(["main"]))).code).toBe("GIT_UNAVAILABLE");
    } finally {
      await front.stop();
    }
  });

  it.each(["ftp://127.0.0.1/remote.git/info/refs?service=git-upload-pack", "http://[", "mailto:ada@example.com"])(
    "says that it does not follow a redirect to %s",
    async (location) => {
      server.fault = () => ({ kind: "status", status: 302, headers: { location } });
      expect((await problemOf((await open()).fetchHeads(["main"]))).code).toBe("GIT_UNAVAILABLE");
    },
  );

  it("goes through the proxy that the environment names", async () => {
    const seen: string[] = [];
    const proxy = await startProxy(seen);
    const { port } = proxy.address() as AddressInfo;
    process.env.http_proxy = `http://user:proxy-pass@127.0.0.1:${port}`;
    try {
      const head = sandbox.commitAsPerson("main", { a: "1" });
      const repository = await open();
      await repository.fetchHeads(["main"]);
      expect((await pushFile(repository, head, "b"))[1]?.kind).toBe("pushed");
      expect(seen.length).toBeGreaterThanOrEqual(4);
      // The git program shows them only where it is asked to.
      expect(seen).toContain(`Basic ${Buffer.from("user:proxy-pass").toString("base64")}`);
    } finally {
      delete process.env.http_proxy;
      proxy.close();
      proxy.closeAllConnections();
    }
  });

  it("trusts the authority it is told to trust, and no other", async () => {
    const tls = makeCertificate(sandbox.folder);
    const secure = await GitHttpServer.start({ root: sandbox.folder, tls });
    try {
      const head = sandbox.commitAsPerson("main", { a: "1" });
      const url = secure.urlOf("remote.git");
      const stranger = await open({ url, directory: join(sandbox.folder, "stranger") });
      expect(await problemOf(stranger.fetchHeads(["main"]))).toMatchObject({ code: "GIT_UNAVAILABLE" });
      const repository = await open({ url, caFile: join(sandbox.folder, "cert.pem") });
      await repository.fetchHeads(["main"]);
      expect((await pushFile(repository, head, "b"))[1]?.kind).toBe("pushed");
    } finally {
      await secure.stop();
    }
  });
});

describe("on bad days", () => {
  it.each([
    { status: 401, code: "GIT_AUTH" },
    { status: 403, code: "GIT_AUTH" },
    { status: 404, code: "GIT_UNAVAILABLE" },
    { status: 429, code: "GIT_UNAVAILABLE" },
    { status: 500, code: "GIT_UNAVAILABLE" },
    { status: 503, code: "GIT_UNAVAILABLE" },
  ])("says what $status means, loses nothing, and goes on when it is over", async ({ status, code }) => {
    const repository = await open();
    await repository.fetchHeads(["main"]);
    const [first] = await pushFile(repository, undefined, "a");
    server.fault = () => ({ kind: "status", status, text: "no such luck" });
    const problem = await problemOf(pushFile(repository, first, "b"));
    expect(problem.code).toBe(code);
    expect(problem.hint).toBeDefined();
    expect((await problemOf(repository.fetchHeads(["main"]))).code).toBe(code);
    expect(sandbox.headOf("main")).toBe(first);
    server.fault = () => undefined;
    expect((await pushFile(repository, first, "b"))[1]?.kind).toBe("pushed");
    sandbox.fsck();
  });

  it("gives up on a server that says nothing, and goes on when it speaks again", async () => {
    const repository = await open({ limits: { silenceMsMax: 1000 } });
    await repository.fetchHeads(["main"]);
    const [first] = await pushFile(repository, undefined, "a");
    server.fault = () => ({ kind: "hang" });
    expect((await problemOf(pushFile(repository, first, "b"))).code).toBe("GIT_UNAVAILABLE");
    expect((await problemOf(repository.fetchHeads(["main"]))).code).toBe("GIT_UNAVAILABLE");
    server.fault = () => undefined;
    expect((await pushFile(repository, first, "b"))[1]?.kind).toBe("pushed");
  });

  it("takes a push that is too large for the server for a refusal", async () => {
    const repository = await open();
    await repository.fetchHeads(["main"]);
    server.fault = ({ method }) => (method === "POST" ? { kind: "status", status: 413 } : undefined);
    const [, outcome] = await pushFile(repository, undefined, "a");
    expect(outcome).toMatchObject({ kind: "refused", problem: { code: "GIT_REFUSED" } });
  });

  it.each(["before", "after"] as const)(
    "finds out where it is when the connection is cut %s the server did its work",
    async (when) => {
      const repository = await open();
      await repository.fetchHeads(["main"]);
      const [first] = await pushFile(repository, undefined, "a");
      server.fault = ({ method }) => (method === "POST" ? { kind: "cut", when } : undefined);
      const second = await writeFile(repository, first, "b", "b");
      const update = [{ branch: "main", from: first, to: second }];
      // Told at once where the connection was an old one, and the push sent again over a new one and cut again.
      expect((await problemOf(repository.push(update))).code).toBe("GIT_UNAVAILABLE");
      server.fault = () => undefined;

      const heads = await repository.fetchHeads(["main"]);

      expect(heads.get("main")).toBe(when === "before" ? first : second);
      // Whether it got there or not: pushing the same again is right, and so is going on from it.
      expect((await repository.push(update)).get("main")?.kind).toBe("pushed");
      expect((await pushFile(repository, second, "c"))[1]?.kind).toBe("pushed");
      sandbox.fsck();
    },
  );

  it("says so where the answer is a web page, or nothing is there", async () => {
    server.fault = () => ({
      kind: "status",
      status: 200,
      headers: { "content-type": "text/html" },
      text: "<h1>Log in</h1>",
    });
    const repository = await open();
    expect((await problemOf(repository.fetchHeads(["main"]))).code).toBe("GIT_UNAVAILABLE");
    await server.stop();
    expect((await problemOf(repository.fetchHeads(["main"]))).code).toBe("GIT_UNAVAILABLE");
    server = await GitHttpServer.start({ root: sandbox.folder });
  });

  it("pushes one branch after the other where the server has no atomic pushes", async () => {
    sandbox.git(sandbox.remote, "config", "receive.advertiseAtomic", "false");
    const repository = await open();
    await repository.fetchHeads(["main", "state"]);
    const state = await writeFile(repository, undefined, "s", "same");
    const main = await writeFile(repository, undefined, "m", "same");
    sandbox.installHook("update", 'test "$1" != refs/heads/main');

    const updates = [
      { branch: "state", from: undefined, to: state },
      { branch: "main", from: undefined, to: main },
    ];
    const outcomes = await repository.push(updates);

    expect([...outcomes].map(([branch, { kind }]) => [branch, kind])).toEqual([
      ["state", "pushed"],
      ["main", "refused"],
    ]);
    sandbox.installHook("update", "exit 0");
    expect((await repository.push(updates)).get("main")?.kind).toBe("pushed");
    sandbox.fsck();
  });
});

/** A forward proxy for plain http and CONNECT that notes the credentials it was shown. */
async function startProxy(seen: string[]): Promise<Server> {
  const proxy = createServer((request, response) => {
    seen.push(request.headers["proxy-authorization"] ?? "none");
    const { host: _, ...headers } = request.headers;
    const onward = httpRequest(request.url!, { method: request.method!, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  proxy.on("connect", (request, socket) => {
    const [host, port] = request.url!.split(":");
    const onward = netConnect(Number(port), host!, () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.pipe(onward).pipe(socket);
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  return proxy;
}

function makeCertificate(folder: string): { key: string; cert: string } {
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  execFileSync(
    "openssl",
    ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert, ...subject],
    { stdio: "ignore" },
  );
  return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
}

describe("a branch that somebody has moved since", () => {
  /** What the server was asked since, without the refs' GET. */
  const exchanges = () => server.requests.splice(0).filter((request) => request.startsWith("POST"));

  it.each([true, false])(
    "is brought here in one exchange, the trees alone that are not here (filters: %s)",
    async (filters) => {
      sandbox.git(sandbox.remote, "config", "uploadpack.allowFilter", String(filters));
      const files = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`theirs/${n}.txt`, `${n}\n`.repeat(200)]));
      sandbox.commitAsPerson("main", { ...files, "ours/a.yaml": "a: 1\n" });
      const repository = await open();
      const first = (await repository.fetchHeads(["main"])).get("main")!;
      await repository.readCommit(first);
      for (let round = 1; round <= 3; round++) {
        sandbox.commitAsPerson("main", {
          "theirs/7.txt": `${"7\n".repeat(200)}${round}\n`,
          "theirs/new/deep.txt": `${round}\n`,
        });
        const moved = sandbox.commitAsPerson("main", { "theirs/8.txt": `${"8\n".repeat(200)}${round}\n` });
        exchanges();
        expect((await repository.fetchHeads(["main"])).get("main")).toBe(moved);
        const { tree } = await repository.readCommit(moved);
        expect(await repository.findEntry(tree, "theirs/new/deep.txt")).toMatchObject({ mode: "100644" });
        expect(exchanges()).toEqual(["POST /remote.git/git-upload-pack"]);
        // Texts are there when they are wanted, be it as an exchange of their own.
        const texts = await repository.readFiles(tree, ["theirs/7.txt", "theirs/new/deep.txt", "ours/a.yaml"]);
        expect(texts).toEqual(
          new Map([
            ["ours/a.yaml", "a: 1\n"],
            ["theirs/7.txt", `${"7\n".repeat(200)}${round}\n`],
            ["theirs/new/deep.txt", `${round}\n`],
          ]),
        );
        const [next, outcome] = await pushFile(repository, moved, `ours/${round}.yaml`);
        expect([outcome?.kind, sandbox.headOf("main")]).toEqual(["pushed", next]);
      }
    },
  );

  it("leaves a store that git goes on with: it looks for no commit that was left out", async () => {
    sandbox.commitAsPerson("main", { "a.txt": "1\n" });
    const first = await open();
    await first.fetchHeads(["main"]);
    sandbox.commitAsPerson("main", { "a.txt": "2\n" });
    const moved = sandbox.commitAsPerson("main", { "a.txt": "3\n" });
    exchanges();
    await first.fetchHeads(["main"]);
    expect(exchanges()).toHaveLength(1);
    await first.close();
    opened.length = 0;
    const store = join(sandbox.folder, "store");
    expect(sandbox.git(store, "rev-parse", "refs/remotes/origin/main")).toBe(moved);
    expect(sandbox.git(store, "-c", "protocol.allow=never", "rev-list", "--count", moved)).toBe("1");
    sandbox.git(store, "fsck", "--connectivity-only");

    const second = await open();
    await second.fetchHeads(["main"]);
    const last = sandbox.commitAsPerson("main", { "b.txt": "4\n" });
    exchanges();
    // Not in one go: the server is in this process.
    await promisify(execFile)("git", ["-C", store, "fetch", "-q", "--depth=1", "origin", "main"]);
    expect(exchanges()).toEqual(["POST /remote.git/git-upload-pack", "POST /remote.git/git-upload-pack"]);
    expect((await second.fetchHeads(["main"])).get("main")).toBe(last);
  });

  it.each(["status", "garbage"] as const)(
    "is fetched by the git program where the server does not answer so (%s)",
    async (how) => {
      sandbox.commitAsPerson("main", { "a.txt": "1\n" });
      const repository = await open();
      await repository.fetchHeads(["main"]);
      const moved = sandbox.commitAsPerson("main", { "a.txt": "2\n" });
      server.fault = ({ method, headers }) =>
        method === "POST" && headers["user-agent"] === "git/sluice"
          ? { kind: "status", status: how === "status" ? 500 : 200, text: "no" }
          : undefined;
      expect((await repository.fetchHeads(["main"])).get("main")).toBe(moved);
      expect((await repository.readCommit(moved)).id).toBe(moved);
    },
  );
});
