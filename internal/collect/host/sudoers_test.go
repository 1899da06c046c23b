package host

import (
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

func policy(files map[string]string) (*sudoers, error) {
	p := &sudoers{
		aliases: map[string][]string{}, host: "web1",
		read: func(path string) ([]byte, error) {
			if s, ok := files[path]; ok {
				return []byte(s), nil
			}
			return nil, errs.New(errs.NotFound, "read %s", path)
		},
		list: func(dir string) ([]string, error) {
			var out []string
			for _, n := range []string{"10-ada", "20-ops.bak", "30-x~", "90-last"} {
				if _, ok := files[dir+"/"+n]; ok {
					out = append(out, n)
				}
			}
			if out == nil {
				return nil, errs.New(errs.NotFound, "read %s", dir)
			}
			return out, nil
		},
	}
	return p, p.file("/etc/sudoers", 0)
}

func TestSudoRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in, subject, rule string
		noPassword, all   bool
	}{
		"root":                   {"root\tALL=(ALL:ALL) ALL", "root", "ALL = (ALL:ALL) ALL", false, true},
		"group":                  {"%sudo ALL=(ALL:ALL) NOPASSWD: ALL # comment", "%sudo", "ALL = (ALL:ALL) NOPASSWD: ALL", true, true},
		"no target is root":      {"ada ALL=ALL", "ada", "ALL = ALL", false, true},
		"another target":         {"ada ALL=(www-data) ALL", "ada", "ALL = (www-data) ALL", false, false},
		"own user":               {"ada ALL=(:docker) ALL", "ada", "ALL = (:docker) ALL", false, false},
		"one command":            {"ada web1=(root) /usr/bin/systemctl restart nginx", "ada", "web1 = (root) /usr/bin/systemctl restart nginx", false, false},
		"all but one":            {"ada ALL=(ALL) ALL, !/bin/su", "ada", "ALL = (ALL) ALL, !/bin/su", false, true},
		"anybody but root":       {"ada ALL=(ALL, !root) ALL", "ada", "ALL = (ALL, !root) ALL", false, false},
		"tag ends":               {"ada ALL=(ALL) NOPASSWD: /bin/ls, PASSWD: ALL", "ada", "ALL = (ALL) NOPASSWD: /bin/ls, PASSWD: ALL", true, true},
		"target changes":         {"ada ALL=(www) ALL, (root) /bin/ls", "ada", "ALL = (www) ALL, (root) /bin/ls", false, false},
		"second host":            {"ada web1=(www) /bin/ls : db1=(root) NOPASSWD: ALL", "ada", "web1 = (www) /bin/ls : db1=(root) NOPASSWD: ALL", true, true},
		"digest":                 {"ada ALL=sha224:abcd== /bin/ls", "ada", "ALL = sha224:abcd== /bin/ls", false, false},
		"digest of all":          {"ada ALL=sha256:abcd ALL", "ada", "ALL = sha256:abcd ALL", false, true},
		"several tags":           {"ada ALL=(root) NOEXEC:NOPASSWD: ALL", "ada", "ALL = (root) NOEXEC:NOPASSWD: ALL", true, true},
		"option":                 {"ada ALL=(root) CWD=/tmp NOPASSWD: ALL", "ada", "ALL = (root) CWD=/tmp NOPASSWD: ALL", true, true},
		"uid":                    {"#1000 ALL=ALL", "#1000", "ALL = ALL", false, true},
		"gid":                    {"%#27 ALL=ALL", "%#27", "ALL = ALL", false, true},
		"quoted":                 {`"%domain admins" ALL=ALL`, "%domain admins", "ALL = ALL", false, true},
		"escaped":                {`%domain\ admins ALL=ALL`, "%domain admins", "ALL = ALL", false, true},
		"continued":              {"ada ALL=(root) \\\n  NOPASSWD: \\\n ALL", "ada", "ALL = (root) NOPASSWD: ALL", true, true},
		"escaped colon":          {`ada ALL=/bin/x a\:b`, "ada", `ALL = /bin/x a\:b`, false, false},
		"runas by number":        {"ada ALL=(#0) ALL", "ada", "ALL = (#0) ALL", false, true},
		"command alias":          {"Cmnd_Alias EVERY = /bin/ls, ALL\nada ALL=(root) EVERY", "ada", "ALL = (root) EVERY", false, true},
		"alias of alias":         {"Cmnd_Alias A = B : B = ALL\nRunas_Alias R = root\nada ALL=(R) A", "ada", "ALL = (R) A", false, true},
		"alias of itself":        {"Cmnd_Alias A = A\nada ALL=(root) A", "ada", "ALL = (root) A", false, false},
		"user alias stays":       {"User_Alias OPS = ada, bob\nOPS ALL=/bin/ls", "OPS", "ALL = /bin/ls", false, false},
		"global authenticate":    {"Defaults env_reset, !authenticate\nada ALL=/bin/ls", "ada", "ALL = /bin/ls", true, false},
		"authenticate, tagged":   {"Defaults !authenticate\nada ALL=PASSWD: /bin/ls", "ada", "ALL = PASSWD: /bin/ls", false, false},
		"authenticate of a user": {"Defaults:ada !authenticate\nada ALL=/bin/ls", "ada", "ALL = /bin/ls", true, false},
		"of another user":        {"Defaults:bob !authenticate\nada ALL=/bin/ls", "ada", "ALL = /bin/ls", false, false},
		"negated user":           {"ALL, !ada ALL=/bin/ls", "ALL,!ada", "ALL = /bin/ls", false, false},
	} {
		p, err := policy(map[string]string{"/etc/sudoers": c.in + "\n"})
		if err != nil || len(p.bad) > 0 || len(p.rules) != 1 {
			t.Errorf("%s: %d rules, %v, %v", name, len(p.rules), p.bad, err)
			continue
		}
		r := p.rules[0]
		if r.subject != c.subject || r.rule != c.rule || p.noPassword(r) != c.noPassword || p.allRights(r) != c.all {
			t.Errorf("%s: got subject %q, rule %q, no password %v, all rights %v", name, r.subject, r.rule, p.noPassword(r), p.allRights(r))
		}
	}
}

