CREATE TABLE engagement_engagement (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  ref TEXT NOT NULL,
  report TEXT NOT NULL,
  type INTEGER NOT NULL,
  title TEXT NOT NULL,
  categories TEXT NOT NULL,
  from_day INTEGER NOT NULL,
  to_day INTEGER NOT NULL,
  firm TEXT NOT NULL,
  standards TEXT NOT NULL,
  status TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  UNIQUE (org_id, ref)
);

CREATE TABLE engagement_dossier (
  org_id TEXT NOT NULL,
  engagement_id TEXT NOT NULL REFERENCES engagement_engagement (id),
  number INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  frozen_at BIGINT NOT NULL,
  frozen_by TEXT NOT NULL,
  seq BIGINT NOT NULL,
  report_sha256 TEXT NOT NULL,
  report_seq BIGINT NOT NULL,
  pages INTEGER NOT NULL,
  PRIMARY KEY (engagement_id, number)
);
