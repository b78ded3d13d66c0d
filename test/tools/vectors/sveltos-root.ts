/** The root that Sveltos gives its templates: a pointer to a struct with exactly the fields that event-manager fills. */
import {
  GoMap,
  GoPointer,
  GoSlice,
  GoStruct,
  type GoType,
  type GoValue,
  mapType,
  pointerTo,
  sliceOf,
} from "../../../src/go-template/value.ts";

const referenceFields: Readonly<Record<string, string>> = {
  Kind: "kind",
  Namespace: "namespace",
  Name: "name",
  UID: "uid",
  APIVersion: "apiVersion",
  ResourceVersion: "resourceVersion",
  FieldPath: "fieldPath",
};

const referenceType: GoType = {
  name: "v1.ObjectReference",
  kind: "struct",
  textInPlace: ({ fields }: GoStruct) => {
    return `&ObjectReference{${[...fields].map(([name, value]) => `${name}:${String(value)},`).join("")}}`;
  },
};

type Members = ReadonlyMap<string, GoValue>;

/** currentObject: the root of a profile for one event. */
export function currentObject(data: Members): GoValue {
  return pointerToStruct("controllers.currentObject", [
    ["MatchingResource", reference(data.get("MatchingResource"))],
    ["Resource", mapOrNil(data.get("Resource"))],
    ["CloudEvent", mapOrNil(data.get("CloudEvent"))],
    ["Cluster", mapOrNil(data.get("Cluster"))],
  ]);
}

/** currentObjects: the root of one profile for all events. */
export function currentObjects(data: Members): GoValue {
  const references = data.get("MatchingResources");
  return pointerToStruct("controllers.currentObjects", [
    ["MatchingResources", listOrNil(sliceOf(referenceType), references, reference)],
    ["Resources", listOrNil(sliceOf(mapType), data.get("Resources"), mapOrNil)],
    ["CloudEvents", listOrNil(sliceOf(mapType), data.get("CloudEvents"), mapOrNil)],
    ["Cluster", mapOrNil(data.get("Cluster"))],
  ]);
}

function pointerToStruct(name: string, fields: readonly [string, GoValue][]): GoValue {
  const type: GoType = { name, kind: "struct" };
  return new GoPointer(pointerTo(type), new GoStruct(type, new Map(fields)));
}

function reference(value: GoValue): GoStruct {
  const members = value instanceof Map ? (value as Members) : new Map<string, GoValue>();
  const fields = Object.entries(referenceFields).map(([field, key]) => [field, members.get(key) ?? ""] as const);
  return new GoStruct(referenceType, new Map(fields));
}

function mapOrNil(value: GoValue): GoValue {
  return value instanceof Map ? value : new GoMap(mapType, null);
}

function listOrNil(type: GoType, value: GoValue, element: (value: GoValue) => GoValue): GoSlice {
  return new GoSlice(type, Array.isArray(value) ? value.map(element) : null);
}
