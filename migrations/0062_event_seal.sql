-- What the ledger holds of a segment as it was filed, once compaction put its events into a larger one: they are the rows from place
-- on, in their order, so that the root that was sealed can be computed from the larger file.
CREATE TABLE event_seal (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  segment_id TEXT NOT NULL REFERENCES event_segment (id),
  place BIGINT NOT NULL,
  rows BIGINT NOT NULL,
  first_id TEXT NOT NULL,
  last_id TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  root TEXT NOT NULL,
  seq BIGINT NOT NULL,
  sealed_at BIGINT NOT NULL
);
CREATE INDEX event_seal_segment ON event_seal (org_id, segment_id, place);

-- Files whose events are in a larger one, kept for a while for those who read them since before.
CREATE TABLE event_left (
  file TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  since BIGINT NOT NULL
);
