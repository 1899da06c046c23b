-- Forms that were sent: what a second sending of the same one is answered with. Rows live for a day.
CREATE TABLE access_once (
  user_id TEXT NOT NULL REFERENCES access_user (id),
  token TEXT NOT NULL,
  at BIGINT NOT NULL,
  path TEXT NOT NULL,
  flash TEXT NOT NULL,
  PRIMARY KEY (user_id, token)
);

CREATE INDEX access_once_at ON access_once (at);

-- How a person likes the pages: keys, density.
CREATE TABLE access_preference (
  user_id TEXT NOT NULL REFERENCES access_user (id),
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (user_id, name)
);

-- Lists that were saved under a name: one person's, or with shared everybody's of the organisation.
CREATE TABLE access_view (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES access_org (id),
  user_id TEXT NOT NULL REFERENCES access_user (id),
  shared BOOLEAN NOT NULL,
  name TEXT NOT NULL,
  folded TEXT NOT NULL,
  path TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE INDEX access_view_org ON access_view (org_id, user_id);
