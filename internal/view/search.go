package view

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Hit is something a search found.
type Hit struct {
	Kind  string // "Control", "Test": what it is, for people
	Icon  string
	Ref   string // short reference; empty for what has none
	Title string
	Href  string
	Rank  int // how well it fits: 0 is best
}

// Ranks of hits: the reference itself, its beginning, the beginning of the title, of a word in it, anywhere.
const (
	rankExact = iota
	rankRef
	rankTitle
	rankWord
	rankInside
	noHit
)

// Rank says how well a reference and a title fit what is searched for; ok is false when they do not. Every word must be
// found somewhere.
func Rank(query, ref, title string) (rank int, ok bool) {
	q, ref, title := strings.ToLower(strings.TrimSpace(query)), strings.ToLower(ref), strings.ToLower(title)
	switch {
	case q == "":
		return noHit, false
	case q == ref:
		return rankExact, true
	case ref != "" && strings.HasPrefix(ref, q):
		return rankRef, true
	case strings.HasPrefix(title, q):
		return rankTitle, true
	}
	rank = rankWord
	for w := range strings.FieldsSeq(q) {
		switch {
		case begins(title, w) || begins(ref, w):
		case strings.Contains(title, w) || strings.Contains(ref, w):
			rank = rankInside
		default:
			return noHit, false
		}
	}
	return rank, true
}

// begins reports whether a word of a text begins with w.
func begins(text, w string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], w)
		if i < 0 {
			return false
		}
		if at += i; at == 0 || !letter(text[at-1]) {
			return true
		}
		at++
	}
}

func letter(b byte) bool { return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b >= 0x80 }

// shelf is a table that search looks through: the statement gives reference, title and the part of the address after path.
// $1 is the organisation, $2 a pattern that finds the longest word anywhere, $3 one that finds the whole at the beginning.
type shelf struct {
	kind, icon, path string
	action           access.Action
	sql              string
}

// perKind bounds what one table may give.
const perKind = 60

