import type { Db } from "../../db/db.ts";
import { jsonRows, type Sql, sql } from "../../db/sql.ts";
import type { Refs } from "../../lib/refs.ts";
import { toStorableText } from "../../lib/storable.ts";
import type { ErasurePlan } from "./plan.ts";

/** A contact with every name it is known by. */
export interface Subject extends Pick<ErasurePlan, "refs" | "userIds" | "emails"> {
  /** Our id: the reference that founded it. */
  readonly id: string;
  readonly contact: number;
}

/** The references that an id may mean: ours, the sender's own, an address. */
export function refsOfId(refs: Refs, given: string): string[] {
  const id = toStorableText(given);
  return [id, refs.contact({ id }), refs.contact({ email: id })].flatMap((ref) => ref ?? []);
}

/** Finds a contact by our id, or by the sender's user id or email. */
export async function findSubject(
  db: Db,
  refs: Refs,
  workspaceId: number,
  id: string,
): Promise<Subject | undefined> {
  for (const ref of refsOfId(refs, id)) {
    const row = await db.get<{ contact: number; contact_id: string }>(sql`
      SELECT c.contact, c.contact_id FROM contact_refs AS r
      JOIN contacts AS c ON c.workspace_id = r.workspace_id AND c.contact = r.contact
      WHERE r.workspace_id = ${workspaceId} AND r.ref = ${ref}`);
    if (row) return readSubject(db, workspaceId, row);
  }
  return undefined;
}

async function readSubject(
  db: Db,
  workspaceId: number,
  { contact, contact_id: id }: { contact: number; contact_id: string },
): Promise<Subject> {
  const rows = await db.all<{ ref: string; kind: string; value: string | null }>(sql`
    SELECT ref, kind, value FROM contact_refs
    WHERE workspace_id = ${workspaceId} AND contact = ${contact}`);
  const values = (wanted: string): string[] =>
    rows.flatMap(({ kind, value }) => (kind === wanted && value !== null ? [value] : []));
  const others = rows.map(({ ref }) => ref).filter((ref) => ref !== id);
  return { id, contact, refs: [id, ...others], userIds: values("id"), emails: values("email") };
}

/** What else leads to a contact: its visitors, messages and clicks, from its journey. */
export async function readTraces(
  db: Db,
  workspaceId: number,
  { contact, refs }: Pick<Subject, "contact" | "refs">,
): Promise<Omit<ErasurePlan, "refs" | "userIds" | "emails">> {
  const column = async (name: Sql, condition: Sql): Promise<string[]> => {
    const rows = await db.all<{ value: string }>(sql`
      SELECT DISTINCT e.${name} AS value
      FROM journey AS j JOIN events AS e ON e.seq = j.seq
      WHERE j.workspace_id = ${workspaceId} AND j.contact = ${contact}
        AND e.${name} IS NOT NULL AND ${condition}`);
    return rows.map(({ value }) => value);
  };
  const anonymousIds = await column(sql`anonymous_id`, sql`e.source NOT IN ('email', 'esp')`);
  const [clicks, messages] = await Promise.all([
    column(sql`click_id`, sql`e.type = 'click'`),
    column(sql`message_id`, sql`e.source IN ('email', 'esp')`),
  ]);
  const shared = await findShared(db, workspaceId, contact, anonymousIds);
  const common = await findCommonMessages(db, workspaceId, refs, messages);
  return {
    visitors: anonymousIds.filter((id) => !shared.has(id)),
    shared: [...shared],
    clicks,
    messages: messages.filter((message) => !common.has(message)),
  };
}

/** Visitors that were somebody else's too. */
async function findShared(
  db: Db,
  workspaceId: number,
  contact: number,
  anonymousIds: readonly string[],
): Promise<Set<string>> {
  const rows = await db.all<{ id: string }>(sql`
    SELECT DISTINCT v.anonymous_id AS id
    FROM ${values(db, anonymousIds)} CROSS JOIN visitors AS v CROSS JOIN visitor_events AS e
    WHERE v.workspace_id = ${workspaceId} AND v.anonymous_id = r.value ->> 'v'
      AND e.workspace_id = ${workspaceId} AND e.visitor = v.visitor AND e.contact <> ${contact}`);
  return new Set(rows.map(({ id }) => id));
}

/** Message ids that the sender gave to several mails: hits of other contacts carry them. */
async function findCommonMessages(
  db: Db,
  workspaceId: number,
  refs: readonly string[],
  messages: readonly string[],
): Promise<Set<string>> {
  const rows = await db.all<{ message: string }>(sql`
    SELECT DISTINCT h.message_key AS message
    FROM ${values(db, messages)} CROSS JOIN traffic_hits AS h
    WHERE h.workspace_id = ${workspaceId} AND h.message_key = r.value ->> 'v'
      AND h.contact_key NOT LIKE '?%'
      AND h.contact_key NOT IN (SELECT r.value ->> 'v' FROM ${values(db, ["", ...refs])})`);
  return new Set(rows.map(({ message }) => message));
}

function values(db: Db, list: readonly string[]): Sql {
  return jsonRows(db.engine, JSON.stringify(list.map((v) => ({ v }))));
}
