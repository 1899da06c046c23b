CREATE TABLE evaluate_test (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  test TEXT NOT NULL,
  version INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  text TEXT NOT NULL,
  library BOOLEAN NOT NULL,
  enabled BOOLEAN NOT NULL,
  params TEXT NOT NULL,
  installed_at BIGINT NOT NULL,
  installed_by TEXT NOT NULL,
  PRIMARY KEY (org_id, test, version)
);

CREATE TABLE evaluate_batch (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  as_of BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  results_path TEXT NOT NULL,
  results_sha256 TEXT NOT NULL,
  seq BIGINT NOT NULL
);

CREATE TABLE evaluate_run (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  batch_id TEXT NOT NULL REFERENCES evaluate_batch (id),
  test TEXT NOT NULL,
  version INTEGER NOT NULL,
  test_sha256 TEXT NOT NULL,
  as_of BIGINT NOT NULL,
  from_at BIGINT NOT NULL,
  to_at BIGINT NOT NULL,
  trigger_by TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL,
  population BIGINT NOT NULL,
  n_pass BIGINT NOT NULL,
  n_fail BIGINT NOT NULL,
  n_na BIGINT NOT NULL,
  n_unknown BIGINT NOT NULL,
  hash TEXT NOT NULL,
  inputs TEXT NOT NULL,
  params TEXT NOT NULL,
  took_us BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE INDEX evaluate_run_test ON evaluate_run (org_id, test, as_of);

CREATE INDEX evaluate_run_as_of ON evaluate_run (org_id, as_of);

-- The newest run of each test: every page asks for it.
CREATE TABLE evaluate_last (
  org_id TEXT NOT NULL,
  test TEXT NOT NULL,
  run_id TEXT NOT NULL REFERENCES evaluate_run (id),
  as_of BIGINT NOT NULL,
  PRIMARY KEY (org_id, test)
);

CREATE TABLE evaluate_interval (
  org_id TEXT NOT NULL,
  test TEXT NOT NULL,
  item_id TEXT NOT NULL,
  from_at BIGINT NOT NULL,
  to_at BIGINT,
  seen_at BIGINT NOT NULL,
  label TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL,
  row_json TEXT NOT NULL,
  PRIMARY KEY (org_id, test, item_id, from_at)
);

CREATE INDEX evaluate_interval_open ON evaluate_interval (org_id, test, to_at);

CREATE TABLE evaluate_occurrence (
  org_id TEXT NOT NULL,
  test TEXT NOT NULL,
  item_id TEXT NOT NULL,
  occurred_at BIGINT NOT NULL,
  as_of BIGINT NOT NULL,
  label TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL,
  row_json TEXT NOT NULL,
  PRIMARY KEY (org_id, test, item_id)
);

CREATE INDEX evaluate_occurrence_at ON evaluate_occurrence (org_id, test, occurred_at);

CREATE TABLE evaluate_day (
  org_id TEXT NOT NULL,
  test TEXT NOT NULL,
  day INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  n_pass BIGINT NOT NULL,
  n_fail BIGINT NOT NULL,
  n_na BIGINT NOT NULL,
  n_unknown BIGINT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (org_id, test, day)
);

CREATE TABLE evaluate_exception (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  ref TEXT NOT NULL,
  test TEXT NOT NULL,
  item_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  requested_by TEXT NOT NULL,
  requested_at BIGINT NOT NULL,
  approved_by TEXT NOT NULL,
  approved_at BIGINT,
  expires_at BIGINT NOT NULL,
  revoked_by TEXT NOT NULL,
  revoked_at BIGINT,
  UNIQUE (org_id, ref)
);