func TestSudoersIncludes(t *testing.T) {
	t.Parallel()
	p, err := policy(map[string]string{
		"/etc/sudoers":              "# main\nada, bob , carl ALL=/bin/ls\n@include sudoers.%h\n#includedir /etc/sudoers.d\n@includedir /nowhere\n#include /etc/missing\n",
		"/etc/sudoers.web1":         "dora ALL=ALL\n",
		"/etc/sudoers.d/10-ada":     "\nada ALL=NOPASSWD:ALL\nnonsense\n",
		"/etc/sudoers.d/20-ops.bak": "eve ALL=ALL\n",
		"/etc/sudoers.d/30-x~":      "eve ALL=ALL\n",
		"/etc/sudoers.d/90-last":    "fay ALL = (ALL) ALL",
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range p.rules {
		got = append(got, r.subject)
	}
	if want := "ada bob carl dora ada fay"; strings.Join(got, " ") != want {
		t.Errorf("subjects are %v, want %s", got, want)
	}
	if r := p.rules[4]; r.file != "/etc/sudoers.d/10-ada" || r.line != 2 {
		t.Errorf("the included rule is at %s:%d", r.file, r.line)
	}
	if len(p.bad) != 2 || !strings.Contains(p.bad[0].Error(), "/etc/sudoers.d/10-ada line 3") || !errs.Is(p.bad[1], errs.NotFound) {
		t.Errorf("faults are %v", p.bad)
	}
}

func TestSudoersIncludeOfItselfEnds(t *testing.T) {
	t.Parallel()
	p, err := policy(map[string]string{"/etc/sudoers": "@include /etc/sudoers\n"})
	if err != nil || len(p.bad) != 1 {
		t.Errorf("got %v, %v", p.bad, err)
	}
	p, err = policy(map[string]string{"/etc/sudoers": strings.Repeat("@include /etc/sudoers\n", 3)})
	if err != nil || len(p.bad) == 0 || p.files > 100*maxFiles {
		t.Errorf("%d files, %v, %v", p.files, p.bad, err)
	}
}

func FuzzSudoers(f *testing.F) {
	for _, s := range []string{
		"root ALL=(ALL:ALL) ALL\n%sudo ALL=NOPASSWD: ALL, !/bin/su : web1 = sha224:x /bin/y\n", "Cmnd_Alias A = B : B = A\nada ALL=(A) A\n",
		"@include /etc/sudoers\n", "ada \\\n ALL = \"x\\\" y\" (", "Defaults:ada !authenticate\n#1000 ALL=,,(:),\n", "a a=(", "a,,a a=:=:=",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := policy(map[string]string{"/etc/sudoers": s})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range p.rules {
			if r.subject == "" || r.rule == "" {
				t.Errorf("%q gave %+v", s, r)
			}
			p.allRights(r)
			p.noPassword(r)
		}
	})
}
