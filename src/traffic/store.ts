import type { Db } from "../db/db.ts";
import { jsonRows, type Sql, sql } from "../db/sql.ts";
import type { StoredEvent } from "../log/event.ts";
import { parseEvent } from "../log/events-store.ts";
import type { TableName } from "../log/projection.ts";
import type { Certainty, Reason, Verdict, VerdictName } from "./define.ts";
import type { LinkFlags, MessageFacts } from "./mail-facts.ts";
import { createSharerReads, type KeySpan, type SharerReads, withinSpan } from "./store-sharers.ts";

/** A click or open in the look-up table. */
export interface HitRow {
  readonly seq: number;
  readonly occurred_at: number;
  readonly message_key: string;
  readonly contact_key: string;
  readonly campaign_id: string | null;
  readonly link_id: string | null;
  readonly click_id: string | null;
  readonly address: string | null;
  readonly os: string | null;
  readonly counts: number;
  readonly crowded: number;
}

/** A site event in the look-up table. */
export interface VisitRow {
  readonly seq: number;
  readonly occurred_at: number;
  readonly visitor: string | null;
  readonly device: string | null;
  readonly click_id: string | null;
  readonly is_server: number;
  readonly is_page: number;
  readonly is_track: number;
  readonly is_skewed: number;
  readonly is_engaged: number;
  readonly crowded: number;
}

/** A span of time on one key of a look-up, in milliseconds, both ends included. */
interface MailSpan {
  readonly message: string;
  readonly contact: string;
  readonly from: number;
  readonly to: number;
}

/** The projection's reads of one workspace; every one of them goes by an index. */
export interface TrafficStore {
  hitsOfMails(spans: readonly MailSpan[]): Promise<HitRow[]>;
  /** Clicks that count, by address. */
  readonly clicksOfAddresses: SharerReads<HitRow>;
  hitsOfMessages(messages: readonly string[]): Promise<HitRow[]>;
  /** Hits of campaigns that have at least four different links around them: part of a sweep, perhaps. */
  sweepsOfCampaigns(campaigns: readonly string[]): Promise<HitRow[]>;
  /** Hits on a link of a campaign, and the hits around them. */
  hitsAroundLinks(links: readonly { campaign: string; link: string }[]): Promise<HitRow[]>;
  hitsOfClicks(clickIds: readonly string[]): Promise<HitRow[]>;
  visitsOfVisitors(spans: readonly KeySpan[]): Promise<VisitRow[]>;
  /** Site events with a device, by it. */
  readonly visitsOfDevices: SharerReads<VisitRow>;
  /** The first page of each visitor. */
  firstPages(visitors: readonly string[]): Promise<VisitRow[]>;
  /** Site events that landed from these clicks. */
  landingsOfClicks(clickIds: readonly string[]): Promise<VisitRow[]>;
  /** Site events of these visitors that landed from any click. */
  landingsOfVisitors(spans: readonly KeySpan[]): Promise<VisitRow[]>;
  /** Engaged site events of these visitors. */
  engagements(spans: readonly KeySpan[]): Promise<VisitRow[]>;
  messages(messages: readonly string[]): Promise<Map<string, MessageFacts>>;
  linkFlags(campaigns: readonly string[]): Promise<Map<string, LinkFlags>>;
  verdicts(seqs: readonly number[]): Promise<Map<number, Verdict>>;
  /** The facts themselves; an erased one is missing. */
  events(seqs: readonly number[]): Promise<StoredEvent[]>;
}

function hitColumns(t: Sql): Sql {
  return sql`
    ${t}.seq, ${t}.occurred_at, ${t}.message_key, ${t}.contact_key, ${t}.campaign_id, ${t}.link_id,
    ${t}.click_id, ${t}.address, ${t}.os, ${t}.counts, ${t}.crowded`;
}

function visitColumns(t: Sql): Sql {
  return sql`
    ${t}.seq, ${t}.occurred_at, ${t}.visitor, ${t}.device, ${t}.click_id, ${t}.is_server,
    ${t}.is_page, ${t}.is_track, ${t}.is_skewed, ${t}.is_engaged, ${t}.crowded`;
}

