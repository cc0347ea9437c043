-- Sites: the hosts whose pages carry the script, and to which a click may carry its parameter.
--
-- Runs unchanged on SQLite 3.38+ and PostgreSQL 14+. Times are milliseconds since the Unix epoch, UTC.
-- The keys of a site are in api_keys.
CREATE TABLE sites (
  workspace_id BIGINT NOT NULL,
  site_id      TEXT   NOT NULL,
  name         TEXT   NOT NULL,
  hosts        TEXT   NOT NULL,             -- JSON array: shop.test, *.shop.test, localhost:3000
  created_at   BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, site_id)
);
