-- What an audit firm records of itself: every version stays. peer_day counts from 1970, 0 for unknown.
CREATE TABLE fieldwork_firm (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  version INTEGER NOT NULL,
  name TEXT NOT NULL,
  licence TEXT NOT NULL,
  peer_day INTEGER NOT NULL,
  why TEXT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  PRIMARY KEY (org_id, version)
);
