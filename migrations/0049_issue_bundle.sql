-- The archive of an issued report: a row from the moment it is issued, with an empty hash until the archive is whole and on disk.
-- Reports that were issued before there was this table have no row, and no archive of their own.
CREATE TABLE issue_bundle (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  engagement_id TEXT NOT NULL REFERENCES engagement_engagement (id),
  n INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  size BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  at BIGINT,
  PRIMARY KEY (engagement_id, n)
);
