package vendors

import (
	"net/http"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/vendors"
	"github.com/tickmark/tickmark/internal/web/page"
)

// seenApp is an application behind sign-on with whose it is.
type seenApp struct {
	vendors.Application
	vendors.Behind
}

func (a seenApp) state() string {
	switch {
	case a.Vendor != nil:
		return "vendor"
	case a.Own != "":
		return "own"
	case !a.Active:
		return "inactive"
	}
	return "nobody"
}

// seenApps are all of them, by name.
type seenApps []seenApp

// nobodys are the active ones that are on nobody's account.
func (s seenApps) nobodys() []seenApp {
	var out []seenApp
	for _, a := range s {
		if a.state() == "nobody" {
			out = append(out, a)
		}
	}
	return out
}

func (p *pages) seen(r *page.Request) (seenApps, error) {
	all, err := p.Around.Applications(r.Context(), r.Read(), r.Now)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(all))
	for i, a := range all {
		names[i] = a.Name
	}
	behind, err := p.Vendors.Applications(r.Context(), r.Read(), names)
	if err != nil {
		return nil, err
	}
	out := make(seenApps, len(all))
	for i, a := range all {
		out[i] = seenApp{a, behind[a.Name]}
	}
	slices.SortStableFunc(out, func(a, b seenApp) int {
		if (a.state() == "nobody") != (b.state() == "nobody") { // what somebody has to settle comes first
			if a.state() == "nobody" {
				return -1
			}
			return 1
		}
		return strings.Compare(vendors.Fold(a.Name), vendors.Fold(b.Name))
	})
	return out, nil
}

var appList = page.TableSpec{
	Columns: []page.Column{{Key: "name", Title: "Application", Wide: true}, {Key: "whose", Title: "Whose"}, {Key: "source", Title: "Seen in", Opt: true}, {Key: "act", Title: "What to do", Quiet: true}},
	Filters: []page.Filter{{Key: "whose", Title: "Whose", Kind: page.Segments, Options: []page.Option{
		{Value: "nobody", Label: "Nobody's", Status: "fail"}, {Value: "vendor", Label: "A vendor's", Status: "pass"}, {Value: "own", Label: "Our own", Status: "na"}, {Value: "inactive", Label: "Inactive", Status: "na"}}}},
	Search: "Find an application", One: "application", Many: "applications",
}

func (p *pages) applications(r *page.Request) error {
	t, err := r.Table(&appList)
	if err != nil {
		return err
	}
	all, err := p.seen(r)
	if err != nil {
		return err
	}
	counts := map[string]int{}
	var kept []seenApp
	for _, a := range all {
		counts[a.state()]++
		if (t.Filter("whose") == "" || t.Filter("whose") == a.state()) && strings.Contains(vendors.Fold(a.Name), vendors.Fold(t.Query.Search)) {
			kept = append(kept, a)
		}
	}
	if t.Exporting() {
		return r.Export(t, "applications", []string{"Application", "Seen in", "Active", "Vendor", "Name of the vendor", "Our own because", "Collected"}, func(q paging.Query) ([][]any, int, error) {
			var out [][]any
			for _, a := range window(kept, q) {
				ref, name := "", ""
				if a.Vendor != nil {
					ref, name = a.Vendor.Ref, a.Vendor.Name
				}
				out = append(out, []any{a.Name, a.Source, a.Active, ref, name, a.Own, a.Seen})
			}
			return out, len(kept), nil
		})
	}
	t.Total = len(kept)
	t.SetCounts("whose", counts)
	part := appRows(r, t, window(kept, t.Query))
	return r.Render(http.StatusOK, applicationsPage(t, part), page.Part(t.ID(), part))
}

// addApplication enters the vendor of an application in the register with one press.
func (p *pages) addApplication(r *page.Request) error {
	f, scope, err := send(r)
	if err != nil {
		return err
	}
	v, err := p.Vendors.Add(r.Context(), scope, r.Now, vendors.Details{Name: f.Get("name")})
	if err != nil {
		return err
	}
	return r.RedirectUndo(vendorURL(v.Ref), v.Ref+" is on the register. Say what it reaches, who answers for it, and assess it.", vendorURL(v.Ref)+"/remove",
		map[string]string{"why": "Added from the list of applications, and taken back at once."})
}

func (p *pages) nameForm(r *page.Request) error {
	return p.showName(r, page.NewForm("name", r.Query("name")))
}

func (p *pages) showName(r *page.Request, f *page.Form) error {
	var choices []page.Option
	for q := (paging.Query{Page: 1, Size: paging.MaxSize, Sort: "name"}); ; q.Page++ {
		res, err := p.Vendors.List(r.Context(), r.Read(), vendors.Filter{}, q)
		if err != nil {
			return err
		}
		for _, v := range res.Rows {
			choices = append(choices, page.Option{Value: v.Ref, Label: v.Name + " (" + v.Ref + ")"})
		}
		if len(res.Rows) < q.Size {
			break
		}
	}
	return r.RenderPanel(f.Status(), namePanel(r, f, choices))
}

func (p *pages) nameApplication(r *page.Request) error {
	f, scope, err := send(r)
	if err != nil {
		return err
	}
	if f.Get("vendor") == "" {
		f.Wrong("vendor", "Choose the vendor.")
	}
	if f.OK() {
		v, err := p.Vendors.Vendor(r.Context(), r.Read(), f.Get("vendor"))
		if err != nil {
			return err
		}
		d := v.Details
		d.Applications = append(slices.Clone(d.Applications), f.Get("name"))
		_, err = p.Vendors.Edit(r.Context(), scope, r.Now, v.Ref, v.Version, d)
		if err == nil {
			return r.Redirect("/vendors/applications", f.Get("name")+" belongs to "+v.Name+".")
		}
		if !f.Take(err) {
			return err
		}
	}
	return p.showName(r, f)
}

func (p *pages) ownForm(r *page.Request) error {
	return r.RenderPanel(http.StatusOK, ownPanel(r, page.NewForm("name", r.Query("name"), "back", r.Query("back"))))
}

func (p *pages) own(r *page.Request) error {
	f, scope, err := send(r)
	if err != nil {
		return err
	}
	why := f.Values.Get("why")
	if why == "" && !f.Checked("undo") {
		f.Wrong("why", "Say in at least 10 characters why no vendor is behind it.")
	}
	if f.Checked("undo") {
		why = ""
	}
	if f.OK() {
		err := p.Vendors.Own(r.Context(), scope, r.Now, f.Get("name"), why)
		if err == nil && why == "" {
			return r.Redirect("/vendors/applications", f.Get("name")+" is nobody's again.")
		}
		if err == nil {
			return r.RedirectUndo("/vendors/applications", f.Get("name")+" is our own.", "/vendors/applications/own", map[string]string{"name": f.Get("name"), "undo": "on"})
		}
		if !f.Take(err) {
			return err
		}
	}
	return r.RenderPanel(f.Status(), ownPanel(r, f))
}
