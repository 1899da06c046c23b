CREATE TABLE access_org (
  id TEXT PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  simulated BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE access_user (
  id TEXT PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  totp_sealed TEXT NOT NULL,
  totp_used BIGINT NOT NULL,
  disabled BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE access_member (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  user_id TEXT NOT NULL REFERENCES access_user (id),
  role TEXT NOT NULL,
  joined_at BIGINT NOT NULL,
  PRIMARY KEY (org_id, user_id)
);

CREATE INDEX access_member_user ON access_member (user_id);

CREATE TABLE access_session (
  digest TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES access_user (id),
  org_id TEXT NOT NULL REFERENCES access_org (id),
  created_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  ip TEXT NOT NULL,
  agent TEXT NOT NULL
);

CREATE INDEX access_session_user ON access_session (user_id);

CREATE TABLE access_token (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  user_id TEXT NOT NULL REFERENCES access_user (id),
  name TEXT NOT NULL,
  digest TEXT NOT NULL UNIQUE,
  scopes TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT,
  revoked_at BIGINT
);

CREATE INDEX access_token_org ON access_token (org_id);

CREATE TABLE access_attempt (
  key TEXT PRIMARY KEY,
  since_at BIGINT NOT NULL,
  n INTEGER NOT NULL
);
