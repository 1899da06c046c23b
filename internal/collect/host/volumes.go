package host

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// mount is a line of /proc/mounts; see proc_pid_mounts(5) and fstab(5).
type mount struct{ device, point, kind, raw string }

func parseMounts(s string) (out []mount, bad []error) {
	n := 0
	for line := range strings.Lines(s) {
		n++
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		if len(f) < 4 {
			bad = append(bad, errs.New(errs.Invalid, "/proc/mounts line %d is not understood", n))
			continue
		}
		out = append(out, mount{device: unescape(f[0]), point: unescape(f[1]), kind: f[2], raw: text([]byte(strings.TrimSpace(line)))})
	}
	return out, bad
}

// unescape turns the octal escapes of mount tables (\040 is a space) into the bytes they stand for.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+4 <= len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}

// withoutDevice are file systems that keep data although the kernel counts them as having no block device.
var withoutDevice = []string{"9p", "bcachefs", "btrfs", "ceph", "cifs", "fuse", "fuseblk", "nfs", "nfs4", "overlay", "smb3", "virtiofs", "zfs"}

// volumes emits the mounted file systems that keep data.
func (m *machine) volumes(context.Context) error {
	b, err := m.read("/proc/mounts")
	if err != nil {
		return err
	}
	m.sink.Page("volume", "/proc/mounts")
	mounts, bad := parseMounts(string(b))
	for _, err := range bad {
		m.sink.Failed("volume", err)
	}
	pseudo := m.pseudoFileSystems()
	seen := map[string]int{}
	for _, v := range mounts {
		if slices.Contains(pseudo, v.kind) && !slices.Contains(withoutDevice, strings.SplitN(v.kind, ".", 2)[0]) {
			continue
		}
		id := v.point
		if seen[id]++; seen[id] > 1 { // mounted over
			id = fmt.Sprintf("%s#%d", v.point, seen[id])
		}
		f := &collect.Volume{ID: id, Host: m.name, MountPoint: v.point, Device: v.device, FileSystem: v.kind, Encrypted: m.encrypted(v.device)}
		f.Raw = v.raw
		if err := m.emit(f); err != nil {
			return err
		}
	}
	return nil
}

// pseudoFileSystems are the kinds that the kernel marks "nodev".
func (m *machine) pseudoFileSystems() []string {
	known := []string{"autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs", "fusectl",
		"hugetlbfs", "mqueue", "nsfs", "proc", "pstore", "ramfs", "rpc_pipefs", "securityfs", "selinuxfs", "sysfs", "tmpfs", "tracefs"}
	b, err := m.read("/proc/filesystems")
	if err != nil {
		return known
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 2 && f[0] == "nodev" && !slices.Contains(known, f[1]) {
			known = append(known, f[1])
		}
	}
	return known
}

// encrypted tells whether a device or one beneath it is dm-crypt, and nil where the kernel does not say: for network and
// other file systems without a block device.
func (m *machine) encrypted(device string) *bool {
	if !strings.HasPrefix(device, "/dev/") {
		return nil
	}
	name := filepath.Base(device)
	if target, err := os.Readlink(m.path(device)); err == nil { // /dev/mapper/x -> ../dm-0
		name = filepath.Base(target)
	}
	return m.encryptedBlock(name, 0)
}

// encryptedBlock walks down the stack of block devices: mapper, RAID, partitions' disks.
func (m *machine) encryptedBlock(name string, depth int) *bool {
	dir := "/sys/class/block/" + name
	if depth > 16 || !m.exists(dir) || strings.HasPrefix(name, "loop") { // a loop device lies in a file, wherever that is
		return nil
	}
	if b, err := m.read(dir + "/dm/uuid"); err == nil && strings.HasPrefix(string(b), "CRYPT-") {
		return collect.Ptr(true)
	} else if err != nil && !errs.Is(err, errs.NotFound) {
		return nil
	}
	slaves, err := m.list(dir + "/slaves")
	if err != nil && !errs.Is(err, errs.NotFound) {
		return nil
	}
	if len(slaves) == 0 {
		return collect.Ptr(false)
	}
	// Data lies on every device beneath, so all of them must be encrypted for the volume to be.
	for _, s := range slaves {
		if e := m.encryptedBlock(s.Name(), depth+1); e == nil || !*e {
			return e
		}
	}
	return collect.Ptr(true)
}
