-- On which days anything was evaluated: every page that draws days asks for it.
CREATE INDEX evaluate_batch_as_of ON evaluate_batch (org_id, as_of);
