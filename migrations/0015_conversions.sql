-- Which events count as conversions, where a workspace says otherwise than the standard events do.
CREATE TABLE conversion_marks (
  workspace_id  BIGINT NOT NULL,
  name          TEXT   NOT NULL,
  is_conversion BIGINT NOT NULL,            -- 1: it counts; 0: it does not, though the standard event would
  changed_at    BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, name)
);