// shelves are what search looks through in the database, in the order in which equally good hits are shown.
var shelves = []shelf{
	{"Control", "control", "/c/", access.ReadProgramme, `SELECT c.ref, v.title, c.ref FROM control_control c JOIN control_version v ON v.control_id = c.id AND v.number = c.newest
		WHERE c.org_id = $1 AND (lower(c.ref) LIKE $2 ESCAPE '!' OR lower(v.title) LIKE $2 ESCAPE '!') ORDER BY CASE WHEN lower(c.ref) LIKE $3 ESCAPE '!' THEN 0 ELSE 1 END, c.ref`},
	{"Exception", "exm", "/exceptions/", access.ReadProgramme, `SELECT ref, reason, ref FROM evaluate_exception
		WHERE org_id = $1 AND (lower(ref) LIKE $2 ESCAPE '!' OR lower(reason) LIKE $2 ESCAPE '!') ORDER BY CASE WHEN lower(ref) LIKE $3 ESCAPE '!' THEN 0 ELSE 1 END, ref`},
	{"Engagement", "audit", "/a/", access.ReadEngagement, `SELECT ref, title, ref FROM engagement_engagement
		WHERE org_id = $1 AND (lower(ref) LIKE $2 ESCAPE '!' OR lower(title) LIKE $2 ESCAPE '!') ORDER BY CASE WHEN lower(ref) LIKE $3 ESCAPE '!' THEN 0 ELSE 1 END, ref`},
	{"Request", "inbox", "/engagements/", access.ReadEngagement, `SELECT q.ref, q.title, e.ref || '/requests/' || q.ref FROM request_request q JOIN engagement_engagement e ON e.id = q.engagement AND e.org_id = q.org_id
		WHERE q.org_id = $1 AND q.state <> 'draft' AND (lower(q.ref) LIKE $2 ESCAPE '!' OR lower(q.title) LIKE $2 ESCAPE '!') ORDER BY CASE WHEN lower(q.ref) LIKE $3 ESCAPE '!' THEN 0 ELSE 1 END, q.number`},
	{"Document", "policy", "/engagements/", access.ReadEngagement, `SELECT l.ref, v.title, e.ref || '/documents/' || l.ref FROM letter_letter l JOIN engagement_engagement e ON e.id = l.engagement_id
		JOIN letter_version v ON v.letter_id = l.id AND v.n = (SELECT max(x.n) FROM letter_version x WHERE x.letter_id = l.id)
		WHERE l.org_id = $1 AND (lower(l.ref) LIKE $2 ESCAPE '!' OR lower(v.title) LIKE $2 ESCAPE '!') ORDER BY CASE WHEN lower(l.ref) LIKE $3 ESCAPE '!' THEN 0 ELSE 1 END, l.number`},
	{"Vendor", "vendor", "/vendors/", access.ReadVendors, `SELECT ref, name, ref FROM vendors_vendor
		WHERE org_id = $1 AND NOT removed AND (lower(ref) LIKE $2 ESCAPE '!' OR lower(name) LIKE $2 ESCAPE '!') ORDER BY CASE WHEN lower(ref) LIKE $3 ESCAPE '!' THEN 0 ELSE 1 END, number`},
	{"Policy", "policy", "/policies/", access.ReadPolicies, `SELECT p.ref, v.title, p.ref FROM policy_policy p JOIN policy_version v ON v.policy_id = p.id AND v.n = p.in_force
		WHERE p.org_id = $1 AND (lower(p.ref) LIKE $2 ESCAPE '!' OR lower(v.title) LIKE $2 ESCAPE '!') ORDER BY CASE WHEN lower(p.ref) LIKE $3 ESCAPE '!' THEN 0 ELSE 1 END, p.number`},
	{"Task", "note", "/tasks/", access.ReadTasks, `SELECT ref, title, ref FROM work_task
		WHERE org_id = $1 AND (lower(ref) LIKE $2 ESCAPE '!' OR lower(title) LIKE $2 ESCAPE '!') ORDER BY CASE WHEN lower(ref) LIKE $3 ESCAPE '!' THEN 0 ELSE 1 END, number DESC`},
	{"Risk", "riskm", "/risks/", access.ReadRisks, `SELECT ref, title, ref FROM risk_risk
		WHERE org_id = $1 AND (lower(ref) LIKE $2 ESCAPE '!' OR lower(title) LIKE $2 ESCAPE '!') ORDER BY CASE WHEN lower(ref) LIKE $3 ESCAPE '!' THEN 0 ELSE 1 END, number`},
	{"Change", "right", "/changes/", access.ReadRisks, `SELECT ref, title, ref FROM change_change
		WHERE org_id = $1 AND (lower(ref) LIKE $2 ESCAPE '!' OR lower(title) LIKE $2 ESCAPE '!') ORDER BY CASE WHEN lower(ref) LIKE $3 ESCAPE '!' THEN 0 ELSE 1 END, ref DESC`},
	{"Access review", "access", "/access-reviews/", access.ReadPeople, `SELECT ref, title, ref FROM review_campaign
		WHERE org_id = $1 AND (lower(ref) LIKE $2 ESCAPE '!' OR lower(title) LIKE $2 ESCAPE '!') ORDER BY CASE WHEN lower(ref) LIKE $3 ESCAPE '!' THEN 0 ELSE 1 END, started_at DESC`},
	{"Alert", "alert", "/alerts/", access.ReadDetections, `SELECT ref, title, ref FROM alert_alert
		WHERE org_id = $1 AND (lower(ref) LIKE $2 ESCAPE '!' OR lower(title) LIKE $2 ESCAPE '!') ORDER BY CASE WHEN lower(ref) LIKE $3 ESCAPE '!' THEN 0 ELSE 1 END, number DESC`},
	{"Incident", "graph", "/incidents/", access.ReadDetections, `SELECT ref, title, ref FROM incident_incident
		WHERE org_id = $1 AND (lower(ref) LIKE $2 ESCAPE '!' OR lower(title) LIKE $2 ESCAPE '!') ORDER BY CASE WHEN lower(ref) LIKE $3 ESCAPE '!' THEN 0 ELSE 1 END, number DESC`},
	{"Framework", "frame", "/frameworks/own/", access.ReadProgramme, `SELECT ref, title, ref FROM framework_framework
		WHERE org_id = $1 AND removed_at IS NULL AND (lower(ref) LIKE $2 ESCAPE '!' OR lower(title) LIKE $2 ESCAPE '!') ORDER BY CASE WHEN lower(ref) LIKE $3 ESCAPE '!' THEN 0 ELSE 1 END, number`},
	{"Requirement", "frame", "/frameworks/own/", access.ReadProgramme, `SELECT q.label, q.title || ', ' || f.ref, f.ref || '/requirements/' || q.code FROM framework_requirement q JOIN framework_framework f ON f.id = q.framework_id
		WHERE f.org_id = $1 AND f.removed_at IS NULL AND q.gone = 0 AND (lower(q.label) LIKE $2 ESCAPE '!' OR lower(q.title) LIKE $2 ESCAPE '!') ORDER BY CASE WHEN lower(q.label) LIKE $3 ESCAPE '!' THEN 0 ELSE 1 END, f.number, q.n`},
	{"Decision", "note", "/which-report/", access.ReadEngagement, `SELECT 'RD-' || number, 'Which report do we need?', 'RD-' || number FROM applicability_decision
		WHERE org_id = $1 AND (lower('RD-' || number) LIKE $2 ESCAPE '!' OR 'which report do we need?' LIKE $2 ESCAPE '!') ORDER BY CASE WHEN lower('RD-' || number) LIKE $3 ESCAPE '!' THEN 0 ELSE 1 END, number DESC`},
	{"Control matrix", "policy", "/frameworks/meets/", access.ReadEngagement, `SELECT 'CM-' || number, 'How do we meet it?', 'CM-' || number FROM matrix_paper
		WHERE org_id = $1 AND (lower('CM-' || number) LIKE $2 ESCAPE '!' OR 'how do we meet it?' LIKE $2 ESCAPE '!') ORDER BY CASE WHEN lower('CM-' || number) LIKE $3 ESCAPE '!' THEN 0 ELSE 1 END, number DESC`},
	{"Connection", "plug", "/connections/", access.ReadProgramme, `SELECT '', name, id FROM collect_connection
		WHERE org_id = $1 AND removed_at IS NULL AND lower(name) LIKE $2 ESCAPE '!' ORDER BY CASE WHEN lower(name) LIKE $3 ESCAPE '!' THEN 0 ELSE 1 END, name`},
	{"Evidence", "evidence", "/e/", access.ReadEvidence, `SELECT ref, title, ref FROM evidence_item
		WHERE org_id = $1 AND (lower(ref) LIKE $2 ESCAPE '!' OR lower(title) LIKE $2 ESCAPE '!') ORDER BY CASE WHEN lower(ref) LIKE $3 ESCAPE '!' THEN 0 ELSE 1 END, seq DESC`},
	{"Person", "person", "/settings/people/", access.ManageUsers, `SELECT '', u.name, u.id FROM access_member m JOIN access_user u ON u.id = m.user_id
		WHERE m.org_id = $1 AND (lower(u.name) LIKE $2 ESCAPE '!' OR u.email LIKE $2 ESCAPE '!') ORDER BY CASE WHEN lower(u.name) LIKE $3 ESCAPE '!' THEN 0 ELSE 1 END, u.name`},
	{"Directory", "people", "/people/", access.ReadPeople, `SELECT ref, name, ref FROM people_person
		WHERE org_id = $1 AND finds LIKE $2 ESCAPE '!' ORDER BY CASE WHEN lower(name) LIKE $3 ESCAPE '!' THEN 0 ELSE 1 END, number`},
	{"Run", "clock", "/runs/", access.ReadProgramme, `SELECT id, name, id FROM collect_run
		WHERE org_id = $1 AND lower(id) LIKE $3 ESCAPE '!' AND $2 <> '' ORDER BY started_at DESC`},
	{"Job", "prog", "/jobs/", access.ReadProgramme, `SELECT '', title, id FROM jobs_job
		WHERE org_id = $1 AND (lower(title) LIKE $2 ESCAPE '!' OR id LIKE $3 ESCAPE '!') ORDER BY created_at DESC`},
}

