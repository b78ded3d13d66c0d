import { expect, it } from "vitest";
import { ShownRequests } from "../../../src/pipeline/review/shown-requests.ts";

const place = (number: number) => ({ number, url: `https://forge.example.com/${number}` });

it("finds the last request that showed just this, a removal too", () => {
  const requests = new ShownRequests();
  requests.note(
    place(1),
    new Map([
      ["a", "v1"],
      ["b", undefined],
    ]),
  );
  requests.note(place(2), new Map([["a", "v2"]]));
  requests.note(place(3), new Map([["a", "v1"]]));
  // It was looked at once more, and is not the last for that.
  requests.note(
    place(1),
    new Map([
      ["a", "v1"],
      ["b", undefined],
    ]),
  );

  expect(requests.find("a", "v1")).toEqual(place(3));
  expect(requests.find("a", "v2")).toEqual(place(2));
  expect(requests.find("a", undefined)).toBeUndefined();
  expect(requests.find("b", undefined)).toEqual(place(1));
  expect(requests.find("c", "v1")).toBeUndefined();
  expect(requests.placeOf(2)).toEqual(place(2));
});

it("forgets what it was told of longest ago where there is too much, and never the last", () => {
  const requests = new ShownRequests(20);
  const many = new Map(Array.from({ length: 15 }, (_, index) => [`${index}`, "v1"] as const));
  requests.note(place(1), many);
  requests.note(place(2), new Map([["a", "v1"]]));
  expect(requests.placeOf(1)).toEqual(place(1));
  requests.note(place(3), many);
  expect(requests.placeOf(1)).toBeUndefined();
  expect(requests.find("a", "v1")).toEqual(place(2));
  requests.note(place(4), new Map([...many, ...[...many].map(([path, content]) => [`x${path}`, content] as const)]));
  expect(requests.placeOf(3)).toBeUndefined();
  expect(requests.find("x1", "v1")).toEqual(place(4));
});
