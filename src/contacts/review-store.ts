import type { Db } from "../db/db.ts";
import { jsonRows, type Sql, sql } from "../db/sql.ts";
import type { Decision } from "./links.ts";

/** A contact as the review list names it. */
export interface ReviewedContact {
  /** Ours: 11 characters of base64url. */
  readonly id: string;
  readonly user_id: string | null;
  readonly email: string | null;
}

/** Two contacts that may be one person, by number, and where that was noticed. */
export interface StoredSuggestion {
  readonly pair: readonly [number, number];
  /** Scopes of `identity_flags`: `visitor:…` or `ref:…`. */
  readonly scopes: readonly string[];
  /** Kinds of other findings of these scopes. */
  readonly findings: readonly string[];
}

/** A decision as it stands in the log, by the refs of the contacts. */
interface StoredDecision {
  readonly decision: Decision;
  readonly into: string;
  readonly from: string;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

/** What a ref names now. */
export interface NamedRef {
  readonly ref: string;
  readonly contact: number;
  readonly kind: string;
  readonly value: string | null;
}

/** The reads of the review list, from the live generation; each goes by an index. */
export interface ReviewStore {
  suggestions(limit: number): Promise<StoredSuggestion[]>;
  /** Latest first. */
  decisions(limit: number): Promise<StoredDecision[]>;
  contacts(numbers: readonly number[]): Promise<Map<number, ReviewedContact>>;
  refs(refs: readonly string[]): Promise<Map<string, NamedRef>>;
  /** Whether the projection has read a decision, by the id of its fact. */
  isKnown(factId: string): Promise<boolean>;
}

/** Opens the reads of one workspace. */
export function createReviewStore(db: Db, workspaceId: number): ReviewStore {
  const keys = (values: readonly (string | number)[]): Sql =>
    jsonRows(db.engine, JSON.stringify(values.map((v) => ({ v }))));
  return {
    async suggestions(limit) {
      const rows = await db.all<{ about: string; scope: string; kind: string }>(sql`
        SELECT s.about, s.scope, f.kind
        FROM (
          SELECT i.about, i.scope FROM identity_flags AS i
          WHERE i.workspace_id = ${workspaceId} AND i.kind = 'merge_suggested'
          ORDER BY i.about LIMIT ${limit}
        ) AS s
        CROSS JOIN identity_flags AS f
        WHERE f.workspace_id = ${workspaceId} AND f.scope = s.scope`);
      return collectPairs(rows);
    },
    decisions: (limit) =>
      db.all<StoredDecision>(sql`
        SELECT l.kind AS decision, l.user_ref AS "into", l.previous_ref AS "from",
          l.occurred_at AS at
        FROM link_facts AS l
        WHERE l.workspace_id = ${workspaceId} AND l.kind IN ('accept', 'reject', 'undo')
        ORDER BY l.occurred_at DESC LIMIT ${limit}`),
    async contacts(numbers) {
      const rows = await db.all<ReviewedContact & { contact: number }>(sql`
        SELECT c.contact, c.contact_id AS id, c.user_id, c.email
        FROM ${keys(numbers)} CROSS JOIN contacts AS c
        WHERE c.workspace_id = ${workspaceId} AND c.contact = CAST(r.value ->> 'v' AS BIGINT)`);
      return new Map(rows.map(({ contact, ...own }) => [contact, own]));
    },
    async refs(refs) {
      const rows = await db.all<NamedRef>(sql`
        SELECT c.ref, c.contact, c.kind, c.value FROM ${keys(refs)} CROSS JOIN contact_refs AS c
        WHERE c.workspace_id = ${workspaceId} AND c.ref = r.value ->> 'v'`);
      return new Map(rows.map((row) => [row.ref, row]));
    },
    async isKnown(factId) {
      const row = await db.get(sql`
        SELECT 1 AS known FROM link_facts AS l
        WHERE l.workspace_id = ${workspaceId} AND l.kind IN ('accept', 'reject', 'undo')
          AND l.fact_id = ${factId}`);
      return row !== undefined;
    },
  };
}

/** A suggestion has no direction: the same two are one suggestion, wherever they were noticed. */
function collectPairs(
  rows: readonly { about: string; scope: string; kind: string }[],
): StoredSuggestion[] {
  const found = new Map<
    string,
    { pair: [number, number]; scopes: Set<string>; kinds: Set<string> }
  >();
  for (const { about, scope, kind } of rows) {
    const [a = 0, b = 0] = (JSON.parse(about) as string[]).map(Number).toSorted((x, y) => x - y);
    const own = found.get(`${a} ${b}`) ?? { pair: [a, b], scopes: new Set(), kinds: new Set() };
    found.set(`${a} ${b}`, own);
    own.scopes.add(scope);
    if (kind !== "merge_suggested") own.kinds.add(kind);
  }
  return [...found.values()].map(({ pair, scopes, kinds }) => ({
    pair,
    scopes: [...scopes],
    findings: [...kinds],
  }));
}
