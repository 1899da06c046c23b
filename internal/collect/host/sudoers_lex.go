package host

import (
	"slices"
	"strings"
)

// logicalLine is a line with its continuations joined and its comment gone.
type logicalLine struct {
	number int // of its first physical line
	text   string
}

// logicalLines joins lines that end in a backslash and takes off comments.
func logicalLines(s string) []logicalLine {
	var out []logicalLine
	number, start, joined := 0, 0, ""
	for line := range strings.Lines(s) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if joined == "" {
			start = number
		}
		if strings.HasSuffix(line, `\`) && !strings.HasSuffix(line, `\\`) {
			joined += strings.TrimSuffix(line, `\`) + " "
			continue
		}
		if t := strings.TrimSpace(withoutComment(joined + line)); t != "" {
			out = append(out, logicalLine{start, t})
		}
		joined = ""
	}
	if t := strings.TrimSpace(withoutComment(joined)); t != "" {
		out = append(out, logicalLine{start, t})
	}
	return out
}

// withoutComment cuts at a # that begins a comment: not one of an #include, of a user or group by number (#1000, %#1000),
// or inside quotes.
func withoutComment(s string) string {
	if word, _ := firstWord(strings.TrimSpace(s)); word == "#include" || word == "#includedir" {
		return s
	}
	quoted := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			quoted = !quoted
		case '#':
			numbered := i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '9'
			if !quoted && !numbered && (i == 0 || s[i-1] != '%') {
				return s[:i]
			}
		}
	}
	return s
}

func firstWord(s string) (word, rest string) {
	n := strings.IndexAny(s, " \t")
	if n < 0 {
		return s, ""
	}
	return s[:n], strings.TrimLeft(s[n:], " \t")
}

// indexOutside finds a byte that is not escaped, quoted or in parentheses, from position i on, or -1.
func indexOutside(s string, c byte, i int) int {
	quoted, depth := false, 0
	for ; i < len(s); i++ {
		switch ch := s[i]; {
		case ch == '\\':
			i++
		case ch == '"':
			quoted = !quoted
		case quoted:
		case ch == '(':
			depth++
		case ch == ')':
			depth = max(0, depth-1)
		case ch == c && depth == 0:
			return i
		}
	}
	return -1
}

func cutOutside(s string, c byte) (before, after string, ok bool) {
	if i := indexOutside(s, c, 0); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

func splitOutside(s string, c byte) []string {
	var out []string
	for {
		before, after, ok := cutOutside(s, c)
		out = append(out, before)
		if !ok {
			return out
		}
		s = after
	}
}

func trimmed(list []string) []string {
	out := list[:0:0]
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// commaLists splits at spaces except around commas: "ada, bob ALL" is two lists.
func commaLists(s string) []string {
	var out []string
	open := false // the last list ends in a comma
	for _, word := range trimmed(splitOutside(strings.ReplaceAll(s, "\t", " "), ' ')) {
		switch {
		case len(out) > 0 && (open || strings.HasPrefix(word, ",")):
			out[len(out)-1] += word
		default:
			out = append(out, word)
		}
		open = strings.HasSuffix(word, ",")
	}
	return out
}

// unquote takes off quotes and backslashes.
func unquote(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// sudoSpec is one command of a rule with what holds for it.
type sudoSpec struct {
	runas      []string // target users; {"root"} when none are named
	command    string
	noPassword bool // NOPASSWD
	password   bool // PASSWD, stated
}

// sudoTags are the tags of sudoers(5), each followed by a colon.
var sudoTags = []string{"EXEC", "NOEXEC", "FOLLOW", "NOFOLLOW", "INTERCEPT", "NOINTERCEPT", "LOG_INPUT", "NOLOG_INPUT", "LOG_OUTPUT", "NOLOG_OUTPUT",
	"MAIL", "NOMAIL", "PASSWD", "NOPASSWD", "SETENV", "NOSETENV"}

// parseSpecs reads "(runas) TAG: command, command : hosts = (runas) command". Target users and tags last until changed.
func parseSpecs(s string) []sudoSpec {
	var out []sudoSpec
	for i, part := range splitHosts(s) {
		if i > 0 {
			_, part, _ = cutOutside(part, '=')
		}
		cur := sudoSpec{runas: []string{"root"}}
		for _, item := range trimmed(splitOutside(part, ',')) {
			item = cur.prefixes(item)
			if item == "" {
				continue
			}
			cur.command = strings.Join(strings.Fields(item), " ")
			out = append(out, cur)
		}
	}
	return out
}

// prefixes takes target users, options, tags and digests off the front of a command.
func (c *sudoSpec) prefixes(item string) string {
	for {
		item = strings.TrimSpace(item)
		if strings.HasPrefix(item, "(") {
			end := strings.IndexByte(item, ')')
			if end < 0 {
				return item
			}
			users, _, _ := strings.Cut(item[1:end], ":")
			c.runas = trimmed(strings.Split(users, ",")) // none: the command runs as whoever calls it
			item = item[end+1:]
			continue
		}
		word, rest, ok := strings.Cut(item, ":")
		word = strings.TrimSpace(word)
		if ok && slices.Contains(sudoTags, word) {
			switch word {
			case "NOPASSWD":
				c.noPassword, c.password = true, false
			case "PASSWD":
				c.noPassword, c.password = false, true
			}
			item = rest
			continue
		}
		if ok && isDigest(word) {
			_, item = firstWord(strings.TrimSpace(rest))
			continue
		}
		first, rest := firstWord(item)
		name, _, isOption := strings.Cut(first, "=")
		if isOption && slices.Contains([]string{"ROLE", "TYPE", "APPARMOR_PROFILE", "PRIVS", "LIMITPRIVS", "NOTBEFORE", "NOTAFTER", "TIMEOUT", "CWD", "CHROOT"}, name) {
			item = rest
			continue
		}
		return item
	}
}

func isDigest(word string) bool {
	return word == "sha224" || word == "sha256" || word == "sha384" || word == "sha512"
}

// splitHosts splits at the colons that begin another list of hosts: not those of tags and digests.
func splitHosts(s string) []string {
	var out []string
	start, from := 0, 0
	for {
		i := indexOutside(s[start:], ':', from)
		if i < 0 {
			return append(out, s[start:])
		}
		before := strings.FieldsFunc(s[start:start+i], func(r rune) bool { return r == ' ' || r == '\t' || r == ',' || r == ':' || r == ')' })
		word := ""
		if len(before) > 0 {
			word = before[len(before)-1]
		}
		if slices.Contains(sudoTags, word) || isDigest(word) {
			from = i + 1
			continue
		}
		out = append(out, s[start:start+i])
		start, from = start+i+1, 0
	}
}
