// Package host reads the Linux machine it runs on: accounts, sudo rules, ssh and kernel settings, listening ports,
// packages with their updates, volumes and the state of the clock. It changes nothing, opens no connection, and runs only
// programs that answer from what is on the machine.
package host

import (
	"context"
	"errors"
	"strings"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Options place the connector on a machine other than the one it runs on. The zero value reads this machine.
type Options struct {
	// Root is the folder that holds the file system to read, / by default.
	Root string
	// Run runs a program and returns what it prints. nil runs real programs on this machine, and none where Root is set.
	Run Runner
	// Clock asks the kernel about the system clock. nil asks this machine's, and none where Root is set.
	Clock func() (Clock, error)
}

// Runner runs a program without a shell and returns its standard output. A program that is not installed gives an error
// of kind errs.NotFound.
type Runner func(ctx context.Context, name string, args ...string) ([]byte, error)

// Clock is what the kernel says of the system clock.
type Clock struct {
	Synchronised bool
	Raw          string
}

// Connector reads one machine. The zero value reads the machine it runs on; New makes one for another.
type Connector struct{ o Options }

var _ collect.Connector = Connector{}

// New makes a connector.
func New(o Options) Connector { return Connector{o} }

func (o Options) withDefaults() Options {
	if o.Run == nil {
		o.Run = runProgram
		if o.Root != "" {
			o.Run = runNone
		}
	}
	if o.Clock == nil {
		o.Clock = kernelClock
		if o.Root != "" {
			o.Clock = func() (Clock, error) { return Clock{}, errs.New(errs.NotFound, "no kernel to ask") }
		}
	}
	return o
}

// Describe tells what the connector reads and needs.
func (Connector) Describe() collect.Description {
	return collect.Description{
		Kind: "host", Title: "This Linux machine", Version: 1, Local: true,
		Doc: "Reads accounts, sudo rules, ssh and kernel settings, listening ports, packages, volumes and clock of the machine Tickmark runs on. Never reads password hashes into a record.",
		Fields: []collect.Field{
			{Name: "package_lists_max_age", Title: "Age of package lists", Hint: "How old the package lists may be, in hours, before pending updates count as unknown", Default: "72"},
		},
		Grants: []collect.Permission{
			{Name: "/etc/passwd, /etc/group", Why: "which local accounts there are", Resources: []string{"host_account"}},
			{Name: "/etc/shadow", Why: "whether an account has a password, is locked, or has an empty one (root, or the group shadow)", Resources: []string{"host_account"}},
			{Name: "/etc/sudoers", Why: "who may act as root (root alone may read it)", Resources: []string{"sudo_rule"}},
			{Name: "/proc", Why: "kernel settings, listening ports and mounted volumes", Resources: []string{"setting", "listening_port", "volume"}},
			{Name: "/proc/1/fd", Why: "which program listens on a port (root, or CAP_SYS_PTRACE)", Resources: []string{"listening_port"}},
		},
		Resources: []string{"host", "host_account", "sudo_rule", "setting", "listening_port", "package", "volume"},
	}
}

// Check tries to read each thing that needs a right.
func (c Connector) Check(context.Context, collect.Env) ([]collect.Permission, error) {
	t := tree{c.o.Root}
	grants := c.Describe().Grants
	for i := range grants {
		var err error
		for path := range strings.SplitSeq(grants[i].Name, ", ") {
			err = errors.Join(err, t.readable(path))
		}
		grants[i].Granted = collect.Ptr(err == nil)
		if err != nil {
			grants[i].Detail = err.Error()
		}
		if errs.Is(err, errs.NotFound) {
			grants[i].Granted = nil
		}
	}
	return grants, nil
}

// machine is one run over a machine.
type machine struct {
	tree
	o    Options
	env  collect.Env
	sink collect.Sink
	name string
}

// Collect emits everything; what cannot be read is reported to the sink by resource.
func (c Connector) Collect(ctx context.Context, e collect.Env, s collect.Sink) error {
	m := &machine{tree: tree{c.o.Root}, o: c.o.withDefaults(), env: e, sink: s}
	if err := m.identify(); err != nil {
		return err
	}
	for _, step := range []struct {
		resource string
		read     func(context.Context) error
	}{
		{"host", m.host}, {"host_account", m.accounts}, {"sudo_rule", m.sudoRules}, {"setting", m.sshd}, {"setting", m.kernel},
		{"listening_port", m.ports}, {"package", m.packages}, {"volume", m.volumes},
	} {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		err := step.read(ctx)
		var halt emitError
		switch {
		case errors.As(err, &halt):
			return halt.error
		case err != nil && ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			s.Failed(step.resource, err)
		}
	}
	return nil
}

// identify finds the machine's name, which is also its identity: one connection is one machine.
func (m *machine) identify() error {
	for _, path := range []string{"/proc/sys/kernel/hostname", "/etc/hostname"} {
		if b, err := m.read(path); err == nil {
			if m.name = strings.TrimSpace(string(b)); m.name != "" {
				return nil
			}
		}
	}
	return errs.New(errs.Unavailable, "the machine does not tell its name (/proc/sys/kernel/hostname, /etc/hostname)")
}

// emit hands a fact on; its error ends the run.
func (m *machine) emit(f collect.Fact) error {
	if err := m.sink.Emit(f); err != nil {
		return emitError{err}
	}
	return nil
}

// emitError carries an error of the sink through a step, since it is not a fault of the machine.
type emitError struct{ error }

func (e emitError) Unwrap() error { return e.error }

// countLines gives a second count of a resource by a program, where it is installed.
func (m *machine) countLines(ctx context.Context, keep func(string) bool, name string, args ...string) (int64, bool) {
	out, err := m.o.Run(ctx, name, args...)
	if err != nil {
		return 0, false
	}
	var n int64
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSpace(line); line != "" && (keep == nil || keep(line)) {
			n++
		}
	}
	return n, true
}
