package host_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collecttest"
	"github.com/tickmark/tickmark/internal/collect/host"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// web1 is a small Debian machine.
var web1 = map[string]string{
	"/proc/sys/kernel/hostname":  "web1\n",
	"/proc/sys/kernel/osrelease": "6.1.0-42-amd64\n",
	"/proc/stat":                 "cpu 1 2 3\nbtime 1772000000\nprocesses 5\n",
	"/etc/os-release":            "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n",
	"/proc/1/comm":               "systemd\n",
	"/proc/77/comm":              "chronyd\n",
	"/proc/80/comm":              "nginx\n",
	"/proc/80/fd/0":              "-> socket:[4711]",
	"/proc/81/comm":              "sshd\n",
	"/proc/81/fd/3":              "-> socket:[4712]",
	"/etc/kernel/postinst.d/unattended-upgrades": "",
	"/etc/passwd": "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/usr/sbin:/usr/sbin/nologin\nada:x:1000:1000:Ada,,,:/home/ada:/bin/bash\n" +
		"bob:x:1001:1001::/home/bob:\nold:$6$salt$oldhashinpasswd:1002:1002::/home/old:/bin/sh\nguest::1003:1003::/home/guest:/bin/sh\ncarl:x:1004:1004::/home/carl:/bin/sh\n",
	"/etc/shadow":                         "root:*:19000:0:99999:7:::\ndaemon:!*:19000::::::\nada:$y$j9T$saltsalt$secrethashofada:19000:0:99999:7:::\nbob::19000:0:99999:7:::\n",
	"/etc/group":                          "root:x:0:\nsudo:x:27:ada,bob\nada:x:1000:\ndocker:x:999:ada\n",
	"/etc/sudoers":                        "Defaults env_reset\n%sudo ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n",
	"/etc/sudoers.d/deploy":               "deploy web1=(root) NOPASSWD: /usr/bin/systemctl restart api\n",
	"/etc/nsswitch.conf":                  "passwd: files\nsudoers: files sss\n",
	"/etc/ssh/sshd_config":                "# comment\nInclude sshd_config.d/*.conf\nPermitRootLogin yes\nPort 22\nPort 2222\nAcceptEnv LANG  LC_*\nMatch User backup\n  PasswordAuthentication yes\n",
	"/etc/ssh/sshd_config.d/10-hard.conf": "PermitRootLogin=no\nPasswordAuthentication \"no\" # why\n",
	"/proc/sys/kernel/randomize_va_space": "2\n",
	"/proc/sys/net/ipv4/ip_forward":       "0\n",
	"/proc/net/tcp": "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n" +
		"   0: 00000000:01BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0\n" +
		"   1: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   112        0 4713 1 0 100 0 0 10 0\n" +
		"   2: 0F02000A:01BB 0202000A:D431 01 00000000:00000000 02:000A0000 00000000     0        0 4714 2 0 20 4 30 10 -1\n",
	"/proc/net/tcp6": "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n" +
		"   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 100 0 0 10 0\n" +
		"   1: 00000000000000000000000001000000:0277 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4715 1 0 100 0 0 10 0\n",
	"/proc/net/udp": "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n" +
		"  10: 00000000:0044 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4716 2 0 0\n",
	"/proc/net/udp6": "  sl  local_address remote_address st\n",
	"/var/lib/dpkg/status": "Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.11-1~deb12u2\nDescription: toolkit\n more: text\n\n" +
		"Package: base-files\nStatus: hold ok installed\nArchitecture: amd64\nVersion: 12.4\n\n" +
		"Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n\n" +
		"Package: tzdata\nStatus: install ok installed\nArchitecture: all\nVersion: 2024a-0\n",
	"/var/lib/apt/lists/deb.example_dists_bookworm-security_InRelease": "Origin: Debian\nValid-Until: Sun, 08 Mar 2026 00:00:00 UTC\n",
	"/var/lib/apt/lists/partial/x":                                     "",
	"/proc/filesystems":                                                "nodev\tproc\nnodev\ttmpfs\n\text4\nnodev\toverlay\nnodev\todd\n",
	"/proc/mounts": "proc /proc proc rw 0 0\n/dev/mapper/vg-root / ext4 rw 0 0\n/dev/sda1 /boot ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n" +
		"nas.example:/srv /mnt/my\\040share nfs4 rw 0 0\nodd /odd odd rw 0 0\n/dev/md0 /data xfs rw 0 0\n/dev/loop3 /snap squashfs ro 0 0\n",
	"/dev/mapper/vg-root":               "-> ../dm-1",
	"/sys/class/block/dm-1/dm/uuid":     "LVM-abc\n",
	"/sys/class/block/dm-1/slaves/dm-0": "",
	"/sys/class/block/dm-0/dm/uuid":     "CRYPT-LUKS2-def-root\n",
	"/sys/class/block/sda1/partition":   "1\n",
	"/sys/class/block/md0/slaves/dm-0":  "",
	"/sys/class/block/md0/slaves/sdb":   "",
	"/sys/class/block/sdb/size":         "1\n",
	"/sys/class/block/loop3/size":       "1\n",
}

