import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { turnJournalHourly } from "../../src/log/journal-turn.ts";

const HOUR_MS = 3_600_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("closes the open segment each hour, if anything was written to it", () => {
  let records = 5;
  const turnOver = vi.fn(async () => new Set<string>());
  const stats = () => ({
    unimportedBytes: 0,
    queuedHits: 0,
    queuedBytes: 0,
    writes: 0,
    records,
    failing: null,
  });
  const end = turnJournalHourly({ stats, turnOver });
  vi.advanceTimersByTime(HOUR_MS);
  expect(turnOver).not.toHaveBeenCalled();
  records = 6;
  vi.advanceTimersByTime(HOUR_MS);
  expect(turnOver).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(5 * HOUR_MS);
  expect(turnOver).toHaveBeenCalledTimes(1);
  end();
  records = 7;
  vi.advanceTimersByTime(HOUR_MS);
  expect(turnOver).toHaveBeenCalledTimes(1);
});
