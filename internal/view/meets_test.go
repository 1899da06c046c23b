package view_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/evidence/evidencesql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/matrix"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
	"github.com/tickmark/tickmark/internal/view"
)

// TestMeets: the matrix has every criterion in scope with its controls, and each test with what came out in the period.
func TestMeets(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := newProgramme(t, db)
		_, err := (&evidencesql.Store{DB: db, Ledger: p.Ledger}).Seal(t.Context(), p.Owner, evidence.Seal{Subject: "evd_1", At: at(5), Links: map[evidence.ItemID][]evidence.Link{"evd_1": {{Kind: "control", Ref: "GOV-01"}}},
			Items: []evidence.Item{{ID: "evd_1", Kind: evidence.Document, Title: "Minutes", System: "upload", Source: "Dana", Method: evidence.Manual, From: at(4), To: at(4), ReceivedAt: at(5), SHA256: "aa", Path: "blob:aa", Completeness: evidence.Asserted, Status: evidence.Active}}})
		ok(t, err)
		scope := matrix.Scope{Framework: catalog.TSC, Categories: []string{"security"}, Period: period.Period{From: period.Of(at(2)), To: period.Of(at(10)) + 1}, Full: true}
		m, err := p.view.Meets(t.Context(), p.read, scope, p.now)
		ok(t, err)
		again, err := p.view.Meets(t.Context(), p.read, scope, p.now)
		if err != nil || !reflect.DeepEqual(m, again) {
			t.Errorf("two matrices of the same records, %v", err)
		}
		if len(m.Requirements) != 33 || m.Org != "Northwind" || !m.Simulated || m.Count("not_met") == 0 {
			t.Errorf("%d requirements of %s", len(m.Requirements), m.Org)
		}
		c, found := m.Control("IAM-02")
		if !found || !slices.Equal(c.Tests, []string{"okta-leavers", "okta-mfa"}) || c.Owner != "Owner of Northwind" || !c.InForce || len(c.Requirements) == 0 {
			t.Errorf("%+v", c)
		}
		mfa, _ := m.Test("okta-mfa")
		if mfa.Days != (matrix.Days{Pass: 4, Fail: 3, Silent: 1, Bare: 1}) || mfa.Deviations != 2 || mfa.Open != 1 || len(mfa.Listed) != 2 || mfa.Evaluations != 8 || mfa.Last.Outcome != "fail" || mfa.Population != 3 || !slices.Equal(mfa.Evidence, []string{"EV-2026-00001"}) {
			t.Errorf("%+v", mfa)
		}
		leavers, _ := m.Test("okta-leavers")
		if leavers.Population != 1 || leavers.Deviations != 1 || leavers.Outcome() != "fail" || len(leavers.Listed) != 1 || !leavers.Listed[0].To.Equal(leavers.Listed[0].From) {
			t.Errorf("%+v", leavers)
		}
		never, _ := m.Test("okta-never")
		if never.Outcome() != "none" || never.Days.Bare != 9 {
			t.Errorf("%+v", never)
		}
		gov, _ := m.Control("GOV-01")
		if len(gov.Documents) != 1 || len(m.Evidence) != 1 || m.Evidence[0].Ref != gov.Documents[0] || m.Evidence[0].Seq == 0 {
			t.Errorf("%+v, %+v", gov, m.Evidence)
		}
		scope.Full = false
		if m, err = p.view.Meets(t.Context(), p.read, scope, p.now); err != nil || len(m.Tests[0].Listed)+len(m.Tests[1].Listed) != 0 {
			t.Errorf("a short one lists deviations, %v", err)
		}
		for _, f := range []string{catalog.SOC1, catalog.ISO} {
			if m, err := p.view.Meets(t.Context(), p.read, matrix.Scope{Framework: f, Period: scope.Period}, p.now); err != nil || len(m.Requirements) < 40 {
				t.Errorf("%s: %v", f, err)
			}
		}
		if m, err := p.view.Meets(t.Context(), p.OtherOwner.ReadScope, scope, p.now); err != nil || len(m.Controls)+len(m.Tests)+len(m.Evidence) != 0 {
			t.Errorf("another organisation sees %+v, %v", m, err)
		}
		if _, err := p.view.Meets(t.Context(), p.read, matrix.Scope{Framework: "x"}, p.now); !errs.Is(err, errs.NotFound) {
			t.Error(err)
		}
	})
}

