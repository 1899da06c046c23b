package view

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// ControlRow is a control in the version that counts, with how it stands.
type ControlRow struct {
	ID           string
	Ref          string
	Title        string
	Statement    string
	Type         catalog.ControlType
	Nature       catalog.Nature
	Frequency    catalog.Frequency
	OwnerRole    string
	GraceHours   int
	Requirements []control.Requirement
	Status       control.Status
	Version      int
	Newest       int  // number of the newest version
	Pending      bool // the newest version is a draft that waits for approval
	Changed      time.Time
	OwnerID      access.UserID // empty while nobody is assigned
	Owner        string        // name
	Deputy       string        // name

	State    chart.Outcome // the worst of its tests; None without a test that was evaluated
	Why      string        // why there is no answer
	Tests    int           // that count
	Idle     int           // that were never evaluated, or are switched off
	Failing  int64         // items failing in the last evaluations
	Excepted int64         // of them, with an approved exception
	Unknown  int64         // items without an answer
	AsOf     time.Time     // of the newest evaluation
	Strip    chart.StripData
}

// Waiting reports whether a draft waits for approval.
func (c ControlRow) Waiting() bool { return c.Pending }

// Gone reports whether the control is none any more, or never became one.
func (c ControlRow) Gone() bool { return c.Status == control.Retired || c.Status == control.Withdrawn }

// ControlFilter narrows the list of controls. Zero values do not narrow.
type ControlFilter struct {
	State     *chart.Outcome
	Category  catalog.CategoryID
	Domain    string // prefix of references
	Owner     string // identifier of a person; "none" for controls without
	Framework string // with Requirement
	ID        string // of the requirement, or of its series
	Retired   bool   // retired ones, which are left out otherwise
	Waiting   bool   // only those with a draft that waits for approval
}

// ControlList is a page of controls and what the filters would find.
type ControlList struct {
	paging.Result[ControlRow]
	States     []Choice // over what the other filters leave
	Owners     []Choice
	Domains    []Choice
	Categories []Choice
	Period     period.Period // of the strips
}

const controlSelect = `SELECT c.id, c.ref, v.title, v.statement, v.type, v.nature, v.frequency, v.owner_role, v.grace_hours, v.requirements, v.status, v.number, c.newest,
	COALESCE(v.effective_at, v.at), c.owner, COALESCE(o.name, c.owner), COALESCE(d.name, c.deputy), n.status
	FROM control_control c JOIN control_version v ON v.control_id = c.id AND v.number = c.counts JOIN control_version n ON n.control_id = c.id AND n.number = c.newest
	LEFT JOIN access_user o ON o.id = c.owner LEFT JOIN access_user d ON d.id = c.deputy
	WHERE c.org_id = $1`

func scanControl(row sqldb.Row) (ControlRow, error) {
	var c ControlRow
	var requirements string
	var changed int64
	var newest control.Status
	err := row.Scan(&c.ID, &c.Ref, &c.Title, &c.Statement, &c.Type, &c.Nature, &c.Frequency, &c.OwnerRole, &c.GraceHours, &requirements, &c.Status, &c.Version, &c.Newest,
		&changed, &c.OwnerID, &c.Owner, &c.Deputy, &newest)
	if err != nil {
		return c, err
	}
	c.Pending = newest == control.Draft
	c.Changed = sqldb.Time(changed)
	return c, errs.As(errs.Internal, json.Unmarshal([]byte(requirements), &c.Requirements), "requirements of %s", c.Ref)
}

// controlRows reads the controls, or the one with the reference, with their state.
func (r *Reader) controlRows(ctx context.Context, s access.ReadScope, p *programme, ref string) ([]ControlRow, error) {
	args, where := []any{orgOf(s)}, ""
	if ref != "" {
		args, where = append(args, ref), ` AND c.ref = $2`
	}
	rows, err := sqldb.Collect(ctx, r.db, scanControl, controlSelect+where+` ORDER BY c.ref`, args...)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		p.judge(&rows[i])
	}
	return rows, nil
}

