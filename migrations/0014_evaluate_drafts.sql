-- Versions of an organisation's own tests that were proposed: n counts them by test. A draft that another one follows is
-- replaced; one that is approved was installed as the version it names.
CREATE TABLE evaluate_draft (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  test TEXT NOT NULL,
  n INTEGER NOT NULL,
  version INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  text TEXT NOT NULL,
  note TEXT NOT NULL,
  status TEXT NOT NULL,
  author TEXT NOT NULL,
  at BIGINT NOT NULL,
  decided_by TEXT NOT NULL,
  decided_at BIGINT,
  why TEXT NOT NULL,
  PRIMARY KEY (org_id, test, n)
);

CREATE INDEX evaluate_draft_waiting ON evaluate_draft (org_id, status, test);

-- Whether an organisation wants a second person to approve its own tests; without a row it does.
CREATE TABLE evaluate_rule (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  second_person BOOLEAN NOT NULL,
  set_by TEXT NOT NULL,
  set_at BIGINT NOT NULL,
  PRIMARY KEY (org_id)
);
