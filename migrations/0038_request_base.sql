-- What an auditor asks a client for in an examination. A request that was asked belongs to the client's organisation, where both
-- sides see it; a draft belongs to the firm's, and moves when it is asked. Times are microseconds, days count from 1970; empty
-- texts stand for nobody and nothing.
CREATE TABLE request_request (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  engagement TEXT NOT NULL,
  number INTEGER NOT NULL,
  ref TEXT NOT NULL,
  kind TEXT NOT NULL,
  control TEXT NOT NULL,
  criterion TEXT NOT NULL,
  title TEXT NOT NULL,
  text TEXT NOT NULL,
  from_day INTEGER NOT NULL,
  to_day INTEGER NOT NULL,
  due_day INTEGER NOT NULL,
  owner TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  answer TEXT NOT NULL,
  ipe TEXT NOT NULL,
  asked_at BIGINT NOT NULL,
  asked_by TEXT NOT NULL,
  provided_at BIGINT,
  provided_by TEXT NOT NULL,
  decided_at BIGINT,
  decided_by TEXT NOT NULL,
  version INTEGER NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (org_id, engagement, ref)
);

CREATE INDEX request_request_due ON request_request (org_id, engagement, due_day, number);

CREATE INDEX request_request_owner ON request_request (org_id, owner, state);

CREATE INDEX request_request_control ON request_request (org_id, engagement, control);

CREATE TABLE request_counter (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  engagement TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (org_id, engagement)
);

-- What was given in answer. The auditor sees it once it is handed over.
CREATE TABLE request_piece (
  request_id TEXT NOT NULL REFERENCES request_request (id),
  n INTEGER NOT NULL,
  kind TEXT NOT NULL,
  ref TEXT NOT NULL,
  title TEXT NOT NULL,
  from_at BIGINT NOT NULL,
  to_at BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  outside TEXT NOT NULL,
  added_at BIGINT NOT NULL,
  added_by TEXT NOT NULL,
  handed_at BIGINT,
  PRIMARY KEY (request_id, n),
  UNIQUE (request_id, kind, ref)
);

CREATE INDEX request_piece_ref ON request_piece (kind, ref);

-- Everything that happened to a request, and what either side said about it.
CREATE TABLE request_event (
  request_id TEXT NOT NULL REFERENCES request_request (id),
  n INTEGER NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  kind TEXT NOT NULL,
  field TEXT NOT NULL,
  was TEXT NOT NULL,
  became TEXT NOT NULL,
  PRIMARY KEY (request_id, n)
);

-- Notes of the firm on a request. They are the firm's own: org_id is the firm, and there is no way to them from the client's side.
CREATE TABLE request_remark (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  engagement TEXT NOT NULL,
  request TEXT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  text TEXT NOT NULL
);

CREATE INDEX request_remark_request ON request_remark (org_id, request, at);
