-- What an organisation decided about the rhythm of a control that people perform. A term counts from since_day until the next
-- one; what was due under an old term stays due under it. rhythm is empty where the plan ends.
CREATE TABLE occurrence_term (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  control TEXT NOT NULL,
  version INTEGER NOT NULL,
  since_day INTEGER NOT NULL,
  rhythm TEXT NOT NULL,
  first_day INTEGER NOT NULL,
  window_days INTEGER NOT NULL,
  owner TEXT NOT NULL,
  deputy TEXT NOT NULL,
  attach TEXT NOT NULL,
  checked BOOLEAN NOT NULL,
  why TEXT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  PRIMARY KEY (org_id, control, version)
);

-- What is on record about one occurrence. performed_day is 0 while it was sent back and not performed again.
CREATE TABLE occurrence_record (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  control TEXT NOT NULL,
  due_day INTEGER NOT NULL,
  version INTEGER NOT NULL,
  performed_day INTEGER NOT NULL,
  recorded_at BIGINT NOT NULL,
  performer TEXT NOT NULL,
  note TEXT NOT NULL,
  evidence TEXT NOT NULL,
  checker TEXT NOT NULL,
  checked_at BIGINT,
  check_note TEXT NOT NULL,
  PRIMARY KEY (org_id, control, due_day)
);

CREATE TABLE occurrence_event (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  control TEXT NOT NULL,
  due_day INTEGER NOT NULL,
  n INTEGER NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  kind TEXT NOT NULL,
  note TEXT NOT NULL,
  evidence TEXT NOT NULL,
  PRIMARY KEY (org_id, control, due_day, n)
);
