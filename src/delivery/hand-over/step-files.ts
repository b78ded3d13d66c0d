/**
 * What a step of a hand-over makes of the hub's files: pure, of what is there and of what is wanted. What it does not
 * speak of stays as it is.
 */
import { assert } from "../../model/assert.ts";
import type { Catalog } from "../../model/catalog.ts";
import type { ClusterKey } from "../../model/cluster.ts";
import type { HubDelivery } from "../../model/hub-delivery.ts";
import { clustersWithFolders } from "../../model/local-object.ts";
import { isSameOwner, type Owner } from "../../model/owner.ts";
import type { OutputOwner } from "../../plan/cluster-file.ts";
import {
  baseFolder,
  clusterDeliveryCharts,
  clusterDeliveryFolder,
  clusterFolder,
  deliveryFilePath,
  deliveryFolder,
  desiredFolder,
  formerDeliveryFolder,
  generatorPrefix,
  ownerFolderName,
  triggerFolders,
  unitFileName,
} from "../../plan/paths.ts";
import { isChartFile, isChartUnitPath, isOfCharts } from "../charts/chart-paths.ts";
import { writeGenerators } from "../flux/write-generators.ts";
import type { Unit } from "../unit.ts";
import { keeperPath, type WrittenUnit, writeKeeper, writeUnits, writeWithUnits } from "../write-delivery.ts";
import { type Delivered, endsCharts, type HandOver, movesFolder } from "./hand-over.ts";
import {
  handOverOf,
  hubKey,
  isReleased,
  markUnit,
  readHubIdentity,
  releaseChart,
  releaseUnit,
  stopUnit,
} from "./let-go.ts";

export interface StepScope {
  /** Files of the hub as the state has them, by path, those of the former folder among them; where charts' end, theirs too. */
  readonly present: ReadonlyMap<string, string>;
  /** The one that is in force when the step is done. */
  readonly catalog: Catalog;
  /** Whose the output is; its path is of no account where the hand-over says it. */
  readonly output: OutputOwner;
}

type DeliveryChange = Extract<HandOver["change"], { kind: "delivery" }>;

/** By path of the state branch; undefined: the file goes. */
export type StepFiles = ReadonlyMap<string, string | undefined>;

export function writeStep(handOver: Pick<HandOver, "id" | "change" | "step">, scope: StepScope): StepFiles {
  const files = stepFiles(handOver, scope);
  // What stood in the state before and let nothing go must not lose its place: it deletes what it has.
  if (handOver.step !== "close") {
    for (const [path, text] of files) {
      const before = scope.present.get(path);
      if (text !== undefined || before === undefined || readHubIdentity(before) === undefined) continue;
      // It deletes what it has from the hub alone, and that has let go.
      if (handOver.step === "clear" && isChartUnitPath(path)) continue;
      assert(isReleased(before), `${path} still deletes what it has and must not go`);
    }
  }
  return files;
}

function stepFiles({ id, change, step }: Pick<HandOver, "id" | "change" | "step">, scope: StepScope): StepFiles {
  switch (change.kind) {
    case "retire":
      return releaseAll(id, scope, (path) =>
        [clusterDeliveryFolder, clusterDeliveryCharts].some((of) => path.startsWith(`${of(change.cluster)}/`)),
      );
    case "rename":
      return stepOfRename(id, change, step, scope);
    case "delivery": {
      const { from, to } = change;
      switch (step) {
        case "release":
          return release(id, change, scope);
        case "clear":
          return remove(scope, isOfCharts);
        case "move":
          return move(id, change, scope);
        case "leave":
          return remove(scope, (path) => path.startsWith(`${formerDeliveryFolder}/`));
        case "close":
          return close(from, to, scope);
        case "adopt":
          return new Map();
      }
    }
  }
}

