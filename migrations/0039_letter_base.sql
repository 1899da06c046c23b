-- Documents that management signs for an examination. Every version stays; a signed one is never written again.
CREATE TABLE letter_letter (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  engagement_id TEXT NOT NULL REFERENCES engagement_engagement (id),
  ref TEXT NOT NULL,
  number INTEGER NOT NULL,
  kind TEXT NOT NULL,
  UNIQUE (org_id, ref)
);

CREATE INDEX letter_letter_engagement ON letter_letter (engagement_id, kind);

-- from_day and to_day are the time a bridge letter covers, covers_from and covers_to what the examination covered when the
-- version was written; 0 for none. edit counts the changes of a draft.
CREATE TABLE letter_version (
  letter_id TEXT NOT NULL REFERENCES letter_letter (id),
  org_id TEXT NOT NULL REFERENCES access_org (id),
  n INTEGER NOT NULL,
  edit INTEGER NOT NULL,
  state TEXT NOT NULL,
  title TEXT NOT NULL,
  body TEXT NOT NULL,
  file TEXT NOT NULL,
  from_day INTEGER NOT NULL,
  to_day INTEGER NOT NULL,
  covers_from INTEGER NOT NULL,
  covers_to INTEGER NOT NULL,
  began_at BIGINT NOT NULL,
  began_by TEXT NOT NULL,
  saved_at BIGINT NOT NULL,
  saved_by TEXT NOT NULL,
  signed_at BIGINT,
  signer TEXT NOT NULL,
  signer_name TEXT NOT NULL,
  signer_title TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  seq BIGINT NOT NULL,
  why TEXT NOT NULL,
  PRIMARY KEY (letter_id, n)
);
