-- A control points at its newest version and at the one that counts: the newest approved or retired one, or the newest
-- draft while there is neither. Owner and deputy are those of its newest row in control_owner.
CREATE TABLE control_control (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  ref TEXT NOT NULL,
  source TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  newest INTEGER NOT NULL,
  counts INTEGER NOT NULL,
  owner TEXT NOT NULL,
  deputy TEXT NOT NULL,
  UNIQUE (org_id, ref)
);

-- effective_at is null for a draft: what was in force at an instant is the highest number effective by then.
CREATE TABLE control_version (
  control_id TEXT NOT NULL REFERENCES control_control (id),
  number INTEGER NOT NULL,
  title TEXT NOT NULL,
  statement TEXT NOT NULL,
  type TEXT NOT NULL,
  nature TEXT NOT NULL,
  frequency TEXT NOT NULL,
  owner_role TEXT NOT NULL,
  grace_hours INTEGER NOT NULL,
  evidence TEXT NOT NULL,
  requirements TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  status TEXT NOT NULL,
  author TEXT NOT NULL,
  at BIGINT NOT NULL,
  approved_by TEXT NOT NULL,
  approved_at BIGINT,
  effective_at BIGINT,
  note TEXT NOT NULL,
  PRIMARY KEY (control_id, number)
);

-- The requirements of each version once more, to be searched by.
CREATE TABLE control_requirement (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  control_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  framework TEXT NOT NULL,
  requirement TEXT NOT NULL,
  PRIMARY KEY (control_id, number, framework, requirement),
  FOREIGN KEY (control_id, number) REFERENCES control_version (control_id, number)
);

CREATE INDEX control_requirement_id ON control_requirement (org_id, framework, requirement);

CREATE TABLE control_owner (
  control_id TEXT NOT NULL REFERENCES control_control (id),
  n INTEGER NOT NULL,
  owner TEXT NOT NULL,
  deputy TEXT NOT NULL,
  at BIGINT NOT NULL,
  assigned_by TEXT NOT NULL,
  PRIMARY KEY (control_id, n)
);

CREATE TABLE control_complement (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  ref TEXT NOT NULL,
  revision INTEGER NOT NULL,
  kind TEXT NOT NULL,
  text TEXT NOT NULL,
  requirements TEXT NOT NULL,
  without TEXT NOT NULL,
  party TEXT NOT NULL,
  retired BOOLEAN NOT NULL,
  author TEXT NOT NULL,
  at BIGINT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (org_id, ref, revision)
);

CREATE TABLE control_complement_counter (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  kind TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (org_id, kind)
);
