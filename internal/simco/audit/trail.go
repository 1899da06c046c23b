package audit

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// The logs that are written, by the names under which the program knows them.
const (
	AWS    = "aws.cloudtrail"
	Okta   = "okta.log"
	GitHub = "github.audit"

	Drive      = "google_workspace.drive"
	M365       = "m365.audit"
	Entra      = "azure.signin"
	Kubernetes = "kubernetes.audit"
	Vault      = "vault.audit"
	SSHD       = "linux.sshd"
	Process    = "linux.process"
	File       = "linux.file"
	GCP        = "gcp.audit"
)

// Options say how much is written.
type Options struct {
	// Factor multiplies what people and services do beside what the life knows of; 0 means 1.
	Factor float64
	// Attacks plants attacks, spread evenly from AttacksFrom to AttacksTo; zero times mean the last 30 days of the life. An attack
	// that takes many days begins no earlier than AttacksFrom where it fits.
	Attacks                bool
	AttacksFrom, AttacksTo time.Time
}

// Record is one record as a system wrote it.
type Record struct {
	Log string    // the kind of log
	At  time.Time // when it happened, as the record says too
	ID  string    // the system's identifier of the record, as in the record
	Raw []byte    // JSON, without a line end
}

// Trail are the audit logs of a life. It is safe for concurrent use.
type Trail struct {
	w       *life.World
	o       Options
	cast    cast
	attacks []Attack
	planned map[period.Date][]act // of attacks
	victims map[int32]bool        // whose accounts are taken over
	lairs   int                   // how many addresses of version 4 attackers have
}

// New prepares the audit logs of a life.
func New(w *life.World, o Options) *Trail {
	if o.Factor == 0 {
		o.Factor = 1
	}
	t := &Trail{w: w, o: o, planned: map[period.Date][]act{}, victims: map[int32]bool{}}
	t.cast = newCast(w)
	if o.Attacks {
		t.plant()
	}
	return t
}

// Begin and End are the first instant of which there are records and the first after the last.
func (t *Trail) Begin() time.Time { return t.w.Begin.Go() }

// End is the first instant after the last record.
func (t *Trail) End() time.Time { return t.w.End.Go() }

// Events are the records from an instant up to, but not including, another, in the order of time.
func (t *Trail) Events(from, to time.Time) iter.Seq[Record] {
	lo, hi := max(life.Of(from), t.w.Begin), min(life.Of(to), t.w.End)
	return func(yield func(Record) bool) {
		for day := lo.Date(); life.Midnight(day) < hi; day++ {
			for _, a := range t.day(day) {
				if a.at < lo {
					continue
				}
				if a.at >= hi || !yield(a.record()) {
					return
				}
			}
		}
	}
}

// act is something that is done, and how its record is written.
type act struct {
	at    life.Time
	log   string
	id    string
	write func(*wire.JSON)
}

func (a *act) record() Record {
	j := wire.NewJSON()
	defer j.Free()
	a.write(j)
	return Record{Log: a.log, At: a.at.Go(), ID: a.id, Raw: slices.Clone(j.Bytes())}
}

// day is everything that is done on a day, in order.
func (t *Trail) day(day period.Date) []act {
	s := t.sheet(forDay, int(day), day)
	t.identity(s, day)
	t.code(s, day)
	t.nights(s, day)
	t.services(s, day)
	t.machines(s, day)
	s.acts = append(s.acts, t.planned[day]...)
	slices.SortStableFunc(s.acts, func(x, y act) int { return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.id, y.id)) })
	return s.acts
}

// sheet is where acts are written down. Its dice and identifiers follow from the seed, a purpose and a number.
type sheet struct {
	*Trail
	dice
	day  period.Date
	key  uint64
	n    uint64
	acts []act
}

func (t *Trail) sheet(purpose uint64, n int, day period.Date) *sheet {
	return &sheet{Trail: t, dice: roll(t.w.Seed, purpose, n, int(day)), day: day, key: mix(t.w.Seed ^ mix(purpose<<40^uint64(n)<<20^uint64(day)))}
}

// number is another number that nobody else has.
func (s *sheet) number() uint64 { s.n++; return mix(s.key + s.n*0x9e3779b97f4a7c15) }

// put writes an act down and gives its identifier.
func (s *sheet) put(at life.Time, log, id string, write func(*wire.JSON)) string {
	s.acts = append(s.acts, act{at, log, id, write})
	return id
}
