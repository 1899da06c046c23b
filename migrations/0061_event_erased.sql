-- Events whose content was erased on a legal duty. What stays is where each stood in its segment and its commitment, so that the
-- segment's root in the ledger can still be computed. remains is the file that still holds the event and is to be removed, and done says
-- whether everything that follows was done: both are kept so that a crash leaves nothing behind.
CREATE TABLE event_erased (
  event_id TEXT NOT NULL,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  segment_id TEXT NOT NULL REFERENCES event_segment (id),
  place BIGINT NOT NULL,
  commitment TEXT NOT NULL,
  reason TEXT NOT NULL,
  actor TEXT NOT NULL,
  at BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  remains TEXT NOT NULL,
  done BOOLEAN NOT NULL,
  PRIMARY KEY (org_id, event_id)
);
CREATE INDEX event_erased_segment ON event_erased (org_id, segment_id, place);
