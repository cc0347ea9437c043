-- Webhooks of email service providers: what verifies each, and what came of them.

-- One row for each provider of a workspace. `sealed` is encrypted under a key made of SECRET.
CREATE TABLE hooks (
  workspace_id BIGINT NOT NULL,
  esp          TEXT   NOT NULL,
  sealed       TEXT   NOT NULL,
  changed_at   BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, esp)
);

-- What came, by outcome: a type of fact, or ignored, unmatched, invalid, refused.
CREATE TABLE hook_counts (
  workspace_id BIGINT NOT NULL,
  esp          TEXT   NOT NULL,
  outcome      TEXT   NOT NULL,
  total        BIGINT NOT NULL,
  last_at      BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, esp, outcome)
);

-- A provider's event finds the mail it is about; partial, because few facts are mails sent.
CREATE INDEX events_sent ON events (workspace_id, message_id) WHERE type = 'sent';
