CREATE TABLE collect_connection (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  settings TEXT NOT NULL,
  sealed TEXT NOT NULL,
  every_s BIGINT NOT NULL,
  paused BOOLEAN NOT NULL,
  cursor_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  removed_at BIGINT
);

-- A removed connection keeps its row, because runs and facts name it, but gives its name free.
CREATE UNIQUE INDEX collect_connection_name ON collect_connection (org_id, name) WHERE removed_at IS NULL;

CREATE TABLE collect_run (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  connection_id TEXT NOT NULL REFERENCES collect_connection (id),
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  trigger_by TEXT NOT NULL,
  status TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  finished_at BIGINT,
  since_at BIGINT NOT NULL,
  until_at BIGINT NOT NULL,
  results TEXT NOT NULL,
  manifest_sha256 TEXT NOT NULL,
  error TEXT NOT NULL,
  owner TEXT NOT NULL
);

CREATE INDEX collect_run_connection ON collect_run (connection_id, started_at);

CREATE INDEX collect_run_open ON collect_run (org_id, status, started_at);
