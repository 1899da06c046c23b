package host

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// pack is one installed package.
type pack struct{ name, arch, version, raw string }

func (p pack) id() string {
	if p.arch == "" {
		return p.name
	}
	return p.name + ":" + p.arch
}

// parseDpkg reads the stanzas of dpkg's status file (deb-control(5)) and keeps the packages whose files are on the
// machine, configured or not.
func parseDpkg(s string) (out []pack, bad []error) {
	n, start := 0, 1
	var stanza []string
	flush := func() {
		if len(stanza) == 0 {
			return
		}
		p, installed, err := dpkgStanza(stanza)
		switch {
		case err != nil:
			bad = append(bad, errs.Wrap(err, "stanza at line %d of dpkg's status", start))
		case installed:
			out = append(out, p)
		}
		stanza = nil
	}
	for line := range strings.Lines(s) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" {
			flush()
			continue
		}
		if len(stanza) == 0 {
			start = n
		}
		stanza = append(stanza, line)
	}
	flush()
	return out, bad
}

func dpkgStanza(lines []string) (p pack, installed bool, err error) {
	status := ""
	for _, l := range lines {
		k, v, ok := strings.Cut(l, ":")
		if !ok || l[0] == ' ' || l[0] == '\t' {
			continue
		}
		v = strings.TrimSpace(strings.ToValidUTF8(v, "\uFFFD"))
		switch strings.ToLower(k) {
		case "package":
			p.name = v
		case "version":
			p.version = v
		case "architecture":
			p.arch = v
		case "status":
			status = v
		}
	}
	words := strings.Fields(status)
	if p.name == "" || len(words) != 3 && status != "" {
		return p, false, errs.New(errs.Invalid, "no package or no status")
	}
	// Folders of single stanzas (status.d, as in distroless images) state no status: what is there is installed.
	installed = status == "" || onMachine(words[2])
	if installed && p.version == "" {
		return p, false, errs.New(errs.Invalid, "the package %s has no version", p.name)
	}
	p.raw = text([]byte(strings.Join(lines, "\n")))
	return p, installed, nil
}

// onMachine tells the states in which a package's files are there.
func onMachine(state string) bool { return state != "not-installed" && state != "config-files" }

// packages emits what is installed, by the package database the machine has.
func (m *machine) packages(ctx context.Context) error {
	switch {
	case m.exists("/var/lib/dpkg/status"), m.exists("/var/lib/dpkg/status.d"):
		return m.dpkg(ctx)
	case m.exists("/var/lib/rpm"), m.exists("/usr/lib/sysimage/rpm"):
		return m.rpm(ctx)
	}
	return errs.New(errs.NotFound, "no package database is known here (dpkg, rpm)")
}

func (m *machine) dpkg(ctx context.Context) error {
	var list []pack
	read := func(path string) error {
		b, err := m.read(path)
		if err != nil {
			return err
		}
		m.sink.Page("package", path)
		more, bad := parseDpkg(string(b))
		list = append(list, more...)
		for _, err := range bad {
			m.sink.Failed("package", err)
		}
		return nil
	}
	if err := read("/var/lib/dpkg/status"); err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	files, _ := m.list("/var/lib/dpkg/status.d")
	for _, f := range files {
		if strings.HasSuffix(f.Name(), ".md5sums") {
			continue
		}
		if err := read("/var/lib/dpkg/status.d/" + f.Name()); err != nil {
			return err
		}
	}
	if n, ok := m.countLines(ctx, onMachine, "dpkg-query", "-W", "-f", "${db:Status-Status}\n"); ok {
		m.sink.Total("package", n, "dpkg-query -W")
	}
	return m.emitPackages(list, m.aptUpdates(ctx))
}

func (m *machine) rpm(ctx context.Context) error {
	out, err := m.o.Run(ctx, "rpm", "-qa", "--qf", `%{NAME}\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\t%{ARCH}\n`)
	if err != nil {
		return err
	}
	m.sink.Page("package", "rpm -qa")
	m.sink.Note("package", "Pending updates of rpm packages are not known: asking for them needs the network.")
	var list []pack
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSpace(text([]byte(line))), "\t")
		if len(f) != 3 || f[0] == "" || f[1] == "" {
			m.sink.Failed("package", errs.New(errs.Invalid, "rpm -qa printed %.80q", line))
			continue
		}
		p := pack{name: f[0], arch: f[2], version: strings.TrimPrefix(f[1], "0:"), raw: strings.Join(f, "\t")}
		if p.arch == "(none)" { // gpg-pubkey: a key, kept as if it were a package
			continue
		}
		list = append(list, p)
	}
	return m.emitPackages(list, nil)
}

