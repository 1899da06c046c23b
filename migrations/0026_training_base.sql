CREATE TABLE training_course (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  ref TEXT NOT NULL,
  number INTEGER NOT NULL,
  retired_at BIGINT,
  newest INTEGER NOT NULL,
  UNIQUE (org_id, ref)
);

CREATE TABLE training_counter (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  n INTEGER NOT NULL,
  PRIMARY KEY (org_id)
);

-- A version never changes: who passed it passed this text. What a list shows is beside the text it was read from.
CREATE TABLE training_version (
  course_id TEXT NOT NULL REFERENCES training_course (id),
  n INTEGER NOT NULL,
  title TEXT NOT NULL,
  kind TEXT NOT NULL,
  minutes INTEGER NOT NULL,
  text TEXT NOT NULL,
  hash TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  PRIMARY KEY (course_id, n)
);

CREATE TABLE training_attempt (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  duty TEXT NOT NULL,
  n INTEGER NOT NULL,
  person TEXT NOT NULL,
  course TEXT NOT NULL,
  version INTEGER NOT NULL,
  answers TEXT NOT NULL,
  correct INTEGER NOT NULL,
  total INTEGER NOT NULL,
  passed BOOLEAN NOT NULL,
  at BIGINT NOT NULL,
  UNIQUE (duty, n)
);

-- What a learning system elsewhere says, where no campaign had asked for it. A score of -1 was not told.
CREATE TABLE training_completion (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  person TEXT NOT NULL,
  course TEXT NOT NULL,
  done_at BIGINT NOT NULL,
  score INTEGER NOT NULL,
  source TEXT NOT NULL,
  at BIGINT NOT NULL,
  by_actor TEXT NOT NULL,
  UNIQUE (org_id, person, course, done_at)
);
