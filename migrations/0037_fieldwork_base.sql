-- The auditor's own work. Everything but fieldwork_shared belongs to the firm (org_id is the firm's); fieldwork_shared is what the firm
-- let the client see, and belongs to the client. body is the record as JSON; the columns beside it are what lists need. Times are
-- microseconds. Rows of populations lie in chunks of 500; those of a frozen one are never written again.
CREATE TABLE fieldwork_counter (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  engagement TEXT NOT NULL,
  kind TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (org_id, engagement, kind)
);

CREATE TABLE fieldwork_population (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  engagement TEXT NOT NULL,
  ref TEXT NOT NULL,
  control TEXT NOT NULL,
  title TEXT NOT NULL,
  source TEXT NOT NULL,
  row_n INTEGER NOT NULL,
  created_at BIGINT NOT NULL,
  frozen_at BIGINT,
  version INTEGER NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (org_id, engagement, ref)
);

CREATE TABLE fieldwork_rows (
  population_id TEXT NOT NULL REFERENCES fieldwork_population (id),
  chunk INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (population_id, chunk)
);

CREATE TABLE fieldwork_paper (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  engagement TEXT NOT NULL,
  ref TEXT NOT NULL,
  control TEXT NOT NULL,
  title TEXT NOT NULL,
  population_id TEXT NOT NULL,
  state TEXT NOT NULL,
  conclusion TEXT NOT NULL,
  prepared_by TEXT NOT NULL,
  version INTEGER NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (org_id, engagement, ref)
);

CREATE TABLE fieldwork_sampled (
  paper_id TEXT NOT NULL REFERENCES fieldwork_paper (id),
  n INTEGER NOT NULL,
  row_n INTEGER NOT NULL,
  item_key TEXT NOT NULL,
  label TEXT NOT NULL,
  day TEXT NOT NULL,
  cells TEXT NOT NULL,
  verdict TEXT NOT NULL,
  why TEXT NOT NULL,
  stratum TEXT NOT NULL,
  origin TEXT NOT NULL,
  void TEXT NOT NULL,
  void_by TEXT NOT NULL,
  void_at BIGINT,
  PRIMARY KEY (paper_id, n)
);

CREATE TABLE fieldwork_mark (
  paper_id TEXT NOT NULL REFERENCES fieldwork_paper (id),
  n INTEGER NOT NULL,
  letter TEXT NOT NULL,
  mark TEXT NOT NULL,
  note TEXT NOT NULL,
  evidence TEXT NOT NULL,
  finding TEXT NOT NULL,
  accepted BOOLEAN NOT NULL,
  marked_by TEXT NOT NULL,
  marked_at BIGINT NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (paper_id, n, letter)
);

CREATE TABLE fieldwork_note (
  paper_id TEXT NOT NULL REFERENCES fieldwork_paper (id),
  n INTEGER NOT NULL,
  kind TEXT NOT NULL,
  text TEXT NOT NULL,
  said_by TEXT NOT NULL,
  said_at BIGINT NOT NULL,
  answer TEXT NOT NULL,
  cleared_by TEXT NOT NULL,
  cleared_at BIGINT,
  PRIMARY KEY (paper_id, n)
);

CREATE TABLE fieldwork_finding (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  engagement TEXT NOT NULL,
  ref TEXT NOT NULL,
  paper_id TEXT NOT NULL REFERENCES fieldwork_paper (id),
  title TEXT NOT NULL,
  version INTEGER NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (org_id, engagement, ref)
);

CREATE TABLE fieldwork_shared (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  engagement TEXT NOT NULL,
  kind TEXT NOT NULL,
  ref TEXT NOT NULL,
  title TEXT NOT NULL,
  body TEXT NOT NULL,
  shared_at BIGINT NOT NULL,
  shared_by TEXT NOT NULL,
  response TEXT NOT NULL,
  until_text TEXT NOT NULL,
  answered_at BIGINT,
  answered_by TEXT NOT NULL,
  version INTEGER NOT NULL
);

CREATE INDEX fieldwork_shared_engagement ON fieldwork_shared (org_id, engagement);

-- The firm's methodology: every version is kept, samples name theirs.
CREATE TABLE fieldwork_method (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  version INTEGER NOT NULL,
  body TEXT NOT NULL,
  set_by TEXT NOT NULL,
  set_at BIGINT NOT NULL,
  why TEXT NOT NULL,
  PRIMARY KEY (org_id, version)
);

CREATE TABLE fieldwork_opinion (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  engagement TEXT NOT NULL,
  matter TEXT NOT NULL,
  version INTEGER NOT NULL,
  kind TEXT NOT NULL,
  basis TEXT NOT NULL,
  said_by TEXT NOT NULL,
  said_at BIGINT NOT NULL,
  PRIMARY KEY (org_id, engagement, matter, version)
);