// judge fills in how a control stands.
func (p *programme) judge(c *ControlRow) {
	tests := p.byControl[c.Ref]
	c.State, c.Why = p.together(tests)
	c.Tests, c.Idle = len(tests), len(p.idle[c.Ref])
	for _, i := range tests {
		t := p.tests[i]
		c.Failing, c.Excepted, c.Unknown = c.Failing+t.Fail, c.Excepted+t.Excepted, c.Unknown+t.Unknown
		if t.AsOf.After(c.AsOf) {
			c.AsOf = t.AsOf
		}
	}
	switch {
	case c.Tests+c.Idle == 0:
		c.Why = "no automated test serves it"
	case c.Tests == 0:
		c.Why = "its tests were not evaluated"
	}
}

// Controls lists controls. Sort names: ref, title, state, owner, tests, failing, frequency, changed.
func (r *Reader) Controls(ctx context.Context, s access.ReadScope, f ControlFilter, q paging.Query, now time.Time) (ControlList, error) {
	var out ControlList
	p, err := r.programme(ctx, s, now)
	if err != nil {
		return out, err
	}
	all, err := r.controlRows(ctx, s, p, "")
	if err != nil {
		return out, err
	}
	var rows, facets []ControlRow
	for _, c := range all {
		if !f.matches(r.catalog, c, q.Search) {
			continue
		}
		facets = append(facets, c)
		if f.State == nil || c.State == *f.State {
			rows = append(rows, c)
		}
	}
	out.States = states(facets, func(c ControlRow) chart.Outcome { return c.State })
	out.Owners, out.Domains, out.Categories = r.controlChoices(all)
	sortControls(rows, q.Sort, q.Desc)
	out.Result = page(rows, q)
	out.Period = mini(now)
	return out, r.controlStrips(ctx, s, p, out.Rows, out.Period)
}

// controlStrips draws the rows of a page.
func (r *Reader) controlStrips(ctx context.Context, s access.ReadScope, p *programme, rows []ControlRow, span period.Period) error {
	var names []string
	for _, c := range rows {
		for _, i := range p.byControl[c.Ref] {
			names = append(names, p.tests[i].ID)
		}
	}
	slices.Sort(names)
	lists, err := r.tallies(ctx, s, slices.Compact(names), span)
	if err != nil {
		return err
	}
	for i := range rows {
		rows[i].Strip = p.joint(span, p.byControl[rows[i].Ref], lists)
	}
	return nil
}

func (f ControlFilter) matches(c *catalog.Catalog, x ControlRow, search string) bool {
	if x.Gone() != f.Retired || f.Waiting && !x.Waiting() {
		return false
	}
	if f.Domain != "" && prefix(x.Ref) != f.Domain || f.Owner == "none" && x.OwnerID != "" || f.Owner != "" && f.Owner != "none" && string(x.OwnerID) != f.Owner {
		return false
	}
	if f.Category != "" && !slices.Contains(categories(c, x), f.Category) {
		return false
	}
	if f.ID != "" && !slices.ContainsFunc(x.Requirements, func(q control.Requirement) bool {
		return q.Framework == f.Framework && (q.ID == f.ID || strings.HasPrefix(q.ID, f.ID+"."))
	}) {
		return false
	}
	return found(search, x.Ref, x.Title, x.Statement, x.Owner, x.OwnerRole)
}

// found reports whether each word of a search occurs in one of the texts.
func found(search string, texts ...string) bool {
	all := strings.ToLower(strings.Join(texts, "\n"))
	for _, w := range strings.Fields(strings.ToLower(search)) {
		if !strings.Contains(all, w) {
			return false
		}
	}
	return true
}

// prefix is the part of a reference that names the domain.
func prefix(ref string) string {
	p, _, _ := strings.Cut(ref, "-")
	return p
}

