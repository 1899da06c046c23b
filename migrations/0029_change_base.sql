-- Changes that people are told of. body is the whole record as JSON; the columns beside it are those that lists filter and
-- sort by. significant is yes, no, or empty while nobody has decided; told is none, part, all or nobody-to-tell.
CREATE TABLE change_change (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  ref TEXT NOT NULL,
  title TEXT NOT NULL,
  words TEXT NOT NULL,
  state TEXT NOT NULL,
  significant TEXT NOT NULL,
  customer INTEGER NOT NULL,
  told TEXT NOT NULL,
  late INTEGER NOT NULL,
  effective_day INTEGER NOT NULL,
  version INTEGER NOT NULL,
  updated_at BIGINT NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (org_id, ref)
);

CREATE INDEX change_change_effective ON change_change (org_id, effective_day);

-- Every state a record ever had.
CREATE TABLE change_version (
  change_id TEXT NOT NULL REFERENCES change_change (id),
  n INTEGER NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  act TEXT NOT NULL,
  note TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (change_id, n)
);

CREATE TABLE change_counter (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  year INTEGER NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (org_id, year)
);
