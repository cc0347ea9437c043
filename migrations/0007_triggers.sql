-- Triggers: events that a site's script sends by rules made in the pages, without code.
--
-- Runs unchanged on SQLite 3.38+ and PostgreSQL 14+. Times are milliseconds since the Unix epoch, UTC.

-- What the script of a site sends: everything, page views alone, or nothing at all.
ALTER TABLE sites ADD COLUMN collects TEXT NOT NULL DEFAULT 'everything'
  CHECK (collects IN ('everything', 'page_views', 'nothing'));

-- The published version that the script of a site follows; null before the first.
ALTER TABLE sites ADD COLUMN live_version BIGINT;

-- The draft: what a preview shows and the next version will be.
CREATE TABLE triggers (
  workspace_id BIGINT NOT NULL,
  site_id      TEXT   NOT NULL,
  trigger_id   TEXT   NOT NULL,             -- begins with the time, so it is also the order
  definition   TEXT   NOT NULL,             -- JSON, as the API takes it
  changed_at   BIGINT NOT NULL,
  changed_by   TEXT   NOT NULL,
  PRIMARY KEY (workspace_id, site_id, trigger_id)
);

-- Appended to, never changed. Rolling back adds a version that says which one it restores.
CREATE TABLE trigger_versions (
  workspace_id  BIGINT NOT NULL,
  site_id       TEXT   NOT NULL,
  version       BIGINT NOT NULL,            -- 1, 2, 3 … of the site
  triggers      TEXT   NOT NULL,            -- JSON array of {id, …definition}
  note          TEXT   NOT NULL,
  restores      BIGINT,
  published_at  BIGINT NOT NULL,
  published_by  TEXT   NOT NULL,
  PRIMARY KEY (workspace_id, site_id, version)
);
