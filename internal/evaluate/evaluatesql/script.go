package evaluatesql

import (
	"fmt"
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
	b.WriteString("\n-- The verdicts.\nCREATE TEMP TABLE v AS (\n" + strings.TrimSpace(bind(q.SQL, q)) + "\n);\n")
	b.WriteString("\n-- One row for each member of the population, and nothing else.\nCREATE TEMP TABLE population AS (\n" + strings.TrimSpace(bind(q.Population, q)) + "\n);\n")
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

// bind writes parameters out as literals, outside of quotes and comments.
func bind(sql string, q evaluate.Query) string {
	var b strings.Builder
	for i := 0; i < len(sql); {
		c := sql[i]
		switch {
		case c == '\'' || c == '"':
			j := i + 1
			for j < len(sql) && sql[j] != c {
				j++
			}
			j = min(j+1, len(sql))
			b.WriteString(sql[i:j])
			i = j
		case strings.HasPrefix(sql[i:], "--"):
			j := strings.IndexByte(sql[i:], '\n')
			if j < 0 {
				j = len(sql) - i
			}
			b.WriteString(sql[i : i+j])
			i += j
		case c == '$':
			j := i + 1
			for j < len(sql) && (sql[j] == '_' || sql[j] >= 'a' && sql[j] <= 'z' || sql[j] >= '0' && sql[j] <= '9') {
				j++
			}
			b.WriteString(literal(sql[i+1:j], q))
			i = j
		default:
			b.WriteByte(c)
			i++
		}
	}
	return b.String()
}

func literal(name string, q evaluate.Query) string {
	v, ok := q.Params[name]
	if !ok {
		return "$" + name
	}
	switch q.Types[name] {
	case "timestamp":
		return fmt.Sprintf("TIMESTAMP %s", lake.Literal(strings.TrimSuffix(strings.Replace(v, "T", " ", 1), "Z")))
	case "bigint":
		return "CAST(" + v + " AS BIGINT)"
	case "boolean":
		return strings.ToUpper(v)
	}
	return lake.Literal(v)
}
