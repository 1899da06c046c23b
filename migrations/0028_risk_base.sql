-- The risk register. body is the whole risk as JSON; the columns beside it are those that lists filter and sort by. A rating
-- is 0 while it is not known, a day 0 when there is none.
CREATE TABLE risk_risk (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  ref TEXT NOT NULL,
  number INTEGER NOT NULL,
  title TEXT NOT NULL,
  words TEXT NOT NULL,
  kind TEXT NOT NULL,
  threat TEXT NOT NULL,
  state TEXT NOT NULL,
  response TEXT NOT NULL,
  owner TEXT NOT NULL,
  controls TEXT NOT NULL,
  concerns TEXT NOT NULL,
  inherent_likelihood INTEGER NOT NULL,
  inherent_impact INTEGER NOT NULL,
  residual_likelihood INTEGER NOT NULL,
  residual_impact INTEGER NOT NULL,
  review_day INTEGER NOT NULL,
  version INTEGER NOT NULL,
  updated_at BIGINT NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (org_id, ref)
);

CREATE INDEX risk_risk_residual ON risk_risk (org_id, state, residual_likelihood, residual_impact);

-- Every state a risk ever had.
CREATE TABLE risk_version (
  risk_id TEXT NOT NULL REFERENCES risk_risk (id),
  n INTEGER NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  act TEXT NOT NULL,
  note TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (risk_id, n)
);

CREATE TABLE risk_counter (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  what TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (org_id, what)
);

CREATE TABLE risk_scale (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  version INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (org_id, version)
);

-- plan is what people say about an assessment; frozen is what was sealed, under its sha256, which is in the ledger entry seq.
CREATE TABLE risk_assessment (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  ref TEXT NOT NULL,
  plan TEXT NOT NULL,
  version INTEGER NOT NULL,
  opened_at BIGINT NOT NULL,
  opened_by TEXT NOT NULL,
  frozen_at BIGINT,
  frozen_by TEXT NOT NULL,
  frozen TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  evidence TEXT NOT NULL,
  seq BIGINT NOT NULL,
  UNIQUE (org_id, ref)
);

CREATE TABLE risk_line (
  assessment_id TEXT NOT NULL REFERENCES risk_assessment (id),
  risk_id TEXT NOT NULL REFERENCES risk_risk (id),
  ref TEXT NOT NULL,
  finding TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (assessment_id, risk_id)
);

-- What makes a review necessary between assessments. state is waiting, reviewed or dropped.
CREATE TABLE risk_trigger (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  ref TEXT NOT NULL,
  number INTEGER NOT NULL,
  title TEXT NOT NULL,
  kind TEXT NOT NULL,
  about TEXT NOT NULL,
  state TEXT NOT NULL,
  effective_day INTEGER NOT NULL,
  version INTEGER NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (org_id, ref)
);
