package simco

import (
	"iter"
	"time"

	"github.com/tickmark/tickmark/internal/simco/audit"
)

// Record is one record of an audit log, as a system of the company wrote it; Attack is a planted attack with the truth about it.
type (
	Record       = audit.Record
	Attack       = audit.Attack
	AuditOptions = audit.Options
	Thing        = audit.Thing
	Breakage     = audit.Fault
	Sender       = audit.Sender
)

// The faults of broken senders.
const (
	CutOff   = audit.CutOff
	Latin1   = audit.Latin1
	ErrorDoc = audit.ErrorDoc
)

// Break is a record as it leaves a broken sender.
func Break(r Record, f Breakage) Record { return audit.Break(r, f) }

// Audit are the company's audit logs with options of their own.
func (c *Company) Audit(o AuditOptions) *audit.Trail { return audit.New(c.world, o) }

// trail are the audit logs as they are served without options: with attacks in the last 30 days if the life is Planted.
func (c *Company) trail() *audit.Trail {
	c.auditOnce.Do(func() { c.audit = audit.New(c.world, audit.Options{Attacks: c.world.Planted}) })
	return c.audit
}

// Events are the records of all audit logs from an instant up to, but not including, another, in the order of time.
func (c *Company) Events(from, to time.Time) iter.Seq[Record] { return c.trail().Events(from, to) }

// Attacks are the attacks among Events, in the order of their beginnings; none if the life is not Planted.
func (c *Company) Attacks() []Attack { return c.trail().Attacks() }
