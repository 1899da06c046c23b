package evaluatesql

import (
	"strings"

	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/platform/lake"
)

// Script writes a query as a script for a stock DuckDB: the same tables, the same statement with its parameters written
// out, the same hash.
func (e *Engine) Script(tables []evaluate.Table, files map[string][]string, q evaluate.Query) string {
	var b strings.Builder
	b.WriteString("SET TimeZone = 'UTC';\n")
	schemas := map[string]bool{}
	for _, t := range tables {
		table := lakeTable(t)
		table.Files = files[t.Name]
		if table.Schema != "" && !schemas[table.Schema] {
			schemas[table.Schema] = true
			b.WriteString("CREATE SCHEMA IF NOT EXISTS " + lake.Quote(table.Schema) + ";\n")
		}
		b.WriteString(lake.LoadSQL(table, lake.SelectColumns(table)) + ";\n")
	}
	b.WriteString("\n-- The verdicts.\nCREATE TEMP TABLE v AS (\n" + strings.TrimSpace(lake.Bind(q.SQL, lakeParams(q))) + "\n);\n")
	b.WriteString("\n-- One row for each member of the population, and nothing else.\nCREATE TEMP TABLE population AS (\n" + strings.TrimSpace(lake.Bind(q.Population, lakeParams(q))) + "\n);\n")
	b.WriteString(`
SELECT (SELECT count(*) FROM population) AS population, count(*) AS verdicts,
  (SELECT count(*) FROM (SELECT item_id FROM population EXCEPT ALL SELECT item_id FROM v)) AS members_without_verdict
FROM v;

SELECT outcome, count(*) AS items FROM v GROUP BY outcome ORDER BY outcome;

SELECT * FROM v WHERE outcome IN ('fail', 'unknown') ORDER BY item_id;

-- The hash that the ledger holds.
SELECT ` + lake.HashSQL + ` AS rows_sha256 FROM v;
`)
	return b.String()
}

func lakeParams(q evaluate.Query) map[string]lake.Param {
	out := map[string]lake.Param{}
	for n, v := range q.Params {
		out[n] = lake.Param{Type: q.Types[n], Value: v}
	}
	return out
}
