package campaigns

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/training"
	"github.com/tickmark/tickmark/internal/web/page"
)

// note is why a duty is not to be done: our own words as a sentence, somebody's reason as they wrote it.
func note(d campaign.Duty) string {
	if d.State == campaign.Void {
		return page.Capital(d.Note)
	}
	return d.Note
}

func one(n int, single, many string) string {
	if n == 1 {
		return single
	}
	return many
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// answering reports whether a form holds answers: then the questions are shown, whatever the address says.
func answering(f *page.Form) bool {
	if f.OK() {
		return false
	}
	for name := range f.Values {
		if _, err := strconv.Atoi(strings.TrimPrefix(name, "q")); err == nil {
			return true
		}
	}
	return f.Errors[training.Field(0)] != ""
}

// tries says how often the questions were answered.
func tries(t task) string {
	if len(t.Attempts) == 0 {
		return strconv.Itoa(t.Course.Pass) + " of " + strconv.Itoa(len(t.Course.Questions)) + " must be right"
	}
	last := t.Attempts[len(t.Attempts)-1]
	return "Try " + strconv.Itoa(last.N) + ": " + strconv.Itoa(last.Right) + " of " + strconv.Itoa(last.Of) + " right"
}

// mark is the status key of a question after a try.
func mark(t task, wrong bool) string {
	switch {
	case len(t.Attempts) == 0:
		return ""
	case wrong:
		return "fail"
	}
	return "pass"
}

func courseSub(c training.Course) string {
	s := c.Kind.Title() + ", about " + page.Plural(c.Minutes, "minute", "minutes")
	if c.For != "" {
		s += ". For: " + c.For
	}
	return s
}

func editorURL(d draftOf) templ.SafeURL {
	if d.Ref == "" {
		return "/training/courses/new"
	}
	return templ.URL(courseURL(d.Ref) + "/edit")
}

func resultTitle(f *page.Form) string {
	if f.Checked("dry") {
		return "What would be imported"
	}
	return "What was imported"
}
