CREATE TABLE evidence_item (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  ref TEXT NOT NULL,
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  system TEXT NOT NULL,
  source TEXT NOT NULL,
  resource TEXT NOT NULL,
  method TEXT NOT NULL,
  collector TEXT NOT NULL,
  run_id TEXT NOT NULL,
  from_at BIGINT NOT NULL,
  to_at BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  effective_at BIGINT,
  media_type TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  path TEXT NOT NULL,
  rows_n BIGINT NOT NULL,
  source_total BIGINT,
  completeness TEXT NOT NULL,
  gap TEXT NOT NULL,
  manifest_sha256 TEXT NOT NULL,
  seq BIGINT NOT NULL,
  status TEXT NOT NULL,
  supersedes TEXT NOT NULL,
  note TEXT NOT NULL,
  UNIQUE (org_id, ref)
);

CREATE INDEX evidence_item_resource ON evidence_item (org_id, system, resource, from_at);

CREATE INDEX evidence_item_received ON evidence_item (org_id, received_at);

CREATE INDEX evidence_item_run ON evidence_item (org_id, run_id);

CREATE TABLE evidence_link (
  item_id TEXT NOT NULL REFERENCES evidence_item (id),
  kind TEXT NOT NULL,
  ref TEXT NOT NULL,
  PRIMARY KEY (item_id, kind, ref)
);

CREATE INDEX evidence_link_ref ON evidence_link (kind, ref);

CREATE TABLE evidence_sealed (
  org_id TEXT NOT NULL,
  subject TEXT NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (org_id, subject)
);

CREATE TABLE evidence_counter (
  org_id TEXT NOT NULL,
  year INTEGER NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (org_id, year)
);