// categories are the Trust Services categories whose criteria a control serves.
func categories(c *catalog.Catalog, x ControlRow) []catalog.CategoryID {
	var out []catalog.CategoryID
	for _, q := range x.Requirements {
		if q.Framework != catalog.TSC {
			continue
		}
		if k, err := c.Criterion(q.ID); err == nil && !slices.Contains(out, k.Category) {
			out = append(out, k.Category)
		}
	}
	return out
}

// states counts rows by outcome, most important first.
func states[T any](rows []T, of func(T) chart.Outcome) []Choice {
	n := map[chart.Outcome]int64{}
	for _, x := range rows {
		n[of(x)]++
	}
	var out []Choice
	for _, o := range []chart.Outcome{chart.Fail, chart.Unknown, chart.Pass, chart.NotApplicable, chart.None} {
		out = append(out, Choice{Value: StateName(o), Label: o.String(), N: n[o]})
	}
	return out
}

// StateName is an outcome in an address: "fail", "unknown", "pass", "na" or "none".
func StateName(o chart.Outcome) string {
	switch o {
	case chart.Fail:
		return "fail"
	case chart.Unknown:
		return "unknown"
	case chart.Pass:
		return "pass"
	case chart.NotApplicable:
		return "na"
	}
	return "none"
}

// ParseState reads what StateName writes; false for anything else.
func ParseState(s string) (chart.Outcome, bool) {
	for _, o := range chart.Outcomes() {
		if o != chart.Excepted && o != chart.Grace && StateName(o) == s {
			return o, true
		}
	}
	return chart.None, false
}

func (r *Reader) controlChoices(all []ControlRow) (owners, domains, cats []Choice) {
	ownerN, domainN, catN := map[access.UserID]int64{}, map[string]int64{}, map[catalog.CategoryID]int64{}
	names := map[access.UserID]string{}
	for _, c := range all {
		if c.Gone() {
			continue
		}
		ownerN[c.OwnerID]++
		names[c.OwnerID] = c.Owner
		domainN[prefix(c.Ref)]++
		for _, k := range categories(r.catalog, c) {
			catN[k]++
		}
	}
	for id, n := range ownerN {
		if id != "" {
			owners = append(owners, Choice{Value: string(id), Label: names[id], N: n})
		}
	}
	slices.SortFunc(owners, func(a, b Choice) int { return cmp.Or(cmp.Compare(a.Label, b.Label), cmp.Compare(a.Value, b.Value)) })
	if n := ownerN[""]; n > 0 {
		owners = append(owners, Choice{Value: "none", Label: "Nobody", N: n})
	}
	known := map[string]bool{}
	for _, d := range r.catalog.Domains() {
		known[d.Prefix] = true
		if n := domainN[d.Prefix]; n > 0 {
			domains = append(domains, Choice{Value: d.Prefix, Label: d.Prefix + " · " + d.Name, N: n})
		}
	}
	for d, n := range domainN {
		if !known[d] {
			domains = append(domains, Choice{Value: d, Label: d, N: n})
		}
	}
	slices.SortFunc(domains, func(a, b Choice) int { return cmp.Compare(a.Value, b.Value) })
	for _, k := range r.catalog.Categories() {
		if n := catN[k.ID]; n > 0 {
			cats = append(cats, Choice{Value: string(k.ID), Label: k.Name, N: n})
		}
	}
	return owners, domains, cats
}