// TestCrosswalk: pairs of both directions with the controls that serve both sides, and what the filters leave.
func TestCrosswalk(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := newProgramme(t, db)
		all, err := p.view.Crosswalk(t.Context(), p.read, view.CrossFilter{}, "", p.now)
		ok(t, err)
		apart, err := p.view.Crosswalk(t.Context(), p.read, view.CrossFilter{Apart: true}, "", p.now)
		ok(t, err)
		annex, err := p.view.Crosswalk(t.Context(), p.read, view.CrossFilter{FromAnnex: true, Strength: catalog.Strong}, "", p.now)
		ok(t, err)
		if len(all.Rows) != 320 || len(apart.Rows) == 0 || len(apart.Rows) >= 320 || len(annex.Rows) != all.Strengths["strong"] || annex.Rows[0].Annex > annex.Rows[1].Annex {
			t.Errorf("%d pairs, %d apart, %d strong", len(all.Rows), len(apart.Rows), len(annex.Rows))
		}
		if !slices.ContainsFunc(all.Rows, func(x view.CrossRow) bool { return len(x.Both) > 0 && x.Both[0].Ref == "IAM-02" }) {
			t.Error("no pair has a control for both sides")
		}
		one, err := p.view.Crosswalk(t.Context(), p.read, view.CrossFilter{Identifier: "CC6.1"}, "", p.now)
		if err != nil || len(one.Rows) == 0 || one.Rows[0].Criterion != "CC6.1" {
			t.Errorf("%d, %v", len(one.Rows), err)
		}
	})
}

// TestSearchPlanning: decisions and matrices are found by their names, on both engines.
func TestSearchPlanning(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := newProgramme(t, db)
		_, err := db.Exec(t.Context(), `INSERT INTO applicability_decision (org_id, number, body, sha256, author, at, seq) VALUES ($1, 1, '{}', 'aa', 'x', 1, 1)`, string(p.Org.ID))
		ok(t, err)
		_, err = db.Exec(t.Context(), `INSERT INTO matrix_paper (org_id, number, scope, requirements, sha256, bytes, author, at, seq) VALUES ($1, 2, '{}', 1, 'aa', 1, 'x', 1, 1)`, string(p.Org.ID))
		ok(t, err)
		_, err = db.Exec(t.Context(), `INSERT INTO letter_letter (id, org_id, engagement_id, ref, number, kind) VALUES ('ltr_1', $1, 'eng_1', 'LTR-01', 1, 'assertion')`, string(p.Org.ID))
		ok(t, err)
		_, err = db.Exec(t.Context(), `INSERT INTO letter_version (letter_id, org_id, n, edit, state, title, body, file, from_day, to_day, covers_from, covers_to, began_at, began_by, saved_at, saved_by, signer, signer_name, signer_title, sha256, seq, why)
			VALUES ('ltr_1', $1, 1, 1, 'draft', 'Assertion of Northwind', '', '', 0, 0, 0, 0, 1, 'x', 1, 'x', '', '', '', '', 0, '')`, string(p.Org.ID))
		ok(t, err)
		e, err := p.view.Engagement(t.Context(), p.read, "eng_1")
		ok(t, err)
		for q, href := range map[string]string{"ltr-01": "/engagements/" + e.Ref + "/documents/LTR-01", "assertion of": "/engagements/" + e.Ref + "/documents/LTR-01", "rd-1": "/which-report/RD-1", "CM-2": "/frameworks/meets/CM-2", "how do we": "/frameworks/meets/CM-2"} {
			hits, err := p.view.Search(t.Context(), p.read, q)
			if err != nil || len(hits) == 0 || hits[0].Href != href {
				t.Errorf("%q: %+v, %v", q, hits, err)
			}
		}
	})
}
