package vendors

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// holeWindow is how many days back from the last covered day a gap still matters: the longest period of an examination, and
// a year more.
const holeWindow = 730

// Coverage is what the vendor's reports and letters cover.
func (f File) Coverage(r Rules) Coverage { return Cover(f.Filed, f.Letters, r.Bridge) }

// standing works out what follows from the records.
func (f File) standing(r Rules) Standing {
	s := Standing{}
	for _, a := range f.Assessments {
		switch {
		case a.Purpose == Performance:
			s.Performed = max(s.Performed, a.Day)
		case a.Decision != Rejected:
			s.Assessed = max(s.Assessed, a.Day)
		}
	}
	for _, x := range f.Filed {
		if !x.Removed {
			s.Reports++
		}
	}
	c := f.Coverage(r)
	s.Covered = c.Last()
	if h := c.Hole(); h.Days() > 0 && h.To > s.Covered-holeWindow {
		s.Hole = h.From
	}
	f.Standing = s
	for _, e := range f.due(r) {
		if e.What == DueReport || e.What == DueContract { // the vendor's to do, or a date: not a review that we owe
			continue
		}
		if s.NextDue == 0 || e.Day < s.NextDue {
			s.NextDue, s.NextWhat = e.Day, e.What
		}
	}
	return s
}

// FirstAssessed is the day of the first decision that let the vendor be used, 0 for none.
func (f File) FirstAssessed() period.Date {
	first := period.Date(0)
	for _, a := range f.Assessments {
		if a.Purpose == Diligence && a.Decision != Rejected && (first == 0 || a.Day < first) {
			first = a.Day
		}
	}
	return first
}

// due lists what is due for the vendor, in order of days.
func (f File) due(r Rules) []Entry {
	var out []Entry
	add := func(day period.Date, what Due, about, text string) {
		out = append(out, Entry{Day: day, What: what, Vendor: f.Vendor, About: about, Text: text})
	}
	if e := f.Exit; e.Ended != nil {
		if !e.NoData && e.Deletion == 0 {
			n := f.DeletionLimit(r)
			add(period.Of(*e.Ended)+period.Date(n), DueExit, "", fmt.Sprintf("Data is to be returned or destroyed within %s of the end.", days(n)))
		}
		return out
	}
	every := r.Every(f.Tier)
	switch {
	case f.Assessed != 0:
		add(f.Assessed+period.Date(every), DueAssessment, "", fmt.Sprintf("Tier %s: every %s; last decided on %s.", f.Tier, days(every), dayWords(f.Assessed)))
	case f.Started != 0:
		add(f.Started, DueAssessment, "", "It has to be assessed before its first use.")
	}
	if f.Tier == High && f.Started != 0 {
		add(max(f.Performed, f.Started)+period.Date(r.Performance), DuePerformance, "", fmt.Sprintf("Tier high: every %s.", days(r.Performance)))
	}
	for _, x := range f.Filed {
		if !x.Removed && x.Review == nil {
			add(x.Received+period.Date(r.Review), DueReview, x.Ref, fmt.Sprintf("%s, received on %s.", x.Kind.Title(), dayWords(x.Received)))
		}
	}
	if f.Subservice && f.Covered != 0 {
		add(f.Covered+1, DueReport, "", fmt.Sprintf("Reports and letters cover it up to %s.", dayWords(f.Covered)))
	}
	if f.Contract.Until != 0 {
		add(f.Contract.Until, DueContract, "", "The contract ends.")
	}
	slices.SortStableFunc(out, func(a, b Entry) int { return cmp.Compare(a.Day, b.Day) })
	return out
}

// dayWords is a day as pages show it.
func dayWords(d period.Date) string { return d.Time().Format("2 Jan 2006") }

// DeletionLimit is how many days after the end the proof of deletion may take.
func (f File) DeletionLimit(r Rules) int {
	if f.Contract.DeletionDays > 0 {
		return f.Contract.DeletionDays
	}
	return r.Deletion
}

// Contains puts the records of a vendor in their lists.
func (f *File) take(r Record) error {
	switch r.Kind {
	case KindAssessment:
		x, err := decode[Assessment](r)
		x.Stamp = r.stamp()
		f.Assessments = append(f.Assessments, x)
		return err
	case KindReport:
		x, err := decode[Report](r)
		x.Stamp = r.stamp()
		f.Filed = append(f.Filed, x)
		return err
	case KindBridge:
		x, err := decode[Bridge](r)
		x.Stamp = r.stamp()
		f.Letters = append(f.Letters, x)
		return err
	case KindCUEC:
		x, err := decode[CUEC](r)
		x.Stamp = r.stamp()
		if !x.Removed {
			f.CUECs = append(f.CUECs, x)
		}
		return err
	}
	return nil
}

// order sorts the lists: the newest first, what a report asks of us by its reference.
func (f *File) order() {
	slices.SortStableFunc(f.Assessments, func(a, b Assessment) int {
		return cmp.Or(cmp.Compare(b.Day, a.Day), cmp.Compare(b.Ref, a.Ref))
	})
	slices.SortStableFunc(f.Filed, func(a, b Report) int {
		return cmp.Or(cmp.Compare(b.Period.To, a.Period.To), cmp.Compare(b.Ref, a.Ref))
	})
	slices.SortStableFunc(f.Letters, func(a, b Bridge) int {
		return cmp.Or(cmp.Compare(b.Period.To, a.Period.To), cmp.Compare(b.Ref, a.Ref))
	})
	slices.SortStableFunc(f.CUECs, func(a, b CUEC) int { return cmp.Compare(a.Ref, b.Ref) })
}
