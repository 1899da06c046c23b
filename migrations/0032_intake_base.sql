-- A file that somebody brought along to import. sheet and header_row say where the table begins, mapping which column holds what.
CREATE TABLE intake_import (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  number INTEGER NOT NULL,
  ref TEXT NOT NULL,
  kind TEXT NOT NULL,
  file_name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  sheet TEXT NOT NULL,
  header_row INTEGER NOT NULL,
  mapping TEXT NOT NULL,
  state TEXT NOT NULL,
  counts TEXT NOT NULL,
  evidence TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  checked_at BIGINT,
  ended_at BIGINT,
  UNIQUE (org_id, ref)
);

-- What becomes of each row, as of the last time it was tried or applied.
CREATE TABLE intake_row (
  import_id TEXT NOT NULL REFERENCES intake_import (id),
  n INTEGER NOT NULL,
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  cell TEXT NOT NULL,
  why TEXT NOT NULL,
  PRIMARY KEY (import_id, n)
);

CREATE INDEX intake_row_state ON intake_row (import_id, state, n);

CREATE TABLE intake_counter (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  n INTEGER NOT NULL,
  PRIMARY KEY (org_id)
);

-- The columns somebody chose for headings like these, for the next file.
CREATE TABLE intake_habit (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  kind TEXT NOT NULL,
  headings TEXT NOT NULL,
  mapping TEXT NOT NULL,
  PRIMARY KEY (org_id, kind, headings)
);
