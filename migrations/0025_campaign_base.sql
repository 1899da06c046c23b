-- What is asked of many people: a version of a policy to acknowledge, or of a course to take. edition counts changes of the
-- record; version is that of the subject.
CREATE TABLE campaign_campaign (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  ref TEXT NOT NULL,
  number INTEGER NOT NULL,
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  subject TEXT NOT NULL,
  version INTEGER NOT NULL,
  audience TEXT NOT NULL,
  standing BOOLEAN NOT NULL,
  grace INTEGER NOT NULL,
  opened_at BIGINT NOT NULL,
  opened_by TEXT NOT NULL,
  due_day INTEGER NOT NULL,
  closed_at BIGINT,
  closed_by TEXT NOT NULL,
  why TEXT NOT NULL,
  edition INTEGER NOT NULL,
  UNIQUE (org_id, ref)
);

CREATE INDEX campaign_campaign_subject ON campaign_campaign (org_id, subject, version);

CREATE TABLE campaign_counter (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  n INTEGER NOT NULL,
  PRIMARY KEY (org_id)
);

-- One duty for a person, a campaign and a stint. Name, address and department are those of the day it was asked.
CREATE TABLE campaign_duty (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  campaign_id TEXT NOT NULL REFERENCES campaign_campaign (id),
  person TEXT NOT NULL,
  person_ref TEXT NOT NULL,
  name TEXT NOT NULL,
  email TEXT NOT NULL,
  department TEXT NOT NULL,
  stint INTEGER NOT NULL,
  opened_at BIGINT NOT NULL,
  due_day INTEGER NOT NULL,
  state TEXT NOT NULL,
  done_at BIGINT,
  how TEXT NOT NULL,
  note TEXT NOT NULL,
  score INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  reminded_at BIGINT,
  UNIQUE (campaign_id, person, stint)
);

CREATE INDEX campaign_duty_person ON campaign_duty (org_id, person, due_day);

CREATE INDEX campaign_duty_state ON campaign_duty (org_id, state, due_day);

CREATE INDEX campaign_duty_name ON campaign_duty (campaign_id, name);

-- The token itself is nowhere: hash is SHA-256 of it.
CREATE TABLE campaign_link (
  hash TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  person TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  ended_at BIGINT
);

CREATE INDEX campaign_link_person ON campaign_link (org_id, person);
