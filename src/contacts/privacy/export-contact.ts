import type { Db } from "../../db/db.ts";
import { jsonRows, sql } from "../../db/sql.ts";
import { AppError } from "../../lib/errors.ts";
import type { Refs } from "../../lib/refs.ts";
import type { ConsentKeeper } from "./change-consent.ts";
import type { ErasurePlan } from "./plan.ts";
import { type FoundEvent, isOwn } from "./redact.ts";
import { findSubject, readTraces, type Subject } from "./store-subject.ts";
import { findEvents, readLastSeq } from "./sweep-log.ts";
import { findFailedEvents } from "./sweep-others.ts";

interface ContactExportDeps {
  readonly db: Db;
  readonly refsOf: (workspaceId: number) => Refs;
  readonly consentKeeper: Pick<ConsentKeeper, "read">;
  readonly now: () => number;
}

/** Writes everything known of a contact as one JSON object, piece by piece. */
export type ExportContact = (workspaceId: number, id: string) => Promise<AsyncGenerator<string>>;

/**
 * Makes the function that exports a contact: what an erasure would take out, found by the same search. Events of
 * others that only mention the contact are theirs, and left out.
 *
 * @throws {AppError} `not_found` (404)
 */
export function createContactExport(deps: ContactExportDeps): ExportContact {
  const { db, refsOf } = deps;
  return async (workspaceId, id) => {
    const subject = await findSubject(db, refsOf(workspaceId), workspaceId, id);
    if (!subject) throw new AppError("not_found", 404, "There is no such contact.");
    return writeContact(deps, workspaceId, subject);
  };
}

async function* writeContact(
  { db, consentKeeper, now }: ContactExportDeps,
  workspaceId: number,
  subject: Subject,
): AsyncGenerator<string> {
  const { refs, userIds, emails } = subject;
  const plan: ErasurePlan = {
    refs,
    userIds,
    emails,
    ...(await readTraces(db, workspaceId, subject)),
  };
  const { consent, log } = await consentKeeper.read(workspaceId, subject.id);
  const head = {
    exported_at: new Date(now()).toISOString(),
    contact: {
      id: subject.id,
      user_ids: userIds,
      emails,
      ...(await readContact(db, workspaceId, subject)),
    },
    consent,
    consent_log: log,
    visitors: plan.visitors,
    shared_visitors: plan.shared,
  };
  yield `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "events": [`;
  let separator = "\n";
  for await (const event of ownEvents(db, workspaceId, plan)) {
    yield `${separator}    ${JSON.stringify(event)}`;
    separator = ",\n";
  }
  const failed = await findFailedEvents(db, workspaceId, plan);
  yield `\n  ],\n  "failed_events": ${JSON.stringify(failed)}\n}\n`;
}

async function readContact(db: Db, workspaceId: number, { contact }: Subject) {
  const row = await db.get<{ traits: string; first_seen_at: number; last_seen_at: number }>(sql`
    SELECT traits, first_seen_at, last_seen_at FROM contacts
    WHERE workspace_id = ${workspaceId} AND contact = ${contact}`);
  if (!row) return {};
  return {
    traits: JSON.parse(row.traits),
    first_seen_at: new Date(row.first_seen_at).toISOString(),
    last_active_at: new Date(row.last_seen_at).toISOString(),
  };
}

async function* ownEvents(
  db: Db,
  workspaceId: number,
  plan: ErasurePlan,
): AsyncGenerator<Record<string, unknown>> {
  const last = await readLastSeq(db);
  for (let after = 0; after < last; ) {
    const { found, doneSeq } = await findEvents(db, workspaceId, plan, after);
    const own = found.filter((event) => isOwn(event, plan));
    const verdicts = await readVerdicts(db, workspaceId, own);
    for (const event of own) yield describe(event, verdicts.get(event.seq));
    after = doneSeq;
  }
}

interface VerdictRow {
  readonly seq: number;
  readonly verdict: string;
  readonly certainty: string;
  readonly score: number;
  readonly reasons: string;
}

async function readVerdicts(
  db: Db,
  workspaceId: number,
  events: readonly FoundEvent[],
): Promise<Map<number, VerdictRow>> {
  if (events.length === 0) return new Map();
  const json = JSON.stringify(events.map(({ seq }) => ({ seq })));
  const rows = await db.all<VerdictRow>(sql`
    SELECT w.seq, w.verdict, w.certainty, w.score, w.reasons
    FROM ${jsonRows(db.engine, json)} CROSS JOIN verdicts AS w
    WHERE w.workspace_id = ${workspaceId} AND w.seq = CAST(r.value ->> 'seq' AS BIGINT)`);
  return new Map(rows.map((row) => [row.seq, row]));
}

/** Every column of the log but its own numbers, times in words, and how the event was judged. */
function describe(event: FoundEvent, judged: VerdictRow | undefined): Record<string, unknown> {
  const { seq: _, txid: _t, workspace_id: _w, is_in_journey: _j, ...rest } = event;
  const toTime = (at: number | null): string | null =>
    at === null ? null : new Date(at).toISOString();
  return {
    ...rest,
    occurred_at: toTime(event.occurred_at),
    received_at: toTime(event.received_at),
    sent_at: toTime(event.sent_at),
    verdict: judged ? { ...judged, seq: undefined, reasons: JSON.parse(judged.reasons) } : null,
  };
}