// Search finds what a reader may open by reference, title and name, best first.
func (r *Reader) Search(ctx context.Context, s access.ReadScope, query string) ([]Hit, error) {
	query = strings.ToLower(strings.TrimSpace(query))
	words := strings.Fields(query)
	if len(words) == 0 {
		return nil, nil
	}
	longest := slices.MaxFunc(words, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
	anywhere := sqldb.Like(longest)
	begin := strings.TrimPrefix(sqldb.Like(query), "%")
	var out []Hit
	for _, t := range shelves {
		if !s.Can(t.action) {
			continue
		}
		rows, err := sqldb.Collect(ctx, r.db, func(row sqldb.Row) (Hit, error) {
			h := Hit{Kind: t.kind, Icon: t.icon}
			err := row.Scan(&h.Ref, &h.Title, &h.Href)
			h.Href = t.path + h.Href
			return h, err
		}, t.sql+` LIMIT 60`, orgOf(s), anywhere, begin)
		if err != nil {
			return nil, err
		}
		out = append(out, fitting(query, rows)...)
	}
	if s.Can(access.ReadProgramme) {
		tests, err := r.testHits(ctx, s)
		if err != nil {
			return nil, err
		}
		out = append(out, fitting(query, tests)...)
		out = append(out, fitting(query, r.catalogHits())...)
	}
	SortHits(out)
	return out, nil
}

// fitting ranks hits and leaves out those that do not fit.
func fitting(query string, all []Hit) []Hit {
	var out []Hit
	for _, h := range all {
		rank, ok := Rank(query, h.Ref, h.Title)
		if !ok && h.Kind == "Person" { // found by address, which is not shown
			rank, ok = rankInside, true
		}
		if h.Rank = rank; ok {
			out = append(out, h)
		}
		if len(out) == perKind {
			break
		}
	}
	return out
}

// SortHits puts the best first. Equal ones stay in the order of their kinds.
func SortHits(all []Hit) {
	slices.SortStableFunc(all, func(a, b Hit) int { return cmp.Compare(a.Rank, b.Rank) })
}

// testHits are all tests of an organisation: their titles are in their parsed texts, which are kept.
func (r *Reader) testHits(ctx context.Context, s access.ReadScope) ([]Hit, error) {
	all, err := sqldb.Collect(ctx, r.db, func(row sqldb.Row) ([2]string, error) {
		var x [2]string
		return x, row.Scan(&x[0], &x[1])
	}, `SELECT test, sha256 FROM evaluate_test t WHERE org_id = $1 AND version = (SELECT max(version) FROM evaluate_test u WHERE u.org_id = t.org_id AND u.test = t.test) ORDER BY test`, orgOf(s))
	if err != nil {
		return nil, err
	}
	out := make([]Hit, 0, len(all))
	for _, x := range all {
		d, err := r.definition(ctx, s, x[0], x[1])
		if err != nil {
			return nil, err
		}
		out = append(out, Hit{Kind: "Test", Icon: "test", Ref: x[0], Title: d.Title, Href: "/t/" + x[0]})
	}
	return out, nil
}

// requirementKinds are what the requirements of a framework are called.
var requirementKinds = map[string]string{
	catalog.TSC: "Criterion", catalog.DC: "Description criterion", catalog.SOC1: "Objective", catalog.ISO: "ISO 27001", catalog.CSF: "NIST CSF",
}

// catalogHits are the requirements of every framework.
func (r *Reader) catalogHits() []Hit {
	var out []Hit
	for _, f := range r.catalog.Frameworks() {
		base := "/frameworks/" + f.ID + "/"
		if f.ID == catalog.TSC {
			base = "/criteria/"
		}
		for _, id := range r.catalog.Identifiers(f.ID) {
			out = append(out, Hit{Kind: cmp.Or(requirementKinds[f.ID], "Requirement"), Icon: "frame", Ref: id, Title: r.catalog.Title(f.ID, id), Href: base + url.PathEscape(id)})
		}
	}
	return out
}
