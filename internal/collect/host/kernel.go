package host

import (
	"context"
	"strings"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// kernelKeys are the sysctl keys that hardening guides speak of; see sysctl(8) and the kernel's Documentation/admin-guide/sysctl.
var kernelKeys = []string{
	"fs.protected_fifos",
	"fs.protected_hardlinks",
	"fs.protected_regular",
	"fs.protected_symlinks",
	"fs.suid_dumpable",
	"kernel.dmesg_restrict",
	"kernel.kexec_load_disabled",
	"kernel.kptr_restrict",
	"kernel.modules_disabled",
	"kernel.perf_event_paranoid",
	"kernel.randomize_va_space",
	"kernel.sysrq",
	"kernel.unprivileged_bpf_disabled",
	"kernel.yama.ptrace_scope",
	"net.ipv4.conf.all.accept_redirects",
	"net.ipv4.conf.all.accept_source_route",
	"net.ipv4.conf.all.log_martians",
	"net.ipv4.conf.all.rp_filter",
	"net.ipv4.conf.all.secure_redirects",
	"net.ipv4.conf.all.send_redirects",
	"net.ipv4.conf.default.accept_redirects",
	"net.ipv4.conf.default.rp_filter",
	"net.ipv4.icmp_echo_ignore_broadcasts",
	"net.ipv4.ip_forward",
	"net.ipv4.tcp_syncookies",
	"net.ipv6.conf.all.accept_ra",
	"net.ipv6.conf.all.accept_redirects",
	"net.ipv6.conf.all.accept_source_route",
	"net.ipv6.conf.all.forwarding",
	"vm.mmap_min_addr",
}

// kernel emits one setting for each key; a key that cannot be read, or that this kernel does not have, has no value.
func (m *machine) kernel(context.Context) error {
	if !m.exists("/proc/sys") {
		return errs.New(errs.NotFound, "kernel settings cannot be read: there is no /proc/sys")
	}
	m.sink.Page("setting", "/proc/sys")
	for _, key := range kernelKeys {
		path := "/proc/sys/" + strings.ReplaceAll(key, ".", "/")
		f := &collect.Setting{ID: "kernel/" + key, Scope: "kernel", On: m.name, Name: key}
		b, err := m.read(path)
		if err == nil {
			f.Value = collect.Ptr(strings.Join(strings.Fields(text(b)), " "))
			f.Raw = key + " = " + *f.Value
		} else {
			f.Raw = key + ": " + err.Error()
		}
		if err := m.emit(f); err != nil {
			return err
		}
	}
	return nil
}
