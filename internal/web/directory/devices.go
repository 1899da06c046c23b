package directory

import (
	"errors"
	"net/http"
	"slices"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/web/page"
)

var deviceList = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Device", Sort: true}, {Key: "serial", Title: "Serial number", Sort: true}, {Key: "kind", Title: "Kind", Sort: true, Opt: true},
		{Key: "name", Title: "Model", Wide: true, Opt: true}, {Key: "holder", Title: "With", Sort: true}, {Key: "state", Title: "State"}, {Key: "given", Title: "Given", Sort: true, Num: true, Opt: true},
		{Key: "returned", Title: "Returned", Sort: true, Num: true, Opt: true},
	},
	Filters: []page.Filter{
		{Key: "state", Title: "State", Kind: page.Segments, Options: []page.Option{
			{Value: "out", Label: "Out", Status: "prog"}, {Value: "leaver", Label: "With a leaver", Status: "fail"}, {Value: "returned", Label: "Returned", Status: "pass"}, {Value: "written_off", Label: "Written off", Status: "na"}}},
		{Key: "kind", Title: "Kind", Kind: page.Select, Options: deviceKinds()},
	},
	Search: "Serial, model, person", Sort: "-given", One: "device", Many: "devices", Size: 50,
}

func deviceKinds() []page.Option {
	var out []page.Option
	for _, k := range people.DeviceKinds() {
		out = append(out, page.Option{Value: k[0], Label: k[1]})
	}
	return out
}

// deviceKey is the status of a device, and its word.
func deviceKey(d people.Device, today period.Date) (key, word string) {
	switch {
	case d.Returned != 0:
		return "na", "Returned"
	case d.WrittenOff:
		return "na", "Written off"
	case d.Overdue(today):
		return "fail", "Not returned"
	case d.Holding == people.Left:
		return "risk", "To come back"
	}
	return "prog", "Out"
}

func (p *pages) devices(r *page.Request) error {
	t, err := r.Table(&deviceList)
	if err != nil {
		return err
	}
	f := people.DeviceFilter{State: t.Filter("state"), Kind: t.Filter("kind")}
	if t.Exporting() {
		return r.Export(t, "devices", []string{"Device", "Serial", "Kind", "Name", "Person", "With", "State of the person", "Last day", "Given", "Returned", "Written off", "Note"}, func(q paging.Query) ([][]any, int, error) {
			res, err := p.People.ListDevices(r.Context(), r.Read(), f, q)
			var out [][]any
			for _, d := range res.Rows {
				out = append(out, []any{d.Ref, d.Serial, d.Kind, d.Name, d.HolderRef, d.HolderName, string(d.Holding), dayField(d.HolderEnd), dayField(d.Given), dayField(d.Returned), d.WrittenOff, d.Note})
			}
			return out, res.Total, err
		})
	}
	res, err := p.People.ListDevices(r.Context(), r.Read(), f, t.Query)
	if err != nil {
		return err
	}
	t.Total = res.Total
	counts := map[string]int{}
	for _, s := range []string{"out", "leaver", "returned", "written_off"} {
		n, err := p.People.ListDevices(r.Context(), r.Read(), people.DeviceFilter{State: s, Kind: f.Kind}, paging.Query{Size: 1})
		if err != nil {
			return err
		}
		counts[s] = n.Total
	}
	t.SetCounts("state", counts)
	rows := deviceRows(r, t, res.Rows)
	sides, err := p.sides(r, "/devices")
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, devicesPage(r, t, rows, sides, counts["leaver"]), page.Part(t.ID(), rows))
}

// device shows one hand-out, with who else had the same thing.
func (p *pages) device(r *page.Request) error {
	d, err := p.People.Device(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	others, err := p.People.ListDevices(r.Context(), r.Read(), people.DeviceFilter{Serial: d.Serial}, paging.Query{Size: paging.MaxSize, Sort: "given", Desc: true})
	if err != nil {
		return err
	}
	r.Title = d.Serial
	r.Crumbs = []page.Crumb{{Text: "People", Href: "/people"}, {Text: "Devices", Href: "/devices"}, {Text: d.Ref}}
	rest := slices.DeleteFunc(others.Rows, func(o people.Device) bool { return o.ID == d.ID })
	return r.Render(http.StatusOK, devicePage(r, d, rest))
}

// handedOn reports whether somebody else has the same thing by now.
func handedOn(d people.Device, others []people.Device) bool {
	return slices.ContainsFunc(others, func(o people.Device) bool { return o.Out() && o.ID != d.ID })
}

func (p *pages) newDevice(r *page.Request) error {
	return r.RenderPanel(http.StatusOK, givePanel(r, page.NewForm("holder", r.Query("person"), "kind", "laptop", "given", period.Of(r.Now).String())))
}

func (p *pages) give(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	n := people.NewDevice{Serial: f.Get("serial"), Kind: f.Get("kind"), Name: f.Get("name"), Holder: f.Get("holder"), Given: parseDay(f, "given"), Note: f.Raw("note")}
	if f.OK() {
		d, err := p.People.Give(r.Context(), scope, r.Now, n)
		if err == nil {
			return r.Redirect(personURL(d.HolderRef), d.Serial+" is with "+d.HolderName+".")
		}
		if !f.Take(err) {
			return err
		}
	}
	return r.RenderPanel(f.Status(), givePanel(r, f))
}

func (p *pages) returnForm(r *page.Request) error {
	d, err := p.People.Device(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, returnPanel(r, page.NewForm("returned", period.Of(r.Now).String()), d))
}

func (p *pages) writeOffForm(r *page.Request) error {
	d, err := p.People.Device(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, writeOffPanel(r, page.NewForm(), d))
}

// staleDevice shows what is saved now when somebody else was faster.
func staleDevice(f *page.Form, err error) bool {
	var stale *people.StaleDevice
	if !errors.As(err, &stale) {
		return false
	}
	d := stale.Theirs
	f.Stale(d.Version, map[string]string{"returned": dayField(d.Returned), "note": d.Note})
	return true
}

func (p *pages) giveBack(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	on := parseDay(f, "returned")
	if f.OK() {
		d, err := p.People.Return(r.Context(), scope, r.Now, r.Arg("ref"), f.Base(), on, f.Raw("note"))
		if err == nil {
			return r.RedirectUndo(personURL(d.HolderRef), d.Serial+" came back.", deviceURL(d.Ref)+"/out", map[string]string{"back": personURL(d.HolderRef)})
		}
		if !staleDevice(f, err) && !f.Take(err) {
			return err
		}
	}
	d, err := p.People.Device(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), returnPanel(r, f, d))
}

func (p *pages) writeOff(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	d, err := p.People.WriteOff(r.Context(), scope, r.Now, r.Arg("ref"), f.Base(), f.Raw("note"))
	if err == nil {
		return r.RedirectUndo(personURL(d.HolderRef), d.Serial+" is written off.", deviceURL(d.Ref)+"/out", map[string]string{"back": personURL(d.HolderRef)})
	}
	if !staleDevice(f, err) && !f.Take(err) {
		return err
	}
	if d, err = p.People.Device(r.Context(), r.Read(), r.Arg("ref")); err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), writeOffPanel(r, f, d))
}

// takeBack undoes a return or a write-off.
func (p *pages) takeBack(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	d, err := p.People.TakeBack(r.Context(), scope, r.Now, r.Arg("ref"), f.Base())
	if errs.Is(err, errs.Conflict) {
		return r.Redirect("/devices", page.Sentence(err))
	}
	if err != nil {
		return err
	}
	return r.Redirect(personURL(d.HolderRef), d.Serial+" is out again.")
}
