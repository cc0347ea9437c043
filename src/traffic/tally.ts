import type { StoredEvent } from "../log/event.ts";
import type { Verdict } from "./define.ts";

/** The reason of hits that came too fast to be kept one by one. */
export const FLOOD = "flood";

const DAY_MS = 86_400_000;

/** What a judgement adds to the counts, or takes from them. */
export interface TallyChange {
  readonly at: number;
  readonly kind: "click" | "open" | "site";
  readonly campaign: string | null;
  readonly network: string | null;
  /** The verdict that it had before, where it had one. */
  readonly before: Verdict | undefined;
  readonly after: Verdict;
  /** 1, but for a flood. */
  readonly hits: number;
}

/** A row of `traffic_days`: hits to add, fewer than zero to take away. */
export interface DayRow {
  /** Its beginning, UTC, in milliseconds since the Unix epoch. */
  readonly day: number;
  readonly kind: string;
  readonly campaign_id: string;
  readonly network: string;
  readonly verdict: string;
  readonly certainty: string;
  readonly hits: number;
}

/** A row of `traffic_reasons`: what spoke against a person, of hits that were none. */
export interface ReasonRow {
  readonly day: number;
  readonly kind: string;
  readonly signal: string;
  readonly verdict: string;
  readonly hits: number;
}

/** Sums changes up, one row a combination; what cancels out is left out. */
export function tallyChanges(changes: readonly TallyChange[]): {
  readonly days: DayRow[];
  readonly reasons: ReasonRow[];
} {
  const days = new Map<string, DayRow>();
  const reasons = new Map<string, ReasonRow>();
  for (const { before, after, hits, ...about } of changes) {
    if (before) count(about, before, -hits, days, reasons);
    count(about, after, hits, days, reasons);
  }
  const isLeft = ({ hits }: { hits: number }): boolean => hits !== 0;
  return { days: [...days.values()].filter(isLeft), reasons: [...reasons.values()].filter(isLeft) };
}

function count(
  { at, kind, campaign, network }: Pick<TallyChange, "at" | "kind" | "campaign" | "network">,
  { verdict, certainty, reasons: said }: Verdict,
  hits: number,
  days: Map<string, DayRow>,
  reasons: Map<string, ReasonRow>,
): void {
  const day = Math.floor(at / DAY_MS) * DAY_MS;
  const own = {
    day,
    kind,
    campaign_id: campaign ?? "",
    network: network ?? "",
    verdict,
    certainty,
  };
  add(days, own, hits);
  if (verdict === "human") return;
  for (const { signal, weight } of said) {
    if (weight >= 0) add(reasons, { day, kind, signal, verdict }, hits);
  }
}

function add<R extends { readonly hits: number }>(
  rows: Map<string, R>,
  row: Omit<R, "hits">,
  hits: number,
): void {
  const key = JSON.stringify(row);
  const known = rows.get(key)?.hits ?? 0;
  rows.set(key, { ...row, hits: known + hits } as R);
}

/** A flood is a machine's, whatever its single hits were: they were too many to look at. */
export function tallyFloods(events: readonly StoredEvent[], rulesVersion: number): TallyChange[] {
  return events.flatMap(({ type, occurred_at: at, campaign_id: campaign, properties }) => {
    const { hits, kind } = properties;
    if (type !== "flood" || typeof hits !== "number") return [];
    const reasons = [{ signal: FLOOD, weight: 100, detail: "a flood" }];
    const after: Verdict = {
      verdict: "machine",
      certainty: "high",
      score: 100,
      reasons,
      rulesVersion,
    };
    const isOpen = kind === "open";
    return [
      {
        at,
        kind: isOpen ? "open" : "click",
        campaign,
        network: null,
        before: undefined,
        after,
        hits,
      },
    ];
  });
}
