-- What somebody with certain job titles does, may decide and has to know. titles is a JSON array.
CREATE TABLE people_role (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  ref TEXT NOT NULL,
  number INTEGER NOT NULL,
  title TEXT NOT NULL,
  titles TEXT NOT NULL,
  duties TEXT NOT NULL,
  competence TEXT NOT NULL,
  authority TEXT NOT NULL,
  owner TEXT NOT NULL,
  reviewed_day INTEGER NOT NULL,
  reviewed_by TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (org_id, ref)
);
