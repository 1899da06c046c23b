-- Records of the description of the system. key is free again once a record is removed.
CREATE TABLE org_record (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  newest INTEGER NOT NULL,
  removed BOOLEAN NOT NULL
);

CREATE UNIQUE INDEX org_record_key ON org_record (org_id, kind, key) WHERE NOT removed;

CREATE TABLE org_revision (
  record_id TEXT NOT NULL REFERENCES org_record (id),
  number INTEGER NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  place INTEGER NOT NULL,
  body TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  removed BOOLEAN NOT NULL,
  author TEXT NOT NULL,
  at BIGINT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (record_id, number)
);
