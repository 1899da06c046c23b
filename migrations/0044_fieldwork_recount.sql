-- Counts of the source of a population made after it was frozen. Rows are only added.
CREATE TABLE fieldwork_recount (
  population_id TEXT NOT NULL REFERENCES fieldwork_population (id),
  n INTEGER NOT NULL,
  counted BIGINT NOT NULL,
  source TEXT NOT NULL,
  reason TEXT NOT NULL,
  counted_by TEXT NOT NULL,
  counted_at BIGINT NOT NULL,
  PRIMARY KEY (population_id, n)
);
