-- What stays of facts that retention deleted: how many there were, by day, campaign, kind and verdict.
--
-- Runs unchanged on SQLite 3.38+ and PostgreSQL 14+.
CREATE TABLE retained_counts (
  workspace_id BIGINT NOT NULL,
  day          BIGINT NOT NULL,             -- its first millisecond since the Unix epoch, UTC
  campaign_id  TEXT   NOT NULL,             -- '' for none
  type         TEXT   NOT NULL,
  name         TEXT   NOT NULL,
  verdict      TEXT   NOT NULL,             -- '' for what is not judged
  events       BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, day, campaign_id, type, name, verdict)
);