/** Who loses objects lets go of them; who has no objects yet comes. */
function release(id: string, change: DeliveryChange, scope: StepScope): StepFiles {
  const { from, to } = change;
  const { present, catalog, output } = scope;
  const [old, next] = [unitsOf(catalog, from, output), unitsOf(catalog, to, output)];
  const files = new Map<string, string>();
  for (const [path, { unit, text }] of old) {
    const after = next.get(path)?.unit;
    const isSame = after !== undefined && after.folder === unit.folder && after.holds === unit.holds;
    if (isSame && homeOf(from) === homeOf(to)) continue;
    const before = present.get(path) ?? text;
    // Who brings charts has nothing but what lets go itself, and is to take that from the hub.
    files.set(path, unit.isOfCharts && endsCharts(change) ? markUnit(before, id) : releaseUnit(before, id));
  }
  if (endsCharts(change)) for (const [path, text] of releaseAll(id, scope, isChartFile)) files.set(path, text);
  if (homeOf(from) !== homeOf(to) || from.delivery === undefined) return files;
  const areas = triggerFolders(from.delivery);
  const come: Unit[] = [];
  for (const [path, { unit, text }] of next) {
    // A bucket that there was none of: nothing is in it.
    const isEmpty = unit.area.includes("/") && !areas.includes(unit.area);
    if (old.has(path) || !isEmpty) continue;
    files.set(path, markUnit(text, id));
    files.set(keeperPath(unit), writeKeeper(unit, output, from.delivery));
    come.push(unit);
  }
  if (from.delivery.kind === "flux" && come.length > 0) {
    const all = [...Array.from(old.values(), ({ unit }) => unit), ...come];
    for (const [path, text] of writeGenerators(all, from.delivery, { ...output, outputPath: from.outputPath })) {
      files.set(path, text);
    }
  }
  return files;
}

/** Everything is as it is to be; who had objects and is none of the new ones is stopped, and deletes nothing. */
function move(id: string, change: DeliveryChange, { present, catalog, output }: StepScope): StepFiles {
  const { from, to } = change;
  const next = unitsOf(catalog, to, output);
  const files = new Map<string, string | undefined>();
  if (to.delivery !== undefined) {
    const own = { ...output, outputPath: to.outputPath };
    for (const [path, text] of writeWithUnits(next, to.delivery, own)) files.set(path, text);
  }
  const isMoved = movesFolder(change);
  const moving = new Map(
    [...present].filter(([, text]) => handOverOf(text) === id).map(([path, text]) => [keyIn(text), path]),
  );
  const stays = new Map([...next].map(([path, { text }]) => [keyIn(text), path]));
  for (const [path, { text }] of next) {
    const isKept = moving.has(keyIn(text));
    const isNew = !isKept && !present.has(path);
    const known = handOverOf(present.get(path) ?? "") === id;
    if (isKept) files.set(path, releaseUnless(moving.get(keyIn(text))!, present, text, id));
    else if (isNew || known || homeOf(from) !== homeOf(to)) files.set(path, markUnit(text, id));
  }
  for (const [key, path] of moving) {
    const text = present.get(path)!;
    const same = stays.get(key);
    // Two who apply one object of the hub's must not say different things of it.
    if (isMoved) files.set(formerPath(path), same === undefined ? stopUnit(text, id) : files.get(same)!);
    else if (same === undefined) files.set(next.has(path) ? besidePath(path) : path, stopUnit(text, id));
    if (isMoved && !next.has(path)) files.set(path, undefined);
  }
  if (isMoved) files.set(formerPath(deliveryFilePath), present.get(deliveryFilePath));
  return files;
}

/** What came without objects in the first step never had any to let go. */
function releaseUnless(path: string, present: ReadonlyMap<string, string>, text: string, id: string): string {
  return isReleased(present.get(path)!) ? releaseUnit(text, id) : markUnit(text, id);
}

function close(from: Delivered, to: Delivered, scope: StepScope): StepFiles {
  const { catalog, output } = scope;
  const next = unitsOf(catalog, to, output);
  const gone = remove(scope, (path, text) => !next.has(path) && handOverOf(text) !== undefined);
  const files = new Map<string, string | undefined>([...gone]);
  for (const [path, { text }] of next) files.set(path, text);
  const wanted =
    to.delivery === undefined ? undefined : writeWithUnits(next, to.delivery, { ...output, outputPath: to.outputPath });
  for (const [path] of remove(scope, (one) => one.includes(`/${generatorPrefix}`))) {
    if (wanted?.has(path) !== true) files.set(path, undefined);
  }
  const kept = new Set([...next.values()].map(({ unit }) => keeperPath(unit)));
  for (const { unit } of unitsOf(catalog, from, output).values()) {
    const keeper = keeperPath(unit);
    if (unit.name !== baseFolder && !kept.has(keeper)) files.set(keeper, undefined);
  }
  return files;
}

