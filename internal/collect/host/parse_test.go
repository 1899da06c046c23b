package host

import (
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

func FuzzPasswd(f *testing.F) {
	f.Add("root:x:0:0:root:/root:/bin/bash\nada:$6$a$b:1000:1000::/home/ada:\n", "root:!:1::::::\nada:$y$x:1::::::\n", "sudo:x:27:ada,root\n")
	f.Add(":::::::\n+::::::\n\xff:x:1:1:::\n", "a\n:\n", "a:b\n")
	f.Fuzz(func(t *testing.T, passwd, shadow, group string) {
		list, _ := parsePasswd(passwd)
		states := parseShadow(shadow)
		parseGroups(group)
		for _, a := range list {
			if a.name == "" || a.uid < 0 || strings.Count(a.raw, ":") != 6 {
				t.Errorf("%q gave %+v", passwd, a)
			}
			if kept := strings.Split(a.raw, ":")[1]; len(kept) > 1 && kept != "(not kept)" {
				t.Errorf("%q keeps the password field in %q", passwd, a.raw)
			}
			a.state(states)
			letsIn(a.shell)
		}
	})
}

func FuzzSSHD(f *testing.F) {
	f.Add("Port 22\nInclude a*.conf b\nPermitRootLogin=no\nMatch User x\nPort 3\n")
	f.Add("A \"b\nInclude\n=\n#\n\"\"\xff")
	f.Fuzz(func(t *testing.T, s string) {
		c := sshdConfig{values: map[string][]string{}}
		n := 0
		err := c.parse(s, func(string) ([]string, error) {
			if n++; n > 50 {
				return nil, nil
			}
			return []string{s}, nil
		}, 0)
		for k, v := range c.values {
			if k == "" || len(v) == 0 || k != strings.ToLower(k) {
				t.Errorf("%q gave %q: %q", s, k, v)
			}
		}
		if err != nil && !errs.Is(err, errs.Invalid) {
			t.Error(err)
		}
	})
}

func FuzzDpkg(f *testing.F) {
	f.Add("Package: a\nStatus: install ok installed\nVersion: 1\n x\n\nPackage: b\n")
	f.Add(": \n\n:\nStatus:x\n")
	f.Fuzz(func(t *testing.T, s string) {
		list, _ := parseDpkg(s)
		for _, p := range list {
			if p.name == "" || p.version == "" || p.raw == "" {
				t.Errorf("%q gave %+v", s, p)
			}
		}
	})
}

func FuzzTables(f *testing.F) {
	f.Add("x\n 0: 0100007F:0016 00000000:0000 0A 0 0 0 0 0 12 1\n/dev/sda1 /a\\040b ext4 rw 0 0\nopenssl/a-security,b 2 amd64 [upgradable from: 1]\n")
	f.Fuzz(func(t *testing.T, s string) {
		for _, p := range []string{"tcp", "udp"} {
			list, _ := parseSockets(p, s)
			for _, x := range list {
				if !x.addr.IsValid() {
					t.Errorf("%q gave %+v", s, x)
				}
			}
		}
		parseMounts(s)
		if updates, err := parseUpgradable(s); err == nil {
			otherArch(nil, updates)
		}
		osRelease(s)
		bootTime(s)
		validUntil(s)
	})
}
