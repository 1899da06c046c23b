package org

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/catalog"
)

// Bounds of texts, in characters, and of lists.
const (
	maxName    = 200
	maxText    = 20_000
	maxShort   = 1000
	minReason  = 10
	maxEntries = 500 // of one list
	maxIDs     = 120 // criteria or controls named in one record
)

// Problem is something wrong with a document or a record, where it is, and what.
type Problem struct {
	Path string // "commitments[2].category"; of a single record, the field alone
	Line int    // of the document, from 1; 0 when there is none
	Text string
}

// String is the problem in one line.
func (p Problem) String() string {
	s := p.Path + ": " + p.Text
	if p.Line > 0 {
		return fmt.Sprintf("line %d: %s", p.Line, s)
	}
	return s
}

// problems collects what is wrong under a path.
type problems struct {
	path string
	list []Problem
}

func (p *problems) add(field, format string, args ...any) {
	path := field
	if p.path != "" && field != "" {
		path = p.path + "." + field
	} else if field == "" {
		path = p.path
	}
	p.list = append(p.list, Problem{Path: path, Text: fmt.Sprintf(format, args...)})
}

var (
	incidentRef = regexp.MustCompile(`^[A-Z]{2,8}(-[0-9]{1,6}){1,2}$`)
	factName    = regexp.MustCompile(`^[a-z][a-z0-9_]{0,40}$`)
	sourceName  = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)
)

// sections are what System.None may name.
var sections = []string{"subservice", "incidents", "changes", "not_applicable", "cuecs"}

// name checks a text of one line that must be there.
func (p *problems) name(field, s string) {
	if strings.ContainsFunc(s, unicode.IsControl) {
		p.add(field, "must fit on one line")
		return
	}
	p.text(field, s, 1, maxName)
}

// text checks a text of several lines. With least 0 it may be missing.
func (p *problems) text(field, s string, least, most int) {
	n := utf8.RuneCountInString(s)
	switch {
	case !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }):
		p.add(field, "contains characters that cannot be shown")
	case n == 0 && least > 0:
		p.add(field, "is missing")
	case n < least:
		p.add(field, "has %d characters; it needs at least %d", n, least)
	case n > most:
		p.add(field, "has %d characters; at most %d are kept", n, most)
	}
}

// oneOf checks a word of a list.
func oneOf[T ~string](p *problems, field string, v T, list []T) {
	if slices.Contains(list, v) {
		return
	}
	names := make([]string, len(list))
	for i, x := range list {
		names[i] = string(x)
	}
	p.add(field, "%q is none of %s", v, strings.Join(names, ", "))
}

func (p *problems) criteria(field string, c *catalog.Catalog, ids []string) {
	if len(ids) > maxIDs {
		p.add(field, "%d criteria", len(ids))
	}
	for _, id := range ids {
		if !c.Knows(catalog.TSC, id) && !c.Knows(catalog.SOC1, id) {
			p.add(field, "%q is neither a Trust Services criterion nor a control objective", id)
		}
	}
}

func (x System) check(_ *catalog.Catalog, p *problems) {
	p.name("name", x.Name)
	p.text("overview", x.Overview, 0, maxText)
	p.text("boundary", x.Boundary, 0, maxText)
	if x.PrivacyRole != "" {
		oneOf(p, "privacy_role", x.PrivacyRole, []catalog.PrivacyRole{catalog.Controller, catalog.Processor, catalog.BothRoles})
	}
	for _, n := range x.None {
		oneOf(p, "none", n, sections)
	}
}

func (x Offering) check(_ *catalog.Catalog, p *problems) {
	p.name("name", x.Name)
	p.text("text", x.Text, 1, maxText)
	p.text("customers", x.Customers, 0, maxShort)
	p.text("delivery", x.Delivery, 0, maxShort)
}

func (x Commitment) check(c *catalog.Catalog, p *problems) {
	if !catalog.ControlForm.MatchString(x.Ref) {
		p.add("ref", "%q is no reference such as SC-01", x.Ref)
	}
	oneOf(p, "type", x.Type, []CommitmentType{ServiceCommitment, SystemRequirement})
	var ids []catalog.CategoryID
	for _, k := range c.Categories() {
		ids = append(ids, k.ID)
	}
	oneOf(p, "category", x.Category, ids)
	p.text("text", x.Text, 1, maxText)
	p.text("source", x.Source, 0, maxShort)
	p.text("threshold", x.Threshold, 0, maxShort)
}

