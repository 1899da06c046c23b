package host

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
)

// host emits the machine itself.
func (m *machine) host(ctx context.Context) error {
	f := &collect.Host{ID: m.name, Name: m.name}
	var raw []string
	for _, path := range []string{"/etc/os-release", "/usr/lib/os-release"} { // os-release(5)
		if b, err := m.read(path); err == nil {
			raw = append(raw, text(b))
			if name := osRelease(string(b))["PRETTY_NAME"]; name != "" {
				f.OS = &name
			}
			break
		}
	}
	if b, err := m.read("/proc/sys/kernel/osrelease"); err == nil {
		f.Kernel = collect.NonZero(strings.TrimSpace(text(b)))
		raw = append(raw, "kernel "+strings.TrimSpace(text(b)))
	}
	if b, err := m.read("/proc/stat"); err == nil {
		if at, line, ok := bootTime(string(b)); ok {
			f.BootedAt = &at
			raw = append(raw, line)
		}
	}
	clock, err := m.o.Clock()
	if err != nil {
		m.sink.Note("host", "Whether the clock is synchronised is not known: "+err.Error())
	} else {
		f.TimeSynchronised = &clock.Synchronised
		raw = append(raw, clock.Raw)
	}
	f.TimeSource = m.timeSource()
	f.RebootRequired = m.rebootRequired(ctx)
	m.sink.Page("host", "/etc/os-release, /proc, adjtimex(2)")
	f.Raw = strings.Join(append(raw, "name "+m.name), "\n")
	return m.emit(f)
}

// osRelease reads NAME=value lines with shell quoting.
func osRelease(s string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(s) {
		k, v, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || strings.HasPrefix(k, "#") {
			continue
		}
		if len(v) >= 2 && (v[0] == '"' || v[0] == '\'') && v[len(v)-1] == v[0] {
			v = v[1 : len(v)-1]
		}
		out[k] = strings.NewReplacer(`\"`, `"`, `\$`, `$`, `\\`, `\`, "\\`", "`").Replace(strings.ToValidUTF8(v, "\uFFFD"))
	}
	return out
}

// bootTime finds the line "btime N" of /proc/stat; see proc_stat(5).
func bootTime(s string) (time.Time, string, bool) {
	for line := range strings.Lines(s) {
		if v, ok := strings.CutPrefix(line, "btime "); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
			return time.Unix(n, 0).UTC(), strings.TrimSpace(line), err == nil && n > 0 && n < 1<<40
		}
	}
	return time.Time{}, "", false
}

// timeDaemons are the programs that steer a clock, by the name the kernel keeps of them (15 bytes).
var timeDaemons = []string{"chronyd", "systemd-timesyn", "ntpd", "ntpsec", "openntpd", "ptp4l", "phc2sys", "vmtoolsd", "VBoxService"}

// timeSource is the program that steers the clock, nil when none is seen: in a container it runs outside.
func (m *machine) timeSource() *string {
	procs, err := m.list("/proc")
	if err != nil {
		return nil
	}
	var found []string
	for _, p := range procs {
		if _, err := strconv.Atoi(p.Name()); err != nil {
			continue
		}
		b, err := m.read("/proc/" + p.Name() + "/comm")
		if err != nil {
			continue
		}
		if comm := strings.TrimSpace(string(b)); slices.Contains(timeDaemons, comm) && !slices.Contains(found, comm) {
			found = append(found, comm)
		}
	}
	slices.Sort(found)
	return collect.NonZero(strings.Join(found, ","))
}

// rebootRequired is known where something on the machine writes the mark that Debian and Ubuntu use, or where the
// programs of the Red Hat family answer. A missing mark says nothing where nobody would write it.
func (m *machine) rebootRequired(ctx context.Context) *bool {
	for _, p := range []string{"/run/reboot-required", "/var/run/reboot-required"} {
		if m.exists(p) {
			return collect.Ptr(true)
		}
	}
	for _, p := range []string{"/usr/share/update-notifier/notify-reboot-required", "/etc/kernel/postinst.d/unattended-upgrades"} {
		if m.exists(p) {
			return collect.Ptr(false)
		}
	}
	out, err := m.o.Run(ctx, "needs-restarting", "-r") // ends with 1 when a reboot is needed, and then err says only that
	if err == nil && strings.Contains(string(out), "not necessary") {
		return collect.Ptr(false)
	}
	return nil
}
