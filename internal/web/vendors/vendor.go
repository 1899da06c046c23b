package vendors

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/internal/vendors"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
	"github.com/tickmark/tickmark/internal/work"
)

// vendorView is everything the page of a vendor shows.
type vendorView struct {
	vendors.File
	Rules     vendors.Rules
	OwnerName string
	Exam      period.Period
	Cover     *cover
	Due       []vendors.Entry
	Described *described // nil when the description of the system has no record of it
	CanRead   bool       // the description of the system
	Names     map[string]string
	Controls  map[string]view.ControlRow
	Tasks     map[string]work.Task // of findings, by "VA-003/1"
	Today     period.Date
}

// described is a subservice organisation as the description of the system has it.
type described struct {
	org.Subservice
	ID     org.RecordID
	Number int
}

// finding is a finding with where it comes from.
type finding struct {
	vendors.Finding
	Of string // reference of the assessment or report
	N  int    // from 1
}

func (f finding) key() string { return f.Of + "/" + strconv.Itoa(f.N) }

func (p *pages) vendor(r *page.Request) error {
	v, err := p.read(r)
	if err != nil {
		return err
	}
	tab := r.Query("tab")
	if !slices.Contains([]string{"", "reports", "cuecs", "assessments"}, tab) {
		return errs.New(errs.NotFound, "a vendor has no page %q", tab).WithHint("Choose one of the tabs.")
	}
	if tab == "cuecs" {
		if v.Controls, err = p.controls(r); err != nil {
			return err
		}
	}
	p.named(r, v.Vendor, "")
	return r.Render(http.StatusOK, vendorPage(r, v, tab))
}

// named gives the page its title and its way.
func (p *pages) named(r *page.Request, v vendors.Vendor, last string) {
	r.Title = v.Ref + " " + v.Name
	r.Crumbs = []page.Crumb{{Text: "Vendors", Href: "/vendors"}, {Text: v.Ref}}
	if last != "" {
		r.Title = last + " " + v.Name
		r.Crumbs = []page.Crumb{{Text: "Vendors", Href: "/vendors"}, {Text: v.Ref, Href: vendorURL(v.Ref)}, {Text: last}}
	}
}

// file reads the vendor that the address names.
func (p *pages) file(r *page.Request) (vendors.File, error) {
	return p.Vendors.File(r.Context(), r.Read(), r.Arg("ref"))
}

func (p *pages) read(r *page.Request) (vendorView, error) {
	var v vendorView
	var err error
	ctx, s := r.Context(), r.Read()
	v.Today = period.Of(r.Now)
	if v.File, err = p.file(r); err != nil {
		return v, err
	}
	if v.Rules, err = p.Vendors.Rules(ctx, s); err != nil {
		return v, err
	}
	if v.Due, err = p.Vendors.Due(ctx, s, v.File); err != nil {
		return v, err
	}
	if v.Exam, err = p.Around.Examined(ctx, s, r.Now); err != nil {
		return v, err
	}
	v.Cover = coverOf(v.File, v.Rules, stretch(v.Exam, v.Today), v.Exam, v.Today).withLanes(v.File, v.Rules)
	if v.CanRead = r.Can(access.ReadEngagement); v.CanRead {
		if v.Described, err = p.described(r, v.Vendor); err != nil {
			return v, err
		}
	}
	names, _, err := p.members(r)
	if err != nil {
		return v, err
	}
	v.OwnerName = names[v.Owner]
	var who []string
	for _, a := range v.Assessments {
		who = append(who, a.By)
	}
	for _, x := range v.Filed {
		who = append(who, x.By)
		if x.Review != nil {
			who = append(who, x.Review.By)
		}
	}
	if v.Names, err = p.View.Actors(ctx, s, who...); err != nil {
		return v, err
	}
	v.Tasks, err = p.tasks(r, v.Ref)
	return v, err
}

// described finds the vendor in the description of the system: by the record that was linked, or by its name.
func (p *pages) described(r *page.Request, v vendors.Vendor) (*described, error) {
	all, err := p.subservices(r)
	for i, d := range all {
		if string(d.ID) == v.Described || v.Described == "" && vendors.Fold(d.Name) == vendors.Fold(v.Name) {
			return &all[i], err
		}
	}
	return nil, err // a vendor need not be described
}

// subservices are the subservice organisations of the description of the system.
func (p *pages) subservices(r *page.Request) ([]described, error) {
	records, err := p.System.Records(r.Context(), r.Read(), r.Now)
	if err != nil {
		return nil, err
	}
	var out []described
	for _, x := range records {
		if x.Kind != org.KindSubservice {
			continue
		}
		rec, err := x.Record()
		if err != nil {
			return nil, err
		}
		if s, ok := rec.(org.Subservice); ok {
			out = append(out, described{s, x.ID, x.Number})
		}
	}
	return out, nil
}

// controls are the organisation's controls with their state, by reference.
func (p *pages) controls(r *page.Request) (map[string]view.ControlRow, error) {
	res, err := p.View.Controls(r.Context(), r.Read(), view.ControlFilter{}, paging.Query{Size: paging.MaxSize}, r.Now)
	out := map[string]view.ControlRow{}
	for _, c := range res.Rows {
		out[c.Ref] = c
	}
	return out, err
}

// tasks are those that were made of findings of the vendor: the newest of each.
func (p *pages) tasks(r *page.Request, ref string) (map[string]work.Task, error) {
	out := map[string]work.Task{}
	if !r.Can(access.ReadTasks) {
		return out, nil
	}
	res, err := p.Work.List(r.Context(), r.Read(), work.Filter{Source: work.FromVendor}, paging.Query{Size: paging.MaxSize, Sort: "ref", Search: ref + "/"})
	for _, t := range res.Rows {
		if len(t.SourceRef) > len(ref) && t.SourceRef[:len(ref)+1] == ref+"/" {
			out[t.SourceRef[len(ref)+1:]] = t
		}
	}
	return out, err
}

// findings lists what assessments and reviews found, the newest first.
func (v vendorView) findings() []finding {
	var out []finding
	add := func(of string, list []vendors.Finding) {
		for i, f := range list {
			out = append(out, finding{f, of, i + 1})
		}
	}
	for _, a := range v.Assessments {
		add(a.Ref, a.Findings)
	}
	for _, x := range v.Filed {
		if x.Review != nil && !x.Removed {
			add(x.Ref, x.Review.Findings)
		}
	}
	return out
}

// unmapped counts what reports ask of us that nobody has settled.
func (v vendorView) unmapped() int {
	n := 0
	for _, c := range v.CUECs {
		if !c.Mapped() {
			n++
		}
	}
	return n
}

// who names an actor.
func (v vendorView) who(actor string) string {
	if n := v.Names[actor]; n != "" {
		return n
	}
	return actor
}

// stale shows both texts when somebody else was faster.
func stale(f *page.Form, err error, theirs func(*vendors.Stale) map[string]string) bool {
	var s *vendors.Stale
	if !errors.As(err, &s) {
		return false
	}
	f.Stale(s.Version, theirs(s))
	return true
}

// send reads a form and the right to write.
func send(r *page.Request) (*page.Form, access.Scope, error) {
	f, err := r.Form()
	if err != nil {
		return nil, access.Scope{}, err
	}
	scope, err := r.Write()
	return f, scope, err
}
