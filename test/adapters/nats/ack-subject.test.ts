import { expect, it } from "vitest";
import { parseAckSubject } from "../../../src/adapters/nats/ack-subject.ts";

const info = { deliveries: 2, streamSequence: 17, consumerSequence: 5, nanos: "1700000000123456789", pending: 4 };

it.each([
  ["the old form", "$JS.ACK.USERS.consumer.2.17.5.1700000000123456789.4", info],
  ["with domain and account", "$JS.ACK.hub.ACCHASH.USERS.consumer.2.17.5.1700000000123456789.4", info],
  ["with a random token", "$JS.ACK._.ACCHASH.USERS.consumer.2.17.5.1700000000123456789.4.x7", info],
  ["an inbox", "_INBOX.x.1", undefined],
  ["nothing", "", undefined],
  ["too short", "$JS.ACK.USERS.consumer", undefined],
])("%s", (_, reply, expected) => {
  expect(parseAckSubject(reply)).toEqual(expected);
});