// sortControls sorts by a column; the reference decides between equals.
func sortControls(rows []ControlRow, by string, desc bool) {
	var compare func(a, b ControlRow) int
	switch by {
	case "title":
		compare = func(a, b ControlRow) int { return cmp.Compare(strings.ToLower(a.Title), strings.ToLower(b.Title)) }
	case "state": // what needs looking at first
		compare = func(a, b ControlRow) int { return cmp.Compare(b.State, a.State) }
	case "owner":
		compare = func(a, b ControlRow) int { return cmp.Compare(strings.ToLower(a.Owner), strings.ToLower(b.Owner)) }
	case "tests":
		compare = func(a, b ControlRow) int { return cmp.Compare(a.Tests, b.Tests) }
	case "failing":
		compare = func(a, b ControlRow) int { return cmp.Compare(a.Failing, b.Failing) }
	case "frequency":
		order := catalog.Frequencies()
		compare = func(a, b ControlRow) int {
			return cmp.Compare(slices.Index(order, a.Frequency), slices.Index(order, b.Frequency))
		}
	case "changed":
		compare = func(a, b ControlRow) int { return a.Changed.Compare(b.Changed) }
	default:
		compare = func(a, b ControlRow) int { return cmp.Compare(a.Ref, b.Ref) }
	}
	slices.SortStableFunc(rows, func(a, b ControlRow) int {
		n := compare(a, b)
		if desc {
			n = -n
		}
		return cmp.Or(n, cmp.Compare(a.Ref, b.Ref))
	})
}

// ControlDetail is a control with everything its page shows of its operation.
type ControlDetail struct {
	ControlRow
	Evidence   []string // what shows that it operates, as its text says
	Note       string   // why the version was written
	Author     string   // name
	Drafter    string   // actor who wrote the newest version
	ApprovedBy string
	Approved   *time.Time
	Source     string // library it came from; empty for the organisation's own

	Window     *Window
	Tested     []TestRow // its tests with strips, worst first; those that do not count last
	Stretches  []Stretch // on which it failed, newest first
	Silent     []Stretch // on which it gave no answer
	InWindow   Figures
	Exceptions int // that are about its tests
	Items      int // of evidence: collected for its tests, or filed for it
	Meets      []RequirementRow
}

// Control reads a control by its reference, whatever its case.
func (r *Reader) Control(ctx context.Context, s access.ReadScope, ref string, now time.Time) (ControlDetail, error) {
	var d ControlDetail
	p, err := r.programme(ctx, s, now)
	if err != nil {
		return d, err
	}
	rows, err := r.controlRows(ctx, s, p, strings.ToUpper(ref))
	if err != nil {
		return d, err
	}
	if ref == "" || len(rows) == 0 {
		return d, errs.New(errs.NotFound, "no control %s", ref).WithHint("The list of controls has all there are.")
	}
	d.ControlRow = rows[0]
	if d.Window, err = r.Window(ctx, s, now); err != nil {
		return d, err
	}
	if err := r.operation(ctx, s, p, &d, now); err != nil {
		return d, err
	}
	if err := r.wording(ctx, s, &d); err != nil {
		return d, err
	}
	for _, e := range p.exceptions {
		if slices.ContainsFunc(d.Tested, func(t TestRow) bool { return t.ID == e.Test }) {
			d.Exceptions++
		}
	}
	d.Meets = r.requirements(d.Requirements)
	d.Items, err = r.controlEvidenceCount(ctx, s, d)
	return d, err
}

// operation reads strips and stretches of a control.
func (r *Reader) operation(ctx context.Context, s access.ReadScope, p *programme, d *ControlDetail, now time.Time) error {
	span, err := r.span(ctx, s, d.Window, now)
	if err != nil {
		return err
	}
	var names []string
	for _, i := range p.byControl[d.Ref] {
		names = append(names, p.tests[i].ID)
	}
	lists, err := r.tallies(ctx, s, names, span)
	if err != nil {
		return err
	}
	d.Strip = p.joint(span, p.byControl[d.Ref], lists)
	small := mini(now)
	for _, i := range p.byControl[d.Ref] {
		t := p.tests[i]
		t.Strip = strip(small, lists[t.ID])
		d.Tested = append(d.Tested, t)
	}
	slices.SortStableFunc(d.Tested, func(a, b TestRow) int { return cmp.Compare(b.State, a.State) })
	for _, i := range p.idle[d.Ref] {
		d.Tested = append(d.Tested, p.tests[i])
	}
	if err := r.graced(ctx, s, d); err != nil {
		return err
	}
	d.Stretches = stretches(d.Strip, lists, chart.Fail)
	d.Silent = stretches(d.Strip, lists, chart.Unknown)
	if d.Window != nil {
		d.InWindow = figures(d.Strip, d.Window.Period, now)
		d.Strip.Window = d.Window.Period
	}
	return nil
}

