-- Connections whose audit events, once collected, become events of a source too. connection is the identifier of a connection.
CREATE TABLE event_link (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  connection TEXT NOT NULL,
  source_id TEXT NOT NULL REFERENCES event_source (id),
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  PRIMARY KEY (org_id, connection)
);

-- Followers ask for what came after an event.
CREATE INDEX event_segment_last ON event_segment (org_id, last_id);
