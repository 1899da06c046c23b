-- The directory: who works here, did, or is about to. A person is one row for ever; stints and events tell the history. Days are days
-- since 1970, 0 for none; instants are microseconds. finds is what a search looks through, in lower case; address is email in lower case.
CREATE TABLE people_person (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  ref TEXT NOT NULL,
  number INTEGER NOT NULL,
  name TEXT NOT NULL,
  email TEXT NOT NULL,
  address TEXT NOT NULL,
  employee TEXT NOT NULL,
  department TEXT NOT NULL,
  title TEXT NOT NULL,
  location TEXT NOT NULL,
  kind TEXT NOT NULL,
  manager_id TEXT NOT NULL,
  state TEXT NOT NULL,
  started_day INTEGER NOT NULL,
  ended_day INTEGER NOT NULL,
  ended_at BIGINT,
  stint INTEGER NOT NULL,
  origin TEXT NOT NULL,
  source TEXT NOT NULL,
  screening TEXT NOT NULL,
  screened_day INTEGER NOT NULL,
  agreed_day INTEGER NOT NULL,
  conduct_day INTEGER NOT NULL,
  trained_first_day INTEGER NOT NULL,
  trained_last_day INTEGER NOT NULL,
  reviewed_day INTEGER NOT NULL,
  gone_at BIGINT,
  finds TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (org_id, ref)
);

CREATE INDEX people_person_address ON people_person (org_id, address);

CREATE INDEX people_person_employee ON people_person (org_id, employee);

CREATE INDEX people_person_state ON people_person (org_id, state);

CREATE INDEX people_person_manager ON people_person (org_id, manager_id);

CREATE TABLE people_stint (
  person_id TEXT NOT NULL REFERENCES people_person (id),
  n INTEGER NOT NULL,
  started_day INTEGER NOT NULL,
  ended_day INTEGER NOT NULL,
  PRIMARY KEY (person_id, n)
);

CREATE TABLE people_event (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  n INTEGER NOT NULL,
  person_id TEXT NOT NULL REFERENCES people_person (id),
  at BIGINT NOT NULL,
  on_day INTEGER NOT NULL,
  kind TEXT NOT NULL,
  field TEXT NOT NULL,
  was TEXT NOT NULL,
  became TEXT NOT NULL,
  PRIMARY KEY (org_id, n)
);

CREATE INDEX people_event_person ON people_event (person_id, n);

-- Which record of an HR system is which person.
CREATE TABLE people_link (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  source TEXT NOT NULL,
  record TEXT NOT NULL,
  person_id TEXT NOT NULL REFERENCES people_person (id),
  gone_at BIGINT,
  PRIMARY KEY (org_id, source, record)
);

-- Accounts of every system that is collected. person_id is empty for one that belongs to nobody known.
CREATE TABLE people_account (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  source TEXT NOT NULL,
  account_id TEXT NOT NULL,
  system TEXT NOT NULL,
  login TEXT NOT NULL,
  email TEXT NOT NULL,
  name TEXT NOT NULL,
  employee TEXT NOT NULL,
  status TEXT NOT NULL,
  kind TEXT NOT NULL,
  external BOOLEAN NOT NULL,
  admin BOOLEAN NOT NULL,
  created_at BIGINT,
  changed_at BIGINT,
  signed_in_at BIGINT,
  seen_at BIGINT NOT NULL,
  gone_at BIGINT,
  person_id TEXT NOT NULL,
  how TEXT NOT NULL,
  PRIMARY KEY (org_id, source, account_id)
);

CREATE INDEX people_account_person ON people_account (org_id, person_id);

-- What the sources do not agree on now, and what each told last.
CREATE TABLE people_doubt (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  n INTEGER NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  text TEXT NOT NULL,
  person_id TEXT NOT NULL,
  since BIGINT NOT NULL,
  PRIMARY KEY (org_id, n)
);

CREATE TABLE people_told (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  source TEXT NOT NULL,
  resource TEXT NOT NULL,
  system TEXT NOT NULL,
  evidence TEXT NOT NULL,
  at BIGINT NOT NULL,
  rows_n INTEGER NOT NULL,
  kept TEXT NOT NULL,
  stale TEXT NOT NULL,
  PRIMARY KEY (org_id, source, resource)
);

-- What people were given: one row for each time. What is out is out once.
CREATE TABLE people_device (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  ref TEXT NOT NULL,
  number INTEGER NOT NULL,
  serial TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  holder_id TEXT NOT NULL REFERENCES people_person (id),
  given_day INTEGER NOT NULL,
  returned_day INTEGER NOT NULL,
  written_off BOOLEAN NOT NULL,
  note TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (org_id, ref)
);

CREATE UNIQUE INDEX people_device_out ON people_device (org_id, serial) WHERE returned_day = 0 AND NOT written_off;

CREATE INDEX people_device_holder ON people_device (org_id, holder_id);

CREATE TABLE people_counter (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  what TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (org_id, what)
);
