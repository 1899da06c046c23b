package host

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// sudoers gathers the rules of a policy, included files too; see sudoers(5).
type sudoers struct {
	read func(path string) ([]byte, error)
	list func(dir string) ([]string, error) // names of the plain files in a folder, sorted
	host string

	rules   []sudoRule
	aliases map[string][]string // members by the alias's name; Cmnd and Runas aliases share the map, as names differ
	noAuth  []string            // scopes of "Defaults !authenticate": "" is everybody
	bad     []error
	files   int // read so far
}

// sudoRule is one user specification for one member of its user list.
type sudoRule struct {
	file    string
	line    int
	subject string
	rule    string // hosts = (runas) TAGS: commands
	raw     string
	specs   []sudoSpec
}

// maxIncludes is how deep sudo itself follows includes; maxFiles bounds files that include each other more than once.
const (
	maxIncludes = 128
	maxFiles    = 1000
)

func (p *sudoers) fail(file string, line int, format string, args ...any) {
	p.bad = append(p.bad, errs.New(errs.Invalid, "%s line %d: %s", file, line, fmt.Sprintf(format, args...)))
}

// file reads one file. Its error is that of the file; lines that are not understood go to bad.
func (p *sudoers) file(name string, depth int) error {
	if p.files++; p.files > maxFiles {
		return errs.New(errs.Invalid, "%s: the policy has more than %d files", name, maxFiles)
	}
	b, err := p.read(name)
	if err != nil {
		return err
	}
	for _, l := range logicalLines(text(b)) {
		p.line(name, l, depth)
	}
	return nil
}

func (p *sudoers) line(file string, l logicalLine, depth int) {
	word, rest := firstWord(l.text)
	switch {
	case slices.Contains([]string{"@include", "#include", "@includedir", "#includedir"}, word):
		p.include(file, l, strings.HasSuffix(word, "dir"), rest, depth)
	case strings.HasPrefix(word, "Defaults"):
		p.defaults(word, rest)
	case slices.Contains([]string{"User_Alias", "Runas_Alias", "Host_Alias", "Cmnd_Alias", "Cmd_Alias"}, word):
		for _, def := range splitOutside(rest, ':') {
			name, members, ok := cutOutside(def, '=')
			if !ok {
				p.fail(file, l.number, "the alias is not understood")
				continue
			}
			p.aliases[strings.TrimSpace(name)] = trimmed(splitOutside(members, ','))
		}
	default:
		p.spec(file, l)
	}
}

func (p *sudoers) include(file string, l logicalLine, dir bool, target string, depth int) {
	if depth >= maxIncludes {
		p.fail(file, l.number, "includes are nested more than %d deep", maxIncludes)
		return
	}
	target = strings.ReplaceAll(unquote(strings.TrimSpace(target)), "%h", p.host)
	if !path.IsAbs(target) {
		target = path.Join(path.Dir(file), target)
	}
	if !dir {
		if err := p.file(target, depth+1); err != nil {
			p.bad = append(p.bad, err)
		}
		return
	}
	names, err := p.list(target)
	if errs.Is(err, errs.NotFound) {
		return // sudo ignores a missing folder
	}
	if err != nil {
		p.bad = append(p.bad, err)
		return
	}
	for _, n := range names {
		if strings.HasSuffix(n, "~") || strings.Contains(n, ".") { // skipped by sudo, too: editors' and package managers' leftovers
			continue
		}
		if err := p.file(path.Join(target, n), depth+1); err != nil {
			p.bad = append(p.bad, err)
		}
	}
}

// defaults looks for "!authenticate", which makes every rule in its scope one without a password.
func (p *sudoers) defaults(word, rest string) {
	scope := strings.TrimPrefix(word, "Defaults")
	for _, s := range trimmed(splitOutside(rest, ',')) {
		if strings.Join(strings.Fields(s), "") != "!authenticate" {
			continue
		}
		if name, ok := strings.CutPrefix(scope, ":"); ok {
			p.noAuth = append(p.noAuth, name)
		} else {
			p.noAuth = append(p.noAuth, "") // of a host, command or target user: somebody needs no password for something
		}
	}
}

