package httpx

import (
	"net/http"
	"strings"
)

// Link is one target of a Link header with its parameters, names in lower case.
type Link struct {
	Target string
	Params map[string]string
}

// Rel reports whether the link has the relation.
func (l Link) Rel(rel string) bool {
	for _, r := range strings.Fields(l.Params["rel"]) {
		if strings.EqualFold(r, rel) {
			return true
		}
	}
	return false
}

// NextLink is the target of the relation "next", as the source wrote it, or "".
func NextLink(h http.Header) string { return LinkTo(h, "next") }

// LinkTo is the target of a relation, as the source wrote it, or "".
func LinkTo(h http.Header, rel string) string {
	for _, v := range h.Values("Link") {
		for _, l := range ParseLinks(v) {
			if l.Rel(rel) {
				return l.Target
			}
		}
	}
	return ""
}

// ParseLinks reads a Link header by RFC 8288 appendix B.2. What is malformed ends the list; of a parameter given twice the
// first counts.
func ParseLinks(s string) []Link {
	var out []Link
	for {
		s = strings.TrimLeft(s, " \t,")
		if !strings.HasPrefix(s, "<") {
			return out
		}
		end := strings.IndexByte(s, '>')
		if end < 0 {
			return out
		}
		l := Link{Target: strings.TrimSpace(s[1:end]), Params: map[string]string{}}
		s = parseParams(s[end+1:], l.Params)
		out = append(out, l)
	}
}

// parseParams reads ";name=value" pairs and returns what follows the link.
func parseParams(s string, into map[string]string) string {
	for {
		s = strings.TrimLeft(s, " \t")
		if !strings.HasPrefix(s, ";") {
			return s
		}
		s = strings.TrimLeft(s[1:], " \t")
		n := strings.IndexAny(s, "=;, \t")
		if n < 0 {
			n = len(s)
		}
		name, value := strings.ToLower(s[:n]), ""
		s = strings.TrimLeft(s[n:], " \t")
		if strings.HasPrefix(s, "=") {
			value, s = parseValue(strings.TrimLeft(s[1:], " \t"))
		}
		if _, twice := into[name]; name != "" && !twice {
			into[name] = value
		}
	}
}

// parseValue reads a token or a quoted string.
func parseValue(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		n := strings.IndexAny(s, ";, \t")
		if n < 0 {
			n = len(s)
		}
		return s[:n], s[n:]
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:]
		case '\\':
			if i++; i < len(s) {
				b.WriteByte(s[i])
			}
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), ""
}
