-- A route that was removed keeps its row, without its secret, for the names of its deliveries.
CREATE TABLE notify_route (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  settings TEXT NOT NULL,
  sealed TEXT NOT NULL,
  events TEXT NOT NULL,
  enabled BOOLEAN NOT NULL,
  version INTEGER NOT NULL,
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  changed_by TEXT NOT NULL,
  removed_at BIGINT
);

CREATE INDEX notify_route_org ON notify_route (org_id);

-- A message is told once: the key says about what.
CREATE TABLE notify_message (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  key TEXT NOT NULL,
  event TEXT NOT NULL,
  subject TEXT NOT NULL,
  text TEXT NOT NULL,
  link TEXT NOT NULL,
  person TEXT NOT NULL,
  at BIGINT NOT NULL,
  UNIQUE (org_id, key)
);

CREATE INDEX notify_message_at ON notify_message (org_id, at);

CREATE TABLE notify_delivery (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  route_id TEXT NOT NULL REFERENCES notify_route (id),
  message_id TEXT NOT NULL REFERENCES notify_message (id),
  status TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  error TEXT NOT NULL,
  next_at BIGINT NOT NULL,
  done_at BIGINT,
  UNIQUE (route_id, message_id)
);

CREATE INDEX notify_delivery_next ON notify_delivery (org_id, status, next_at);

CREATE TABLE notify_cursor (
  org_id TEXT NOT NULL REFERENCES access_org (id),
  follower TEXT NOT NULL,
  cursor TEXT NOT NULL,
  PRIMARY KEY (org_id, follower)
);
