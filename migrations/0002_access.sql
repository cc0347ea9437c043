-- Who may do what: workspaces, keys, users and what they changed.
--
-- Secrets are kept as SHA-256 only (keys, links and sessions carry 190 random bits, so a slow hash
-- would add nothing); passwords as scrypt. Times are milliseconds since the Unix epoch, UTC.

-- The one table whose key is the workspace itself. ref_key never changes: every opaque contact,
-- message and campaign reference of the workspace hangs on it.
CREATE TABLE workspaces (
  workspace_id BIGINT NOT NULL PRIMARY KEY,
  slug         TEXT   NOT NULL UNIQUE,
  name         TEXT   NOT NULL,
  ref_key      TEXT   NOT NULL,             -- 32 random bytes, base64
  created_at   BIGINT NOT NULL
);

CREATE TABLE api_keys (
  workspace_id BIGINT NOT NULL,
  key_id       TEXT   NOT NULL,
  kind         TEXT   NOT NULL CHECK (kind IN ('secret', 'site')),
  site_id      TEXT,
  name         TEXT   NOT NULL,
  prefix       TEXT   NOT NULL,             -- shown in lists, tells keys apart
  hash         TEXT   NOT NULL,             -- SHA-256 of the whole key, base64url
  scopes       TEXT   NOT NULL,             -- comma-separated
  created_at   BIGINT NOT NULL,
  last_used_at BIGINT,                      -- to the minute
  expires_at   BIGINT,
  revoked_at   BIGINT,
  PRIMARY KEY (workspace_id, key_id),
  UNIQUE (workspace_id, hash),
  CHECK ((kind = 'site') = (site_id IS NOT NULL))
);

CREATE TABLE users (
  workspace_id  BIGINT NOT NULL,
  user_id       TEXT   NOT NULL,
  email         TEXT   NOT NULL,            -- trimmed, lower case
  role          TEXT   NOT NULL CHECK (role IN ('admin', 'viewer')),
  password_hash TEXT,                       -- null: signs in by one-time link only
  created_at    BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, user_id),
  UNIQUE (workspace_id, email)
);

-- Signing in knows the address before the workspace.
CREATE INDEX users_by_email ON users (email);

CREATE TABLE sign_in_links (
  workspace_id BIGINT NOT NULL,
  token_hash   TEXT   NOT NULL,
  user_id      TEXT   NOT NULL,
  expires_at   BIGINT NOT NULL,
  used_at      BIGINT,
  PRIMARY KEY (workspace_id, token_hash)
);

CREATE TABLE user_sessions (
  workspace_id BIGINT NOT NULL,
  session_hash TEXT   NOT NULL,
  user_id      TEXT   NOT NULL,
  created_at   BIGINT NOT NULL,
  expires_at   BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, session_hash)
);

-- Appended to, never changed. audit_id begins with the time, so it is also the order.
CREATE TABLE audit (
  workspace_id BIGINT NOT NULL,
  audit_id     TEXT   NOT NULL,
  at           BIGINT NOT NULL,
  actor_kind   TEXT   NOT NULL,
  actor_id     TEXT   NOT NULL,
  action       TEXT   NOT NULL,             -- object.verb, e.g. key.revoke
  subject      TEXT   NOT NULL,             -- id of what was changed
  detail       TEXT   NOT NULL DEFAULT '{}',
  PRIMARY KEY (workspace_id, audit_id)
);
