package host

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// States of an account's password; see collect.HostAccount.
const (
	passwordSet    = "set"
	passwordLocked = "locked"
	passwordEmpty  = "empty"
)

// account is a line of passwd(5).
type account struct {
	line                        int
	name, password, home, shell string
	uid, gid                    int64
	raw                         string // the line without a password hash, which old systems keep here
}

// parsePasswd reads passwd(5), with an error for each line that is not understood.
func parsePasswd(s string) (out []account, bad []error) {
	n := 0
	for line := range strings.Lines(s) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" || line[0] == '#' || line[0] == '+' || line[0] == '-' { // +/-: NIS, see nsswitch.conf(5)
			continue
		}
		f := strings.Split(strings.ToValidUTF8(line, "\uFFFD"), ":")
		if len(f) != 7 || f[0] == "" {
			bad = append(bad, errs.New(errs.Invalid, "/etc/passwd line %d is not of the form of passwd(5)", n))
			continue
		}
		uid, err1 := strconv.ParseUint(f[2], 10, 32)
		gid, err2 := strconv.ParseUint(f[3], 10, 32)
		if err1 != nil || err2 != nil {
			bad = append(bad, errs.New(errs.Invalid, "/etc/passwd line %d has no numeric identities", n))
			continue
		}
		a := account{line: n, name: f[0], password: f[1], uid: int64(uid), gid: int64(gid), home: f[5], shell: f[6]}
		if len(f[1]) > 1 {
			f[1] = "(not kept)"
		}
		a.raw = strings.Join(f, ":")
		out = append(out, a)
	}
	return out, bad
}

// parseShadow reads the state of each password from shadow(5) and drops the hash.
func parseShadow(s string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(s) {
		f := strings.Split(strings.TrimRight(line, "\r\n"), ":")
		if len(f) >= 2 && f[0] != "" {
			out[f[0]] = passwordState(f[1])
		}
	}
	return out
}

// passwordState follows shadow(5) and crypt(5): empty lets anybody in, anything that crypt cannot give lets nobody in.
func passwordState(field string) string {
	switch {
	case field == "":
		return passwordEmpty
	case strings.HasPrefix(field, "!"), strings.HasPrefix(field, "*"), field == "x", len(field) < 13:
		return passwordLocked
	}
	return passwordSet
}

// parseGroups reads group(5): the names of groups by number, and of each account's groups beyond its first.
func parseGroups(s string) (names map[int64]string, members map[string][]string) {
	names, members = map[int64]string{}, map[string][]string{}
	for line := range strings.Lines(s) {
		f := strings.Split(strings.ToValidUTF8(strings.TrimRight(line, "\r\n"), "\uFFFD"), ":")
		if len(f) != 4 || f[0] == "" {
			continue
		}
		if gid, err := strconv.ParseUint(f[2], 10, 32); err == nil {
			names[int64(gid)] = f[0]
		}
		for m := range strings.SplitSeq(f[3], ",") {
			if m = strings.TrimSpace(m); m != "" {
				members[m] = append(members[m], f[0])
			}
		}
	}
	return names, members
}

// noLogin are the programs that, as a shell, let nobody work. An empty shell is /bin/sh; see passwd(5).
var noLogin = []string{"nologin", "false", "sync", "halt", "shutdown", "true"}

func letsIn(shell string) bool {
	return !slices.Contains(noLogin, shell[strings.LastIndex(shell, "/")+1:])
}

// accounts emits every account of /etc/passwd.
func (m *machine) accounts(ctx context.Context) error {
	b, err := m.read("/etc/passwd")
	if err != nil {
		return err
	}
	list, bad := parsePasswd(string(b))
	for _, err := range bad {
		m.sink.Failed("host_account", err)
	}
	m.sink.Page("host_account", "/etc/passwd")
	shadow := m.shadow()
	var names map[int64]string
	var members map[string][]string
	if b, err := m.read("/etc/group"); err == nil {
		m.sink.Page("host_account", "/etc/group")
		names, members = parseGroups(string(b))
	} else {
		m.sink.Failed("host_account", err)
	}
	if n, ok := m.countLines(ctx, nil, "getent", "passwd"); ok {
		m.sink.Total("host_account", n, "getent passwd")
	}
	seen := map[string]int{}
	for _, a := range list {
		if first := seen[a.name]; first > 0 {
			m.sink.Failed("host_account", errs.New(errs.Invalid, "/etc/passwd names %s twice, on lines %d and %d", a.name, first, a.line))
			continue
		}
		seen[a.name] = a.line
		f := &collect.HostAccount{
			ID: a.name, Host: m.name, Name: a.name, UID: a.uid, GID: a.gid, Home: a.home, Shell: a.shell,
			Login: collect.Ptr(letsIn(a.shell)), Password: a.state(shadow),
		}
		if names != nil {
			groups := slices.Clone(members[a.name])
			if first, ok := names[a.gid]; ok && !slices.Contains(groups, first) {
				groups = append(groups, first)
			}
			slices.Sort(groups)
			f.Groups = collect.Ptr(strings.Join(groups, ","))
		}
		f.Raw = a.raw
		if err := m.emit(f); err != nil {
			return err
		}
	}
	return nil
}

// state is the password's state: passwd's own field counts unless it points to shadow. nil is unknown.
func (a account) state(shadow map[string]string) *string {
	if a.password != "x" {
		return collect.Ptr(passwordState(a.password))
	}
	if s, ok := shadow[a.name]; ok {
		return &s
	}
	return nil
}

// shadow is the state of the passwords, nil when it cannot be read.
func (m *machine) shadow() map[string]string {
	b, err := m.read("/etc/shadow")
	switch {
	case errs.Is(err, errs.NotFound):
		m.sink.Note("host_account", "There is no /etc/shadow; whether accounts have a password is not known.")
		return nil
	case err != nil:
		m.sink.Failed("host_account", err)
		return nil
	}
	m.sink.Page("host_account", "/etc/shadow")
	return parseShadow(string(b))
}
