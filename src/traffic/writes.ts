import type { BatchStatement, Engine } from "../db/db.ts";
import { jsonRows, sql } from "../db/sql.ts";
import type { TableName } from "../log/projection.ts";
import type { Verdict } from "./define.ts";
import type { LinkFlags, MessageFacts } from "./mail-facts.ts";
import type { HitRow, VisitRow } from "./store.ts";
import type { DayRow, ReasonRow } from "./tally.ts";

/** What a batch writes for one workspace. */
export interface TrafficWrites {
  readonly hits: readonly HitRow[];
  /** By seq: earlier hits that have become crowded. */
  readonly crowdedHits: readonly number[];
  readonly visits: readonly VisitRow[];
  /** By seq: earlier site events that have become crowded. */
  readonly crowdedVisits: readonly number[];
  /** By seq: new verdicts, and changed ones. */
  readonly verdicts: ReadonlyMap<number, Verdict>;
  readonly messages: ReadonlyMap<string, MessageFacts>;
  readonly links: ReadonlyMap<string, LinkFlags>;
  /** To be added to the counts. */
  readonly days: readonly DayRow[];
  readonly reasons: readonly ReasonRow[];
}

/** The statements of a batch, one a table, each with its rows as one bound JSON array. */
export function writeTraffic(
  engine: Engine,
  table: TableName,
  workspaceId: number,
  writes: TrafficWrites,
): BatchStatement[] {
  const { hits, crowdedHits, visits, crowdedVisits, verdicts, messages, links } = writes;
  const { days, reasons } = writes;
  const rows = (values: readonly object[]) => jsonRows(engine, JSON.stringify(values));
  const statements: [readonly object[], () => BatchStatement][] = [
    [
      hits,
      () => sql`
        INSERT INTO ${table("traffic_hits")} (
          workspace_id, seq, occurred_at, message_key, contact_key, campaign_id, link_id, click_id,
          address, os, counts, crowded
        )
        SELECT ${workspaceId}, CAST(r.value ->> 'seq' AS BIGINT),
          CAST(r.value ->> 'occurred_at' AS BIGINT), r.value ->> 'message_key',
          r.value ->> 'contact_key', r.value ->> 'campaign_id', r.value ->> 'link_id',
          r.value ->> 'click_id', r.value ->> 'address', r.value ->> 'os',
          CAST(r.value ->> 'counts' AS INTEGER), CAST(r.value ->> 'crowded' AS INTEGER)
        FROM ${rows(hits)}
        WHERE TRUE
        ON CONFLICT DO NOTHING`,
    ],
    markCrowded("traffic_hits", crowdedHits),
    [
      visits,
      () => sql`
        INSERT INTO ${table("traffic_visits")} (
          workspace_id, seq, occurred_at, visitor, device, click_id, is_server, is_page, is_track,
          is_skewed, is_engaged, crowded
        )
        SELECT ${workspaceId}, CAST(r.value ->> 'seq' AS BIGINT),
          CAST(r.value ->> 'occurred_at' AS BIGINT), r.value ->> 'visitor', r.value ->> 'device',
          r.value ->> 'click_id', CAST(r.value ->> 'is_server' AS INTEGER),
          CAST(r.value ->> 'is_page' AS INTEGER), CAST(r.value ->> 'is_track' AS INTEGER),
          CAST(r.value ->> 'is_skewed' AS INTEGER), CAST(r.value ->> 'is_engaged' AS INTEGER),
          CAST(r.value ->> 'crowded' AS INTEGER)
        FROM ${rows(visits)}
        WHERE TRUE
        ON CONFLICT DO NOTHING`,
    ],
    markCrowded("traffic_visits", crowdedVisits),
    upsertVerdicts(),
    upsertMessages(),
    upsertLinks(),
    [
      days,
      () => sql`
        INSERT INTO ${table("traffic_days")} AS t (
          workspace_id, day, kind, campaign_id, network, verdict, certainty, hits
        )
        SELECT CAST(${workspaceId} AS BIGINT), CAST(r.value ->> 'day' AS BIGINT),
          r.value ->> 'kind', r.value ->> 'campaign_id', r.value ->> 'network',
          r.value ->> 'verdict', r.value ->> 'certainty', CAST(r.value ->> 'hits' AS BIGINT)
        FROM ${rows(days)}
        WHERE TRUE
        ON CONFLICT (workspace_id, day, kind, campaign_id, network, verdict, certainty)
        DO UPDATE SET hits = t.hits + excluded.hits`,
    ],
    [
      reasons,
      () => sql`
        INSERT INTO ${table("traffic_reasons")} AS t (
          workspace_id, day, kind, signal, verdict, hits
        )
        SELECT CAST(${workspaceId} AS BIGINT), CAST(r.value ->> 'day' AS BIGINT),
          r.value ->> 'kind', r.value ->> 'signal', r.value ->> 'verdict',
          CAST(r.value ->> 'hits' AS BIGINT)
        FROM ${rows(reasons)}
        WHERE TRUE
        ON CONFLICT (workspace_id, day, kind, signal, verdict)
        DO UPDATE SET hits = t.hits + excluded.hits`,
    ],
  ];
  return statements.flatMap(([values, write]) => (values.length === 0 ? [] : [write()]));

  function markCrowded(
    name: "traffic_hits" | "traffic_visits",
    seqs: readonly number[],
  ): [readonly object[], () => BatchStatement] {
    const values = seqs.map((seq) => ({ seq }));
    return [
      values,
      () => sql`
        UPDATE ${table(name)} SET crowded = 1
        WHERE workspace_id = ${workspaceId} AND seq IN (
          SELECT CAST(r.value ->> 'seq' AS BIGINT) FROM ${rows(values)}
        )`,
    ];
  }

  function upsertVerdicts(): [readonly object[], () => BatchStatement] {
    const values = [...verdicts].map(([seq, { reasons, rulesVersion, ...verdict }]) => ({
      seq,
      ...verdict,
      reasons: JSON.stringify(reasons),
      rules_version: rulesVersion,
    }));
    return [
      values,
      () => sql`
        INSERT INTO ${table("verdicts")} (
          workspace_id, seq, verdict, certainty, score, reasons, rules_version
        )
        SELECT ${workspaceId}, CAST(r.value ->> 'seq' AS BIGINT), r.value ->> 'verdict',
          r.value ->> 'certainty', CAST(r.value ->> 'score' AS INTEGER), r.value ->> 'reasons',
          CAST(r.value ->> 'rules_version' AS INTEGER)
        FROM ${rows(values)}
        WHERE TRUE
        ON CONFLICT (workspace_id, seq) DO UPDATE SET
          verdict = excluded.verdict, certainty = excluded.certainty, score = excluded.score,
          reasons = excluded.reasons, rules_version = excluded.rules_version`,
    ];
  }

  function upsertMessages(): [readonly object[], () => BatchStatement] {
    const values = [...messages].map(([message_id, { sentAt, deliveredAt, ...links }]) => ({
      message_id,
      sent_at: sentAt,
      delivered_at: deliveredAt,
      ...links,
    }));
    return [
      values,
      () => sql`
        INSERT INTO ${table("traffic_mails")} (
          workspace_id, message_id, sent_at, delivered_at, links, honeypot
        )
        SELECT ${workspaceId}, r.value ->> 'message_id', CAST(r.value ->> 'sent_at' AS BIGINT),
          CAST(r.value ->> 'delivered_at' AS BIGINT), CAST(r.value ->> 'links' AS INTEGER),
          CAST(r.value ->> 'honeypot' AS INTEGER)
        FROM ${rows(values)}
        WHERE TRUE
        ON CONFLICT (workspace_id, message_id) DO UPDATE SET
          sent_at = excluded.sent_at, delivered_at = excluded.delivered_at,
          links = excluded.links, honeypot = excluded.honeypot`,
    ];
  }

  function upsertLinks(): [readonly object[], () => BatchStatement] {
    const values = [...links].flatMap(([campaign_id, flagged]) =>
      [...flagged].map(([link_id, flags]) => ({ campaign_id, link_id, flags })),
    );
    return [
      values,
      () => sql`
        INSERT INTO ${table("traffic_links")} (workspace_id, campaign_id, link_id, flags)
        SELECT ${workspaceId}, r.value ->> 'campaign_id', r.value ->> 'link_id',
          CAST(r.value ->> 'flags' AS INTEGER)
        FROM ${rows(values)}
        WHERE TRUE
        ON CONFLICT (workspace_id, campaign_id, link_id) DO UPDATE SET flags = excluded.flags`,
    ];
  }
}
