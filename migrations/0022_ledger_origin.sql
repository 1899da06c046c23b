-- The address a person acted from. It is personal data beside the chain, not in it: erasing a payload erases it too.
CREATE TABLE ledger_origin (
  org_id TEXT NOT NULL,
  seq BIGINT NOT NULL,
  address TEXT NOT NULL,
  PRIMARY KEY (org_id, seq)
);
