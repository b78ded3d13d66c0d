/** A decoded CloudEvent 1.0, and the entity that it is about. */
import type { JsonObject } from "./json.ts";

export interface CloudEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  /** Absent is the empty string: the attribute may not be empty when present. */
  readonly subject: string;
  /**
   * The event in structured form: lower-case attributes as sent, in order, and `data` decoded (JSON, or a string) or
   * `data_base64` where the data is not UTF-8. Templates see it as `.CloudEvent`, records keep it.
   */
  readonly document: JsonObject;
}

/** The message that carried the event; templates see it as `.Message`. */
export interface MessageInfo {
  readonly subject: string;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly stream: string;
  readonly sequence: number;
  /** When it was stored: RFC 3339. */
  readonly time: string;
}

export interface ReceivedEvent {
  readonly connection: string;
  readonly event: CloudEvent;
  readonly message: MessageInfo;
}

/** What events are about. Exact: `team/alice` and `team-alice` are different entities. */
export interface Entity {
  readonly connection: string;
  readonly source: string;
  readonly subject: string;
}
