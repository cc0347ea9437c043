import { createEvent, type EventRow } from "../../src/log/event.ts";

/** A site event with an id, and whatever else a test wants to say of it. */
export function siteFact(eventId: string, known: Partial<EventRow> = {}): EventRow {
  return createEvent({
    workspace_id: 1,
    source_id: "site-default",
    event_id: eventId,
    source: "site",
    type: "track",
    name: "tested",
    occurred_at: 1_700_000_000_000,
    received_at: 1_700_000_000_000,
    ...known,
  });
}
