CREATE TABLE jobs_job (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  by_actor TEXT NOT NULL,
  payload TEXT NOT NULL,
  status TEXT NOT NULL,
  done_n BIGINT NOT NULL,
  total_n BIGINT NOT NULL,
  note TEXT NOT NULL,
  error TEXT NOT NULL,
  hint TEXT NOT NULL,
  cancel BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL,
  started_at BIGINT,
  finished_at BIGINT
);

CREATE INDEX jobs_job_org ON jobs_job (org_id, created_at);

CREATE INDEX jobs_job_open ON jobs_job (status, created_at);
