CREATE TABLE authority_counter (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  n INTEGER NOT NULL,
  PRIMARY KEY (org_id)
);

-- An approved request or a maintenance window that people recorded. What it says is in text, as JSON; beside it what is searched.
-- Which identity acts for the deployments and merges of a repository, and for how long after them.
CREATE TABLE authority_pipeline (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  identity TEXT NOT NULL,
  project TEXT NOT NULL,
  minutes INTEGER NOT NULL,
  by_actor TEXT NOT NULL,
  since BIGINT NOT NULL,
  until BIGINT
);

CREATE TABLE authority_permit (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  ref TEXT NOT NULL,
  number INTEGER NOT NULL,
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  state TEXT NOT NULL,
  from_at BIGINT NOT NULL,
  to_at BIGINT NOT NULL,
  text TEXT NOT NULL,
  by_actor TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  approver TEXT NOT NULL,
  decided_at BIGINT,
  why TEXT NOT NULL,
  version INTEGER NOT NULL,
  UNIQUE (org_id, ref)
);
CREATE INDEX authority_permit_span ON authority_permit (org_id, to_at, from_at);

-- The verdict about one event. The event, without its raw bytes, stays beside it as long as the verdict is unknown.
CREATE TABLE authority_judgement (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  event TEXT NOT NULL,
  at BIGINT NOT NULL,
  log TEXT NOT NULL,
  act TEXT NOT NULL,
  policy TEXT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  verdict TEXT NOT NULL,
  kind TEXT NOT NULL,
  record TEXT NOT NULL,
  why TEXT NOT NULL,
  open_event TEXT NOT NULL,
  PRIMARY KEY (org_id, event)
);
CREATE INDEX authority_judgement_at ON authority_judgement (org_id, at);
CREATE INDEX authority_judgement_verdict ON authority_judgement (org_id, verdict, at);
