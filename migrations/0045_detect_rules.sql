-- What an organisation decided about rules and baselines, and what rules did. Instants are microseconds since 1970 UTC, days count
-- from 1970. Nothing is deleted.
CREATE TABLE detect_version (
  org_id TEXT PRIMARY KEY REFERENCES access_org (id),
  n BIGINT NOT NULL
);

CREATE TABLE detect_counter (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  what TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (org_id, what)
);

CREATE TABLE detect_setting (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  rule TEXT NOT NULL,
  version INTEGER NOT NULL,
  is_on BOOLEAN NOT NULL,
  reason TEXT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  PRIMARY KEY (org_id, rule, version)
);

CREATE TABLE detect_ruleset (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  ref TEXT NOT NULL,
  number INTEGER NOT NULL,
  title TEXT NOT NULL,
  file_name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  files INTEGER NOT NULL,
  rules INTEGER NOT NULL,
  refused TEXT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  removed_at BIGINT,
  UNIQUE (org_id, number)
);

CREATE TABLE detect_file (
  ruleset_id TEXT NOT NULL REFERENCES detect_ruleset (id),
  n INTEGER NOT NULL,
  path TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (ruleset_id, n)
);

CREATE TABLE detect_filter (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  ref TEXT NOT NULL,
  number INTEGER NOT NULL,
  title TEXT NOT NULL,
  body TEXT NOT NULL,
  rules TEXT NOT NULL,
  owner TEXT NOT NULL,
  reason TEXT NOT NULL,
  until_at BIGINT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  ended_at BIGINT,
  UNIQUE (org_id, number)
);

CREATE TABLE detect_count (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  rule TEXT NOT NULL,
  day INTEGER NOT NULL,
  hits BIGINT NOT NULL,
  evaluated BIGINT NOT NULL,
  nanos BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  PRIMARY KEY (org_id, rule, day)
);

CREATE TABLE detect_trial (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  rule TEXT NOT NULL,
  at BIGINT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX detect_trial_rule ON detect_trial (org_id, rule, at);

CREATE TABLE detect_baseline (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  version INTEGER NOT NULL,
  is_on BOOLEAN NOT NULL,
  budget DOUBLE PRECISION NOT NULL,
  reason TEXT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  PRIMARY KEY (org_id, version)
);

CREATE TABLE detect_benign (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  ref TEXT NOT NULL,
  number INTEGER NOT NULL,
  log TEXT NOT NULL,
  entity TEXT NOT NULL,
  facet TEXT NOT NULL,
  value TEXT NOT NULL,
  owner TEXT NOT NULL,
  reason TEXT NOT NULL,
  until_at BIGINT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  ended_at BIGINT,
  UNIQUE (org_id, number)
);
