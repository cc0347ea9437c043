-- Refused events can be edited, replayed and discarded. The body stays in raw as it came; edited holds what is to
-- be read in its place. Rows of an earlier release have no source.
ALTER TABLE failed_events ADD COLUMN source TEXT;
ALTER TABLE failed_events ADD COLUMN refuses_join BIGINT;
ALTER TABLE failed_events ADD COLUMN edited TEXT;
ALTER TABLE failed_events ADD COLUMN status TEXT NOT NULL DEFAULT 'open';
ALTER TABLE failed_events ADD COLUMN note TEXT;
ALTER TABLE failed_events ADD COLUMN settled_at BIGINT;

-- The list shows those of one status, newest first.
CREATE INDEX failed_events_list
  ON failed_events (workspace_id, status, received_at, failed_id);

-- The tracking plan: custom events that a workspace has declared. parameters is a JSON list of {name, type, required}.
CREATE TABLE planned_events (
  workspace_id BIGINT NOT NULL,
  name         TEXT   NOT NULL,
  parameters   TEXT   NOT NULL,
  changed_at   BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, name)
);
