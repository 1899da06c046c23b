package lake

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// catalog is what the child knows of DuckDB's functions: which may give another answer for the same arguments.
type catalog struct{ unstable map[string]bool }

// alwaysUnstable are functions that DuckDB calls consistent although they read the session, or that pick any of several
// rows.
var alwaysUnstable = []string{
	"getvariable", "current_setting", "version", "user", "current_user", "session_user", "current_role", "getenv", "query", "query_table",
	"first", "last", "any_value", "arbitrary", "approx_count_distinct", "approx_quantile", "reservoir_quantile", "approx_top_k", "write_log",
	"md5_number", "pi_random", "txid_current", "json_execute_serialized_sql",
}

// orderSensitive are aggregates and window functions whose answer depends on the order of rows.
var orderSensitive = []string{
	"string_agg", "group_concat", "listagg", "list", "array_agg", "histogram", "mode", "row_number", "first_value", "last_value", "nth_value", "lag",
	"lead", "ntile", "rank_dense",
}

// bareFunctions are functions that SQL calls without parentheses; the parser cannot tell them from columns.
var bareFunctions = []string{"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "current_user", "session_user", "current_role", "current_catalog", "current_schema"}

// allowedTableFuncs are the table functions that read nothing but their arguments.
var allowedTableFuncs = []string{"generate_series", "range", "unnest"}

func readCatalog(db *sql.DB) (*catalog, error) {
	rows, err := db.Query(`SELECT DISTINCT lower(function_name), coalesce(stability, ''), coalesce(macro_definition, ''), function_type
		FROM duckdb_functions() WHERE function_type IN ('scalar', 'aggregate', 'macro')`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	c := &catalog{unstable: map[string]bool{}}
	macros := map[string]string{}
	for rows.Next() {
		var name, stability, macro, kind string
		if err := rows.Scan(&name, &stability, &macro, &kind); err != nil {
			return nil, err
		}
		switch {
		case kind == "macro":
			macros[name] += " " + strings.ToLower(macro)
		case stability != "CONSISTENT" && name != "error":
			c.unstable[name] = true
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for _, n := range alwaysUnstable {
		c.unstable[n] = true
	}
	// A macro is unstable when it calls something that is. Two rounds cover macros that call macros.
	for range 2 {
		for name, body := range macros {
			for _, w := range identifier.FindAllString(body, -1) {
				if c.unstable[w] || strings.HasPrefix(w, "current_") {
					c.unstable[name] = true
				}
			}
		}
	}
	return c, nil
}

var identifier = regexp.MustCompile(`[a-z_][a-z0-9_]*`)

// inspect parses a statement with DuckDB's own parser, which is the only one that cannot disagree with its executor.
func (c *catalog) inspect(db *sql.DB, stmt string) (*Inspection, error) {
	if strings.ContainsRune(stmt, 0) {
		return &Inspection{Error: "the statement contains a NUL character"}, nil
	}
	var text string
	if err := db.QueryRow(`SELECT json_serialize_sql(` + Literal(stmt) + `)::VARCHAR`).Scan(&text); err != nil {
		return nil, err
	}
	var tree struct {
		Error      bool             `json:"error"`
		Msg        string           `json:"error_message"`
		Position   any              `json:"position"`
		Statements []map[string]any `json:"statements"`
	}
	if err := json.Unmarshal([]byte(text), &tree); err != nil {
		return nil, fmt.Errorf("read the parser's answer: %w", err)
	}
	found := &Inspection{Functions: []string{}, Unstable: []string{}, Unordered: []string{}, TableFuncs: []string{}, Tables: []string{}, Params: []string{}, Columns: []string{}, Defaults: []string{}}
	switch {
	case tree.Error && strings.Contains(tree.Msg, "Only SELECT"):
		found.Error = "only one SELECT is allowed"
		return found, nil
	case tree.Error:
		found.Error = tree.Msg
		if tree.Position != nil {
			found.Error += fmt.Sprintf(" (at character %v)", tree.Position)
		}
		return found, nil
	case len(tree.Statements) != 1:
		found.Error = fmt.Sprintf("only one SELECT is allowed, not %d statements", len(tree.Statements))
		return found, nil
	}
	w := &walker{c: c, found: found, own: map[string]bool{}}
	w.walk(tree.Statements[0])
	found.Tables = slices.DeleteFunc(found.Tables, func(t string) bool { return w.own[t] })
	for _, l := range []*[]string{&found.Functions, &found.Unstable, &found.Unordered, &found.TableFuncs, &found.Tables, &found.Params, &found.Columns, &found.Defaults} {
		slices.Sort(*l)
		*l = slices.Compact(*l)
	}
	return found, nil
}

type walker struct {
	c     *catalog
	found *Inspection
	own   map[string]bool // names of common table expressions
}

func (w *walker) walk(v any) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			w.walk(x)
		}
	case map[string]any:
		w.node(v)
		for _, x := range v {
			w.walk(x)
		}
	}
}

func text(n map[string]any, key string) string {
	s, _ := n[key].(string)
	return s
}

func (w *walker) node(n map[string]any) {
	switch text(n, "class") {
	case "FUNCTION", "WINDOW":
		w.function(n)
	case "CASE":
		w.fallback(n["else_expr"])
	case "COLUMN_REF":
		if names, ok := n["column_names"].([]any); ok && len(names) > 0 {
			if s, ok := names[len(names)-1].(string); ok {
				s = strings.ToLower(s)
				w.found.Columns = append(w.found.Columns, s)
				if len(names) == 1 && slices.Contains(bareFunctions, s) {
					w.found.Functions, w.found.Unstable = append(w.found.Functions, s), append(w.found.Unstable, s)
				}
			}
		}
	case "OPERATOR":
		if text(n, "type") == "OPERATOR_COALESCE" {
			w.alternatives(n["children"])
		}
	}
	switch text(n, "type") {
	case "BASE_TABLE":
		name := strings.ToLower(text(n, "table_name"))
		if s := text(n, "schema_name"); s != "" {
			name = strings.ToLower(s) + "." + name
		}
		if s := text(n, "catalog_name"); s != "" {
			name = strings.ToLower(s) + "." + name
		}
		w.found.Tables = append(w.found.Tables, name)
	case "TABLE_FUNCTION":
		if f, ok := n["function"].(map[string]any); ok {
			w.found.TableFuncs = append(w.found.TableFuncs, strings.ToLower(text(f, "function_name")))
		}
	}
	if n["sample"] != nil {
		w.found.Sampled = true
	}
	if m, ok := n["cte_map"].(map[string]any); ok {
		w.ctes(m["map"])
	}
	if params, ok := n["named_param_map"].([]any); ok {
		for _, p := range params {
			if m, ok := p.(map[string]any); ok {
				w.found.Params = append(w.found.Params, text(m, "key"))
			}
		}
	}
}

func (w *walker) ctes(v any) {
	list, _ := v.([]any)
	for _, x := range list {
		if m, ok := x.(map[string]any); ok {
			w.own[strings.ToLower(text(m, "key"))] = true
		}
	}
}

func (w *walker) function(n map[string]any) {
	name := strings.ToLower(text(n, "function_name"))
	if name == "" {
		return
	}
	w.found.Functions = append(w.found.Functions, name)
	if w.c.unstable[name] {
		w.found.Unstable = append(w.found.Unstable, name)
	}
	if slices.Contains(orderSensitive, name) && !ordered(n) {
		w.found.Unordered = append(w.found.Unordered, name)
	}
	switch name {
	case "ifnull", "coalesce", "nvl":
		w.alternatives(n["children"])
	}
}

// ordered reports whether a function call states the order of its rows: inside the call, or in its window.
func ordered(n map[string]any) bool {
	if l, ok := n["orders"].([]any); ok && len(l) > 0 {
		return true
	}
	for _, key := range []string{"order_bys", "arg_orders"} {
		switch o := n[key].(type) {
		case map[string]any:
			if l, ok := o["orders"].([]any); ok && len(l) > 0 {
				return true
			}
		case []any:
			if len(o) > 0 {
				return true
			}
		}
	}
	return false
}

func (w *walker) alternatives(children any) {
	list, _ := children.([]any)
	for i, c := range list {
		if i > 0 {
			w.fallback(c)
		}
	}
}

// fallback notes a string constant that is reached when a value is missing.
func (w *walker) fallback(v any) {
	n, ok := v.(map[string]any)
	if !ok || text(n, "class") != "CONSTANT" {
		return
	}
	val, _ := n["value"].(map[string]any)
	if s, ok := val["value"].(string); ok {
		w.found.Defaults = append(w.found.Defaults, s)
	}
}
