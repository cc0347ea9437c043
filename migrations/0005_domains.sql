-- Tracking domains: hosts of a workspace's own that its links stand on, and what apps ask of them.
--
-- Runs unchanged on SQLite 3.38+ and PostgreSQL 14+. Times are milliseconds since the Unix epoch, UTC.

-- A removed one stays: links of mails that were sent still stand on it.
CREATE TABLE tracking_domains (
  workspace_id BIGINT NOT NULL,
  host         TEXT   NOT NULL,             -- ASCII, lower case
  is_default   BIGINT NOT NULL,             -- 0 or 1; links stand on it unless they ask for another
  created_at   BIGINT NOT NULL,
  checked_at   BIGINT,
  verified_at  BIGINT,                      -- the first check that it passed
  problem      TEXT,                        -- JSON {code, message} of the last check, null once it passed
  removed_at   BIGINT,
  PRIMARY KEY (workspace_id, host)
);

-- A request knows the host before the workspace.
CREATE INDEX tracking_domains_by_host ON tracking_domains (host);

-- The files by which iOS and Android let an app open links of a host.
CREATE TABLE app_links (
  workspace_id BIGINT NOT NULL,
  host         TEXT   NOT NULL,
  file         TEXT   NOT NULL,
  body         TEXT   NOT NULL,             -- JSON, served as it is
  changed_at   BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, host, file)
);
