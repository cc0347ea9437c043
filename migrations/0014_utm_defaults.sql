-- UTM parameters that are added without being asked for: a workspace's, and those of one campaign.
--
-- Runs unchanged on SQLite 3.38+ and PostgreSQL 14+. Times are milliseconds since the Unix epoch, UTC.
CREATE TABLE utm_defaults (
  workspace_id BIGINT NOT NULL,
  campaign     TEXT   NOT NULL,             -- its name; '' for every campaign of the workspace
  utm          TEXT   NOT NULL,             -- JSON object of utm_source, utm_medium, ...
  changed_at   BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, campaign)
);
