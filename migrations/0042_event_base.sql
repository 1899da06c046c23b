-- Sources of events: what may send, with the hash of the token it sends with. What was counted is counted when events are filed.
-- Instants are microseconds since 1970, 0 where there is none; lengths are microseconds.
CREATE TABLE event_source (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  number BIGINT NOT NULL,
  ref TEXT NOT NULL,
  name TEXT NOT NULL,
  log TEXT NOT NULL,
  state TEXT NOT NULL,
  edit INTEGER NOT NULL,
  token_hash TEXT NOT NULL,
  token_hint TEXT NOT NULL,
  silent_after BIGINT NOT NULL,
  per_second INTEGER NOT NULL,
  made_at BIGINT NOT NULL,
  made_by TEXT NOT NULL,
  events BIGINT NOT NULL,
  duplicates BIGINT NOT NULL,
  refused BIGINT NOT NULL,
  late BIGINT NOT NULL,
  disordered BIGINT NOT NULL,
  ahead BIGINT NOT NULL,
  undated BIGINT NOT NULL,
  last_event BIGINT NOT NULL,
  last_arrival BIGINT NOT NULL,
  usual_gap BIGINT NOT NULL,
  delay BIGINT NOT NULL,
  UNIQUE (org_id, number),
  UNIQUE (org_id, name)
);
CREATE UNIQUE INDEX event_source_token ON event_source (token_hash);

-- What a sender was answered, by the key it sent, so that the same batch sent again is the same batch.
CREATE TABLE event_receipt (
  source_id TEXT NOT NULL REFERENCES event_source (id),
  key TEXT NOT NULL,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  body TEXT NOT NULL,
  position BIGINT NOT NULL,
  accepted BIGINT NOT NULL,
  duplicates BIGINT NOT NULL,
  refused BIGINT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (source_id, key)
);

-- Up to where the intake log is filed: one row.
CREATE TABLE event_filed (
  one INTEGER PRIMARY KEY,
  position BIGINT NOT NULL
);

-- Segments: files of events that never change. root is the Merkle root over the commitments of its events, in their order; seq the
-- entry of the ledger that holds it. A segment without a row here is not there.
CREATE TABLE event_segment (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  file TEXT NOT NULL,
  first_id TEXT NOT NULL,
  last_id TEXT NOT NULL,
  rows BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  raw_bytes BIGINT NOT NULL,
  from_at BIGINT NOT NULL,
  to_at BIGINT NOT NULL,
  logs TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  root TEXT NOT NULL,
  seq BIGINT NOT NULL,
  sealed_at BIGINT NOT NULL
);
CREATE INDEX event_segment_order ON event_segment (org_id, first_id);
