package page

import (
	"strconv"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Stale marks the form as begun from an older version than the one that is saved now: version is that one's number, theirs
// what it says, by field and as a reader would see it. The form is shown again with both texts at each field that differs,
// and sending it once more replaces what is saved, knowingly.
func (f *Form) Stale(version int, theirs map[string]string) {
	f.stale, f.theirs = version, map[string]string{}
	for field, text := range theirs {
		if f.Values.Get(field) != text {
			f.theirs[field] = text
		}
	}
	f.Problem = "Somebody saved a change while you were writing."
	f.Hint = "Your text is kept below; where it differs, the text that is saved now stands beside it. Sending the form again replaces what is saved."
	if f.Values != nil {
		f.Values.Set("base", strconv.Itoa(version))
	}
}

// IsStale reports whether the form was found to be based on an older version.
func (f *Form) IsStale() bool { return f.stale > 0 }

func (f *Form) baseOr(version int) int {
	if f.stale > 0 {
		return f.stale
	}
	return version
}

// savedNow is what is saved in a field of a stale form where it differs.
func (f *Form) savedNow(field string) (string, bool) {
	text, ok := f.theirs[field]
	if ok && text == "" {
		text = "(empty)"
	}
	return text, ok
}

// maxTicks bounds how many rows one act on many may take.
const maxTicks = 1000

// tickLength bounds what a tick box stands for, in bytes.
const tickLength = 200

// Ticks are the rows ticked in a list, each once, for a handler of a BulkAction.
func (f *Form) Ticks() ([]string, error) {
	all, seen := f.Values["tick"], map[string]bool{}
	if len(all) > maxTicks {
		return nil, errs.New(errs.Invalid, "%d rows are ticked; at most %d are taken at once", len(all), maxTicks).WithHint("Narrow the list and do it in parts.")
	}
	var out []string
	for _, v := range all {
		if len(v) > tickLength {
			return nil, errs.New(errs.Invalid, "a ticked row has no value a list could give it")
		}
		if v != "" && !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	if len(out) == 0 {
		return nil, errs.New(errs.Invalid, "no row is ticked").WithHint("Go back, tick the rows it is about, and try again.")
	}
	return out, nil
}

// Back is where an act on many rows leads back to: the list it was on.
func (f *Form) Back() string { return LocalPath(f.Get("back")) }