// emitPackages emits the packages. updates is nil when nothing is known of updates.
func (m *machine) emitPackages(list []pack, updates map[string]update) error {
	seen := map[string]int{}
	byName := otherArch(list, updates)
	for _, p := range list {
		id := p.id()
		if seen[id]++; seen[id] > 1 { // kernels of the Red Hat family are installed side by side
			id += "@" + p.version
		}
		f := &collect.Package{ID: id, Host: m.name, Name: p.name, Version: p.version}
		if updates != nil {
			u, ok := updates[p.id()]
			if !ok {
				u = byName[p.name]
			}
			f.Update, f.SecurityUpdate = &u.version, &u.security
		}
		f.Raw = p.raw
		if err := m.emit(f); err != nil {
			return err
		}
	}
	return nil
}

// otherArch are the updates that name no installed package of their architecture, by name: a package may move from one
// architecture to "all" and back.
func otherArch(list []pack, updates map[string]update) map[string]update {
	installed := map[string]bool{}
	for _, p := range list {
		installed[p.id()] = true
	}
	out := map[string]update{}
	for id, u := range updates {
		if !installed[id] {
			out[id[:strings.LastIndex(id, ":")]] = u
		}
	}
	return out
}

// update is a newer version on offer.
type update struct {
	version  string
	security bool
}

// parseUpgradable reads what apt list --upgradable prints: name/archive,archive version arch [upgradable from: version].
// Security archives of Debian and Ubuntu are called <release>-security.
func parseUpgradable(s string) (map[string]update, error) {
	out := map[string]update{}
	n := 0
	for line := range strings.Lines(s) {
		n++
		line = strings.TrimSpace(text([]byte(line)))
		if line == "" || strings.HasPrefix(line, "Listing") {
			continue
		}
		f := strings.Fields(line)
		name, archives, ok := strings.Cut(f[0], "/")
		if !ok || len(f) < 3 || name == "" {
			return nil, errs.New(errs.Invalid, "apt list line %d is not understood: %.80q", n, line)
		}
		u := update{version: f[1]}
		for a := range strings.SplitSeq(archives, ",") {
			u.security = u.security || strings.HasSuffix(a, "-security")
		}
		out[name+":"+f[2]] = u
	}
	return out, nil
}

// aptUpdates is what the package lists on the machine offer, or nil with a note when they cannot be believed.
func (m *machine) aptUpdates(ctx context.Context) map[string]update {
	unknown := func(why string) map[string]update {
		m.sink.Note("package", "Pending updates are not known: "+why)
		return nil
	}
	limit := 72 * time.Hour
	if s := m.env.Settings["package_lists_max_age"]; s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n <= 0 || n > 24*365 {
			return unknown("the setting package_lists_max_age is not a number of hours")
		}
		limit = time.Duration(n) * time.Hour
	}
	if m.env.Until.IsZero() {
		return unknown("the run names no time to judge the age of the package lists by")
	}
	age, why := m.listsAge()
	if why != "" {
		return unknown(why)
	}
	if age > limit {
		return unknown("the package lists are " + age.Truncate(time.Hour).String() + " old; run apt-get update")
	}
	out, err := m.o.Run(ctx, "apt", "-qq", "list", "--upgradable")
	if err != nil {
		return unknown(err.Error())
	}
	updates, err := parseUpgradable(string(out))
	if err != nil {
		return unknown(err.Error())
	}
	m.sink.Page("package", "apt list --upgradable")
	return updates
}

// listsAge is how long ago the package lists were last fetched. The lists themselves carry the archive's times, so the
// folders that apt writes to on each update count, and a list whose archive says that it is no longer valid does not.
func (m *machine) listsAge() (age time.Duration, why string) {
	const dir = "/var/lib/apt/lists"
	files, err := m.list(dir)
	if err != nil {
		return 0, "there are no package lists"
	}
	var releases int
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), "Release") {
			continue
		}
		releases++
		b, err := m.read(dir + "/" + f.Name())
		if err != nil {
			return 0, err.Error()
		}
		if until, ok := validUntil(string(b)); ok && until.Before(m.env.Until) {
			return 0, "the list " + f.Name() + " was valid until " + until.Format(time.DateOnly) + "; run apt-get update"
		}
	}
	if releases == 0 {
		return 0, "there are no package lists; run apt-get update"
	}
	var last time.Time
	for _, p := range []string{dir, dir + "/partial", "/var/lib/apt/periodic/update-success-stamp"} {
		if at := m.modified(p); at.After(last) {
			last = at
		}
	}
	return max(0, m.env.Until.Sub(last)), ""
}

// validUntil reads the header of a Release file; see the Debian repository format.
func validUntil(s string) (time.Time, bool) {
	for line := range strings.Lines(s) {
		if v, ok := strings.CutPrefix(line, "Valid-Until: "); ok {
			at, err := time.Parse(time.RFC1123, strings.TrimSpace(v))
			return at.UTC(), err == nil
		}
	}
	return time.Time{}, false
}
