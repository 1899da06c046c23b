package lake

import "strings"

// Bind writes parameters out as literals, outside of quotes and comments. DuckDB plans a statement with parameters twice:
// when it is prepared, and when it gets their values. A statement whose quoting Bind does not follow comes back as it was.
func Bind(stmt string, params map[string]Param) string {
	if strings.Contains(stmt, "$$") || strings.Contains(stmt, "/*") {
		return stmt
	}
	var b strings.Builder
	for i := 0; i < len(stmt); {
		end := i + 1
		switch c := stmt[i]; {
		case c == '\'' && escapes(stmt[:i]):
			return stmt
		case c == '\'' || c == '"':
			for end < len(stmt) && stmt[end] != c {
				end++
			}
			end = min(end+1, len(stmt))
			b.WriteString(stmt[i:end])
		case strings.HasPrefix(stmt[i:], "--"):
			for end < len(stmt) && stmt[end] != '\n' {
				end++
			}
			b.WriteString(stmt[i:end])
		case c == '$':
			for end < len(stmt) && (stmt[end] == '_' || stmt[end] >= 'a' && stmt[end] <= 'z' || stmt[end] >= '0' && stmt[end] <= '9') {
				end++
			}
			b.WriteString(literal(stmt[i:end], params))
		default:
			b.WriteByte(c)
		}
		i = end
	}
	return b.String()
}

// escapes reports whether a quote after this text begins a string with backslashes, E'...'.
func escapes(before string) bool {
	n := len(before)
	return n > 0 && (before[n-1] == 'e' || before[n-1] == 'E') && (n == 1 || strings.IndexByte(" \t\n(,=<>|+-*/", before[n-2]) >= 0)
}

// literal is the value of a parameter as it stands in a statement; an unknown parameter stays.
func literal(named string, params map[string]Param) string {
	p, ok := params[named[1:]]
	if !ok {
		return named
	}
	switch p.Type {
	case "timestamp":
		return "TIMESTAMP " + Literal(strings.TrimSuffix(strings.Replace(p.Value, "T", " ", 1), "Z"))
	case "bigint":
		return "CAST(" + Literal(p.Value) + " AS BIGINT)"
	case "boolean":
		return "CAST(" + Literal(p.Value) + " AS BOOLEAN)"
	}
	return Literal(p.Value)
}
