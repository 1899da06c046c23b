-- Alerts: stories of signals. body is the whole alert as JSON; the columns beside it are those that lists filter and sort by.
-- escalate_at and closed_at are 0 for never; level is a number from 1 (informational) to 5 (critical).
CREATE TABLE alert_alert (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  ref TEXT NOT NULL,
  number INTEGER NOT NULL,
  story TEXT NOT NULL,
  state TEXT NOT NULL,
  level INTEGER NOT NULL,
  title TEXT NOT NULL,
  words TEXT NOT NULL,
  entity TEXT NOT NULL,
  technique TEXT NOT NULL,
  kinds TEXT NOT NULL,
  rules TEXT NOT NULL,
  owner TEXT NOT NULL,
  verdict TEXT NOT NULL,
  incident TEXT NOT NULL,
  signals INTEGER NOT NULL,
  raised_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  escalate_at BIGINT NOT NULL,
  closed_at BIGINT NOT NULL,
  version INTEGER NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (org_id, ref)
);

CREATE INDEX alert_alert_story ON alert_alert (org_id, story, last_at);
CREATE INDEX alert_alert_state ON alert_alert (org_id, state, level, raised_at);
CREATE INDEX alert_alert_raised ON alert_alert (org_id, raised_at);
CREATE INDEX alert_alert_incident ON alert_alert (org_id, incident);

-- What was done to an alert; seq is the entry of the ledger.
CREATE TABLE alert_step (
  alert_id TEXT NOT NULL REFERENCES alert_alert (id),
  n INTEGER NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  act TEXT NOT NULL,
  note TEXT NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (alert_id, n)
);

-- Signals as they came. A signal that a silence kept quiet belongs to no alert.
CREATE TABLE alert_signal (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  n BIGINT NOT NULL,
  key TEXT NOT NULL,
  alert_id TEXT NOT NULL,
  hushed TEXT NOT NULL,
  kept_at BIGINT NOT NULL,
  rule TEXT NOT NULL,
  level INTEGER NOT NULL,
  at BIGINT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (org_id, n),
  UNIQUE (org_id, key)
);

CREATE INDEX alert_signal_alert ON alert_signal (org_id, alert_id, n);
CREATE INDEX alert_signal_hushed ON alert_signal (org_id, hushed, n);

-- ended_at is when a silence ends or was ended.
CREATE TABLE alert_silence (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  ref TEXT NOT NULL,
  number INTEGER NOT NULL,
  ended_at BIGINT NOT NULL,
  version INTEGER NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (org_id, ref)
);

-- Who is told of which alerts, and who is on call; every version.
CREATE TABLE alert_routing (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  version INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (org_id, version)
);

CREATE TABLE alert_counter (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  what TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (org_id, what)
);
