-- The register of vendors. body is JSON of what is written about a vendor and never searched by; the other columns are what
-- lists narrow and sort by (applications are folded names, each on a line of its own). Days are 0 for none. covered_day to next_what follow from the records and are kept with them.
CREATE TABLE vendors_vendor (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  number INTEGER NOT NULL,
  ref TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  tier TEXT NOT NULL,
  owner TEXT NOT NULL,
  data TEXT NOT NULL,
  applications TEXT NOT NULL,
  subservice BOOLEAN NOT NULL,
  described TEXT NOT NULL,
  started_day INTEGER NOT NULL,
  ended_at BIGINT,
  body TEXT NOT NULL,
  assessed_day INTEGER NOT NULL,
  performed_day INTEGER NOT NULL,
  reports INTEGER NOT NULL,
  covered_day INTEGER NOT NULL,
  hole_day INTEGER NOT NULL,
  next_day INTEGER NOT NULL,
  next_what TEXT NOT NULL,
  removed BOOLEAN NOT NULL,
  version INTEGER NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (org_id, ref)
);

CREATE UNIQUE INDEX vendors_vendor_name ON vendors_vendor (org_id, name_key) WHERE NOT removed;

CREATE INDEX vendors_vendor_next ON vendors_vendor (org_id, next_day);

-- Assessments, reports, bridge letters, and what reports ask of the organisation.
CREATE TABLE vendors_record (
  id TEXT PRIMARY KEY,
  vendor_id TEXT NOT NULL REFERENCES vendors_vendor (id),
  org_id TEXT NOT NULL REFERENCES access_org (id),
  kind TEXT NOT NULL,
  number INTEGER NOT NULL,
  ref TEXT NOT NULL,
  day INTEGER NOT NULL,
  body TEXT NOT NULL,
  removed BOOLEAN NOT NULL,
  version INTEGER NOT NULL,
  at BIGINT NOT NULL,
  by_actor TEXT NOT NULL,
  UNIQUE (org_id, ref)
);

CREATE INDEX vendors_record_vendor ON vendors_record (vendor_id, kind);

CREATE TABLE vendors_counter (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  kind TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (org_id, kind)
);

-- How often what is due. Without a row the defaults hold.
CREATE TABLE vendors_rules (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  body TEXT NOT NULL,
  version INTEGER NOT NULL,
  at BIGINT NOT NULL,
  by_actor TEXT NOT NULL,
  PRIMARY KEY (org_id)
);
