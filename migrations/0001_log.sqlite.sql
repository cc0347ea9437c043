-- The log: one row per fact, from an email or on the site, never updated. Beside it, what the importer
-- and the projections need to follow it.
--
-- Times are milliseconds since the Unix epoch, UTC. Money is in minor units beside its ISO 4217
-- currency. JSON is TEXT. Every table has workspace_id first in its keys, except those that span
-- workspaces by nature: schema_migrations, journal_offsets, projections, leases. The numbers events.seq
-- and changes.change_seq are positions in a feed, not keys that a caller may know.
CREATE TABLE events (
  seq               INTEGER PRIMARY KEY AUTOINCREMENT, -- a plain rowid would reuse an erased newest row's number
  workspace_id      BIGINT  NOT NULL,
  source_id         TEXT    NOT NULL,       -- the key or door it came through
  event_id          TEXT    NOT NULL,       -- the sender's message id, so a retried batch is a no-op
  source            TEXT    NOT NULL CHECK (source IN ('email', 'site', 'server', 'esp')),
  type              TEXT    NOT NULL,
  name              TEXT    NOT NULL,
  occurred_at       BIGINT  NOT NULL,       -- the sender's clock, corrected for skew
  received_at       BIGINT  NOT NULL,       -- our clock
  sent_at           BIGINT,
  message_id        TEXT,
  campaign_id       TEXT,
  link_id           TEXT,
  click_id          TEXT,
  anonymous_id      TEXT,
  user_id           TEXT,
  email_claim       TEXT,
  recipient_contact TEXT,
  url               TEXT,
  value_minor       BIGINT,
  currency          TEXT    CHECK (currency IS NULL OR length(currency) = 3),
  quality           INTEGER,                -- 0 to 100, or null where it is not scored
  quality_failed    TEXT,                   -- ids of failed checks, comma-separated
  context           TEXT    NOT NULL DEFAULT '{}',
  properties        TEXT    NOT NULL DEFAULT '{}',
  CHECK ((value_minor IS NULL) = (currency IS NULL))
);

-- A fact counts once, however often it is sent or imported.
CREATE UNIQUE INDEX events_key ON events (workspace_id, source_id, event_id);

-- How far each journal segment of each node is imported; moved in the importer's own transaction.
CREATE TABLE journal_offsets (
  node_id        TEXT   NOT NULL,
  segment        TEXT   NOT NULL,
  imported_bytes BIGINT NOT NULL,
  PRIMARY KEY (node_id, segment)
);

-- How far each generation of each projection has read the log and the changes feed.
CREATE TABLE projections (
  name        TEXT    NOT NULL,
  generation  INTEGER NOT NULL,
  version     INTEGER NOT NULL,
  state       TEXT    NOT NULL CHECK (state IN ('live', 'filling')),
  cursor_txid BIGINT  NOT NULL DEFAULT 0,
  cursor_seq  BIGINT  NOT NULL DEFAULT 0,
  change_txid BIGINT  NOT NULL DEFAULT 0,
  change_seq  BIGINT  NOT NULL DEFAULT 0,
  PRIMARY KEY (name, generation)
);

-- Who may do a job that only one node may do. The token only grows, so a late owner is refused.
CREATE TABLE leases (
  name     TEXT   NOT NULL PRIMARY KEY,
  owner    TEXT   NOT NULL,
  token    BIGINT NOT NULL,
  until_ms BIGINT NOT NULL
);

-- Later changes of what was already computed for an event, in the order they were made.
CREATE TABLE changes (
  change_seq   INTEGER PRIMARY KEY AUTOINCREMENT,
  workspace_id BIGINT  NOT NULL,
  stage        TEXT    NOT NULL,
  seq          BIGINT  NOT NULL
);

-- What was refused, with its reason, so that it can be fixed and replayed.
CREATE TABLE failed_events (
  workspace_id BIGINT NOT NULL,
  failed_id    TEXT   NOT NULL,
  received_at  BIGINT NOT NULL,
  source_id    TEXT   NOT NULL,
  reason       TEXT   NOT NULL,
  raw          TEXT   NOT NULL,             -- the body as it came
  PRIMARY KEY (workspace_id, failed_id)
);
