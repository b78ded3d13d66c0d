/** Which moment `now` is. */
import { expect, it } from "vitest";
import { decodeDelivery } from "../../src/events/decode-delivery.ts";
import { clockOf } from "../../src/render/render-trigger.ts";

const received = "2026-01-01T00:00:00Z";
const cases: readonly (readonly [time: string | undefined, clock: string])[] = [
  [undefined, received],
  ["2018-04-05T17:31:00Z", "2018-04-05T17:31:00.000Z"],
  ["2018-04-05t17:31:00.5z", "2018-04-05T17:31:00.500Z"],
  ["2018-04-05T17:31:00.123456789+02:00", "2018-04-05T15:31:00.123Z"],
  ["2018-04-05T17:31:00-23:59", "2018-04-06T17:30:00.000Z"],
  ["2016-12-31T23:59:60Z", "2016-12-31T23:59:59.000Z"],
  ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"],
  ["9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"],
];

it.each(cases)("of an event with the time %s: %s", (time, clock) => {
  const event = { specversion: "1.0", id: "1", source: "/s", type: "t", ...(time === undefined ? {} : { time }) };
  const { events, problems } = decodeDelivery({
    ...{ connection: "bus", stream: "bus/S", subject: "s", headers: new Map() },
    position: { epoch: "e", sequence: 1, time: received },
    payload: new TextEncoder().encode(JSON.stringify(event)),
  });
  expect(problems).toEqual([]);
  expect(new Date(clockOf(events[0]!)).getTime()).toBe(new Date(clock).getTime());
});