func plant(t testing.TB, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, link := strings.CutPrefix(content, "-> "); link {
			err = os.Symlink(target, path)
		} else {
			err = os.WriteFile(path, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	fetched := now.Add(-5 * time.Hour)
	for _, dir := range []string{"/var/lib/apt/lists", "/var/lib/apt/lists/partial"} {
		if _, err := os.Stat(filepath.Join(root, dir)); err == nil {
			if err := os.Chtimes(filepath.Join(root, dir), fetched, fetched); err != nil {
				t.Fatal(err)
			}
		}
	}
	return root
}

// programs answers for the programs of the machine.
func programs(answers map[string]string) host.Runner {
	return func(_ context.Context, name string, args ...string) ([]byte, error) {
		line := strings.Join(append([]string{name}, args...), " ")
		if out, ok := answers[line]; ok {
			return []byte(out), nil
		}
		return nil, errs.New(errs.NotFound, "%s is not installed", name)
	}
}

var web1Programs = map[string]string{
	"getent passwd":                          strings.Repeat("x\n", 7),
	"dpkg-query -W -f ${db:Status-Status}\n": "installed\ninstalled\nconfig-files\ninstalled\n",
	"ss -H -l -t -n":                         strings.Repeat("LISTEN 0\n", 4),
	"ss -H -l -u -n":                         "UNCONN 0\n",
	"apt -qq list --upgradable":              "openssl/stable-security,now 3.0.15-1~deb12u1 amd64 [upgradable from: 3.0.11-1~deb12u2]\ntzdata/stable 2025a-0 all [upgradable from: 2024a-0]\n",
}

func with[V any](base map[string]V, changes map[string]V, without ...string) map[string]V {
	out := map[string]V{}
	for k, v := range base {
		out[k] = v
	}
	for k, v := range changes {
		out[k] = v
	}
	for _, k := range without {
		delete(out, k)
	}
	return out
}

func read(t testing.TB, files map[string]string, run map[string]string, settings map[string]string) *collecttest.Sink {
	t.Helper()
	c := host.New(host.Options{Root: plant(t, files), Run: programs(run), Clock: func() (host.Clock, error) { return host.Clock{Synchronised: true, Raw: "clock"}, nil }})
	var s collecttest.Sink
	if err := c.Collect(t.Context(), collect.Env{Settings: settings, Until: now}, &s); err != nil {
		t.Fatal(err)
	}
	s.Laws(t, c.Describe(), "secrethash", "oldhash")
	return &s
}

func value[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

func TestDescription(t *testing.T) {
	t.Parallel()
	collecttest.CheckDescription(t, host.New(host.Options{}).Describe())
}

func TestMachine(t *testing.T) {
	t.Parallel()
	s := read(t, web1, web1Programs, nil)
	s.NoFailures(t)
	s.Reconciled(t, "host_account", "listening_port", "package")

	h := collecttest.ByKey[*collect.Host](t, s, "web1")
	if value(h.OS) != "Debian GNU/Linux 12 (bookworm)" || value(h.Kernel) != "6.1.0-42-amd64" || value(h.TimeSynchronised) != true ||
		value(h.TimeSource) != "chronyd" || value(h.RebootRequired) != false || !h.BootedAt.Equal(time.Unix(1772000000, 0)) {
		t.Errorf("host is %+v", h)
	}
	for name, want := range map[string][3]any{ // login, password, groups
		"root": {true, "locked", "root"}, "daemon": {false, "locked", ""}, "ada": {true, "set", "ada,docker,sudo"}, "bob": {true, "empty", "sudo"},
		"old": {true, "set", ""}, "guest": {true, "empty", ""}, "carl": {true, nil, ""},
	} {
		a := collecttest.ByKey[*collect.HostAccount](t, s, name)
		if got := [3]any{value(a.Login), value(a.Password), value(a.Groups)}; got != want || a.Host != "web1" {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if r := collecttest.Of[*collect.SudoRule](s); len(r) != 2 || r[0].ID != "/etc/sudoers.d/deploy:1:deploy" || !r[0].NoPassword || r[0].AllRights || !r[1].AllRights {
		t.Errorf("sudo rules are %+v", r)
	}
	if n := s.Notes("sudo_rule"); len(n) != 1 || !strings.Contains(n[0], "sss") {
		t.Errorf("notes on sudo: %q", n)
	}
	for id, want := range map[string]any{
		"sshd/permitrootlogin": "no", "sshd/passwordauthentication": "no", "sshd/port": "22\n2222", "sshd/acceptenv": "LANG LC_*", "sshd/x11forwarding": nil,
		"kernel/kernel.randomize_va_space": "2", "kernel/net.ipv4.ip_forward": "0", "kernel/kernel.kptr_restrict": nil,
	} {
		if f := collecttest.ByKey[*collect.Setting](t, s, id); value(f.Value) != want || f.On != "web1" {
			t.Errorf("%s is %v, want %v", id, value(f.Value), want)
		}
	}
	for id, want := range map[string][2]any{ // loopback, process
		"tcp/0.0.0.0:443": {false, "nginx"}, "tcp/127.0.0.1:5432": {true, nil}, "tcp/[::]:22": {false, "sshd"}, "tcp/[::1]:631": {true, nil}, "udp/0.0.0.0:68": {false, nil},
	} {
		p := collecttest.ByKey[*collect.ListeningPort](t, s, id)
		if got := [2]any{p.Loopback, value(p.Process)}; got != want {
			t.Errorf("%s is %v, want %v", id, got, want)
		}
	}
	for id, want := range map[string][2]any{"openssl:amd64": {"3.0.15-1~deb12u1", true}, "tzdata:all": {"2025a-0", false}, "base-files:amd64": {"", false}} {
		p := collecttest.ByKey[*collect.Package](t, s, id)
		if got := [2]any{value(p.Update), value(p.SecurityUpdate)}; got != want {
			t.Errorf("%s is %v, want %v", id, got, want)
		}
	}
	for id, want := range map[string]any{"/": true, "/boot": false, "/mnt/my share": nil, "/data": false, "/snap": nil} {
		if v := collecttest.ByKey[*collect.Volume](t, s, id); value(v.Encrypted) != want {
			t.Errorf("%s encrypted: %v, want %v", id, value(v.Encrypted), want)
		}
	}
	if n := len(s.Facts("volume")); n != 5 {
		t.Errorf("%d volumes, want 5", n)
	}
}

func TestSSHDTellsItself(t *testing.T) {
	t.Parallel()
	s := read(t, web1, with(web1Programs, map[string]string{"sshd -T": "port 22\npermitrootlogin without-password\nacceptenv LANG\nacceptenv LC_*\n"}), nil)
	if f := collecttest.ByKey[*collect.Setting](t, s, "sshd/acceptenv"); value(f.Value) != "LANG\nLC_*" {
		t.Errorf("acceptenv is %v", value(f.Value))
	}
	if n := strings.Join(s.Notes("setting"), " "); !strings.Contains(n, "Match") {
		t.Errorf("notes: %s", n)
	}
	s = read(t, with(web1, nil, "/etc/ssh/sshd_config"), web1Programs, nil)
	for _, f := range collecttest.Of[*collect.Setting](s) {
		if f.Scope == "sshd" {
			t.Errorf("without a daemon there is %+v", f)
		}
	}
	if len(s.Notes("setting")) != 1 {
		t.Errorf("notes: %q", s.Notes("setting"))
	}
}

func TestUpdatesUnknown(t *testing.T) {
	t.Parallel()
	const release = "/var/lib/apt/lists/deb.example_dists_bookworm-security_InRelease"
	for name, c := range map[string]struct {
		files    map[string]string
		programs map[string]string
		age      string
		says     string
	}{
		"no lists":       {with(web1, nil, release, "/var/lib/apt/lists/partial/x"), web1Programs, "", "no package lists"},
		"empty lists":    {with(web1, nil, release), web1Programs, "", "no package lists"},
		"old lists":      {web1, web1Programs, "4", "5h0m0s old"},
		"expired lists":  {with(web1, map[string]string{release: "Valid-Until: Sat, 28 Feb 2026 00:00:00 UTC\n"}), web1Programs, "", "valid until 2026-02-28"},
		"no apt":         {web1, with(web1Programs, nil, "apt -qq list --upgradable"), "", "not installed"},
		"odd output":     {web1, with(web1Programs, map[string]string{"apt -qq list --upgradable": "E: something\n"}), "", "not understood"},
		"odd setting":    {web1, web1Programs, "soon", "not a number"},
		"no stale lists": {web1, web1Programs, "6", ""},
	} {
		s := read(t, c.files, c.programs, map[string]string{"package_lists_max_age": c.age})
		p := collecttest.ByKey[*collect.Package](t, s, "openssl:amd64")
		if (p.Update == nil) != (c.says != "") || (p.SecurityUpdate == nil) != (c.says != "") || !strings.Contains(strings.Join(s.Notes("package"), " "), c.says) {
			t.Errorf("%s: update %v, notes %q", name, value(p.Update), s.Notes("package"))
		}
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files    map[string]string
		resource string
		kind     errs.Kind
		rows     int
	}{
		"no passwd":       {with(web1, nil, "/etc/passwd"), "host_account", errs.NotFound, 0},
		"broken passwd":   {with(web1, map[string]string{"/etc/passwd": "root:x:0:0::/root:/bin/sh\nhalf:a\nnan:x:a:b:::\nroot:x:1:1::/:/bin/sh\n"}), "host_account", errs.Invalid, 1},
		"no group":        {with(web1, nil, "/etc/group"), "host_account", errs.NotFound, 7},
		"no mounts":       {with(web1, nil, "/proc/mounts"), "volume", errs.NotFound, 0},
		"broken mounts":   {with(web1, map[string]string{"/proc/mounts": "/dev/sda1 /\n"}), "volume", errs.Invalid, 0},
		"no tcp":          {with(web1, nil, "/proc/net/tcp"), "listening_port", errs.NotFound, 3},
		"broken tcp":      {with(web1, map[string]string{"/proc/net/tcp": "h\n 0: zz:01 0:0 0A 0 0 0 0 0 1\n 1: x\n"}), "listening_port", errs.Invalid, 3},
		"no packages":     {with(web1, nil, "/var/lib/dpkg/status"), "package", errs.NotFound, 0},
		"broken packages": {with(web1, map[string]string{"/var/lib/dpkg/status": "Package: a\nStatus: half\n\nStatus: install ok installed\n\nPackage: b\nStatus: install ok installed\n"}), "package", errs.Invalid, 0},
		"broken sudoers":  {with(web1, map[string]string{"/etc/sudoers": "what is this\nada ALL=ALL\n"}), "sudo_rule", errs.Invalid, 1},
	} {
		s := read(t, c.files, nil, nil)
		f := s.Failures(c.resource)
		if len(f) == 0 || errs.KindOf(f[0]) != c.kind || len(s.Facts(c.resource)) != c.rows {
			t.Errorf("%s: %d rows, failures %v", name, len(s.Facts(c.resource)), f)
		}
	}
	if s := read(t, with(web1, nil, "/etc/shadow"), nil, nil); value(collecttest.ByKey[*collect.HostAccount](t, s, "ada").Password) != nil || len(s.Notes("host_account")) != 1 {
		t.Error("without shadow the password's state is unknown")
	}
	if s := read(t, with(web1, nil, "/etc/sudoers"), nil, nil); len(s.Failures("sudo_rule")) != 0 || len(s.Notes("sudo_rule")) != 1 {
		t.Error("without sudoers there is a note")
	}
}

func TestRPM(t *testing.T) {
	t.Parallel()
	files := with(web1, map[string]string{"/var/lib/rpm/rpmdb.sqlite": "x"}, "/var/lib/dpkg/status")
	s := read(t, files, map[string]string{
		`rpm -qa --qf %{NAME}\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\t%{ARCH}\n`: "bash\t0:5.2-1\tx86_64\nkernel\t0:6.1-1\tx86_64\nkernel\t0:6.2-1\tx86_64\ngpg-pubkey\t0:1-1\t(none)\nopenssl\t1:3.0-1\tx86_64\n",
	}, nil)
	s.NoFailures(t)
	if p := collecttest.ByKey[*collect.Package](t, s, "openssl:x86_64"); p.Version != "1:3.0-1" || p.Update != nil || len(s.Facts("package")) != 4 {
		t.Errorf("got %+v among %d", p, len(s.Facts("package")))
	}
}

func TestHaltsAndGivesUp(t *testing.T) {
	t.Parallel()
	c := host.New(host.Options{Root: plant(t, web1)})
	full := &collecttest.Sink{EmitErr: errors.New("disk full")}
	if err := c.Collect(t.Context(), collect.Env{Until: now}, full); !errors.Is(err, full.EmitErr) {
		t.Errorf("a full disk: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Collect(ctx, collect.Env{Until: now}, &collecttest.Sink{}); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	if err := host.New(host.Options{Root: t.TempDir()}).Collect(t.Context(), collect.Env{Until: now}, &collecttest.Sink{}); !errs.Is(err, errs.Unavailable) {
		t.Errorf("a machine without a name: %v", err)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	c := host.New(host.Options{Root: plant(t, with(web1, nil, "/etc/sudoers"))})
	p, err := c.Check(t.Context(), collect.Env{})
	if err != nil {
		t.Fatal(err)
	}
	want := []any{true, true, nil, true, nil} // passwd, shadow, sudoers, /proc, /proc/1/fd
	for i := range p {
		if value(p[i].Granted) != want[i] {
			t.Errorf("%s: %v (%s), want %v", p[i].Name, value(p[i].Granted), p[i].Detail, want[i])
		}
	}
}

// The machine the test runs on: whatever it has must be read without a failure of the program's own making.
func TestThisMachine(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("not a Linux machine")
	}
	var s collecttest.Sink
	var c host.Connector // the zero value is this machine
	if err := c.Collect(t.Context(), collect.Env{Until: time.Now()}, &s); err != nil {
		t.Fatal(err)
	}
	s.Laws(t, c.Describe())
	for _, r := range c.Describe().Resources {
		for _, err := range s.Failures(r) {
			if k := errs.KindOf(err); k != errs.Denied && k != errs.NotFound {
				t.Errorf("%s: %v", r, err)
			}
		}
		t.Logf("%s: %d rows, totals %v, failures %v, notes %q", r, len(s.Facts(r)), s.Totals(r), s.Failures(r), s.Notes(r))
	}
	for _, r := range []string{"host_account", "package"} { // ports come and go
		for _, total := range s.Totals(r) {
			if total.N != int64(len(s.Facts(r))) {
				t.Errorf("%s: %d rows, %s says %d", r, len(s.Facts(r)), total.How, total.N)
			}
		}
	}
}
