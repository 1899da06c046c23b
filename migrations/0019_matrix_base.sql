-- The matrix itself lies with the documents, under its sha256, which is in the ledger entry seq.
CREATE TABLE matrix_paper (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  number INTEGER NOT NULL,
  scope TEXT NOT NULL,
  requirements INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  author TEXT NOT NULL,
  at BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (org_id, number)
);
