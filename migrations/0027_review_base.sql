-- Access reviews. What is frozen when a review begins is never changed; decisions are the newest state of a row, and everything
-- that happened to it is in review_event. Times are microseconds; empty texts stand for nobody and nothing.
CREATE TABLE review_campaign (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  ref TEXT NOT NULL,
  year INTEGER NOT NULL,
  number INTEGER NOT NULL,
  title TEXT NOT NULL,
  why TEXT NOT NULL,
  state TEXT NOT NULL,
  assign_by TEXT NOT NULL,
  due_day INTEGER NOT NULL,
  started_at BIGINT NOT NULL,
  started_by TEXT NOT NULL,
  ended_at BIGINT,
  ended_by TEXT NOT NULL,
  end_why TEXT NOT NULL,
  evidence TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  version INTEGER NOT NULL,
  UNIQUE (org_id, ref)
);

CREATE INDEX review_campaign_started ON review_campaign (org_id, started_at);

CREATE TABLE review_counter (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  year INTEGER NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (org_id, year)
);

-- A population. total_n is what the source itself counts, empty when it counts nothing; left_n are rows that give no access.
CREATE TABLE review_system (
  review_id TEXT NOT NULL REFERENCES review_campaign (id),
  n INTEGER NOT NULL,
  slug TEXT NOT NULL,
  connection TEXT NOT NULL,
  source TEXT NOT NULL,
  kind TEXT NOT NULL,
  resource TEXT NOT NULL,
  critical BOOLEAN NOT NULL,
  reviewer TEXT NOT NULL,
  deputy TEXT NOT NULL,
  evidence TEXT NOT NULL,
  snapshot_sha256 TEXT NOT NULL,
  taken_at BIGINT NOT NULL,
  snapshot_n BIGINT NOT NULL,
  total_n BIGINT,
  left_n BIGINT NOT NULL,
  population_n BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  gap TEXT NOT NULL,
  reason TEXT NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (review_id, slug)
);

CREATE INDEX review_system_connection ON review_system (connection, resource);

-- held is JSON: groups and roles. flags are words with a space before and after each.
CREATE TABLE review_row (
  review_id TEXT NOT NULL REFERENCES review_campaign (id),
  n INTEGER NOT NULL,
  system TEXT NOT NULL,
  item_key TEXT NOT NULL,
  account TEXT NOT NULL,
  login TEXT NOT NULL,
  name TEXT NOT NULL,
  email TEXT NOT NULL,
  granted TEXT NOT NULL,
  status TEXT NOT NULL,
  service BOOLEAN NOT NULL,
  admin TEXT NOT NULL,
  held TEXT NOT NULL,
  sign_in_at BIGINT,
  made_at BIGINT,
  person TEXT NOT NULL,
  person_ref TEXT NOT NULL,
  person_name TEXT NOT NULL,
  person_user TEXT NOT NULL,
  person_state TEXT NOT NULL,
  department TEXT NOT NULL,
  flags TEXT NOT NULL,
  since TEXT NOT NULL,
  diff TEXT NOT NULL,
  prior TEXT NOT NULL,
  was TEXT NOT NULL,
  reviewer TEXT NOT NULL,
  moved TEXT NOT NULL,
  decision TEXT NOT NULL,
  reason TEXT NOT NULL,
  drop_name TEXT NOT NULL,
  decided_by TEXT NOT NULL,
  decided_at BIGINT,
  until_at BIGINT,
  done_at BIGINT,
  how TEXT NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (review_id, n)
);

CREATE INDEX review_row_system ON review_row (review_id, system, login);

CREATE INDEX review_row_reviewer ON review_row (reviewer, decision);

CREATE INDEX review_row_key ON review_row (item_key);

-- What is still to be done.
CREATE INDEX review_row_pending ON review_row (until_at) WHERE until_at IS NOT NULL AND done_at IS NULL;

CREATE TABLE review_event (
  review_id TEXT NOT NULL REFERENCES review_campaign (id),
  row_n INTEGER NOT NULL,
  n INTEGER NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  kind TEXT NOT NULL,
  was TEXT NOT NULL,
  became TEXT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (review_id, row_n, n)
);

-- How often a system is to be reviewed, and by whom.
CREATE TABLE review_plan (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  connection TEXT NOT NULL,
  source TEXT NOT NULL,
  kind TEXT NOT NULL,
  critical BOOLEAN NOT NULL,
  every TEXT NOT NULL,
  reviewer TEXT NOT NULL,
  deputy TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (org_id, connection)
);
