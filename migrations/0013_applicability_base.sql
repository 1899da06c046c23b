-- One draft of answers for each organisation.
CREATE TABLE applicability_draft (
  org_id TEXT PRIMARY KEY REFERENCES access_org (id),
  version INTEGER NOT NULL,
  answers TEXT NOT NULL,
  author TEXT NOT NULL,
  at BIGINT NOT NULL
);

-- body is canonical JSON of answers, recommendation and choice; sha256 is in the ledger entry seq.
CREATE TABLE applicability_decision (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  number INTEGER NOT NULL,
  body TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  author TEXT NOT NULL,
  at BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (org_id, number)
);
