package view

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// DueRow is a control with the evidence that people add for it.
type DueRow struct {
	Control, Title string
	OwnerID        access.UserID
	Owner          string
	Every          int    // days; 0 when nothing is asked for
	Why            string // why nothing is asked for
	Planned        bool   // the organisation decided it; otherwise the control's own frequency says it
	PlanVersion    int
	State          evidence.Freshness
	Due            time.Time
	Newest         time.Time // end of what the newest piece speaks about; zero without any
	NewestRef      string
	Pieces         int64 // active ones
}

// DueFilter narrows the list. Zero values do not narrow.
type DueFilter struct {
	State   evidence.Freshness
	Owner   string // identifier; "none" for controls without
	Control string
	Asked   bool // only controls that ask for something
}

// DueList is a page of it, with how many rows each state and owner has over what the other filters leave.
type DueList struct {
	paging.Result[DueRow]
	States, Owners []Choice
}

type filed struct {
	newest time.Time
	ref    string
	n      int64
}

// EvidenceDue says for every control in force how fresh its evidence is: what is overdue first. Sort names: due, control,
// title, owner, every, newest, state.
func (r *Reader) EvidenceDue(ctx context.Context, s access.ReadScope, f DueFilter, q paging.Query, now time.Time) (DueList, error) {
	var out DueList
	if err := s.Require(access.ReadEvidence); err != nil {
		return out, err
	}
	p, err := r.programme(ctx, s, now)
	if err != nil {
		return out, err
	}
	controls, err := r.controlRows(ctx, s, p, f.Control)
	if err != nil {
		return out, err
	}
	plans, have, err := r.filedAndPlanned(ctx, s)
	if err != nil {
		return out, err
	}
	var rows []DueRow
	states, owners := map[string]int64{}, map[string]*Choice{}
	for _, c := range controls {
		if c.Status != control.Approved {
			continue
		}
		d := dueRow(c, plans[c.Ref], have[c.Ref], now)
		owner := cmp.Or(string(d.OwnerID), "none")
		if f.Asked && d.State == evidence.NotAsked || f.Owner != "" && f.Owner != owner || !hasText(q.Search, d.Control, d.Title, d.Owner) {
			continue
		}
		states[string(d.State)]++
		if f.State != "" && f.State != d.State {
			continue
		}
		if owners[owner] == nil {
			owners[owner] = &Choice{Value: owner, Label: cmp.Or(d.Owner, "Nobody")}
		}
		owners[owner].N++
		rows = append(rows, d)
	}
	for _, x := range evidence.Freshnesses() {
		out.States = append(out.States, Choice{string(x), x.Title(), states[string(x)]})
	}
	for _, o := range owners {
		out.Owners = append(out.Owners, *o)
	}
	slices.SortFunc(out.Owners, func(a, b Choice) int { return cmp.Compare(strings.ToLower(a.Label), strings.ToLower(b.Label)) })
	sortDue(rows, q.Sort, q.Desc)
	out.Result = page(rows, q)
	return out, nil
}

func hasText(search string, in ...string) bool {
	if search == "" {
		return true
	}
	return strings.Contains(strings.ToLower(strings.Join(in, "\n")), strings.ToLower(search))
}

// dueRow judges one control: the organisation's plan first, then its own frequency if no test judges it.
func dueRow(c ControlRow, p *evidence.Plan, have filed, now time.Time) DueRow {
	d := DueRow{Control: c.Ref, Title: c.Title, OwnerID: c.OwnerID, Owner: c.Owner, Newest: have.newest, NewestRef: have.ref, Pieces: have.n}
	rhythm := int(control.Rhythm(c.Frequency).Hours() / 24)
	switch {
	case p != nil:
		d.Planned, d.Every, d.PlanVersion, d.Why = true, p.Days, p.Version, p.Note
	case c.Tests > 0:
		d.Why = "its tests show it"
	case rhythm == 0:
		d.Why = "it has no rhythm of its own"
	default:
		d.Every = rhythm
	}
	d.State, d.Due = evidence.Need{Every: d.Every, Since: c.Changed, Newest: have.newest}.Judge(now)
	return d
}

// filedAndPlanned reads the plans, and what people filed for each control.
func (r *Reader) filedAndPlanned(ctx context.Context, s access.ReadScope) (map[string]*evidence.Plan, map[string]filed, error) {
	plans, have := map[string]*evidence.Plan{}, map[string]filed{}
	_, err := sqldb.Collect(ctx, r.db, func(row sqldb.Row) (bool, error) {
		var p evidence.Plan
		err := row.Scan(&p.Control, &p.Days, &p.Note, &p.Version)
		plans[p.Control] = &p
		return true, err
	}, `SELECT control, days, note, version FROM evidence_plan WHERE org_id = $1`, orgOf(s))
	if err != nil {
		return nil, nil, err
	}
	_, err = sqldb.Collect(ctx, r.db, func(row sqldb.Row) (bool, error) {
		var control, ref string
		var to int64
		err := row.Scan(&control, &ref, &to)
		x := have[control]
		if at := sqldb.Time(to); x.n == 0 || at.After(x.newest) {
			x.newest, x.ref = at, ref
		}
		x.n++
		have[control] = x
		return true, err
	}, `SELECT l.ref, i.ref, i.to_at FROM evidence_link l JOIN evidence_item i ON i.id = l.item_id
		WHERE i.org_id = $1 AND l.kind = 'control' AND i.kind <> 'snapshot' AND i.status = 'active'`, orgOf(s))
	return plans, have, err
}

