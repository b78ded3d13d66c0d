/**
 * Which entities and events a proposal comes of: read from the manifests, which name their entity, and from the records
 * on the state branch. An entity that was deleted has no record any more; its event is known as long as this process
 * lives.
 */
import type { ChangeSet, EventEffect } from "../../model/change-set.ts";
import { type Owner, ownerKey } from "../../model/owner.ts";
import { eventOf } from "../../model/record.ts";
import type { FileDifference } from "../../model/review.ts";
import { desiredFolder, hashEntity, recordPath } from "../../plan/paths.ts";
import { belowDelivery, placeIn } from "../../plan/proposal-path.ts";
import { entityHashOf, splitProvenance } from "../../plan/provenance.ts";
import { parseRecord } from "../../plan/record-file.ts";
import type { GitReader } from "../../ports/git.ts";
import { ownerOfManifest } from "../dry-run/object-path.ts";
import type { ProposalSides } from "./describe-proposal.ts";

/** What a proposal does for one entity under one owner. */
export interface ProposalEntity {
  readonly trigger: string;
  readonly owner: Owner;
  /** Undefined: nothing is on record of it any more. */
  readonly event:
    | { readonly source: string; readonly subject: string; readonly type: string; readonly id: string }
    | undefined;
  readonly hash: string;
  readonly counts: { create: number; update: number; delete: number };
  readonly clusters: Set<string>;
}

export interface ProposalEvents {
  readonly entities: readonly ProposalEntity[];
  /** Manifests that were not looked at, because there are too many. */
  readonly filesLeftOut: number;
}

/** Manifests looked at: reading them all would take longer than anybody reads. */
const filesMax = 300;
/** Deleted entities that are remembered. */
const deletedMax = 10_000;

export class ProposalReader {
  readonly #git: GitReader;
  /** By owner and entity, the event that deleted it. */
  readonly #deleted = new Map<string, EventEffect>();

  constructor(git: GitReader) {
    this.#git = git;
  }

  /** What was committed, as it was: the events whose records may be gone. */
  note({ events }: Pick<ChangeSet, "events">): void {
    for (const event of events) {
      if (event.action !== "Delete") continue;
      const key = `${ownerKey(event.owner)} ${hashEntity(event)}`;
      this.#deleted.delete(key);
      this.#deleted.set(key, event);
      const [oldest] = this.#deleted.keys();
      if (this.#deleted.size > deletedMax && oldest !== undefined) this.#deleted.delete(oldest);
    }
  }

  async read(proposal: readonly FileDifference[], { have, want }: ProposalSides): Promise<ProposalEvents> {
    const looked = proposal.slice(0, filesMax);
    const texts = new Map<string, string>();
    for (const [{ tree, folders }, isThere] of [
      [want, (difference: FileDifference) => difference.want !== undefined],
      [have, (difference: FileDifference) => difference.want === undefined],
    ] as const) {
      // What a hub applies is of no entity.
      const there = looked.filter((one) => isThere(one) && belowDelivery(one.path) === undefined);
      const paths = new Map(there.map(({ path }) => [placeIn(folders, path), path]));
      const read = await this.#git.readFiles(tree, [...paths.keys()]);
      for (const [path, text] of read) texts.set(paths.get(path)!, text);
    }
    const entities = new Map<string, ProposalEntity>();
    for (const difference of looked) {
      const text = texts.get(difference.path) ?? "";
      const hash = entityHashOf(splitProvenance(text).texts);
      const [namespace, name] = difference.path.split("/");
      const owner = ownerOfManifest(`${desiredFolder}/${difference.path}`, text);
      if (hash === "" || owner === undefined) continue;
      const key = `${ownerKey(owner)} ${hash}`;
      const entity = entities.get(key) ?? {
        ...{ owner, trigger: owner.name, hash, event: undefined },
        ...{ counts: { create: 0, update: 0, delete: 0 }, clusters: new Set<string>() },
      };
      entities.set(key, entity);
      const action = difference.have === undefined ? "create" : difference.want === undefined ? "delete" : "update";
      entity.counts[action]++;
      entity.clusters.add(`${namespace}/${name}`);
    }
    return {
      entities: await this.#withEvents([...entities.values()], want.tree),
      filesLeftOut: proposal.length - looked.length,
    };
  }

  async #withEvents(entities: readonly ProposalEntity[], state: string): Promise<readonly ProposalEntity[]> {
    const pathOf = ({ owner, hash }: ProposalEntity) => recordPath(owner, hash);
    const records = await this.#git.readFiles(state, entities.map(pathOf));
    return entities.map((entity) => {
      const path = pathOf(entity);
      const text = records.get(path);
      const record = text === undefined ? undefined : parseRecord(text, path);
      const deleted = this.#deleted.get(`${ownerKey(entity.owner)} ${entity.hash}`);
      if (record === undefined) return { ...entity, event: deleted };
      const { source, subject } = record.entity;
      const { type = "", id = "" } = eventOf(record)?.event ?? {};
      return { ...entity, event: { source, subject, type, id } };
    });
  }
}
