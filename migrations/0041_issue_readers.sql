-- Who may read a report of restricted use, and who did. A reader's link is kept as a hash. Every version of the terms stays; an
-- acceptance names the text by its hash, and the personal copy by its own.
CREATE TABLE issue_terms (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  version INTEGER NOT NULL,
  months INTEGER NOT NULL,
  link_days INTEGER NOT NULL,
  own TEXT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  PRIMARY KEY (org_id, version)
);

CREATE TABLE issue_reader (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  engagement_id TEXT NOT NULL REFERENCES engagement_engagement (id),
  ref TEXT NOT NULL,
  name TEXT NOT NULL,
  company TEXT NOT NULL,
  email TEXT NOT NULL,
  kind TEXT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  link TEXT NOT NULL,
  linked_at BIGINT,
  ends_at BIGINT,
  ended_at BIGINT,
  ended_by TEXT NOT NULL,
  why TEXT NOT NULL,
  version INTEGER NOT NULL,
  UNIQUE (engagement_id, ref)
);

CREATE INDEX issue_reader_link ON issue_reader (org_id, link);

CREATE TABLE issue_acceptance (
  reader_id TEXT NOT NULL REFERENCES issue_reader (id),
  org_id TEXT NOT NULL REFERENCES access_org (id),
  n INTEGER NOT NULL,
  terms INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  at BIGINT NOT NULL,
  address TEXT NOT NULL,
  copy TEXT NOT NULL,
  PRIMARY KEY (reader_id, n)
);

CREATE TABLE issue_download (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  engagement_id TEXT NOT NULL REFERENCES engagement_engagement (id),
  reader_id TEXT NOT NULL,
  n INTEGER NOT NULL,
  file TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  at BIGINT NOT NULL,
  address TEXT NOT NULL
);

CREATE INDEX issue_download_engagement ON issue_download (org_id, engagement_id, at);
