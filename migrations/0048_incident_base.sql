-- Incidents. body is the whole record as JSON; the columns beside it are those that lists filter and sort by. An instant is 0 while it
-- is not known. described is yes, no, or empty while nobody has decided.
CREATE TABLE incident_incident (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  ref TEXT NOT NULL,
  number INTEGER NOT NULL,
  title TEXT NOT NULL,
  words TEXT NOT NULL,
  state TEXT NOT NULL,
  severity INTEGER NOT NULL,
  lead TEXT NOT NULL,
  outcome TEXT NOT NULL,
  described TEXT NOT NULL,
  alerts TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  declared_at BIGINT NOT NULL,
  version INTEGER NOT NULL,
  updated_at BIGINT NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (org_id, ref)
);

CREATE INDEX incident_incident_state ON incident_incident (org_id, state, severity);

-- What was done; at is when it happened, recorded_at when it was written down, seq the entry of the ledger.
CREATE TABLE incident_step (
  incident_id TEXT NOT NULL REFERENCES incident_incident (id),
  n INTEGER NOT NULL,
  at BIGINT NOT NULL,
  recorded_at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  act TEXT NOT NULL,
  note TEXT NOT NULL,
  events TEXT NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (incident_id, n)
);

-- Reconstructions as they were computed.
CREATE TABLE incident_snapshot (
  incident_id TEXT NOT NULL REFERENCES incident_incident (id),
  n INTEGER NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  events INTEGER NOT NULL,
  root_at BIGINT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (incident_id, n)
);

-- Whom an organisation must tell, by when; every version.
CREATE TABLE incident_duties (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  version INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (org_id, version)
);

CREATE TABLE incident_counter (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  n INTEGER NOT NULL,
  PRIMARY KEY (org_id)
);
