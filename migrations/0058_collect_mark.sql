-- Up to where a stream of an audit log was read, by the run that read it: it counts once that run has ended well. known is which
-- records of the time before may come again, as collectsql packs them.
CREATE TABLE collect_mark (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  connection_id TEXT NOT NULL REFERENCES collect_connection (id),
  stream TEXT NOT NULL,
  run_id TEXT NOT NULL REFERENCES collect_run (id),
  begin_at BIGINT NOT NULL,
  through_at BIGINT NOT NULL,
  deep_at BIGINT NOT NULL,
  known TEXT NOT NULL,
  PRIMARY KEY (connection_id, stream, run_id)
);
