-- How a workspace counts opens of contacts who have said nothing themselves; no row: individually.
--
-- Runs unchanged on SQLite 3.38+ and PostgreSQL 14+. Times are milliseconds since the Unix epoch, UTC.
CREATE TABLE open_settings (
  workspace_id BIGINT NOT NULL PRIMARY KEY,
  mode         TEXT   NOT NULL CHECK (mode IN ('individual', 'aggregate', 'none')),
  changed_at   BIGINT NOT NULL
);
