-- What an organisation promises and how it wants to work, in Markdown. A record is the newest state: in_force, newest and
-- open_n point to versions (0 for none), standing says in one word where the policy stands, due_day is when it is to be
-- looked at again (0 while nothing is in force).
CREATE TABLE policy_policy (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  ref TEXT NOT NULL,
  number INTEGER NOT NULL,
  slug TEXT NOT NULL,
  owner TEXT NOT NULL,
  months INTEGER NOT NULL,
  standing TEXT NOT NULL,
  newest INTEGER NOT NULL,
  in_force INTEGER NOT NULL,
  open_n INTEGER NOT NULL,
  shown INTEGER NOT NULL,
  due_day INTEGER NOT NULL,
  reviewed_at BIGINT,
  reviewed_by TEXT NOT NULL,
  contacts_at BIGINT,
  retired_at BIGINT,
  version INTEGER NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (org_id, ref),
  UNIQUE (org_id, slug)
);

CREATE INDEX policy_policy_standing ON policy_policy (org_id, standing, number);

-- Every wording. edit counts how often a draft was saved; authors are all who wrote in it. sha256 is that of the text somebody
-- approved, and empty before; what people read is hashed again each day and held against it.
CREATE TABLE policy_version (
  policy_id TEXT NOT NULL REFERENCES policy_policy (id),
  n INTEGER NOT NULL,
  title TEXT NOT NULL,
  summary TEXT NOT NULL,
  body TEXT NOT NULL,
  controls TEXT NOT NULL,
  criteria TEXT NOT NULL,
  audience TEXT NOT NULL,
  state TEXT NOT NULL,
  edit INTEGER NOT NULL,
  authors TEXT NOT NULL,
  note TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  began_at BIGINT NOT NULL,
  saved_at BIGINT NOT NULL,
  saved_by TEXT NOT NULL,
  sent_at BIGINT,
  sent_by TEXT NOT NULL,
  decided_at BIGINT,
  decided_by TEXT NOT NULL,
  ended_at BIGINT,
  ended_by TEXT NOT NULL,
  why TEXT NOT NULL,
  PRIMARY KEY (policy_id, n)
);

CREATE TABLE policy_event (
  policy_id TEXT NOT NULL REFERENCES policy_policy (id),
  n INTEGER NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  kind TEXT NOT NULL,
  version INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (policy_id, n)
);

CREATE TABLE policy_counter (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  n INTEGER NOT NULL,
  PRIMARY KEY (org_id)
);
