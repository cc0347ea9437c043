-- What contacts allow, and who was erased.
--
-- Runs unchanged on SQLite 3.38+ and PostgreSQL 14+. Times are milliseconds since the Unix epoch, UTC.
-- `ref` is a contact reference: a keyed hash of the sender's id or of the address.

-- What holds now, one row a reference of the contact.
CREATE TABLE consents (
  workspace_id BIGINT NOT NULL,
  ref          TEXT   NOT NULL,
  clicks       TEXT   NOT NULL CHECK (clicks IN ('individual', 'aggregate', 'none')),
  opens        TEXT   NOT NULL CHECK (opens IN ('individual', 'aggregate', 'none')),
  site         TEXT   NOT NULL CHECK (site IN ('individual', 'aggregate', 'none')),
  changed_at   BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, ref)
);

-- How it came to hold: appended to, never changed. consent_id begins with the time.
CREATE TABLE consent_log (
  workspace_id BIGINT NOT NULL,
  ref          TEXT   NOT NULL,
  consent_id   TEXT   NOT NULL,
  at           BIGINT NOT NULL,
  actor_kind   TEXT   NOT NULL,
  actor_id     TEXT   NOT NULL,
  clicks       TEXT   NOT NULL,
  opens        TEXT   NOT NULL,
  site         TEXT   NOT NULL,
  source       TEXT,                        -- where it was given: a form, a page, a letter
  text_version TEXT,                        -- which wording was shown
  PRIMARY KEY (workspace_id, ref, consent_id)
);

-- Each erasure, its work and its receipt.
CREATE TABLE erasures (
  workspace_id BIGINT NOT NULL,
  erasure_id   TEXT   NOT NULL,
  requested_at BIGINT NOT NULL,
  actor_kind   TEXT   NOT NULL,
  actor_id     TEXT   NOT NULL,
  subject_hash TEXT   NOT NULL,
  plan         TEXT,                        -- whom to look for; null once the work is done
  done_seq     BIGINT NOT NULL DEFAULT 0,   -- the log is searched up to here
  counts       TEXT   NOT NULL DEFAULT '{}',
  finished_at  BIGINT,
  PRIMARY KEY (workspace_id, erasure_id)
);

-- The ledger: keyed hashes of what named an erased contact. Nothing that it names is stored again,
-- unless the contact gave its consent anew, and then only what came later.
CREATE TABLE erased_keys (
  workspace_id  BIGINT NOT NULL,
  key_hash      TEXT   NOT NULL,
  erasure_id    TEXT   NOT NULL,
  erased_at     BIGINT NOT NULL,
  readmitted_at BIGINT,
  PRIMARY KEY (workspace_id, key_hash)
);
