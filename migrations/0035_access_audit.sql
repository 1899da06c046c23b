-- The organisations that are audit firms: they examine, the others are examined.
CREATE TABLE access_firm (
  org_id TEXT PRIMARY KEY REFERENCES access_org (id)
);

-- Who of a firm was invited to an engagement of a client. Rows are never removed: removed_at ends the invitation.
CREATE TABLE access_audit (
  id TEXT PRIMARY KEY,
  engagement TEXT NOT NULL,
  client_id TEXT NOT NULL REFERENCES access_org (id),
  firm_id TEXT NOT NULL REFERENCES access_org (id),
  user_id TEXT NOT NULL REFERENCES access_user (id),
  invited_at BIGINT NOT NULL,
  invited_by TEXT NOT NULL,
  declared_at BIGINT,
  declared TEXT NOT NULL,
  entered_day INTEGER NOT NULL,
  removed_at BIGINT,
  removed_by TEXT NOT NULL,
  removed_why TEXT NOT NULL
);

CREATE UNIQUE INDEX access_audit_live ON access_audit (engagement, user_id) WHERE removed_at IS NULL;

CREATE INDEX access_audit_user ON access_audit (user_id, removed_at);
