package org

import (
	"slices"
	"strings"
	"time"
)

// clean brings a document into the form in which it is kept.
func (d Description) clean() Description {
	var records []Record
	for _, p := range d.records() {
		records = append(records, p.record.clean())
	}
	return assemble(records)
}

// Each type in the form in which it is kept: texts trimmed, instants in UTC microseconds, empty lists nil.

func (x System) clean() Record {
	x.Name, x.Overview, x.Boundary, x.None = trim(x.Name), trim(x.Overview), trim(x.Boundary), trimAll(x.None)
	return x
}

func (x Offering) clean() Record {
	x.Name, x.Text, x.Customers, x.Delivery = trim(x.Name), trim(x.Text), trim(x.Customers), trim(x.Delivery)
	return x
}

func (x Commitment) clean() Record {
	x.Ref, x.Text, x.Source, x.Threshold = trim(x.Ref), trim(x.Text), trim(x.Source), trim(x.Threshold)
	return x
}

func (x Component) clean() Record {
	x.Name, x.Text = trim(x.Name), trim(x.Text)
	if x.Count != nil {
		c := Count{trim(x.Count.Resource), trim(x.Count.System), trim(x.Count.Source)}
		x.Count = &c
	}
	return x
}

func (x Aspect) clean() Record {
	x.Title, x.Text = trim(x.Title), trim(x.Text)
	return x
}

func (x Transaction) clean() Record {
	x.Title, x.Text = trim(x.Title), trim(x.Text)
	return x
}

func (x Subservice) clean() Record {
	x.Name, x.Service = trim(x.Name), trim(x.Service)
	x.Criteria, x.CSOCs, x.Monitoring = trimAll(x.Criteria), trimAll(x.CSOCs), trimAll(x.Monitoring)
	return x
}

func (x Incident) clean() Record {
	x.Ref, x.Title, x.Text, x.Disposition, x.Reason = trim(x.Ref), trim(x.Title), trim(x.Text), trim(x.Disposition), trim(x.Reason)
	x.Criteria, x.Started = trimAll(x.Criteria), instant(x.Started)
	for _, t := range []**time.Time{&x.Detected, &x.Resolved} {
		if *t != nil {
			u := instant(**t)
			*t = &u
		}
	}
	return x
}

func (x NotApplicable) clean() Record {
	x.Criterion, x.Reason = trim(x.Criterion), trim(x.Reason)
	return x
}

func (x Change) clean() Record {
	x.Title, x.Text, x.Told = trim(x.Title), trim(x.Text), trim(x.Told)
	return x
}

// trim also makes line ends and tabs those of any other text: neither means anything in prose.
func trim(s string) string { return strings.TrimSpace(plain.Replace(s)) }

var plain = strings.NewReplacer("\r\n", "\n", "\t", " ")

// trimAll trims each, drops empty ones and doubles, and gives nil for nothing.
func trimAll(in []string) []string {
	var out []string
	for _, s := range in {
		if s = trim(s); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
