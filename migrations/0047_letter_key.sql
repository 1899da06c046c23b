-- The key with which an organisation's documents are signed as files, made with the first document that a person signs. sealed is
-- the private key under the installation's key file; certificate is DER in base64. Never written again.
CREATE TABLE letter_key (
  org_id TEXT PRIMARY KEY REFERENCES access_org (id),
  certificate TEXT NOT NULL,
  sealed TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  made_by TEXT NOT NULL
);
