import fc from "fast-check";
import { expect, it } from "vitest";
import { readSharers } from "../../src/traffic/sharers.ts";
import type { HitRow, KeySpan } from "../../src/traffic/store.ts";
import { mostDistinct } from "../../src/traffic/windows.ts";

const WINDOW_MS = 10_000;
const CROWD = 20;

it("reads few clicks of a crowd, and all that its counts depend on", async () => {
  const clicks = fc.array(
    fc.record({
      at: fc.oneof(fc.integer({ min: 0, max: 40_000 }), fc.integer({ min: 12_000, max: 13_000 })),
      contact: fc.oneof(fc.nat({ max: 12 }), fc.nat({ max: 60 })),
    }),
    { minLength: 1, maxLength: 400 },
  );
  await fc.assert(
    fc.asyncProperty(clicks, fc.nat({ max: 40_000 }), fc.integer({ min: 1, max: 60 }), check),
    { numRuns: 300 },
  );
});

async function check(
  clicks: readonly { at: number; contact: number }[],
  judgedAt: number,
  end: number,
): Promise<void> {
  const rows = clicks.map(({ at, contact }, seq) => row(seq, at, `c${contact}`));
  const judged = row(-1, judgedAt, "judged");
  const span = { key: "a", from: judgedAt - WINDOW_MS, to: judgedAt + WINDOW_MS };
  const read = await readSharers([span], storeOf(rows), { dense: 40, end });
  expect(contactsAround(judged, read)).toBe(contactsAround(judged, rows));
}

/** The most contacts at once, as the signals count them. */
function contactsAround(judged: HitRow, others: readonly HitRow[]): number {
  const unique = [...new Map([...others, judged].map((each) => [each.seq, each])).values()];
  const sorted = unique.sort((a, b) => a.occurred_at - b.occurred_at);
  const counts = mostDistinct(
    sorted.map(({ occurred_at: at, contact_key: key }) => ({ at, key })),
    WINDOW_MS,
  );
  return Math.min(CROWD, counts[sorted.indexOf(judged)] ?? 0);
}

function storeOf(rows: readonly HitRow[]): Parameters<typeof readSharers>[1] {
  const within = ({ from, to }: KeySpan) =>
    rows.filter(({ occurred_at: at }) => at >= from && at <= to);
  return {
    clicksOfAddresses: async (spans) => spans.flatMap(within),
    denseAddresses: async (spans, most) => spans.filter((span) => within(span).length > most),
    async endsOfAddress(span, count) {
      const sorted = within(span).sort((a, b) => a.occurred_at - b.occurred_at);
      return { first: sorted.slice(0, count), last: sorted.reverse().slice(0, count) };
    },
  };
}

function row(seq: number, at: number, contact: string): HitRow {
  return {
    seq,
    occurred_at: at,
    message_key: "m",
    contact_key: contact,
    campaign_id: null,
    link_id: "0",
    click_id: null,
    address: "a",
    os: null,
    counts: 1,
    crowded: 0,
  };
}
