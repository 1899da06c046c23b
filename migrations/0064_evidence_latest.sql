-- The newest snapshot of a resource is asked for by every test on every run, mostly without naming a system.
CREATE INDEX evidence_item_latest ON evidence_item (org_id, resource, system, source, from_at);
