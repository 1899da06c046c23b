package reporttest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// shape is a test of the sample: what it asks of which control and how its half-year went.
type shape struct {
	id, title, asks, counted, source, table string
	controls                                []string
	occurrence                              bool
	population                              int64
	days                                    string // "pass 40, fail 3, none 2, ..."; the rest passes
	deviations, unknowns                    int
}

var shapes = []shape{
	{id: "okta-second-factor", title: "Every active account has a second factor", asks: "Does every active Okta account of a person have at least one active sign-in factor besides its password, within a day of activation?", counted: "An active Okta account of a person", source: "okta-main", table: "okta.user_account", controls: []string{"IAM-02"}, population: 512, days: "pass 33, fail 9, pass 53, unknown 2, pass 20, fail 3", deviations: 14, unknowns: 2},
	{id: "okta-leaver-removed", title: "Leavers lose access within 24 hours", asks: "Was the account of every person who left in the period disabled within 24 hours of the end of employment?", counted: "A person whose employment ended in the period", source: "hr-people", table: "hris.worker", controls: []string{"IAM-04", "HRS-05"}, occurrence: true, population: 41, days: "pass 60, fail 1, pass 40, fail 2", deviations: 3},
	{id: "github-review-before-merge", title: "Merges have an independent review", asks: "Was every change merged to a protected branch approved by somebody other than its author?", counted: "A merged change", source: "github-northwind", table: "github.pull_request", controls: []string{"CHG-02", "CHG-01"}, occurrence: true, population: 4127, days: "pass 12, fail 1, pass 70, fail 1", deviations: 7},
	{id: "backup-daily", title: "Backups complete each day", asks: "Did every protected data store have a completed backup on every day of the period?", counted: "A data store and day", source: "backup-vault", table: "backup.job", controls: []string{"AVL-02"}, occurrence: true, population: 5611, days: "pass 100, fail 2", deviations: 4},
	{id: "okta-single-signon", title: "Applications use central sign-on", asks: "Does every application in scope sign its users in through the central directory?", counted: "An application in scope", source: "okta-main", table: "okta.application", controls: []string{"IAM-01"}, population: 64, days: ""},
	{id: "vendor-due-diligence", title: "New vendors are assessed before use", asks: "Was every vendor taken on in the period assessed before it received data?", counted: "A vendor taken on in the period", source: "hr-people", table: "register.vendor", controls: []string{"VEN-01"}, occurrence: true, population: 0, days: "not_applicable 181"},
	{id: "aws-encryption-at-rest", title: "Storage is encrypted", asks: "Is every volume, bucket and database of the production accounts encrypted?", counted: "A store in a production account", source: "aws-production", table: "aws.store", controls: []string{"CRY-02"}, population: 402, days: "pass 20, none 4"},
	{id: "edr-installed", title: "Endpoints have a reporting EDR agent", asks: "Does every managed endpoint have an agent that reported within three days?", counted: "A managed endpoint", source: "edr-fleet", table: "edr.device", controls: []string{"END-01", "END-02"}, population: 561, days: "pass 5, fail 80, pass 20, fail 10", deviations: 58},
	{id: "aws-public-access", title: "Nothing is open to the internet that is not listed", asks: "Is every address reachable from the internet on the list of approved entry points?", counted: "A reachable address", source: "aws-production", table: "aws.listener", controls: []string{"NET-01", "NET-03"}, population: 37, days: "pass 90, fail 1", deviations: 1},
	{id: "hr-conduct-accepted", title: "Conduct rules are accepted", asks: "Did every worker accept the rules in force within 14 days of starting?", counted: "An active worker", source: "hr-people", table: "hris.worker", controls: []string{"GOV-01"}, population: 550, days: "pass 10, fail 31", deviations: 19},
	{id: "secrets-rotated", title: "Service credentials are replaced in time", asks: "Is every service credential younger than 90 days?", counted: "A service credential", source: "aws-production", table: "aws.access_key", controls: []string{"IAM-07"}, population: 88, days: "none 181"},
	{id: "log-sources-report", title: "Every log source reports", asks: "Did every listed source of audit events send an event within a day?", counted: "A listed source", source: "aws-production", table: "aws.trail", controls: []string{"LOG-01"}, population: 73, days: "pass 44, unknown 6, none 3", unknowns: 1},
}

// reasons are why the sample's items fail.
var reasons = []string{
	"no active factor; active since 2025-11-30 08:12 UTC",
	"account disabled 31 hours after the end of employment",
	"merged by its author without approval",
	"the job ended with an error and was repeated the next day",
	"agent has not reported since the disk was replaced; reported again after reinstallation",
	"no acceptance is recorded",
}

var people = []string{"grace.keller", "elena.wolf", "ben.reyes", "chloe.silva", "omar.ito", "wen.dubois", "yara.ng", "liam.rossi", "tara.kaur", "maximiliane.von-altenburg-hohenstein"}

