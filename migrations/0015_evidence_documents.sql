-- What a person said about a piece of evidence when they added it. recorded_at is when the program took it; received_at of
-- the item is when the organisation had it.
CREATE TABLE evidence_document (
  item_id TEXT PRIMARY KEY REFERENCES evidence_item (id),
  shows TEXT NOT NULL,
  obtained TEXT NOT NULL,
  file_name TEXT NOT NULL,
  link TEXT NOT NULL,
  class TEXT NOT NULL,
  remark TEXT NOT NULL,
  recorded_at BIGINT NOT NULL,
  recorded_by TEXT NOT NULL
);

CREATE INDEX evidence_item_content ON evidence_item (org_id, sha256);

-- How often a control's evidence must be renewed where its own frequency does not say it; 0 days means nothing is asked for.
CREATE TABLE evidence_plan (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  control TEXT NOT NULL,
  days INTEGER NOT NULL,
  note TEXT NOT NULL,
  version INTEGER NOT NULL,
  at BIGINT NOT NULL,
  by_actor TEXT NOT NULL,
  PRIMARY KEY (org_id, control)
);
