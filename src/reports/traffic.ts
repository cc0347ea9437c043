import type { Db } from "../db/db.ts";
import { sql } from "../db/sql.ts";

/** Hits by what they turned out to be. `human + machine + prefetch` is the raw number. */
export interface TrafficCounts {
  readonly human: number;
  /** Of the human ones those that are doubtful. */
  readonly unsure: number;
  readonly machine: number;
  readonly prefetch: number;
}

/** What came in a span of days, and what was filtered of it. */
export interface TrafficReport {
  readonly totals: TrafficCounts;
  /** Every day of the span, oldest first; `day` is YYYY-MM-DD, UTC. */
  readonly days: readonly (TrafficCounts & { readonly day: string })[];
  /** Most frequent first; a hit may have several. */
  readonly reasons: readonly {
    readonly signal: string;
    readonly machine: number;
    readonly prefetch: number;
  }[];
  readonly campaigns: readonly (TrafficCounts & { readonly id: string; readonly name: string })[];
  /** By the class of the network; empty where none is known. */
  readonly networks: readonly (TrafficCounts & { readonly network: string })[];
}

/** Which hits are counted: clicks, opens, or events of the site. */
export type TrafficKind = "click" | "open" | "site";

export interface TrafficQuery {
  readonly kind: TrafficKind;
  readonly days: number;
  /** The last day of the span is the one of this moment, in milliseconds since the Unix epoch. */
  readonly until: number;
}

const DAY_MS = 86_400_000;
/** More campaigns than a page can show are summed up in the totals alone. */
const MOST_CAMPAIGNS = 100;

const NONE: TrafficCounts = { human: 0, unsure: 0, machine: 0, prefetch: 0 };

interface CountRow {
  readonly key: string | number;
  readonly verdict: string;
  readonly certainty: string;
  readonly hits: number;
}

/** Reads the counts that the traffic stage keeps: a range of each of its two tables, not of the log. */
export async function readTraffic(
  db: Db,
  workspaceId: number,
  { kind, days, until }: TrafficQuery,
): Promise<TrafficReport> {
  const lastDay = Math.floor(until / DAY_MS) * DAY_MS;
  const firstDay = lastDay - (days - 1) * DAY_MS;
  const inSpan = sql`
    t.workspace_id = ${workspaceId} AND t.day BETWEEN ${firstDay} AND ${lastDay} AND t.kind = ${kind}`;
  const [byDay, byNetwork, byCampaign, reasons] = await Promise.all([
    db.all<CountRow>(sql`
      SELECT t.day AS key, t.verdict, t.certainty, SUM(t.hits) AS hits FROM traffic_days AS t
      WHERE ${inSpan} GROUP BY t.day, t.verdict, t.certainty`),
    db.all<CountRow>(sql`
      SELECT t.network AS key, t.verdict, t.certainty, SUM(t.hits) AS hits FROM traffic_days AS t
      WHERE ${inSpan} GROUP BY t.network, t.verdict, t.certainty`),
    db.all<CountRow & { name: string | null }>(sql`
      SELECT t.campaign_id AS key, c.name, t.verdict, t.certainty, SUM(t.hits) AS hits
      FROM traffic_days AS t
      LEFT JOIN campaigns AS c ON c.workspace_id = ${workspaceId} AND c.campaign_id = t.campaign_id
      WHERE ${inSpan} AND t.campaign_id <> ''
      GROUP BY t.campaign_id, c.name, t.verdict, t.certainty`),
    db.all<{ signal: string; verdict: string; hits: number }>(sql`
      SELECT t.signal, t.verdict, SUM(t.hits) AS hits FROM traffic_reasons AS t
      WHERE ${inSpan} GROUP BY t.signal, t.verdict HAVING SUM(t.hits) > 0`),
  ]);
  const ofDay = countByKey(byDay);
  const names = new Map(byCampaign.map(({ key, name }) => [key, name ?? String(key)]));
  return {
    totals: [...ofDay.values()].reduce(addCounts, NONE),
    days: Array.from({ length: days }, (_, index) => firstDay + index * DAY_MS).map((day) => ({
      day: new Date(day).toISOString().slice(0, 10),
      ...(ofDay.get(day) ?? NONE),
    })),
    reasons: sumReasons(reasons),
    campaigns: sorted(countByKey(byCampaign))
      .slice(0, MOST_CAMPAIGNS)
      .map(([id, counts]) => ({ id: String(id), name: names.get(id) ?? String(id), ...counts })),
    networks: sorted(countByKey(byNetwork)).map(([network, counts]) => ({
      network: String(network),
      ...counts,
    })),
  };
}

/** All hits of some counts. */
export function rawCount({ human, machine, prefetch }: TrafficCounts): number {
  return human + machine + prefetch;
}

function countByKey(rows: readonly CountRow[]): Map<string | number, TrafficCounts> {
  const counts = new Map<string | number, TrafficCounts>();
  for (const { key, verdict, certainty, hits } of rows) {
    const own = counts.get(key) ?? NONE;
    counts.set(
      key,
      addCounts(own, {
        human: verdict === "human" ? hits : 0,
        unsure: verdict === "human" && certainty === "low" ? hits : 0,
        machine: verdict === "machine" ? hits : 0,
        prefetch: verdict === "prefetch" ? hits : 0,
      }),
    );
  }
  return counts;
}

function addCounts(a: TrafficCounts, b: TrafficCounts): TrafficCounts {
  return {
    human: a.human + b.human,
    unsure: a.unsure + b.unsure,
    machine: a.machine + b.machine,
    prefetch: a.prefetch + b.prefetch,
  };
}

function sorted<K>(counts: ReadonlyMap<K, TrafficCounts>): [K, TrafficCounts][] {
  return [...counts]
    .filter(([, own]) => rawCount(own) > 0)
    .sort(([, a], [, b]) => rawCount(b) - rawCount(a));
}

function sumReasons(
  rows: readonly { signal: string; verdict: string; hits: number }[],
): TrafficReport["reasons"] {
  const bySignal = new Map<string, { machine: number; prefetch: number }>();
  for (const { signal, verdict, hits } of rows) {
    const own = bySignal.get(signal) ?? { machine: 0, prefetch: 0 };
    bySignal.set(signal, own);
    if (verdict === "machine") own.machine += hits;
    else own.prefetch += hits;
  }
  return [...bySignal]
    .map(([signal, own]) => ({ signal, ...own }))
    .sort((a, b) => b.machine + b.prefetch - a.machine - a.prefetch);
}
