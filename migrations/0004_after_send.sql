-- What was changed of campaigns and links after their mails were sent, and where mails lead to.
--
-- Runs unchanged on SQLite 3.38+ and PostgreSQL 14+. Times are milliseconds since the Unix epoch, UTC.

-- Appended to, never changed: the newest version is in force, and an old click still says which one it
-- met. A null destination is the one of the mail.
CREATE TABLE link_versions (
  workspace_id BIGINT NOT NULL,
  campaign_id  TEXT   NOT NULL,
  link_id      TEXT   NOT NULL,
  version      BIGINT NOT NULL,             -- 1 is the first change
  changed_at   BIGINT NOT NULL,
  actor_kind   TEXT   NOT NULL,
  actor_id     TEXT   NOT NULL,
  destination  TEXT,
  stopped      BIGINT NOT NULL,             -- 0 or 1
  expires_at   BIGINT,
  fallback     TEXT,                        -- where it leads once stopped or expired
  PRIMARY KEY (workspace_id, campaign_id, link_id, version)
);

-- The same of whole campaigns.
CREATE TABLE campaign_versions (
  workspace_id  BIGINT NOT NULL,
  campaign_id   TEXT   NOT NULL,
  version       BIGINT NOT NULL,
  changed_at    BIGINT NOT NULL,
  actor_kind    TEXT   NOT NULL,
  actor_id      TEXT   NOT NULL,
  stopped       BIGINT NOT NULL,            -- 0 or 1
  expires_at    BIGINT,
  fallback      TEXT,
  cost_minor    BIGINT,
  cost_currency TEXT   CHECK (cost_currency IS NULL OR length(cost_currency) = 3),
  PRIMARY KEY (workspace_id, campaign_id, version),
  CHECK ((cost_minor IS NULL) = (cost_currency IS NULL))
);

-- How many versions each workspace has made: the one thing that every node asks for all the time.
CREATE TABLE version_counts (
  workspace_id BIGINT NOT NULL PRIMARY KEY,
  versions     BIGINT NOT NULL
);

-- The hosts that a workspace's links lead to, since when: new ones are limited by the day.
CREATE TABLE destination_hosts (
  workspace_id BIGINT NOT NULL,
  host         TEXT   NOT NULL,
  first_at     BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, host)
);

CREATE INDEX destination_hosts_by_time ON destination_hosts (workspace_id, first_at);