// addTests gives the dossier its first n tests: the hand-made ones whose controls are in scope, then plain ones for
// further controls.
func addTests(d *engagement.Dossier, n int) {
	at := map[string]int{}
	for i, c := range d.Controls {
		at[c.Ref] = i
	}
	done := map[string]bool{}
	add := func(s shape) {
		var in []string
		for _, c := range s.controls {
			if i, ok := at[c]; ok {
				in = append(in, c)
				d.Controls[i].Tests = append(d.Controls[i].Tests, s.id)
				done[c] = true
			}
		}
		if s.controls = in; len(in) > 0 {
			d.Tests = append(d.Tests, s.test())
		}
	}
	for _, s := range shapes {
		if len(d.Tests) < n {
			add(s)
		}
	}
	for round := 0; len(d.Tests) < n && round < 10; round++ {
		for _, c := range d.Controls {
			if len(d.Tests) >= n {
				return
			}
			if c.Nature == "manual" || (round == 0 && done[c.Ref]) {
				continue
			}
			k := pick(9, c.Ref, round)
			s := shape{id: fmt.Sprintf("%s-records-%d", strings.ToLower(c.Ref), round+1), title: c.Title + ": records are complete", asks: "Does every record of this control have the fields that the control requires?", counted: "A record of the control", source: d.Sources[k%len(d.Sources)].Name, table: "register.record", controls: []string{c.Ref}, population: int64(20 + 13*k), occurrence: c.Frequency == "per_event"}
			if k == 3 {
				s.days, s.deviations = fmt.Sprintf("pass %d, fail 2", 30+k), 2
			}
			add(s)
		}
	}
}

// test is the shape as a test with its results.
func (s shape) test() engagement.TestFacts {
	t := engagement.TestFacts{
		ID: s.id, Version: 1 + pick(3, s.id), SHA256: sum(s.id), Title: s.title, Asks: s.asks, Kind: "state", Severity: []string{"medium", "high", "critical"}[pick(3, s.id)],
		Controls: s.controls, Counted: s.counted, Sources: []string{s.source}, Population: s.population,
		Final: engagement.Rerun{RunID: "evr_" + s.id, AsOf: Period.Last().Time().Add(23*time.Hour + 30*time.Minute), RowsSHA256: sum(s.id, "rows"), Population: s.population, Seq: int64(40000 + pick(8000, s.id))},
	}
	if s.occurrence {
		t.Kind = "occurrence"
	}
	t.Days = parseDays(s.days)
	for _, r := range t.Days {
		if r.Outcome == "none" {
			t.DaysGap += r.Days
		} else {
			t.DaysTested += r.Days
		}
	}
	t.Evaluations = t.DaysTested
	for i := range s.deviations {
		t.Deviations = append(t.Deviations, deviation(t, i, pick(len(reasons), s.id)))
	}
	for i := range s.unknowns {
		u := deviation(t, 100+i, 0)
		u.Reason, u.Exception = "the source did not answer for this item", ""
		t.Unknowns = append(t.Unknowns, u)
	}
	if s.occurrence {
		t.Fail, t.Unknown = int64(s.deviations), int64(s.unknowns)
		t.NA = min(2, max(0, s.population-t.Fail-t.Unknown))
		t.Pass = s.population - t.Fail - t.Unknown - t.NA
	}
	if t.Evaluations > 0 {
		t.Final.Inputs = []engagement.RerunInput{{Table: s.table, Ref: fmt.Sprintf("EV-2026-%05d", pick(99999, s.id)), Source: s.source, SHA256: sum(s.table), Path: "lake/" + s.table, Completeness: "proven"}}
		if s.occurrence && s.population > 0 {
			t.Final.Inputs = append(t.Final.Inputs, engagement.RerunInput{Table: "hris.worker", Ref: "EV-2026-00031", Source: "hr-people", SHA256: sum("hr"), Path: "lake/hr", Completeness: "asserted"})
		}
	}
	return t
}

// parseDays reads "pass 33, fail 9"; what is left of the period passes.
func parseDays(s string) []engagement.DayRun {
	at := Period.From
	var out []engagement.DayRun
	add := func(outcome string, n int) {
		if n = min(n, int(Period.To-at)); n > 0 {
			out = append(out, engagement.DayRun{From: at, Days: n, Outcome: outcome})
			at += period.Date(n)
		}
	}
	for _, f := range strings.Split(s, ", ") {
		outcome, n := "", 0
		if k, err := fmt.Sscanf(f, "%s %d", &outcome, &n); k == 2 && err == nil {
			add(outcome, n)
		}
	}
	add("pass", Period.Days())
	if n := len(out); n > 1 && out[n-1].Outcome == out[n-2].Outcome {
		out[n-2].Days += out[n-1].Days
		out = slices.Delete(out, n-1, n)
	}
	return out
}

// deviation is the i-th item that a test of the sample found wanting.
func deviation(t engagement.TestFacts, i, reason int) engagement.Deviation {
	name := people[i%len(people)]
	if i >= len(people) {
		name += fmt.Sprint(i / len(people))
	}
	from := Period.From.Time().Add(time.Duration(pick(170*24*60, t.ID, i)) * time.Minute)
	d := engagement.Deviation{ItemID: "00u" + sum(t.ID, i)[:17], Label: name + "@northwind.example", Reason: reasons[reason], From: from}
	to := from
	if t.Kind != "occurrence" {
		to = from.Add(time.Duration(20+pick(9*24*60, t.ID, i, "length")) * time.Minute)
	}
	d.To = &to
	if t.Kind != "occurrence" && i%9 == 8 {
		d.To = nil
	}
	if i%7 == 3 {
		d.Exception = fmt.Sprintf("EX-%d", 1+pick(20, t.ID, i))
	}
	return d
}
