package reporttest

import (
	"time"

	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/matrix"
)

// HostileText is a text that a careless writer would let act: markup, a formula, a control character, right to left, an emoji.
const HostileText = "=cmd|' /C calc'!A0 <script>alert(1)</script> & \x01 \u202eevil\u202c 🔒 ]]>"

// Matrix is a control matrix with one of everything: every standing, a gap, a draft, an owner who is missing, tests of both
// kinds with and without deviations, and hostile texts.
func Matrix() *matrix.Matrix {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 9, 0, 0, 0, time.UTC) }
	end := day(9)
	m := &matrix.Matrix{
		V: 1, Org: "Northwind", Simulated: true,
		Scope: matrix.Scope{Framework: "tsc-2017", Name: "Trust Services Criteria", Categories: []string{"security", "availability"}, Period: period.Closed(period.Make(2026, 1, 1), period.Make(2026, 12, 31)), Engagement: "SOC2-2026-1", Full: true},
		Made:  matrix.Made{Number: 3, At: time.Date(2026, 6, 30, 12, 0, 0, 123000, time.UTC), By: "usr_1", Name: "Dana Whitfield"},
	}
	for i, s := range []struct{ status, word string }{{"not_met", "Not met"}, {"at_risk", "At risk"}, {"not_evaluated", "Not evaluated"}, {"met_with_deviations", "Met with deviations"}, {"met", "Met"}} {
		q := matrix.Requirement{ID: "CC6." + string(rune('1'+i)), Category: "security", Group: "Logical and physical access", Title: "Access is limited", Intent: "Only those who need it.", Status: s.status, Word: s.word,
			Reasons: []matrix.Reason{{Control: "IAM-01", Test: "mfa", Text: "2 items fail"}, {Text: HostileText}}, Controls: []string{"IAM-01", "IAM-02"}}
		if i == 0 {
			q.Controls, q.Reasons = []string{}, []matrix.Reason{{Text: "no control serves it"}}
		}
		m.Requirements = append(m.Requirements, q)
	}
	m.Requirements = append(m.Requirements, matrix.Requirement{ID: "A1.1", Category: "availability", Group: "Availability", Title: HostileText, Status: "met", Word: "Met", Reasons: []matrix.Reason{}, Controls: []string{"IAM-02"}})
	m.Controls = []matrix.Control{
		{Ref: "IAM-01", Title: "Multi-factor sign-in", Statement: "Everybody signs in with two factors.", Type: "preventive", Nature: "automated", Frequency: "continuous", Owner: "Omar Haddad", OwnerRole: "it_lead", Deputy: "Priya Rao", Version: 2, InForce: true,
			Requirements: []string{"CC6.2", "CC6.3"}, Tests: []string{"leavers", "mfa", "quiet"}, Documents: []string{}},
		{Ref: "IAM-02", Title: "Access review", Statement: HostileText, Type: "detective", Nature: "it_dependent_manual", Frequency: "quarterly", OwnerRole: "it_lead", Version: 1, Requirements: []string{"A1.1", "CC6.2"}, Tests: []string{}, Documents: []string{"EV-2026-00007"}},
	}
	m.Tests = []matrix.Test{
		{ID: "leavers", Title: "Leavers lose access", Asks: "Did each leaver lose access within a day?", Counted: "leavers", Kind: "occurrence", Severity: "high", Version: 1, SHA256: hash(1), Controls: []string{"IAM-01"}, Inputs: []string{"okta.user_account"}, Enabled: true,
			Evaluations: 40, Population: 12, Days: matrix.Days{Pass: 38, Fail: 2, Bare: 325}, Deviations: 2, Exceptions: 1, Listed: []matrix.Deviation{{Label: HostileText, Reason: "access stayed 3 days", From: day(3), To: ptr(day(3))}},
			Last: matrix.Last{RunID: "run_1", AsOf: day(28), Outcome: "fail", Rows: hash(2)}, Evidence: []string{"EV-2026-00001"}},
		{ID: "mfa", Title: "MFA is on", Asks: "Has every account two factors?", Counted: "active accounts", Kind: "state", Severity: "critical", Version: 3, SHA256: hash(3), Controls: []string{"IAM-01"}, Inputs: []string{"okta.user_account"}, Enabled: true,
			Evaluations: 60, Population: 2081, Days: matrix.Days{Pass: 300, Fail: 5, Silent: 1, NA: 2, Bare: 57}, Deviations: 14, Open: 1, Unknowns: 3, Listed: []matrix.Deviation{{Label: "dana", Reason: "no factor", From: day(2)}, {Label: "eve", Reason: "no factor", From: day(4), To: &end}},
			Last: matrix.Last{RunID: "run_2", AsOf: day(29), Outcome: "fail", Rows: hash(4)}, Evidence: []string{"EV-2026-00001"}},
		{ID: "quiet", Title: "Never run", Asks: "Is it so?", Kind: "state", Controls: []string{"IAM-01"}, Inputs: []string{}, Listed: []matrix.Deviation{}, Evidence: []string{}, Days: matrix.Days{Bare: 365}},
	}
	m.Evidence = []matrix.Evidence{
		{Ref: "EV-2026-00001", Kind: "snapshot", Title: "Okta accounts", Source: "okta-main", Received: day(29), Completeness: "proven", Rows: 2081, SHA256: hash(5), Seq: 1204},
		{Ref: "EV-2026-00007", Kind: "document", Title: HostileText, Source: "Dana", Received: day(12), Completeness: "asserted", Rows: 0, SHA256: hash(6), Seq: 77},
	}
	return m
}

func ptr(t time.Time) *time.Time { return &t }

// hash is a made-up hash.
func hash(n byte) string { return canon.Sum([]byte{n}) }
