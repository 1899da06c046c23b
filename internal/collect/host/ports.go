package host

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// socket is a line of /proc/net/{tcp,tcp6,udp,udp6}; see proc_pid_net(5).
type socket struct {
	protocol string
	addr     netip.Addr
	port     uint16
	inode    string
	raw      string
}

// Socket states of the kernel's include/net/tcp_states.h: a TCP socket that listens, a UDP socket without a peer.
const (
	stateListen = "0A"
	stateClosed = "07"
)

// parseSockets reads the sockets of a table that accept connections or datagrams from anybody.
func parseSockets(protocol, s string) (out []socket, bad []error) {
	n := 0
	want := stateListen
	if protocol == "udp" {
		want = stateClosed
	}
	for line := range strings.Lines(s) {
		n++
		f := strings.Fields(line)
		if n == 1 || len(f) == 0 {
			continue // heading
		}
		if len(f) < 10 {
			bad = append(bad, errs.New(errs.Invalid, "line %d of the %s sockets is not understood", n, protocol))
			continue
		}
		if f[3] != want {
			continue
		}
		at, err := parseHexAddr(f[1])
		if err != nil {
			bad = append(bad, errs.Wrap(err, "line %d of the %s sockets", n, protocol))
			continue
		}
		out = append(out, socket{protocol: protocol, addr: at.Addr(), port: at.Port(), inode: f[9], raw: text([]byte(strings.TrimSpace(line)))})
	}
	return out, bad
}

// parseHexAddr reads "0100007F:0016": 32-bit words in the byte order of the machine, which is little-endian on all
// architectures we build for, and the port.
func parseHexAddr(s string) (netip.AddrPort, error) {
	host, port, ok := strings.Cut(s, ":")
	b, err := hex.DecodeString(host)
	p, perr := strconv.ParseUint(port, 16, 16)
	if !ok || err != nil || perr != nil || len(b) != 4 && len(b) != 16 {
		return netip.AddrPort{}, errs.New(errs.Invalid, "%.60q is not an address", s)
	}
	for i := 0; i < len(b); i += 4 {
		slices.Reverse(b[i : i+4])
	}
	a, _ := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(a, uint16(p)), nil
}

// ports emits every listening socket of this machine's network namespace.
func (m *machine) ports(ctx context.Context) error {
	var all []socket
	read := 0
	for _, table := range []struct{ file, protocol string }{{"tcp", "tcp"}, {"tcp6", "tcp"}, {"udp", "udp"}, {"udp6", "udp"}} {
		path := "/proc/net/" + table.file
		b, err := m.read(path)
		if errs.Is(err, errs.NotFound) && strings.HasSuffix(table.file, "6") {
			continue // a kernel without IPv6
		}
		if err != nil {
			m.sink.Failed("listening_port", err)
			continue
		}
		read++
		m.sink.Page("listening_port", path)
		list, bad := parseSockets(table.protocol, string(b))
		for _, err := range bad {
			m.sink.Failed("listening_port", err)
		}
		all = append(all, list...)
	}
	if read == 0 {
		return nil
	}
	m.countPorts(ctx)
	owners, partial := m.socketOwners(all)
	if partial {
		m.sink.Note("listening_port", "Some processes may not be looked into, so the program behind a port may be unknown. Run the collection as root to see all.")
	}
	seen := map[string]int{}
	for _, s := range all {
		id := s.protocol + "/" + netip.AddrPortFrom(s.addr, s.port).String()
		if seen[id]++; seen[id] > 1 { // several sockets share the port (SO_REUSEPORT)
			id = fmt.Sprintf("%s#%d", id, seen[id])
		}
		f := &collect.ListeningPort{
			ID: id, Host: m.name, Protocol: s.protocol, Address: s.addr.String(), Port: int64(s.port),
			Loopback: s.addr.Unmap().IsLoopback(), Process: collect.NonZero(owners[s.inode]),
		}
		f.Raw = s.raw
		if err := m.emit(f); err != nil {
			return err
		}
	}
	return nil
}

// countPorts asks ss(8), which reads the kernel over netlink and not from /proc.
func (m *machine) countPorts(ctx context.Context) {
	tcp, ok1 := m.countLines(ctx, nil, "ss", "-H", "-l", "-t", "-n")
	udp, ok2 := m.countLines(ctx, func(l string) bool { return strings.HasPrefix(l, "UNCONN") }, "ss", "-H", "-l", "-u", "-n")
	if ok1 && ok2 {
		m.sink.Total("listening_port", tcp+udp, "ss -H -ltn and ss -H -lun")
	}
}

// socketOwners finds the programs that hold the sockets, by inode. partial is true when some process could not be
// looked into while a socket is left without an owner.
func (m *machine) socketOwners(sockets []socket) (owners map[string]string, partial bool) {
	wanted := map[string]bool{}
	for _, s := range sockets {
		wanted[s.inode] = true
	}
	names := map[string][]string{}
	refused := false
	procs, err := m.list("/proc")
	if err != nil {
		return nil, true
	}
	for _, p := range procs {
		if _, err := strconv.Atoi(p.Name()); err != nil {
			continue
		}
		dir := "/proc/" + p.Name()
		fds, err := m.list(dir + "/fd")
		refused = refused || errs.Is(err, errs.Denied)
		for _, fd := range fds {
			target, err := os.Readlink(m.path(dir + "/fd/" + fd.Name()))
			inode, ok := strings.CutPrefix(target, "socket:[")
			inode = strings.TrimSuffix(inode, "]")
			if err != nil || !ok || !wanted[inode] {
				continue
			}
			comm, _ := m.read(dir + "/comm")
			if name := strings.TrimSpace(text(comm)); name != "" && !slices.Contains(names[inode], name) {
				names[inode] = append(names[inode], name)
			}
		}
	}
	owners = map[string]string{}
	for inode, n := range names {
		slices.Sort(n)
		owners[inode] = strings.Join(n, ",")
	}
	return owners, refused && len(owners) < len(wanted)
}