// wording reads what the version says besides.
func (r *Reader) wording(ctx context.Context, s access.ReadScope, d *ControlDetail) error {
	var evidence, author, approver string
	var approved *int64
	err := r.db.QueryRow(ctx, []any{&evidence, &d.Note, &author, &approver, &approved, &d.Source, &d.Drafter}, `SELECT v.evidence, v.note, v.author, v.approved_by, v.approved_at, c.source, n.author
		FROM control_control c JOIN control_version v ON v.control_id = c.id AND v.number = $3 JOIN control_version n ON n.control_id = c.id AND n.number = c.newest WHERE c.org_id = $1 AND c.id = $2`, orgOf(s), d.ID, d.Version)
	if err != nil {
		return err
	}
	d.Approved = sqldb.TimePtr(approved)
	names, err := r.Actors(ctx, s, author, approver)
	if err != nil {
		return err
	}
	d.Author, d.ApprovedBy = names[author], names[approver]
	return errs.As(errs.Internal, json.Unmarshal([]byte(evidence), &d.Evidence), "evidence of %s", d.Ref)
}

// evidenceOf is the condition for evidence of a control: filed for it, or collected for one of its tests.
func (d ControlDetail) evidenceOf(s access.ReadScope) (*sqldb.Where, error) {
	var w sqldb.Where
	w.Add(`org_id = ?`, orgOf(s))
	cond, args := `id IN (SELECT item_id FROM evidence_link WHERE kind = 'control' AND ref = ?)`, []any{d.Ref}
	seen := map[string]bool{}
	for _, t := range d.Tested {
		if !t.Ran {
			continue
		}
		inputs, err := t.Definition.ParsedInputs()
		if err != nil {
			return nil, errs.Wrap(err, "test %s", t.ID)
		}
		for _, in := range inputs {
			if seen[in.Name()] {
				continue
			}
			seen[in.Name()] = true
			if in.System != "" {
				cond, args = cond+` OR system = ? AND resource = ?`, append(args, in.System, in.Resource.Name)
			} else {
				cond, args = cond+` OR resource = ?`, append(args, in.Resource.Name)
			}
		}
	}
	w.Add(`(`+cond+`)`, args...)
	return &w, nil
}

func (r *Reader) controlEvidenceCount(ctx context.Context, s access.ReadScope, d ControlDetail) (int, error) {
	w, err := d.evidenceOf(s)
	if err != nil {
		return 0, err
	}
	n, err := sqldb.One(ctx, r.db, sqldb.Int, `SELECT count(*) FROM evidence_item WHERE `+w.SQL(), w.Args()...)
	return int(n), err
}

// ControlEvidence lists the evidence of a control, newest first: collected for its tests, or filed for it.
func (r *Reader) ControlEvidence(ctx context.Context, s access.ReadScope, d ControlDetail, q paging.Query) (paging.Result[EvidenceRow], error) {
	if err := s.Require(access.ReadEvidence); err != nil {
		return paging.Result[EvidenceRow]{}, err
	}
	w, err := d.evidenceOf(s)
	if err != nil {
		return paging.Result[EvidenceRow]{}, err
	}
	if q.Search != "" {
		like := sqldb.LikeLower(q.Search)
		w.Add(`(lower(title) LIKE ? ESCAPE '!' OR lower(ref) LIKE ? ESCAPE '!')`, like, like)
	}
	return list(ctx, r.db, w, q, evidenceColumns, `evidence_item`, sqldb.OrderBy(map[string]string{"ref": "ref", "about": "from_at", "rows": "rows_n", "source": "source"}, q.Sort, q.Desc, "received_at DESC, id DESC", "received_at DESC, id DESC"), scanEvidence)
}