func (x Component) check(_ *catalog.Catalog, p *problems) {
	oneOf(p, "class", x.Class, Classes())
	p.name("name", x.Name)
	p.text("text", x.Text, 0, maxText)
	if x.Count == nil {
		return
	}
	if !factName.MatchString(x.Count.Resource) {
		p.add("count.resource", "%q is no type of fact such as repository or user_account", x.Count.Resource)
	}
	if x.Count.System != "" && !factName.MatchString(x.Count.System) {
		p.add("count.system", "%q is no kind of system such as github", x.Count.System)
	}
	if x.Count.Source != "" && !sourceName.MatchString(x.Count.Source) {
		p.add("count.source", "%q is no name of a connection", x.Count.Source)
	}
}

func (x Aspect) check(_ *catalog.Catalog, p *problems) {
	oneOf(p, "area", x.Area, Areas())
	p.name("title", x.Title)
	p.text("text", x.Text, 1, maxText)
}

func (x Transaction) check(_ *catalog.Catalog, p *problems) {
	oneOf(p, "topic", x.Topic, Topics())
	if x.Title != "" {
		p.name("title", x.Title)
	}
	p.text("text", x.Text, 1, maxText)
}

func (x Subservice) check(c *catalog.Catalog, p *problems) {
	p.name("name", x.Name)
	p.text("service", x.Service, 1, maxText)
	oneOf(p, "method", x.Method, []Method{CarveOut, Inclusive})
	p.criteria("criteria", c, x.Criteria)
	for _, s := range x.CSOCs {
		p.text("csocs", s, 1, maxShort)
	}
	for _, ref := range x.Monitoring {
		if !catalog.ControlForm.MatchString(ref) {
			p.add("monitoring", "%q is no control reference such as VEN-03", ref)
		}
	}
	if len(x.CSOCs) > maxIDs || len(x.Monitoring) > maxIDs {
		p.add("csocs", "more than %d entries", maxIDs)
	}
}

func (x Incident) check(c *catalog.Catalog, p *problems) {
	if !incidentRef.MatchString(x.Ref) {
		p.add("ref", "%q is no reference such as INC-17", x.Ref)
	}
	p.name("title", x.Title)
	p.text("text", x.Text, 1, maxText)
	p.text("disposition", x.Disposition, 0, maxText)
	p.criteria("criteria", c, x.Criteria)
	x.checkTimes(p)
	if x.Decision != "" {
		oneOf(p, "decision", x.Decision, []Decision{Describe, Omit})
		p.text("reason", x.Reason, minReason, maxText) // a decision without a reason cannot be checked
		return
	}
	p.text("reason", x.Reason, 0, maxText)
}

// checkTimes also finds text that is no instant: the reader of YAML leaves the zero time for it.
func (x Incident) checkTimes(p *problems) {
	const none = "is missing, or no instant such as 2026-03-04T10:15:00Z"
	odd := func(t time.Time) bool { return t.Year() < 1970 || t.Year() > 9999 }
	if odd(x.Started) {
		p.add("started", none)
	}
	switch {
	case x.Detected == nil:
	case odd(*x.Detected):
		p.add("detected", none)
	case x.Detected.Before(x.Started):
		p.add("detected", "lies before it started")
	}
	switch {
	case x.Resolved == nil:
	case odd(*x.Resolved):
		p.add("resolved", none)
	case x.Resolved.Before(x.Started) || x.Detected != nil && x.Resolved.Before(*x.Detected):
		p.add("resolved", "lies before it started or was detected")
	}
}

func (x NotApplicable) check(c *catalog.Catalog, p *problems) {
	if !c.Knows(catalog.TSC, x.Criterion) {
		p.add("criterion", "%q is none of the 61 Trust Services criteria", x.Criterion)
	}
	p.text("reason", x.Reason, minReason, maxText)
}

func (x Change) check(_ *catalog.Catalog, p *problems) {
	if x.Date == 0 {
		p.add("date", "is missing")
	}
	p.name("title", x.Title)
	p.text("text", x.Text, 1, maxText)
	p.text("told", x.Told, 0, maxShort)
}

// check lists everything wrong with a cleaned document.
func (d Description) check(c *catalog.Catalog) []Problem {
	var out []Problem
	seen := map[string]string{}
	sizes := map[string]int{}
	for _, r := range d.records() {
		p := problems{path: r.path}
		r.record.check(c, &p)
		section, _, _ := strings.Cut(r.path, "[")
		if sizes[section]++; sizes[section] == maxEntries+1 {
			p.path = section
			p.add("", "more than %d entries", maxEntries)
		}
		key := string(r.record.Kind()) + " " + r.record.Key()
		if first, twice := seen[key]; twice && len(p.list) == 0 {
			p.add("", "%s is the same as %s", strings.ReplaceAll(r.record.Key(), "/", " "), first)
		} else if !twice {
			seen[key] = r.path
		}
		out = append(out, p.list...)
	}
	return out
}
