-- What came to a source and could not be taken; NULL is none.
ALTER TABLE event_source ADD COLUMN lost BIGINT;

-- Up to where files are read, as far as that is filed. identity tells a file from another under its name; taken counts bytes, or
-- records of a file that does not change.
CREATE TABLE event_position (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  source_id TEXT NOT NULL REFERENCES event_source (id),
  name TEXT NOT NULL,
  identity TEXT NOT NULL,
  taken BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  PRIMARY KEY (source_id, name)
);

-- Numbers of a source: for each sender of its own up to where they came.
CREATE TABLE event_stream (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  source_id TEXT NOT NULL REFERENCES event_source (id),
  stream TEXT NOT NULL,
  next BIGINT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (source_id, stream)
);

-- Numbers that did not come. A gap that was filled later keeps its row; missing says how many still lack.
CREATE TABLE event_gap (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  source_id TEXT NOT NULL REFERENCES event_source (id),
  stream TEXT NOT NULL,
  kind TEXT NOT NULL,
  first BIGINT NOT NULL,
  last BIGINT NOT NULL,
  missing BIGINT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX event_gap_source ON event_gap (org_id, source_id, at);
