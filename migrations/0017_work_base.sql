-- What somebody has to do. owner is empty while nobody is assigned, due_day is 0 without a date. A record is the newest
-- state; everything that ever changed in it is in work_event.
CREATE TABLE work_task (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  ref TEXT NOT NULL,
  number INTEGER NOT NULL,
  title TEXT NOT NULL,
  text TEXT NOT NULL,
  status TEXT NOT NULL,
  why TEXT NOT NULL,
  source TEXT NOT NULL,
  source_ref TEXT NOT NULL,
  owner TEXT NOT NULL,
  due_day INTEGER NOT NULL,
  criteria TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  updated_at BIGINT NOT NULL,
  closed_at BIGINT,
  UNIQUE (org_id, ref)
);

-- What a task comes from has at most one task that is not closed.
CREATE UNIQUE INDEX work_task_source ON work_task (org_id, source, source_ref) WHERE source <> 'hand' AND closed_at IS NULL;

CREATE INDEX work_task_owner ON work_task (org_id, owner, closed_at, due_day);

CREATE TABLE work_event (
  task_id TEXT NOT NULL REFERENCES work_task (id),
  n INTEGER NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  kind TEXT NOT NULL,
  field TEXT NOT NULL,
  was TEXT NOT NULL,
  became TEXT NOT NULL,
  PRIMARY KEY (task_id, n)
);

CREATE TABLE work_counter (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  n INTEGER NOT NULL,
  PRIMARY KEY (org_id)
);

-- What a person said about a line of a guided programme; the highest n counts.
CREATE TABLE work_mark (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  programme TEXT NOT NULL,
  line TEXT NOT NULL,
  n INTEGER NOT NULL,
  state TEXT NOT NULL,
  note TEXT NOT NULL,
  evidence TEXT NOT NULL,
  actor TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (org_id, programme, line, n)
);
