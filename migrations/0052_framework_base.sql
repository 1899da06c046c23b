-- Frameworks that an organisation imported: each is what its newest revision says. removed_at is empty while it is in use.
CREATE TABLE framework_framework (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  ref TEXT NOT NULL,
  number INTEGER NOT NULL,
  title TEXT NOT NULL,
  edition TEXT NOT NULL,
  published TEXT NOT NULL,
  oscal TEXT NOT NULL,
  uuid TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  file TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  revision INTEGER NOT NULL,
  by_actor TEXT NOT NULL,
  at BIGINT NOT NULL,
  removed_at BIGINT,
  UNIQUE (org_id, ref)
);

CREATE TABLE framework_counter (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  n INTEGER NOT NULL,
  PRIMARY KEY (org_id)
);

CREATE TABLE framework_family (
  framework_id TEXT NOT NULL REFERENCES framework_framework (id),
  n INTEGER NOT NULL,
  code TEXT NOT NULL,
  title TEXT NOT NULL,
  PRIMARY KEY (framework_id, code)
);

-- gone is the revision in which a requirement vanished, 0 while it is there. words is what lists are searched by.
CREATE TABLE framework_requirement (
  framework_id TEXT NOT NULL REFERENCES framework_framework (id),
  n INTEGER NOT NULL,
  code TEXT NOT NULL,
  label TEXT NOT NULL,
  title TEXT NOT NULL,
  statement TEXT NOT NULL,
  words TEXT NOT NULL,
  family TEXT NOT NULL,
  parent TEXT NOT NULL,
  withdrawn INTEGER NOT NULL,
  became TEXT NOT NULL,
  gone INTEGER NOT NULL,
  PRIMARY KEY (framework_id, code)
);

-- Which controls answer a requirement. The requirement need not be there any more: a mapping outlives it, marked.
CREATE TABLE framework_mapping (
  framework_id TEXT NOT NULL REFERENCES framework_framework (id),
  code TEXT NOT NULL,
  control TEXT NOT NULL,
  source TEXT NOT NULL,
  by_actor TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (framework_id, code, control)
);

-- Each import, with what it changed against the one before, as JSON.
CREATE TABLE framework_revision (
  framework_id TEXT NOT NULL REFERENCES framework_framework (id),
  n INTEGER NOT NULL,
  edition TEXT NOT NULL,
  oscal TEXT NOT NULL,
  uuid TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  file TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  by_actor TEXT NOT NULL,
  at BIGINT NOT NULL,
  changes TEXT NOT NULL,
  requirements INTEGER NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (framework_id, n)
);
