-- What an examination is about besides its categories, who examines, and the version of the record. NULL for engagements of
-- before: SOC 2 Type 2, nothing added, nothing derived.
ALTER TABLE engagement_engagement ADD COLUMN plus TEXT;
ALTER TABLE engagement_engagement ADD COLUMN derived TEXT;
ALTER TABLE engagement_engagement ADD COLUMN objectives TEXT;
ALTER TABLE engagement_engagement ADD COLUMN licence TEXT;
ALTER TABLE engagement_engagement ADD COLUMN peer_day INTEGER;
ALTER TABLE engagement_engagement ADD COLUMN version INTEGER;

-- Every step from state to state, with its reason and the conditions it rested on.
CREATE TABLE engagement_step (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  engagement_id TEXT NOT NULL REFERENCES engagement_engagement (id),
  n INTEGER NOT NULL,
  was TEXT NOT NULL,
  becomes TEXT NOT NULL,
  reason TEXT NOT NULL,
  gates TEXT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  PRIMARY KEY (engagement_id, n)
);

-- Conditions that a person confirmed because no record can show them. They hold while the state they are of lasts.
CREATE TABLE engagement_confirmation (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  engagement_id TEXT NOT NULL REFERENCES engagement_engagement (id),
  gate TEXT NOT NULL,
  at BIGINT NOT NULL,
  why TEXT NOT NULL,
  actor TEXT NOT NULL,
  PRIMARY KEY (engagement_id, gate, at)
);

-- The log of changes of scope. was and becomes are the terms as JSON. decided_at is NULL while the auditor's consent is awaited.
CREATE TABLE engagement_scope (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  engagement_id TEXT NOT NULL REFERENCES engagement_engagement (id),
  n INTEGER NOT NULL,
  was TEXT NOT NULL,
  becomes TEXT NOT NULL,
  reason TEXT NOT NULL,
  state TEXT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  decided_at BIGINT,
  decided_by TEXT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (engagement_id, n)
);
