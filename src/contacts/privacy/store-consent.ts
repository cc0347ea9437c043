import type { Db } from "../../db/db.ts";
import { jsonRows, sql } from "../../db/sql.ts";
import type { Consent, Mode } from "./consent.ts";

/** A change of consent, as the log keeps it. */
export interface ConsentChange {
  readonly id: string;
  readonly at: number;
  readonly actor: { readonly kind: string; readonly id: string };
  readonly consent: Consent;
  /** Where it was given, in the sender's words. */
  readonly source: string | null;
  /** Which wording was shown. */
  readonly textVersion: string | null;
}

/** A row of what holds now, under one of the names of its contact. */
interface ConsentRow extends Consent {
  readonly workspace_id: number;
  readonly key: string;
}

/** The tables `consents` and `consent_log`. */
export interface ConsentStore {
  /** Changes whenever a consent does: the cheap question. */
  stamp(): Promise<string>;
  /** By every reference that names the contact, also those that were linked to it later. */
  byRef(): Promise<ConsentRow[]>;
  /** By anonymous id: visitors of contacts who restrict what is kept of the site. */
  byVisitor(): Promise<ConsentRow[]>;
  /** What holds for the contact of these references; the newest where several were set. */
  current(workspaceId: number, refs: readonly string[]): Promise<Consent | undefined>;
  /** Oldest first. */
  log(workspaceId: number, refs: readonly string[]): Promise<ConsentChange[]>;
  /** Sets it for all references, and appends one row to the log under the first of them. */
  set(workspaceId: number, refs: readonly string[], change: ConsentChange): Promise<void>;
}

interface LogRow {
  readonly consent_id: string;
  readonly at: number;
  readonly actor_kind: string;
  readonly actor_id: string;
  readonly clicks: Mode;
  readonly opens: Mode;
  readonly site: Mode;
  readonly source: string | null;
  readonly text_version: string | null;
}

/** @param db the storage port */
export function createConsentStore(db: Db): ConsentStore {
  const list = (refs: readonly string[]) =>
    jsonRows(db.engine, JSON.stringify(refs.map((ref) => ({ ref }))));
  return {
    async stamp() {
      const row = await db.get(sql`
        SELECT (SELECT COUNT(*) FROM consents) AS consents, (SELECT COUNT(*) FROM consent_log) AS changes`);
      return Object.values(row ?? {}).join("/");
    },
    byRef: () =>
      // Oldest first: of several the newest stays.
      db.all<ConsentRow>(sql`
        SELECT c.workspace_id, COALESCE(o.ref, c.ref) AS key, c.clicks, c.opens, c.site
        FROM consents AS c
        LEFT JOIN contact_refs AS r ON r.workspace_id = c.workspace_id AND r.ref = c.ref
        LEFT JOIN contact_refs AS o ON o.workspace_id = c.workspace_id AND o.contact = r.contact
        ORDER BY c.changed_at, CASE WHEN o.ref = c.ref THEN 1 ELSE 0 END`),
    byVisitor: () =>
      db.all<ConsentRow>(sql`
        SELECT DISTINCT c.workspace_id, e.anonymous_id AS key, c.clicks, c.opens, c.site
        FROM consents AS c
        JOIN contact_refs AS r ON r.workspace_id = c.workspace_id AND r.ref = c.ref
        JOIN journey AS j ON j.workspace_id = c.workspace_id AND j.contact = r.contact
        JOIN events AS e ON e.seq = j.seq
        WHERE c.site <> 'individual' AND e.source = 'site' AND e.anonymous_id IS NOT NULL`),
    async current(workspaceId, refs) {
      return db.get<Consent>(sql`
        SELECT c.clicks, c.opens, c.site FROM ${list(refs)} CROSS JOIN consents AS c
        WHERE c.workspace_id = ${workspaceId} AND c.ref = r.value ->> 'ref'
        ORDER BY c.changed_at DESC LIMIT 1`);
    },
    async log(workspaceId, refs) {
      const rows = await db.all<LogRow>(sql`
        SELECT l.consent_id, l.at, l.actor_kind, l.actor_id, l.clicks, l.opens, l.site, l.source,
          l.text_version
        FROM ${list(refs)} CROSS JOIN consent_log AS l
        WHERE l.workspace_id = ${workspaceId} AND l.ref = r.value ->> 'ref'
        ORDER BY l.consent_id`);
      return rows.map(toChange);
    },
    async set(workspaceId, refs, { id, at, actor, consent, source, textVersion }) {
      const { clicks, opens, site } = consent;
      await db.batch([
        sql`
          INSERT INTO consents (workspace_id, ref, clicks, opens, site, changed_at)
          SELECT CAST(${workspaceId} AS BIGINT), r.value ->> 'ref', CAST(${clicks} AS TEXT),
            CAST(${opens} AS TEXT), CAST(${site} AS TEXT), CAST(${at} AS BIGINT)
          FROM ${list(refs)}
          WHERE TRUE
          ON CONFLICT (workspace_id, ref) DO UPDATE SET
            clicks = excluded.clicks, opens = excluded.opens, site = excluded.site,
            changed_at = excluded.changed_at`,
        sql`
          INSERT INTO consent_log (
            workspace_id, ref, consent_id, at, actor_kind, actor_id, clicks, opens, site, source,
            text_version
          ) VALUES (${workspaceId}, ${refs[0] ?? ""}, ${id}, ${at}, ${actor.kind}, ${actor.id},
            ${clicks}, ${opens}, ${site}, ${source}, ${textVersion})`,
      ]);
    },
  };
}

function toChange(row: LogRow): ConsentChange {
  const { clicks, opens, site } = row;
  return {
    id: row.consent_id,
    at: row.at,
    actor: { kind: row.actor_kind, id: row.actor_id },
    consent: { clicks, opens, site },
    source: row.source,
    textVersion: row.text_version,
  };
}