// spec reads "users hosts = commands".
func (p *sudoers) spec(file string, l logicalLine) {
	left, right, ok := cutOutside(l.text, '=')
	lists := commaLists(left)
	if !ok || len(lists) != 2 || strings.TrimSpace(right) == "" {
		p.fail(file, l.number, "the rule is not understood")
		return
	}
	specs := parseSpecs(right)
	users := trimmed(splitOutside(lists[0], ','))
	if slices.ContainsFunc(users, func(u string) bool { return strings.HasPrefix(u, "!") }) {
		users = []string{lists[0]} // "ALL, !ada" means something only as a whole
	}
	seen := map[string]bool{}
	for _, u := range users {
		if u = unquote(u); u == "" || seen[u] {
			continue
		}
		seen[u] = true
		p.rules = append(p.rules, sudoRule{
			file: file, line: l.number, subject: u, raw: l.text, specs: specs,
			rule: lists[1] + " = " + strings.Join(strings.Fields(right), " "),
		})
	}
}

// noPassword tells whether some command of the rule runs without asking for one.
func (p *sudoers) noPassword(r sudoRule) bool {
	if slices.Contains(p.noAuth, "") || slices.Contains(p.noAuth, r.subject) {
		return slices.ContainsFunc(r.specs, func(s sudoSpec) bool { return !s.password })
	}
	return slices.ContainsFunc(r.specs, func(s sudoSpec) bool { return s.noPassword })
}

// allRights tells whether the rule lets its subject run every command as root. Exceptions by "!" do not count: sudoers(5)
// itself says that they keep nobody from anything. Aliases of commands and target users are followed for this alone.
func (p *sudoers) allRights(r sudoRule) bool {
	return slices.ContainsFunc(r.specs, func(s sudoSpec) bool {
		return p.holds([]string{s.command}, 0, "ALL") && p.holds(s.runas, 0, "ALL", "root", "#0") && !slices.Contains(s.runas, "!root")
	})
}

func (p *sudoers) holds(list []string, depth int, any ...string) bool { //nolint:predeclared // reads well
	return depth < 16 && slices.ContainsFunc(list, func(m string) bool {
		return slices.Contains(any, m) || p.holds(p.aliases[m], depth+1, any...)
	})
}

// sudoRules emits the rules of /etc/sudoers and what it includes.
func (m *machine) sudoRules(context.Context) error {
	const main = "/etc/sudoers"
	p := &sudoers{aliases: map[string][]string{}, host: m.name, list: m.plainFiles, read: func(path string) ([]byte, error) {
		b, err := m.read(path)
		if err == nil {
			m.sink.Page("sudo_rule", path)
		}
		return b, err
	}}
	if err := p.file(main, 0); errs.Is(err, errs.NotFound) {
		m.sink.Note("sudo_rule", "There is no /etc/sudoers: sudo is not installed.")
		return nil
	} else if err != nil {
		return err
	}
	for _, err := range p.bad {
		m.sink.Failed("sudo_rule", err)
	}
	m.noteOtherPolicies()
	for _, r := range p.rules {
		f := &collect.SudoRule{
			ID: fmt.Sprintf("%s:%d:%s", r.file, r.line, r.subject), Host: m.name, File: r.file, Line: int64(r.line), Subject: r.subject,
			Rule: r.rule, NoPassword: p.noPassword(r), AllRights: p.allRights(r),
		}
		f.Raw = r.raw
		if err := m.emit(f); err != nil {
			return err
		}
	}
	return nil
}

func (m *machine) plainFiles(dir string) ([]string, error) {
	entries, err := m.list(dir)
	var out []string
	for _, e := range entries {
		if !e.IsDir() {
			out = append(out, e.Name())
		}
	}
	return out, err
}

// noteOtherPolicies says when sudo also takes rules from a directory service; see nsswitch.conf(5).
func (m *machine) noteOtherPolicies() {
	b, err := m.read("/etc/nsswitch.conf")
	if err != nil {
		return
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "sudoers:"); ok && strings.Join(strings.Fields(v), " ") != "files" {
			m.sink.Note("sudo_rule", "sudo also takes rules from:"+strings.TrimRight(v, "\n")+"; those outside files are not read.")
		}
	}
}
