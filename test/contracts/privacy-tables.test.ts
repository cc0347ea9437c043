import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sql } from "../../src/db/sql.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

/** Tables that an erasure looks through; `contacts/privacy/` does it, the byte search shows it. */
const SEARCHED = ["events", "failed_events", "consents", "consent_log", "erasures"];

/**
 * Tables that never hold what names a contact, and why that is so: settings, counts, hashes, or what belongs to
 * the people who run the service.
 */
const WITHOUT_CONTACTS = [
  "api_keys",
  "app_links",
  "audit",
  "campaign_versions",
  "changes",
  "conversion_marks",
  "destination_hosts",
  "erased_keys",
  "hook_counts",
  "hooks",
  "journal_offsets",
  "leases",
  "link_versions",
  "open_settings",
  "planned_events",
  "projections",
  "retained_counts",
  "schema_migrations",
  "sign_in_links",
  "sites",
  "tracking_domains",
  "trigger_versions",
  "triggers",
  "user_sessions",
  "users",
  "utm_defaults",
  "version_counts",
  "workspaces",
];

describe("what an erasure looks through", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase("sqlite");
  });
  afterAll(() => database.dispose());

  it("is decided for every table: a new one is searched, or holds no contact", async () => {
    const rows = await database.db.all<{ name: string }>(sql`
      SELECT name FROM sqlite_schema
      WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`);
    const known = new Set([...SEARCHED, ...WITHOUT_CONTACTS]);
    const names = rows.map(({ name }) => name);
    expect(names.filter((name) => !known.has(name))).toEqual([]);
    expect(SEARCHED.filter((name) => !names.includes(name))).toEqual([]);
  });
});
