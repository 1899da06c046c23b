package host

import (
	"context"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// sshdKeywords are the settings that get a row even where the configuration does not state them. Their defaults differ
// between versions and distributions, so such a row has no value unless the daemon itself tells it.
var sshdKeywords = []string{
	"allowtcpforwarding", "ciphers", "clientalivecountmax", "clientaliveinterval", "gssapiauthentication", "hostbasedauthentication",
	"ignorerhosts", "kbdinteractiveauthentication", "kexalgorithms", "logingracetime", "loglevel", "macs", "maxauthtries", "maxsessions",
	"maxstartups", "passwordauthentication", "permitemptypasswords", "permitrootlogin", "permituserenvironment", "port",
	"pubkeyauthentication", "strictmodes", "usepam", "x11forwarding",
}

// sshdConfig is what sshd_config(5) states outside Match blocks.
type sshdConfig struct {
	values map[string][]string // by keyword in lower case, in the order stated
	match  bool                // there are Match blocks
}

// sshdMany are the keywords that may be stated several times and add up; of all others the first counts.
var sshdMany = []string{"acceptenv", "allowgroups", "allowusers", "denygroups", "denyusers", "hostcertificate", "hostkey", "listenaddress",
	"permitlisten", "permitopen", "port", "setenv", "subsystem"}

// parse reads a configuration file and those it includes. A Match block lasts to the end of its file.
func (c *sshdConfig) parse(s string, include func(pattern string) ([]string, error), depth int) error {
	for line := range strings.Lines(s) {
		keyword, value := sshdLine(line)
		switch keyword {
		case "":
		case "match":
			c.match = true
			return nil
		case "include":
			if depth >= 16 { // as in sshd's servconf.c
				return errs.New(errs.Invalid, "sshd_config includes files more than 16 deep")
			}
			for _, pattern := range sshdWords(value) {
				files, err := include(pattern)
				if err != nil {
					return err
				}
				for _, f := range files {
					if err := c.parse(f, include, depth+1); err != nil {
						return err
					}
				}
			}
		default:
			if len(c.values[keyword]) == 0 || slices.Contains(sshdMany, keyword) {
				c.values[keyword] = append(c.values[keyword], value)
			}
		}
	}
	return nil
}

// sshdLine splits "Keyword value" or "Keyword=value"; comments give "".
func sshdLine(line string) (keyword, value string) {
	line = strings.TrimSpace(strings.ToValidUTF8(line, "\uFFFD"))
	if line == "" || line[0] == '#' {
		return "", ""
	}
	i := strings.IndexAny(line, " \t=\"")
	if i < 0 {
		return strings.ToLower(line), ""
	}
	value = strings.TrimLeft(line[i:], " \t")
	value = strings.TrimSpace(strings.TrimPrefix(value, "="))
	return strings.ToLower(line[:i]), strings.Join(sshdWords(value), " ")
}

// sshdWords splits arguments; double quotes keep spaces together, and an unquoted # begins a comment.
func sshdWords(s string) []string {
	var out []string
	for {
		s = strings.TrimLeft(s, " \t")
		if s == "" || s[0] == '#' {
			return out
		}
		if s[0] == '"' {
			word, rest, _ := strings.Cut(s[1:], `"`)
			out, s = append(out, word), rest
			continue
		}
		n := strings.IndexAny(s, " \t\"")
		if n < 0 {
			n = len(s)
		}
		out, s = append(out, s[:n]), s[n:]
	}
}

// sshd emits the settings of the ssh daemon: those in effect if it tells them, else those its configuration states.
func (m *machine) sshd(ctx context.Context) error {
	const file = "/etc/ssh/sshd_config"
	out, runErr := m.o.Run(ctx, "sshd", "-T")
	if runErr == nil {
		m.sink.Page("setting", "sshd -T")
		return m.sshdEffective(string(out))
	}
	b, err := m.read(file)
	if errs.Is(err, errs.NotFound) {
		if errs.Is(runErr, errs.NotFound) {
			m.sink.Note("setting", "No ssh daemon is installed.")
			return nil
		}
		return errs.Wrap(runErr, "the ssh daemon does not tell its settings, and has no %s", file)
	}
	if err != nil {
		return err
	}
	m.sink.Page("setting", file)
	if !errs.Is(runErr, errs.NotFound) {
		m.sink.Note("setting", "The ssh daemon does not tell its settings ("+runErr.Error()+"); its configuration files were read instead.")
	}
	c := sshdConfig{values: map[string][]string{}}
	if err := c.parse(string(b), m.sshdInclude, 0); err != nil {
		return err
	}
	if c.match {
		m.sink.Note("setting", "The ssh daemon's configuration has Match blocks, whose settings for some users or addresses are not read.")
	}
	for _, k := range sshdKeywords {
		if _, stated := c.values[k]; !stated {
			c.values[k] = nil
		}
	}
	return m.emitSSHD(c.values)
}

// sshdEffective reads what sshd -T prints: a keyword and its value on each line.
func (m *machine) sshdEffective(s string) error {
	values := map[string][]string{}
	for line := range strings.Lines(s) {
		k, v, _ := strings.Cut(strings.TrimSpace(text([]byte(line))), " ")
		if k != "" {
			values[strings.ToLower(k)] = append(values[strings.ToLower(k)], v)
		}
	}
	if len(values) == 0 {
		return errs.New(errs.Unavailable, "sshd -T printed nothing")
	}
	if b, err := m.read("/etc/ssh/sshd_config"); err == nil {
		c := sshdConfig{values: map[string][]string{}}
		if c.parse(string(b), m.sshdInclude, 0) == nil && c.match {
			m.sink.Note("setting", "The ssh daemon's configuration has Match blocks; the settings read are those of a connection that matches none.")
		}
	}
	return m.emitSSHD(values)
}

func (m *machine) emitSSHD(values map[string][]string) error {
	keys := make([]string, 0, len(values))
	for k := range values {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		f := &collect.Setting{ID: "sshd/" + k, Scope: "sshd", On: m.name, Name: k}
		f.Raw = k + ": not stated"
		if v := values[k]; v != nil {
			f.Value = collect.Ptr(strings.Join(v, "\n"))
			f.Raw = k + " " + strings.Join(v, "\n"+k+" ")
		}
		if err := m.emit(f); err != nil {
			return err
		}
	}
	return nil
}

// sshdInclude reads the files of an Include line, in lexical order; a pattern that matches none is fine.
func (m *machine) sshdInclude(pattern string) ([]string, error) {
	if !path.IsAbs(pattern) {
		pattern = path.Join("/etc/ssh", pattern)
	}
	matches, err := filepath.Glob(m.path(pattern))
	if err != nil {
		return nil, errs.New(errs.Invalid, "sshd_config includes %q, which is no pattern", pattern)
	}
	var out []string
	for _, match := range matches {
		b, err := m.read("/" + strings.TrimPrefix(strings.TrimPrefix(match, m.root), "/"))
		if err != nil {
			return nil, err
		}
		out = append(out, string(b))
	}
	return out, nil
}