func sortDue(rows []DueRow, by string, desc bool) {
	urgency := evidence.Freshnesses()
	own := func(a, b DueRow) int {
		return cmp.Or(cmp.Compare(slices.Index(urgency, a.State), slices.Index(urgency, b.State)), a.Due.Compare(b.Due), cmp.Compare(a.Control, b.Control))
	}
	order := map[string]func(a, b DueRow) int{
		"control": func(a, b DueRow) int { return cmp.Compare(a.Control, b.Control) },
		"title":   func(a, b DueRow) int { return cmp.Compare(strings.ToLower(a.Title), strings.ToLower(b.Title)) },
		"owner":   func(a, b DueRow) int { return cmp.Compare(strings.ToLower(a.Owner), strings.ToLower(b.Owner)) },
		"every":   func(a, b DueRow) int { return cmp.Compare(a.Every, b.Every) },
		"newest":  func(a, b DueRow) int { return a.Newest.Compare(b.Newest) },
		"due":     func(a, b DueRow) int { return a.Due.Compare(b.Due) },
		"state": func(a, b DueRow) int {
			return cmp.Compare(slices.Index(urgency, a.State), slices.Index(urgency, b.State))
		},
	}[by]
	slices.SortStableFunc(rows, func(a, b DueRow) int {
		if order == nil {
			return own(a, b)
		}
		c := order(a, b)
		if desc {
			c = -c
		}
		return cmp.Or(c, own(a, b))
	})
}

// EvidenceTargets lists the controls that evidence can be filed for, by reference.
func (r *Reader) EvidenceTargets(ctx context.Context, s access.ReadScope) ([]Choice, error) {
	if err := s.Require(access.ReadEvidence); err != nil {
		return nil, err
	}
	return sqldb.Collect(ctx, r.db, scanChoice, `SELECT c.ref, v.title, 0 FROM control_control c JOIN control_version v ON v.control_id = c.id AND v.number = c.counts
		WHERE c.org_id = $1 AND v.status IN ('approved', 'draft') ORDER BY c.ref`, orgOf(s))
}

// EvidenceStanding is what a list says of a piece besides its own record.
type EvidenceStanding struct {
	Controls []string
	Fresh    evidence.Freshness // empty when it says nothing: an earlier reading, or a piece that is not relied on
	Until    time.Time          // when it has to be renewed
}

// SnapshotAge is how old the newest reading of a source may be before it counts as overdue: a daily collection and half a
// day's grace, as tests ask for.
const SnapshotAge = 36 * time.Hour

// EvidenceStandings says for rows of a list what they are filed for, and how fresh they are.
func (r *Reader) EvidenceStandings(ctx context.Context, s access.ReadScope, rows []EvidenceRow, now time.Time) (map[string]EvidenceStanding, error) {
	out := map[string]EvidenceStanding{}
	w := &sqldb.Where{}
	w.Add(`i.org_id = ? AND l.kind = 'control'`, orgOf(s))
	var refs []string
	for _, e := range rows {
		refs = append(refs, e.Ref)
	}
	if len(refs) == 0 {
		return out, nil
	}
	w.In(`i.ref`, refs)
	_, err := sqldb.Collect(ctx, r.db, func(row sqldb.Row) (bool, error) {
		var item, control string
		err := row.Scan(&item, &control)
		x := out[item]
		x.Controls = append(x.Controls, control)
		out[item] = x
		return true, err
	}, `SELECT i.ref, l.ref FROM evidence_link l JOIN evidence_item i ON i.id = l.item_id WHERE `+w.SQL()+` ORDER BY l.ref`, w.Args()...)
	if err != nil {
		return nil, err
	}
	every := map[string]int{}
	if len(out) > 0 {
		due, err := r.EvidenceDue(ctx, s, DueFilter{Asked: true}, paging.Query{Size: paging.MaxSize}, now)
		if err != nil {
			return nil, err
		}
		for _, d := range due.Rows {
			every[d.Control] = d.Every
		}
	}
	newest, err := r.newestReadings(ctx, s, rows)
	if err != nil {
		return nil, err
	}
	for _, e := range rows {
		if e.Status != evidence.Active {
			continue
		}
		x := out[e.Ref]
		if evidence.Kind(e.Kind) != evidence.Snapshot {
			x.shortest(e, every, now)
		} else if newest[[3]string{e.System, e.Source, e.Resource}] == e.Ref {
			x.Fresh, x.Until = evidence.Fresh, e.To.Add(SnapshotAge)
			if now.After(x.Until) {
				x.Fresh = evidence.Overdue
			}
		}
		out[e.Ref] = x
	}
	return out, nil
}

// newestReadings finds the newest reading of each kind of facts that rows of a list show. A page has a few kinds, and the index
// leads to the newest of each; grouping all evidence took twenty times as long.
func (r *Reader) newestReadings(ctx context.Context, s access.ReadScope, rows []EvidenceRow) (map[[3]string]string, error) {
	out := map[[3]string]string{}
	for _, e := range rows {
		key := [3]string{e.System, e.Source, e.Resource}
		if _, known := out[key]; known || evidence.Kind(e.Kind) != evidence.Snapshot {
			continue
		}
		newest, err := r.oneEvidence(ctx, s, `system = $2 AND source = $3 AND resource = $4 AND kind = 'snapshot' AND status = 'active' ORDER BY from_at DESC, ref DESC`, e.System, e.Source, e.Resource)
		if err != nil {
			return nil, err
		}
		if out[key] = ""; newest != nil {
			out[key] = newest.Ref
		}
	}
	return out, nil
}

// shortest judges a document by the shortest rhythm of the controls it is filed for.
func (x *EvidenceStanding) shortest(e EvidenceRow, every map[string]int, now time.Time) {
	days := 0
	for _, c := range x.Controls {
		if n := every[c]; n > 0 && (days == 0 || n < days) {
			days = n
		}
	}
	if days > 0 {
		x.Fresh, x.Until = evidence.Need{Every: days, Newest: e.To}.Judge(now)
	}
}
