-- The log: one row per fact, from an email or on the site, never updated. Beside it, what the importer
-- and the projections need to follow it. See 0001_log.sqlite.sql for what each column means.
--
-- Times are milliseconds since the Unix epoch, UTC. Money is in minor units beside its ISO 4217
-- currency. Every table has workspace_id first in its keys, except those that span workspaces by
-- nature: schema_migrations, journal_offsets, projections, leases. The numbers events.seq and
-- changes.change_seq are positions in a feed, not keys that a caller may know.
--
-- Readers follow the pair (txid, seq) below the oldest running transaction: seq alone is handed out
-- before its row can be seen, and a cursor over it loses rows.
CREATE TABLE events (
  seq               BIGINT  NOT NULL GENERATED ALWAYS AS IDENTITY,
  txid              BIGINT  NOT NULL DEFAULT CAST(CAST(pg_current_xact_id() AS text) AS BIGINT),
  workspace_id      BIGINT  NOT NULL,
  source_id         TEXT    NOT NULL,
  event_id          TEXT    NOT NULL,
  source            TEXT    NOT NULL CHECK (source IN ('email', 'site', 'server', 'esp')),
  type              TEXT    NOT NULL,
  name              TEXT    NOT NULL,
  occurred_at       BIGINT  NOT NULL,
  received_at       BIGINT  NOT NULL,
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
  quality           INTEGER,
  quality_failed    TEXT,
  context           JSONB   NOT NULL DEFAULT '{}',
  properties        JSONB   NOT NULL DEFAULT '{}',
  CHECK ((value_minor IS NULL) = (currency IS NULL))
) PARTITION BY RANGE (received_at);         -- a partition a month, made by the importer when it is needed

CREATE INDEX events_follow ON events (txid, seq);

-- Projections join the log by seq.
CREATE INDEX events_seq ON events (seq);

-- A fact counts once, however often it is sent or imported. Kept apart, because a unique constraint on
-- the log would have to contain its partition key. By hash, so that no index outgrows memory alone.
CREATE TABLE event_keys (
  workspace_id BIGINT NOT NULL,
  source_id    TEXT   NOT NULL,
  event_id     TEXT   NOT NULL,
  PRIMARY KEY (workspace_id, source_id, event_id)
) PARTITION BY HASH (workspace_id, source_id, event_id);

CREATE TABLE event_keys_0 PARTITION OF event_keys FOR VALUES WITH (MODULUS 8, REMAINDER 0);
CREATE TABLE event_keys_1 PARTITION OF event_keys FOR VALUES WITH (MODULUS 8, REMAINDER 1);
CREATE TABLE event_keys_2 PARTITION OF event_keys FOR VALUES WITH (MODULUS 8, REMAINDER 2);
CREATE TABLE event_keys_3 PARTITION OF event_keys FOR VALUES WITH (MODULUS 8, REMAINDER 3);
CREATE TABLE event_keys_4 PARTITION OF event_keys FOR VALUES WITH (MODULUS 8, REMAINDER 4);
CREATE TABLE event_keys_5 PARTITION OF event_keys FOR VALUES WITH (MODULUS 8, REMAINDER 5);
CREATE TABLE event_keys_6 PARTITION OF event_keys FOR VALUES WITH (MODULUS 8, REMAINDER 6);
CREATE TABLE event_keys_7 PARTITION OF event_keys FOR VALUES WITH (MODULUS 8, REMAINDER 7);

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

-- Later changes of what was already computed for an event, followed like the log itself.
CREATE TABLE changes (
  change_seq   BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  txid         BIGINT NOT NULL DEFAULT CAST(CAST(pg_current_xact_id() AS text) AS BIGINT),
  workspace_id BIGINT NOT NULL,
  stage        TEXT   NOT NULL,
  seq          BIGINT NOT NULL
);

CREATE INDEX changes_follow ON changes (txid, change_seq);

-- What was refused, with its reason, so that it can be fixed and replayed.
CREATE TABLE failed_events (
  workspace_id BIGINT NOT NULL,
  failed_id    TEXT   NOT NULL,
  received_at  BIGINT NOT NULL,
  source_id    TEXT   NOT NULL,
  reason       TEXT   NOT NULL,
  raw          TEXT   NOT NULL,
  PRIMARY KEY (workspace_id, failed_id)
);
