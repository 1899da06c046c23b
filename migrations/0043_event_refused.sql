-- Records that could not be read, with the reason, byte for byte in base64. The same record of the same source is one row, counted.
CREATE TABLE event_refused (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  source_id TEXT NOT NULL REFERENCES event_source (id),
  sha256 TEXT NOT NULL,
  reason TEXT NOT NULL,
  record TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  times BIGINT NOT NULL,
  first_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  state TEXT NOT NULL,
  UNIQUE (source_id, sha256)
);
CREATE INDEX event_refused_state ON event_refused (org_id, state, last_at);
