package policies

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/policy"
	"github.com/tickmark/tickmark/internal/web/page"
)

// example is how a file of a folder looks.
const example = `---
slug: clean-desk
title: Clean desk policy
summary: What stays on a desk overnight.
owner: ann@northwind.example
review_months: 12
audience: [Finance, Legal]
controls: [PHY-03]
---

## Purpose

Papers tell stories to whoever passes by.
`

// baseOr is the state a form was opened on: the one it carries, or else the one given.
func baseOr(f *page.Form, otherwise int) int {
	if f.Base() > 0 {
		return f.Base()
	}
	return otherwise
}

// askURL is where people are asked to acknowledge the version in force.
func askURL(d detail) string {
	return "/campaigns/new?" + url.Values{"kind": {"acknowledge"}, "subject": {d.Ref}, "version": {strconv.Itoa(d.InForce)}}.Encode()
}

// other is the parameter that names the version that is looked at, when it is not the usual one.
func (d detail) other() string {
	if d.V.N == d.Shown.N {
		return ""
	}
	return "?version=" + strconv.Itoa(d.V.N)
}

func readURL(d detail) string           { return policyURL(d.Ref) + "/read" + d.other() }
func fileURL(d detail, f string) string { return policyURL(d.Ref) + "/" + f + d.other() }

func compareURL(ref string, from, to int) string {
	return policyURL(ref) + "/compare?from=" + strconv.Itoa(from) + "&to=" + strconv.Itoa(to)
}

// dueWords is when the next review is due.
func dueWords(d detail) string {
	if d.Due == 0 {
		return "none"
	}
	return page.DateText(d.Due)
}

// openStory says what is being written beside what is in force.
func (d detail) openStory() string {
	v := d.open()
	if d.OpenState == policy.InReview {
		s := "Version " + strconv.Itoa(v.N) + " waits for a second person"
		if v.Sent != nil {
			s += " since " + dayOf(v.Sent) + ", sent by " + d.Name(v.SentBy)
		}
		return s + "."
	}
	s := "Version " + strconv.Itoa(v.N) + " is being written, last by " + d.Name(v.SavedBy) + " on " + page.DateText(period.Of(v.Saved)) + "."
	if v.Why != "" {
		s += " It was given back: “" + v.Why + "”"
	}
	return s
}

// story says how a version came about and what became of it.
func (d detail) story() string {
	s := "Written by " + d.authors() + " since " + page.DateText(period.Of(d.V.Began))
	if d.V.Decided != nil {
		s += ", approved by " + d.Name(d.V.DecidedBy) + " on " + page.TimeText(*d.V.Decided)
	}
	if d.V.Ended != nil {
		s += ", " + strings.ToLower(d.V.State.Title()) + " on " + page.TimeText(*d.V.Ended)
	}
	return s + "."
}

// versionDay is the day that matters most about a version.
func versionDay(v policy.Version) string {
	if v.Decided != nil {
		return dayOf(v.Decided)
	}
	return page.DateText(period.Of(v.Saved))
}

func versionWords(d detail) string { return strings.ToLower(d.V.State.Title()) }

// notInForce says that a text is not what counts.
func notInForce(d detail) string {
	switch d.V.State {
	case policy.Draft:
		return "Draft: this text is not in force."
	case policy.InReview:
		return "Waits for approval: this text is not in force."
	case policy.Replaced:
		return "Replaced on " + dayOf(d.V.Ended) + ": this text is no longer in force."
	case policy.Withdrawn:
		return "Withdrawn on " + dayOf(d.V.Ended) + ": this text is not in force."
	case policy.InForce:
	}
	return ""
}

// blank keeps an empty line visible.
func blank(s string) string {
	if s == "" {
		return "\u00a0"
	}
	return s
}

func changeKey(c policy.Change) string {
	return map[policy.Change]string{policy.Added: "pass", policy.Changed: "prog", policy.Same: "na", policy.Wrong: "fail"}[c]
}

func changeWord(c policy.Change) string {
	return map[policy.Change]string{policy.Added: "Added", policy.Changed: "Changed", policy.Same: "The same", policy.Wrong: "Wrong"}[c]
}

func problemsText(list []policy.Problem) string {
	var out []string
	for _, p := range list {
		out = append(out, p.String())
	}
	return strings.Join(out, "; ")
}

// planWords counts what a plan would do.
func planWords(u upload) string {
	var out []string
	for _, c := range []policy.Change{policy.Added, policy.Changed, policy.Same, policy.Wrong} {
		if n := u.Counts[c]; n > 0 {
			out = append(out, page.Count(n)+" "+strings.ToLower(changeWord(c)))
		}
	}
	return strings.Join(out, ", ")
}
