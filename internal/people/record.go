package people

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Record is somebody as an HR system knows them.
type Record struct {
	Source          string
	ID              string
	Number          string
	Name            string
	Email           string
	Department      string
	DepartmentSince period.Date
	Title           string
	Location        string
	Kind            string
	Manager         string // identifier of a record of the same source
	Status          string // "active", "inactive", or empty for unknown
	Started         period.Date
	Ended           period.Date
	EndedAt         *time.Time
	Checks
}

// earlier reports whether the end that the record states belongs to an employment before the one it begins: the person was
// hired again within the same record.
func (r Record) earlier() bool { return r.Ended != 0 && r.Started > r.Ended }

// end is the instant at which the employment ends, or nil.
func (r Record) end() *time.Time {
	if r.earlier() {
		return nil
	}
	return Person{Ended: r.Ended, EndedAt: r.EndedAt}.End()
}

// state is where the person is at an instant.
func (r Record) state(at time.Time) State {
	end := r.end()
	switch {
	case r.Started > period.Of(at):
		return Joining
	case end != nil && !end.After(at), r.Status == "inactive":
		return Left
	case end != nil:
		return Leaving
	}
	return Active
}

// fill writes what the record says into a person.
func (r Record) fill(p *Person, at time.Time) {
	p.Name, p.Email, p.Number = r.Name, r.Email, r.Number
	p.Department, p.Title, p.Location, p.Kind = r.Department, r.Title, r.Location, r.Kind
	p.State, p.Started, p.Ended, p.EndedAt = r.state(at), r.Started, r.Ended, r.EndedAt
	if r.earlier() {
		p.Ended, p.EndedAt = 0, nil
	}
	p.Origin, p.Source, p.Checks = FromHR, r.Source, r.Checks
	if p.Name == "" {
		p.Name = cmp.Or(r.Email, r.Number, "Record "+r.ID)
	}
}

// later orders records of one person: the one that counts comes last. Whoever works here counts before who is to come, and
// that before who left; then the later start counts.
func later(at time.Time) func(a, b Record) int {
	rank := func(r Record) int {
		return slices.Index([]State{Left, Joining, Leaving, Active}, r.state(at))
	}
	return func(a, b Record) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Started, b.Started), strings.Compare(a.Source, b.Source), strings.Compare(a.ID, b.ID))
	}
}

// apart reports whether two employments do not overlap, so that one person can have had both.
func apart(a, b Record) bool {
	after := func(x, y Record) bool { return x.Ended != 0 && !x.earlier() && y.Started > x.Ended }
	return after(a, b) || after(b, a)
}

// stints works a record's employment into the stretches known so far. alone says that the person has one record only, so that
// another first day is a correction unless the stretch before has ended.
func stints(have []Stint, r Record, was State, alone bool) []Stint {
	out := slices.Clone(have)
	started, ended := r.Started, r.Ended
	if r.earlier() {
		if len(out) == 0 {
			out = append(out, Stint{N: 1, Ended: ended})
		} else if last := &out[len(out)-1]; last.Started != started && last.Ended == 0 {
			last.Ended = ended
		}
		ended = 0
	}
	for i := range out {
		if out[i].Started == started {
			out[i].Ended = ended
			return out
		}
	}
	switch n := len(out); {
	case n == 0:
		return append(out, Stint{1, started, ended})
	case out[n-1].Ended != 0 && started > out[n-1].Ended, was == Left && started > out[n-1].Started && out[n-1].Started != 0 && out[n-1].Ended == 0:
		return append(out, Stint{n + 1, started, ended})
	case alone:
		out[n-1].Started, out[n-1].Ended = started, ended
	}
	return out
}