/** The unit of the former name lets go; then the one of the new name has the objects; then the former goes. */
function stepOfRename(
  id: string,
  { from, to }: { readonly from: Owner; readonly to: Owner },
  step: HandOver["step"],
  scope: StepScope,
): StepFiles {
  const { present, catalog, output } = scope;
  const { delivery } = catalog;
  if (delivery === undefined || step === "adopt") return new Map();
  const units = unitsOf(catalog, { delivery, outputPath: output.outputPath }, output);
  const ofOwner = (owner: Owner) =>
    [...units].filter(([, { unit }]) => unit.owner !== undefined && isSameOwner(unit.owner, owner));
  if (step === "release") {
    const paths = new Set(ofOwner(from).map(([path]) => path));
    return releaseAll(id, scope, (path) => paths.has(path));
  }
  const files = new Map<string, string | undefined>();
  for (const [path, text] of present) {
    if (handOverOf(text) !== id || units.has(path)) continue;
    files.set(path, step === "move" ? stopUnit(text, id) : undefined);
  }
  for (const [path, { text }] of ofOwner(to)) files.set(path, step === "move" ? markUnit(text, id) : text);
  if (step === "move") return files;
  for (const cluster of clustersWithFolders(catalog).keys()) {
    for (const area of triggerFolders(delivery)) {
      const folder = `${desiredFolder}/${clusterFolder(cluster)}/${area}/${ownerFolderName(from, cluster)}`;
      files.set(`${folder}/${unitFileName}`, undefined);
    }
  }
  return files;
}

function releaseAll(
  id: string,
  { present }: StepScope,
  isMeant: (path: string) => boolean,
): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const [path, text] of present) {
    if (!isMeant(path) || readHubIdentity(text) === undefined) continue;
    const letGo = isChartUnitPath(path) ? markUnit : isChartFile(path) ? releaseChart : releaseUnit;
    files.set(path, letGo(text, id));
  }
  return files;
}

function remove({ present }: StepScope, isMeant: (path: string, text: string) => boolean): StepFiles {
  return new Map([...present].filter(([path, text]) => isMeant(path, text)).map(([path]) => [path, undefined]));
}

function unitsOf(catalog: Catalog, { delivery, outputPath }: Delivered, output: OutputOwner) {
  if (delivery === undefined) return new Map<string, WrittenUnit>();
  return writeUnits(catalog, delivery, { ...output, outputPath });
}

/** What decides from where a hub takes a unit's folder, and which object of the hub the unit is. */
function homeOf({ delivery, outputPath }: Delivered): string {
  return JSON.stringify([outputPath, delivery === undefined ? undefined : placeOf(delivery)]);
}

function placeOf(delivery: HubDelivery): unknown {
  const { kind, path } = delivery;
  return kind === "flux"
    ? [kind, path, delivery.source.namespace, delivery.source.name, delivery.artifacts]
    : [kind, path, delivery.namespace, delivery.repoURL, delivery.revision];
}

function keyIn(text: string): string {
  const identity = readHubIdentity(text);
  return identity === undefined ? "" : hubKey(identity);
}

function formerPath(path: string): string {
  return `${formerDeliveryFolder}${path.slice(deliveryFolder.length)}`;
}

/** Where an object of another kind has its path. */
function besidePath(path: string): string {
  return path.replace(/\.yaml$/, "~former.yaml");
}

/** The clusters that the hub has units for and no document describes, and those of owners that are not for them any more. */
export function findStrays(from: Delivered, { present, catalog, output }: StepScope): readonly ClusterKey[] {
  const units = unitsOf(catalog, from, output);
  const strays = [...present].filter(
    ([path, text]) => readHubIdentity(text) !== undefined && !units.has(path) && !isChartFile(path),
  );
  return strays.map(([path]) => path.slice(`${deliveryFolder}/hub/`.length, -".yaml".length));
}