/** Opens the reads of one workspace on the generation that `table` names. */
export function createTrafficStore(db: Db, table: TableName, workspaceId: number): TrafficStore {
  const rows = (values: readonly object[]): Sql => jsonRows(db.engine, JSON.stringify(values));
  const texts = (values: readonly string[]): Sql => rows(values.map((key) => ({ key })));
  const all = <T extends object>(values: readonly unknown[], query: Sql): Promise<T[]> =>
    values.length === 0 ? Promise.resolve([]) : db.all<T>(query);

  const selectHits = sql`SELECT ${hitColumns(sql`h`)}`;
  const selectVisits = sql`SELECT ${visitColumns(sql`v`)}`;
  const hits = table("traffic_hits");
  const visits = table("traffic_visits");
  // CROSS JOIN everywhere: SQLite then takes the few given keys as the outer loop, whatever it guesses.

  const isAround = sql`
    o.workspace_id = ${workspaceId} AND o.message_key = h.message_key
      AND o.contact_key = h.contact_key
      AND o.occurred_at BETWEEN h.occurred_at - 10000 AND h.occurred_at + 10000`;

  const visitsBy = (key: Sql, spans: readonly KeySpan[], condition: Sql): Promise<VisitRow[]> =>
    all(
      spans,
      sql`
        ${selectVisits} FROM ${rows(spans)} CROSS JOIN ${visits} AS v
        WHERE v.workspace_id = ${workspaceId} AND ${key} = r.value ->> 'key' AND ${condition}
          AND ${withinSpan(sql`v.occurred_at`)}`,
    );

  return {
    hitsOfMails: (spans) =>
      all(
        spans,
        sql`
          ${selectHits} FROM ${rows(spans)} CROSS JOIN ${hits} AS h
          WHERE h.workspace_id = ${workspaceId} AND h.message_key = r.value ->> 'message'
            AND h.contact_key = r.value ->> 'contact' AND ${withinSpan(sql`h.occurred_at`)}`,
      ),
    clicksOfAddresses: createSharerReads(db, workspaceId, {
      table: hits,
      columns: hitColumns(sql`t`),
      key: sql`t.address`,
      condition: sql`t.counts = 1`,
    }),
    hitsOfMessages: (messages) =>
      all(
        messages,
        sql`
          ${selectHits} FROM ${texts(messages)} CROSS JOIN ${hits} AS h
          WHERE h.workspace_id = ${workspaceId} AND h.message_key = r.value ->> 'key'`,
      ),
    sweepsOfCampaigns: (campaigns) =>
      all(
        campaigns,
        sql`
          ${selectHits} FROM ${texts(campaigns)} CROSS JOIN ${hits} AS h
          WHERE h.workspace_id = ${workspaceId} AND h.campaign_id = r.value ->> 'key'
            AND 4 <= (SELECT COUNT(DISTINCT o.link_id) FROM ${hits} AS o WHERE ${isAround})`,
      ),
    hitsAroundLinks: (links) =>
      all(
        links,
        sql`
          SELECT ${hitColumns(sql`o`)}
          FROM ${rows(links)} CROSS JOIN ${hits} AS h CROSS JOIN ${hits} AS o
          WHERE h.workspace_id = ${workspaceId} AND h.campaign_id = r.value ->> 'campaign'
            AND h.link_id = r.value ->> 'link' AND ${isAround}`,
      ),
    hitsOfClicks: (clickIds) =>
      all(
        clickIds,
        sql`
          ${selectHits} FROM ${texts(clickIds)} CROSS JOIN ${hits} AS h
          WHERE h.workspace_id = ${workspaceId} AND h.click_id = r.value ->> 'key'`,
      ),
    visitsOfVisitors: (spans) => visitsBy(sql`v.visitor`, spans, sql`TRUE`),
    visitsOfDevices: createSharerReads(db, workspaceId, {
      table: visits,
      columns: visitColumns(sql`t`),
      key: sql`t.device`,
      condition: sql`t.device IS NOT NULL`,
    }),
    landingsOfVisitors: (spans) => visitsBy(sql`v.visitor`, spans, sql`v.click_id IS NOT NULL`),
    engagements: (spans) => visitsBy(sql`v.visitor`, spans, sql`v.is_engaged = 1`),
    firstPages: (visitors) =>
      all(
        visitors,
        sql`
          ${selectVisits} FROM ${texts(visitors)} CROSS JOIN ${visits} AS v
          WHERE v.workspace_id = ${workspaceId} AND v.seq = (
            SELECT p.seq FROM ${visits} AS p
            WHERE p.workspace_id = ${workspaceId} AND p.visitor = r.value ->> 'key' AND p.is_page = 1
            ORDER BY p.occurred_at LIMIT 1
          )`,
      ),
    landingsOfClicks: (clickIds) =>
      all(
        clickIds,
        sql`
          ${selectVisits} FROM ${texts(clickIds)} CROSS JOIN ${visits} AS v
          WHERE v.workspace_id = ${workspaceId} AND v.click_id IS NOT NULL
            AND v.click_id = r.value ->> 'key'`,
      ),
    async messages(messages) {
      const found = await all<MessageFacts & { message_id: string }>(
        messages,
        sql`
          SELECT m.message_id, m.sent_at AS "sentAt", m.delivered_at AS "deliveredAt",
            m.links, m.honeypot
          FROM ${texts(messages)} CROSS JOIN ${table("traffic_mails")} AS m
          WHERE m.workspace_id = ${workspaceId} AND m.message_id = r.value ->> 'key'`,
      );
      return new Map(found.map(({ message_id, ...facts }) => [message_id, facts]));
    },
    async linkFlags(campaigns) {
      const found = await all<{ campaign_id: string; link_id: string; flags: number }>(
        campaigns,
        sql`
          SELECT l.campaign_id, l.link_id, l.flags
          FROM ${texts(campaigns)} CROSS JOIN ${table("traffic_links")} AS l
          WHERE l.workspace_id = ${workspaceId} AND l.campaign_id = r.value ->> 'key'`,
      );
      const byCampaign = new Map<string, Map<string, number>>();
      for (const { campaign_id, link_id, flags } of found) {
        const links = byCampaign.get(campaign_id) ?? new Map<string, number>();
        byCampaign.set(campaign_id, links.set(link_id, flags));
      }
      return byCampaign;
    },
    async verdicts(seqs) {
      const found = await all<VerdictRow>(
        seqs,
        sql`
          SELECT w.seq, w.verdict, w.certainty, w.score, w.reasons, w.rules_version
          FROM ${rows(seqs.map((seq) => ({ seq })))} CROSS JOIN ${table("verdicts")} AS w
          WHERE w.workspace_id = ${workspaceId} AND w.seq = CAST(r.value ->> 'seq' AS BIGINT)`,
      );
      return new Map(found.map((row) => [row.seq, readVerdict(row)]));
    },
    async events(seqs) {
      const found = await all<Parameters<typeof parseEvent>[0]>(
        seqs,
        sql`
          SELECT e.* FROM ${rows(seqs.map((seq) => ({ seq })))} CROSS JOIN events AS e
          WHERE e.seq = CAST(r.value ->> 'seq' AS BIGINT) AND e.workspace_id = ${workspaceId}
            AND e.type <> 'erased'`,
      );
      return found.map(parseEvent);
    },
  };
}

interface VerdictRow {
  readonly seq: number;
  readonly verdict: VerdictName;
  readonly certainty: Certainty;
  readonly score: number;
  readonly reasons: string;
  readonly rules_version: number;
}

function readVerdict(row: VerdictRow): Verdict {
  const reasons: Reason[] = JSON.parse(row.reasons);
  const { verdict, certainty, score, rules_version: rulesVersion } = row;
  return { verdict, certainty, score, reasons, rulesVersion };
}
