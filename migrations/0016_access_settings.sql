-- What an organisation has chosen; no row while everything is as the program has it.
CREATE TABLE access_setting (
  org_id TEXT PRIMARY KEY REFERENCES access_org (id),
  version BIGINT NOT NULL,
  legal_name TEXT NOT NULL,
  site TEXT NOT NULL,
  contact TEXT NOT NULL,
  second_factor BOOLEAN NOT NULL,
  idle_s BIGINT NOT NULL,
  life_s BIGINT NOT NULL,
  every_s BIGINT NOT NULL
);

-- Links with which people set a password: the first one, or a new one.
CREATE TABLE access_invite (
  digest TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  user_id TEXT NOT NULL REFERENCES access_user (id),
  by_actor TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT
);

CREATE INDEX access_invite_user ON access_invite (user_id);
