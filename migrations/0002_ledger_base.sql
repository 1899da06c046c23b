CREATE TABLE ledger_chain (
  org_id TEXT PRIMARY KEY REFERENCES access_org (id),
  tag TEXT NOT NULL UNIQUE,
  seq BIGINT NOT NULL,
  head TEXT NOT NULL,
  batched BIGINT NOT NULL,
  batch_head TEXT NOT NULL
);

CREATE TABLE ledger_entry (
  org_id TEXT NOT NULL REFERENCES ledger_chain (org_id),
  seq BIGINT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  payload_hash TEXT NOT NULL,
  prev TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (org_id, seq)
);

CREATE INDEX ledger_entry_subject ON ledger_entry (org_id, subject);

CREATE INDEX ledger_entry_kind ON ledger_entry (org_id, kind, seq);

CREATE TABLE ledger_payload (
  org_id TEXT NOT NULL,
  seq BIGINT NOT NULL,
  salt TEXT NOT NULL,
  payload TEXT NOT NULL,
  PRIMARY KEY (org_id, seq)
);

CREATE TABLE ledger_erasure (
  org_id TEXT NOT NULL,
  seq BIGINT NOT NULL,
  by_seq BIGINT NOT NULL,
  PRIMARY KEY (org_id, seq)
);

CREATE TABLE ledger_batch (
  org_id TEXT NOT NULL REFERENCES ledger_chain (org_id),
  first_seq BIGINT NOT NULL,
  last_seq BIGINT NOT NULL,
  manifest TEXT NOT NULL,
  hash TEXT NOT NULL,
  leaf BIGINT,
  PRIMARY KEY (org_id, first_seq)
);

-- What the log's key has signed: the guard against two histories looks here before every signature.
CREATE TABLE ledger_signed (
  origin TEXT PRIMARY KEY,
  size BIGINT NOT NULL,
  root TEXT NOT NULL
);

CREATE TABLE ledger_checkpoint (
  size BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  note TEXT NOT NULL
);
