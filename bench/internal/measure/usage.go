package measure

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Usage is what a stretch of work used. It covers this process and the children it has at the end of the stretch, which is
// where the sandbox of the SQL engine works.
type Usage struct {
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu"`
	// Peak is the sum of the high-water marks of the processes in bytes: an upper bound, because their peaks need not
	// coincide.
	Peak int64 `json:"peak"`
}

// Meter measures from Start to Stop.
type Meter struct {
	at  time.Time
	cpu float64
}

// Start gives free memory back, resets the high-water marks, and starts measuring.
func Start() *Meter {
	debug.FreeOSMemory()
	for _, pid := range family() {
		// 5 resets the mark (proc(5)); where that is not allowed the peak is that of the process so far.
		_ = os.WriteFile(filepath.Join("/proc", pid, "clear_refs"), []byte("5"), 0)
	}
	return &Meter{time.Now(), cpu()}
}

// Stop ends measuring.
func (m *Meter) Stop() Usage {
	u := Usage{Seconds: time.Since(m.at).Seconds(), CPU: cpu() - m.cpu}
	for _, pid := range family() {
		u.Peak += highWater(pid)
	}
	return u
}

// family lists this process and its children.
func family() []string {
	self := strconv.Itoa(os.Getpid())
	out := []string{"self"}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, f := range stats {
		if fields := statFields(f); len(fields) > 1 && fields[1] == self {
			out = append(out, filepath.Base(filepath.Dir(f)))
		}
	}
	return out
}

// statFields are the fields of /proc/PID/stat from the third on, after the name in parentheses.
func statFields(file string) []string {
	raw, err := os.ReadFile(file) //nolint:gosec // a file of /proc
	if err != nil {
		return nil // it ended meanwhile
	}
	_, rest, _ := strings.Cut(string(raw), ") ")
	return strings.Fields(rest)
}

// ticks is the number of clock ticks in a second in /proc/PID/stat: 100 on every Linux that Go runs on.
const ticks = 100

func cpu() float64 {
	total := 0.0
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var r syscall.Rusage
		if err := syscall.Getrusage(who, &r); err == nil {
			total += time.Duration(r.Utime.Nano() + r.Stime.Nano()).Seconds()
		}
	}
	for _, pid := range family()[1:] {
		if f := statFields(filepath.Join("/proc", pid, "stat")); len(f) > 12 {
			user, _ := strconv.ParseFloat(f[11], 64)
			system, _ := strconv.ParseFloat(f[12], 64)
			total += (user + system) / ticks
		}
	}
	return total
}

// ChildrenPeak is the high-water mark in bytes of the largest process that this one started and waited for, theirs included.
func ChildrenPeak() int64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &r); err != nil {
		return 0
	}
	return r.Maxrss << 10 // Linux counts it in KiB
}

func highWater(pid string) int64 {
	kib, _ := strconv.ParseInt(strings.TrimSuffix(field(filepath.Join("/proc", pid, "status"), "VmHWM"), " kB"), 10, 64)
	return kib << 10
}

// field reads a "name: value" line of a file of /proc.
func field(file, name string) string {
	raw, err := os.ReadFile(file) //nolint:gosec // a file of /proc
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(raw)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Header prints what the figures depend on, as comment lines.
func Header(bench string) {
	load, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(load), " ")
	kib, _ := strconv.ParseInt(strings.TrimSuffix(field("/proc/meminfo", "MemTotal"), " kB"), 10, 64)
	fmt.Printf("# bench %s\n# date %s\n# cpu %s\n# cores %d\n# memory %d GiB\n# go %s\n# load_before %s\n",
		bench, time.Now().UTC().Format(time.RFC3339), field("/proc/cpuinfo", "model name"), runtime.NumCPU(), (kib+1<<19)>>20, runtime.Version(), first)
}
