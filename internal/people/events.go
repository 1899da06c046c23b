package people

import (
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// happened lists what lies between two states of a person, as the directory learned it at an instant. was is nil for a new one.
func happened(was *Person, is Person, at time.Time, since period.Date) []Event {
	var out []Event
	add := func(k EventKind, on period.Date, field, before, after string) {
		out = append(out, Event{Person: is.ID, At: at, On: on, Kind: k, Field: field, Was: before, Became: after})
	}
	if was == nil {
		add(Joined, is.Started, "", "", is.Origin.Title())
		switch is.State {
		case Left:
			add(HasLeft, is.Ended, "", "", "")
		case Leaving:
			add(GivesEnd, is.Ended, "", "", dateText(is.Ended))
		case Joining, Active:
		}
		return out
	}
	switch {
	case is.Stint > was.Stint:
		add(Returned, is.Started, "", dateText(was.Ended), dateText(is.Started))
	case was.State == Joining && is.State.Works():
		add(Began, is.Started, "", "", "")
	}
	switch {
	case is.State == Left && (was.State != Left || is.Stint > was.Stint):
		add(HasLeft, is.Ended, "", "", "")
	case is.Stint == was.Stint && is.Ended != was.Ended && is.Ended == 0:
		add(Stays, 0, "", dateText(was.Ended), "")
	case is.Ended != was.Ended && is.Ended != 0:
		add(GivesEnd, is.Ended, "", dateText(was.Ended), dateText(is.Ended))
	}
	for _, f := range [][3]string{
		{"department", was.Department, is.Department}, {"title", was.Title, is.Title}, {"manager", string(was.Manager), string(is.Manager)},
		{"kind", was.Kind, is.Kind}, {"location", was.Location, is.Location},
	} {
		if f[1] != f[2] {
			on := period.Date(0)
			if f[0] == "department" {
				on = since
			}
			add(Moved, on, f[0], f[1], f[2])
		}
	}
	for _, f := range [][3]string{{"name", was.Name, is.Name}, {"address", was.Email, is.Email}, {"number", was.Number, is.Number}} {
		if f[1] != f[2] {
			add(Renamed, 0, f[0], f[1], f[2])
		}
	}
	for _, f := range [][3]string{
		{"screening", was.Screening, is.Screening}, {"screened", dateText(was.ScreenedOn), dateText(is.ScreenedOn)},
		{"agreement", dateText(was.AgreedOn), dateText(is.AgreedOn)}, {"conduct", dateText(was.ConductOn), dateText(is.ConductOn)},
		{"training", dateText(was.TrainedLast), dateText(is.TrainedLast)}, {"review", dateText(was.ReviewedOn), dateText(is.ReviewedOn)},
	} {
		if f[1] != f[2] {
			add(Checked, 0, f[0], f[1], f[2])
		}
	}
	switch {
	case is.Gone != nil && was.Gone == nil:
		add(Vanished, 0, "", was.Source, "")
	case is.Gone == nil && was.Gone != nil:
		add(Appeared, 0, "", "", is.Source)
	}
	return out
}

func dateText(d period.Date) string {
	if d == 0 {
		return ""
	}
	return d.String()
}
