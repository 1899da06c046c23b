-- From the firm's work to the issued report. issue_words belongs to the firm (org_id is the firm's), everything else to the client.
-- Nothing here is ever written again, but for the end of a publication. body and files are JSON. Days count from 1970.
CREATE TABLE issue_handover (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  engagement_id TEXT NOT NULL REFERENCES engagement_engagement (id),
  n INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  body TEXT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  seq BIGINT NOT NULL,
  UNIQUE (engagement_id, n)
);

CREATE TABLE issue_words (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  engagement TEXT NOT NULL,
  version INTEGER NOT NULL,
  body TEXT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  PRIMARY KEY (org_id, engagement, version)
);

CREATE TABLE issue_version (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  engagement_id TEXT NOT NULL REFERENCES engagement_engagement (id),
  n INTEGER NOT NULL,
  dossier INTEGER NOT NULL,
  dossier_sha256 TEXT NOT NULL,
  handover INTEGER NOT NULL,
  handover_sha256 TEXT NOT NULL,
  kind TEXT NOT NULL,
  covers_from INTEGER NOT NULL,
  covers_to INTEGER NOT NULL,
  firm TEXT NOT NULL,
  report_day INTEGER NOT NULL,
  pages INTEGER NOT NULL,
  files TEXT NOT NULL,
  reason TEXT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  seq BIGINT NOT NULL,
  UNIQUE (engagement_id, n)
);

CREATE TABLE issue_response (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  engagement_id TEXT NOT NULL REFERENCES engagement_engagement (id),
  test TEXT NOT NULL,
  version INTEGER NOT NULL,
  cause TEXT NOT NULL,
  effect TEXT NOT NULL,
  action TEXT NOT NULL,
  due_day INTEGER NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  PRIMARY KEY (engagement_id, test, version)
);

CREATE TABLE issue_publication (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  engagement_id TEXT NOT NULL REFERENCES engagement_engagement (id),
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  ended_at BIGINT,
  ended_by TEXT NOT NULL,
  PRIMARY KEY (engagement_id, at)
);
