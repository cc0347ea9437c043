import type { StoredEvent } from "../log/event.ts";
import type { Reason, Verdict } from "./define.ts";
import { isEngagement } from "./engagement.ts";
import { DEVICE_CROWD, isCrowded, readSharers } from "./sharers.ts";
import { decideSiteEvent, ownSiteReasons, siteTraceOf } from "./site-event.ts";
import {
  createSiteNeighbourhood,
  SITE_SPAN_MS,
  type SiteNeighbourhood,
  type SiteTrace,
} from "./site-neighbours.ts";
import { DEVICE_SIGNALS, VISITOR_SIGNALS } from "./site-reasons.ts";
import { groupBy, joinSpans, type Span, uniqueRows } from "./spans.ts";
import type { TrafficStore, VisitRow } from "./store.ts";
import type { KeySpan } from "./store-sharers.ts";
import type { TallyChange } from "./tally.ts";

/** What a batch's site and server events led to. */
export interface JudgedVisits {
  readonly rows: readonly VisitRow[];
  /** By seq: those of the batch, and earlier ones that changed. */
  readonly verdicts: ReadonlyMap<number, Verdict>;
  /** Earlier events whose verdict is another one now. */
  readonly changed: readonly VisitRow[];
  /** By seq: earlier events whose device turned out to be a crowd's. */
  readonly crowded: readonly number[];
  readonly tally: readonly TallyChange[];
}

/** Whether an event came from the site or a server of the sender's. */
function isVisit({ source }: StoredEvent): boolean {
  return source === "site" || source === "server";
}

/** Judges the site events of a batch, and again the earlier ones that they are neighbours of. */
export async function judgeVisits(
  events: readonly StoredEvent[],
  store: TrafficStore,
): Promise<JudgedVisits> {
  const visits = events.filter(isVisit);
  const rows = visits.map(visitRowOf);
  const fresh = new Set(rows.map(({ seq }) => seq));
  const around = await readAround(rows, store);
  const known = around.rows.filter(({ seq }) => !fresh.has(seq));
  const near = createSiteNeighbourhood([...rows, ...known].map(traceOfRow));

  const verdicts = new Map<number, Verdict>();
  const tally: TallyChange[] = [];
  const note = ({ occurred_at: at }: { occurred_at: number }, after: Verdict, before?: Verdict) =>
    tally.push({ at, kind: "site", campaign: null, network: null, before, after, hits: 1 });
  for (const event of visits) {
    const trace = siteTraceOf(event, String(event.seq));
    const reasons = [
      ...ownSiteReasons(event),
      ...near.visitorReasons(trace),
      ...near.deviceReasons(trace),
    ];
    const verdict = decideSiteEvent(reasons);
    verdicts.set(event.seq, verdict);
    if (event.source === "site") note(event, verdict);
  }

  const changed: VisitRow[] = [];
  const crowded: number[] = [];
  const targets = known.filter((row) => around.isOfVisitor(row) || around.isOfDevice(row));
  const stored = await store.verdicts(targets.map(({ seq }) => seq));
  for (const row of targets) {
    const before = stored.get(row.seq);
    if (!before) continue;
    const after = decideSiteEvent(renewReasons(row, before.reasons, around, near));
    if (row.crowded === 0 && isCrowded(DEVICE_CROWD, after)) crowded.push(row.seq);
    if (JSON.stringify(after) === JSON.stringify(before)) continue;
    verdicts.set(row.seq, after);
    note(row, after, before);
    if (after.verdict !== before.verdict || after.certainty !== before.certainty) changed.push(row);
  }
  const judged = rows.map((row) => ({
    ...row,
    crowded: isCrowded(DEVICE_CROWD, verdicts.get(row.seq)) ? 1 : 0,
  }));
  return { rows: judged, verdicts, changed, crowded, tally };
}

/** Replaces the reasons that lie in the neighbours; an event's own ones stand as they were stored. */
function renewReasons(
  row: VisitRow,
  reasons: readonly Reason[],
  around: Around,
  near: SiteNeighbourhood,
): Reason[] {
  const trace = traceOfRow(row);
  const [ofVisitor, ofDevice] = [around.isOfVisitor(row), around.isOfDevice(row)];
  const kept = reasons.filter(
    ({ signal }) =>
      !(ofVisitor && VISITOR_SIGNALS.has(signal)) && !(ofDevice && DEVICE_SIGNALS.has(signal)),
  );
  return [
    ...kept,
    ...(ofVisitor ? near.visitorReasons(trace) : []),
    ...(ofDevice ? near.deviceReasons(trace) : []),
  ];
}

