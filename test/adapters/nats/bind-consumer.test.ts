/** Binding a consumer while a cluster's servers do not agree: what each may answer then, by a stand-in for them. */
import type { StreamInfo } from "@nats-io/jetstream";
import { describe, expect, it } from "vitest";
import { type BindingRequest, bindConsumer } from "../../../src/adapters/nats/bind-consumer.ts";
import { type JetStreamApi, listConsumers } from "../../../src/adapters/nats/list-consumers.ts";

const created = "2026-01-01T00:00:00Z";
const from = { epoch: "2026-01-01T00:00:00.000000000Z", sequence: 30, time: "2026-01-02T00:00:00Z" };
const owner = { stateId: "s1", connection: "bus", term: 2 };
const request: BindingRequest = {
  ...{ stream: "USERS", filters: [], owner, decided: undefined, siblings: [] },
  mark: () => from,
};

interface Answers {
  /** To each question after the stream in turn; the last one is given again. */
  readonly streams: readonly { readonly last: number; readonly leader?: string }[];
  readonly retention?: string;
  readonly replicas?: number;
  /** Pages of the list of consumers. */
  readonly lists?: readonly object[];
  readonly pending?: number;
}

/** What was added and removed is in `calls`. */
function standIn({ streams, retention = "limits", replicas = 3, lists = [{}], pending = 0 }: Answers) {
  const calls: string[] = [];
  const asked: string[] = [];
  let [infos, pages] = [0, 0];
  const info = (): StreamInfo => {
    const { last, leader } = streams[Math.min(infos++, streams.length - 1)]!;
    return {
      created,
      config: { name: "USERS", subjects: ["user.>"], retention, num_replicas: replicas },
      state: { first_seq: 1, last_seq: last, messages: last },
      ...(replicas > 1 ? { cluster: { name: "test", ...(leader === undefined ? {} : { leader }) } } : {}),
    } as unknown as StreamInfo;
  };
  const manager = {
    streams: { info: async () => info() },
    consumers: {
      async add(_: string, config: { name?: string; opt_start_seq?: number }) {
        calls.push(`add from ${config.opt_start_seq ?? "the beginning"}`);
        return { name: config.name ?? "durable", num_pending: pending, config };
      },
      async delete(_: string, name: string) {
        calls.push(`remove ${name.replace(/-[A-Za-z0-9]{22}$/, "")}`);
        return true;
      },
    },
  };
  const connection = {
    async request(subject: string, payload: string) {
      asked.push(`${subject} ${payload}`);
      const page = lists[Math.min(pages++, lists.length - 1)];
      return { json: () => page };
    },
  };
  return { calls, asked, api: { manager, connection, prefix: "$JS.API" } as unknown as JetStreamApi };
}

describe("a stream with replicas", () => {
  it("is not judged by what one of its servers has while none leads", async () => {
    const { api, calls } = standIn({ streams: [{ last: 20 }] });
    const bound = bindConsumer(api, request);
    await expect(bound).rejects.toMatchObject({ problem: { code: "NATS_UNAVAILABLE" } });
    expect(calls).toEqual([]);
  });

  it("is not bound as a restored one where the next answer knows the position", async () => {
    const { api, calls } = standIn({
      streams: [
        { last: 20, leader: "n1" },
        { last: 50, leader: "n2" },
      ],
    });
    await expect(bindConsumer(api, request)).rejects.toMatchObject({ problem: { code: "NATS_STREAM" } });
    expect(calls).toEqual(["add from the beginning", expect.stringMatching(/^remove sluice-s1-/)]);
  });

  it("is a restored one where all answers are below the position", async () => {
    const { api } = standIn({ streams: [{ last: 20, leader: "n1" }] });
    expect((await bindConsumer(api, request)).verdict).toMatchObject({ kind: "restored" });
  });

  it("whose replica has nothing to bring yet waits for a message that decides", async () => {
    const { api } = standIn({ streams: [{ last: 50, leader: "n1" }] });
    expect(await bindConsumer(api, request)).toMatchObject({
      verdict: undefined,
      isReplicated: true,
      lastSequence: 50,
    });
  });

  it("is decided at once where it has one server only", async () => {
    const { api } = standIn({ streams: [{ last: 50 }], replicas: 1 });
    expect((await bindConsumer(api, request)).verdict).toMatchObject({ kind: "same" });
  });
});

describe("consumers whose servers do not answer", () => {
  const former = "sluice-s1-00000000-1-abc";
  it.each([
    ["are named apart", { total: 1, consumers: [], missing: [former] }],
    ["are described by their configuration alone", { total: 1, consumers: [{ config: { durable_name: former } }] }],
  ])("%s: an interest stream's keeper is there, and is replaced", async (_, page) => {
    const { api, calls } = standIn({ streams: [{ last: 50, leader: "n1" }], retention: "interest", lists: [page] });
    expect((await bindConsumer(api, request)).isKeeperGone).toBe(false);
    expect(calls).toEqual(["add from 30", `remove ${former}`]);
  });

  it("a later term among them is not overlooked", async () => {
    const page = { total: 1, missing: ["sluice-s1-00000000-3-abc"] };
    const { api, calls } = standIn({ streams: [{ last: 50, leader: "n1" }], retention: "workqueue", lists: [page] });
    await expect(bindConsumer(api, request)).rejects.toMatchObject({ problem: { code: "NATS_STREAM" } });
    expect(calls).toEqual([]);
  });

  it("are counted where pages begin", async () => {
    const lists = [
      { total: 3, consumers: [{ name: "a" }], missing: ["b"] },
      { total: 3, consumers: [{ name: "c" }] },
    ];
    const { api, asked } = standIn({ streams: [], lists });
    expect(await listConsumers(api, "USERS")).toEqual(["a", "b", "c"]);
    expect(asked.map((line) => line.split(" ")[1])).toEqual(['{"offset":0}', '{"offset":2}']);
  });

  it("an error of the server is the client library's", async () => {
    const { api } = standIn({ streams: [], lists: [{ error: { code: 404, err_code: 10059, description: "gone" } }] });
    await expect(listConsumers(api, "USERS")).rejects.toMatchObject({ name: "JetStreamApiError", code: 10059 });
  });
});
