import type { Db } from "./db/db.ts";
import type { Clock } from "./lib/clock.ts";
import type { Metrics } from "./lib/metrics.ts";
import { settlesWithin } from "./lib/within.ts";
import { ANSWER_MS } from "./readiness.ts";
import { readFoldedToday } from "./reports/folded-names.ts";

interface FoldedDeps {
  readonly metrics: Metrics;
  readonly db: Db;
  readonly now: Clock;
}

/** Shows which workspaces get more event names than are told apart; nothing while the database does not answer. */
export function showFoldedEvents({ metrics, db, now }: FoldedDeps): void {
  metrics.gauges(
    "clicktrail_folded_events",
    "Events of this day (UTC) that reports sum up as (other): the workspace has too many names.",
    "workspace",
    async () => {
      let answer: ReadonlyMap<string, number> = new Map();
      const asked = readFoldedToday(db, now()).then(
        (counts) => {
          answer = counts;
        },
        () => {},
      );
      await settlesWithin(asked, ANSWER_MS);
      return answer;
    },
  );
}