interface Around {
  readonly rows: readonly VisitRow[];
  /** Whether a row must be judged again for the sake of its visitor, or of its device. */
  isOfVisitor(row: VisitRow): boolean;
  isOfDevice(row: VisitRow): boolean;
}

async function readAround(rows: readonly VisitRow[], store: TrafficStore): Promise<Around> {
  const own = rows.filter((row) => row.is_server === 0);
  const firstPages = await store.firstPages(distinct(own.map(({ visitor }) => visitor)));
  const pageOf = new Map(firstPages.map((row) => [row.visitor, row.occurred_at]));

  const ofVisitors = spansOf(own, "visitor", (row) => {
    // A page that turns out to be the first one speaks for every event up to the one that was.
    const until = pageOf.get(row.visitor) ?? Number.MAX_SAFE_INTEGER;
    return row.is_page === 1 && row.occurred_at < until ? until : row.occurred_at + SITE_SPAN_MS;
  });
  const ofDevices = spansOf(own, "device", (row) => row.occurred_at + SITE_SPAN_MS);
  const [byVisitor, openOfDevice, sharers] = await Promise.all([
    store.visitsOfVisitors(widen(ofVisitors)),
    store.visitsOfDevices.open(ofDevices.map(keySpanOf)),
    readSharers(widen(ofDevices), store.visitsOfDevices, DEVICE_CROWD),
  ]);
  const visitorSpans = groupBy(ofVisitors, ({ on }) => on);
  const deviceSpans = groupBy(ofDevices, ({ on }) => on);
  return {
    rows: uniqueRows([...firstPages, ...byVisitor, ...openOfDevice, ...sharers]),
    isOfVisitor: (row) => row.is_server === 0 && isWithin(visitorSpans.get(row.visitor ?? ""), row),
    isOfDevice: (row) => row.crowded === 0 && isWithin(deviceSpans.get(row.device ?? ""), row),
  };
}

function spansOf(
  rows: readonly VisitRow[],
  field: "visitor" | "device",
  untilOf: (row: VisitRow) => number,
): Span<string>[] {
  const spans = rows.flatMap((row) => {
    const key = row[field];
    const from = row.occurred_at - SITE_SPAN_MS;
    return key === null ? [] : [{ on: key, from, to: untilOf(row) }];
  });
  return joinSpans(spans, (key) => key);
}

function widen(spans: readonly Span<string>[]): KeySpan[] {
  return spans.map(keySpanOf).map(({ key, from, to }) => ({
    key,
    from: from - SITE_SPAN_MS,
    to: Math.min(to + SITE_SPAN_MS, Number.MAX_SAFE_INTEGER),
  }));
}

function keySpanOf({ on, from, to }: Span<string>): KeySpan {
  return { key: on, from, to };
}

function isWithin(spans: readonly Span<string>[] = [], { occurred_at: at }: VisitRow): boolean {
  return spans.some(({ from, to }) => from <= at && at <= to);
}

function visitRowOf(event: StoredEvent): VisitRow {
  const trace = siteTraceOf(event, String(event.seq));
  return {
    seq: event.seq,
    occurred_at: event.occurred_at,
    visitor: event.anonymous_id,
    device: trace.device,
    click_id: event.click_id,
    is_server: event.source === "server" ? 1 : 0,
    is_page: trace.isPage ? 1 : 0,
    is_track: trace.isTrack ? 1 : 0,
    is_skewed: trace.isSkewed ? 1 : 0,
    is_engaged: isEngagement(event) ? 1 : 0,
    crowded: 0,
  };
}

function traceOfRow(row: VisitRow): SiteTrace {
  return {
    id: String(row.seq),
    at: row.occurred_at,
    visitor: row.is_server === 1 ? null : row.visitor,
    device: row.device,
    isPage: row.is_page === 1,
    isTrack: row.is_track === 1,
    isSkewed: row.is_skewed === 1,
  };
}

function distinct(keys: readonly (string | null)[]): string[] {
  return [...new Set(keys.filter((key) => key !== null))];
}
