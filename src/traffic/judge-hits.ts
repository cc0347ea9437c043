import type { StoredEvent } from "../log/event.ts";
import type { Hit, Signal, Trace, Verdict } from "./define.ts";
import { hitOf, isHit } from "./hit.ts";
import { judge } from "./judge.ts";
import { findEngagedClicks } from "./judge-engagement.ts";
import type { JudgedVisits } from "./judge-visits.ts";
import { type MailNews, readMailFacts } from "./mail-book.ts";
import { groupOf, traceOf } from "./neighbourhood.ts";
import { ADDRESS_CROWD, isCrowded, readSharers } from "./sharers.ts";
import { joinSpans, uniqueRows } from "./spans.ts";
import type { HitRow, TrafficStore } from "./store.ts";
import type { TallyChange } from "./tally.ts";
import { readAgent, toOs } from "./user-agent.ts";

/** How far the hits of one mail and contact, and the clicks from one address, reach each other. */
const MAIL_SPAN_MS = 60_000;
const ADDRESS_SPAN_MS = 10_000;

/** What a batch's clicks and opens led to. */
export interface JudgedHits {
  readonly rows: readonly HitRow[];
  /** By seq: those of the batch, and earlier ones that changed. */
  readonly verdicts: ReadonlyMap<number, Verdict>;
  /** Earlier hits whose verdict is another one now. */
  readonly changed: readonly HitRow[];
  /** By seq: earlier hits whose address turned out to be a crowd's. */
  readonly crowded: readonly number[];
  readonly tally: readonly TallyChange[];
}

/** What else of the batch bears on hits. */
export interface HitContext {
  readonly signals: readonly Signal[];
  readonly store: TrafficStore;
  readonly mails: MailNews;
  readonly visits: JudgedVisits;
  /** Clicks whose engagement may have changed. */
  readonly touchedClicks: readonly string[];
}

/** Judges the hits of a batch, and again the earlier ones that anything in the batch bears on. */
export async function judgeHits(
  events: readonly StoredEvent[],
  context: HitContext,
): Promise<JudgedHits> {
  const { store, signals, mails, visits } = context;
  const fresh = events.filter(isHit);
  const rows = fresh.map(hitRowOf);
  const freshSeqs = new Set(rows.map(({ seq }) => seq));
  const known = (await readTargets(rows, context)).filter(({ seq }) => !freshSeqs.has(seq));
  const knownSeqs = known.map(({ seq }) => seq);
  const [stored, earlier] = await Promise.all([store.verdicts(knownSeqs), store.events(knownSeqs)]);

  const judged = [...fresh, ...earlier];
  if (judged.length === 0)
    return { rows, verdicts: new Map(), changed: [], crowded: [], tally: [] };
  const clickIds = judged.flatMap(({ click_id }) => (click_id === null ? [] : [click_id]));
  const [engaged, factsOf, traces] = await Promise.all([
    findEngagedClicks(clickIds, visits, store),
    readMailFacts(judged, mails, store),
    readTraces([...rows, ...known], store),
  ]);
  const hits = judged.map((event) =>
    hitOf(event, String(event.seq), event.click_id !== null && engaged.has(event.click_id)),
  );
  const eventOf = new Map(judged.map((event) => [String(event.seq), event]));
  const verdicts = judge(hits, {
    signals,
    traces,
    mailOf({ id }) {
      const event = eventOf.get(id);
      return factsOf(event?.message_id ?? null, event?.campaign_id ?? null);
    },
  });
  return {
    rows: rows.map((row) => ({
      ...row,
      crowded: isCrowded(ADDRESS_CROWD, verdicts.get(String(row.seq))) ? 1 : 0,
    })),
    crowded: known.flatMap(({ seq, crowded }) =>
      crowded === 0 && isCrowded(ADDRESS_CROWD, verdicts.get(String(seq))) ? [seq] : [],
    ),
    ...compare(hits, verdicts, known, stored, eventOf),
  };
}

function compare(
  hits: readonly Hit[],
  verdicts: ReadonlyMap<string, Verdict>,
  known: readonly HitRow[],
  stored: ReadonlyMap<number, Verdict>,
  eventOf: ReadonlyMap<string, StoredEvent>,
): Pick<JudgedHits, "verdicts" | "changed" | "tally"> {
  const rowOf = new Map(known.map((row) => [row.seq, row]));
  const written = new Map<number, Verdict>();
  const changed: HitRow[] = [];
  const tally: TallyChange[] = [];
  for (const { id, at, kind, network } of hits) {
    const seq = Number(id);
    const [before, after, row] = [stored.get(seq), verdicts.get(id), rowOf.get(seq)];
    if (!after || JSON.stringify(before) === JSON.stringify(after)) continue;
    written.set(seq, after);
    const campaign = eventOf.get(id)?.campaign_id ?? null;
    tally.push({ at, kind, campaign, network, before, after, hits: 1 });
    const isOther = before?.verdict !== after.verdict || before.certainty !== after.certainty;
    if (before && row && isOther) changed.push(row);
  }
  return { verdicts: written, changed, tally };
}

/** The earlier hits that must be judged again: neighbours, and those of which something new is known. */
async function readTargets(rows: readonly HitRow[], context: HitContext): Promise<HitRow[]> {
  const { store, mails, touchedClicks } = context;
  const counted = rows.filter(({ counts }) => counts === 1);
  const targets = await Promise.all([
    store.hitsOfMails(mailSpans(counted)),
    store.clicksOfAddresses.open(addressSpans(counted)),
    store.hitsOfMessages([...mails.messages.keys()]),
    store.sweepsOfCampaigns([...mails.links.keys()]),
    store.hitsAroundLinks(mails.changedLinks),
    store.hitsOfClicks(touchedClicks),
  ]);
  return uniqueRows(targets.flat());
}

async function readTraces(rows: readonly HitRow[], store: TrafficStore): Promise<Trace[]> {
  const near = await Promise.all([
    store.hitsOfMails(mailSpans(rows)),
    readSharers(
      addressSpans(rows.filter(({ counts }) => counts === 1)),
      store.clicksOfAddresses,
      ADDRESS_CROWD,
    ),
  ]);
  return uniqueRows([...rows, ...near.flat()]).map(traceOfRow);
}

function mailSpans(rows: readonly HitRow[]) {
  const spans = rows.map(({ message_key: message, contact_key: contact, occurred_at: at }) => ({
    on: { message, contact },
    from: at - MAIL_SPAN_MS,
    to: at + MAIL_SPAN_MS,
  }));
  return joinSpans(spans, ({ message, contact }) => groupOf(message, contact)).map(
    ({ on, from, to }) => ({ ...on, from, to }),
  );
}

function addressSpans(rows: readonly HitRow[]) {
  const spans = rows.flatMap(({ address, occurred_at: at }) =>
    address === null ? [] : [{ on: address, from: at - ADDRESS_SPAN_MS, to: at + ADDRESS_SPAN_MS }],
  );
  return joinSpans(spans, (key) => key).map(({ on, from, to }) => ({ key: on, from, to }));
}

function hitRowOf(event: StoredEvent): HitRow {
  const hit = hitOf(event, String(event.seq), false);
  const trace = traceOf(hit, readAgent(hit.userAgent));
  return {
    seq: event.seq,
    occurred_at: event.occurred_at,
    message_key: hit.message ?? "",
    contact_key: trace.who,
    campaign_id: event.campaign_id,
    link_id: hit.link,
    click_id: event.click_id,
    address: hit.address,
    os: trace.os,
    counts: trace.counts ? 1 : 0,
    crowded: 0,
  };
}

function traceOfRow(row: HitRow): Trace {
  return {
    id: String(row.seq),
    at: row.occurred_at,
    group: groupOf(row.message_key, row.contact_key),
    who: row.contact_key,
    contact: row.contact_key.startsWith("?") ? null : row.contact_key,
    link: row.link_id,
    address: row.address,
    os: toOs(row.os),
    counts: row.counts === 1,
  };
}
