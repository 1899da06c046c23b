package fieldwork

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/web/page"
)

// head is the name of a column as the sheet shows it.
func (d sheetData) head(column int) string {
	s := strings.ReplaceAll(strings.TrimPrefix(d.Population.Columns[column], "item_"), "_", " ")
	if s == "label" {
		s = "item"
	}
	return page.Capital(s)
}

// extra are the chosen columns that fit beside the marks.
func (d sheetData) extra() []int {
	var out []int
	s, most := d.Population.Shape, 2
	if len(d.Paper.Attributes) > 4 {
		most = 1
	}
	for _, i := range s.Visible {
		if i != s.Key && i != s.Label && i != s.Day && i != d.Population.Verdict && len(out) < most {
			out = append(out, i)
		}
	}
	return out
}

// lead is how many columns stand before those that small screens leave out.
func (d sheetData) lead() int {
	n := 1
	if d.keyed() {
		n++
	}
	if d.labelled() {
		n++
	}
	return n
}

// labelled reports whether items have a name beside their key.
func (d sheetData) labelled() bool {
	s := d.Population.Shape
	return s.Label >= 0 && s.Label != s.Key
}

// keyed reports whether the key says more than the names do.
func (d sheetData) keyed() bool {
	return !d.labelled() || slices.ContainsFunc(d.Items, func(x fieldwork.Sampled) bool { return !strings.Contains(x.Label, x.Key) })
}

func (d sheetData) cellText(x fieldwork.Sampled, i int) string {
	if i < 0 || i >= len(x.Cells) {
		return ""
	}
	return x.Cells[i]
}

func shortDay(s string) string {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t.Format("2 Jan")
	}
	return s
}

// shortCell is a cell as it fits beside the marks: an instant without its year and seconds.
func shortCell(s string) string {
	if len(s) >= 19 {
		if t, err := time.Parse(time.DateTime, s[:10]+" "+s[11:19]); err == nil {
			return t.Format("2 Jan 15:04")
		}
	}
	return s
}

// machine is how many cells have a result of the test that nobody accepted yet.
func (d sheetData) machine() int {
	n := 0
	for _, x := range d.Items {
		for _, t := range d.Paper.Attributes {
			if d.Machine(x, t) != fieldwork.Open {
				n++
			}
		}
	}
	return n
}

func (d sheetData) count(letter string, m fieldwork.Mark) int {
	n := 0
	for _, x := range d.Items {
		if x.Void == "" && d.Cell(x.N, letter).Mark == m {
			n++
		}
	}
	return n
}

// said is a cell in words.
func (d sheetData) said(x fieldwork.Sampled, t fieldwork.Attribute) string {
	c := d.Cell(x.N, t.Letter)
	s := x.Label + ", attribute " + t.Letter + ": " + c.Mark.Title()
	if m := d.Machine(x, t); m != fieldwork.Open {
		s += ", the test says: " + m.Title() + ", not accepted"
	}
	if c.Finding != "" {
		s += ", " + c.Finding
	}
	return s
}

// cellAt finds a cell by its name: "7B".
func (d sheetData) cellAt(name string) (x fieldwork.Sampled, t fieldwork.Attribute, ok bool) {
	if name == "" {
		return x, t, false
	}
	n, err := strconv.Atoi(name[:len(name)-1])
	i := slices.IndexFunc(d.Items, func(y fieldwork.Sampled) bool { return y.N == n })
	t, ok = d.Paper.Attribute(name[len(name)-1:])
	if err != nil || i < 0 || !ok {
		return x, t, false
	}
	return d.Items[i], t, true
}

// shownMark is the mark a form begins with: what was sent, what is kept, or what the machine says.
func (d sheetData) shownMark(f *page.Form, x fieldwork.Sampled, t fieldwork.Attribute) fieldwork.Mark {
	if f.Values.Has("mark") {
		return fieldwork.Mark(f.Get("mark"))
	}
	return d.Cell(x.N, t.Letter).Mark
}

func (d sheetData) shownText(f *page.Form, field, kept string) string {
	if f.Values.Has(field) {
		return f.Raw(field)
	}
	return kept
}

// next is the cell after one, by item and then by attribute; empty after the last.
func (d sheetData) next(x fieldwork.Sampled, t fieldwork.Attribute) string {
	i := slices.IndexFunc(d.Paper.Attributes, func(y fieldwork.Attribute) bool { return y.Letter == t.Letter })
	if i+1 < len(d.Paper.Attributes) {
		return itoa(x.N) + d.Paper.Attributes[i+1].Letter
	}
	for _, y := range d.Items {
		if y.N > x.N && y.Void == "" {
			return itoa(y.N) + d.Paper.Attributes[0].Letter
		}
	}
	return ""
}

// opened reads a workpaper for one of its cells.
func (p *pages) opened(r *page.Request, a access.AuditScope) (d sheetData, x fieldwork.Sampled, t fieldwork.Attribute, err error) {
	d = sheetData{a: a, tab: "testing"}
	if d.Sheet, err = p.Work.Sheet(r.Context(), a, r.Arg("wp")); err != nil {
		return d, x, t, err
	}
	var ok bool
	if x, t, ok = d.cellAt(r.Arg("cell")); !ok || x.Void != "" {
		return d, x, t, errs.New(errs.NotFound, "%s has no cell %s", d.ref(), r.Arg("cell"))
	}
	if d.links, err = p.Work.Links(r.Context(), a, d.Cell(x.N, t.Letter).Evidence); err != nil {
		return d, x, t, err
	}
	d.names, err = p.names(r, a)
	return d, x, t, err
}

func (p *pages) cell(r *page.Request) error {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return err
	}
	return p.showCell(r, a, page.NewForm())
}

func (p *pages) showCell(r *page.Request, a access.AuditScope, f *page.Form) error {
	d, x, t, err := p.opened(r, a)
	if err != nil {
		return err
	}
	crumb(r, page.Crumb{Text: "Testing", Href: at(r, "testing")}, page.Crumb{Text: d.ref(), Href: tabURL(r, d.ref(), "testing")}, page.Crumb{Text: itoa(x.N) + t.Letter})
	pane := cellPane(r, f, d, x, t)
	return r.Render(f.Status(), cellPage(r, f, d, x, t), page.Part("peek", pane))
}

func (p *pages) saveCell(r *page.Request) error {
	return p.act(r, func(f *page.Form, a access.AuditScope) error {
		d, x, t, err := p.opened(r, a)
		if err != nil {
			return err
		}
		note, evidence := f.Raw("note"), f.Raw("evidence")
		got, err := p.Work.Mark(r.Context(), a, r.Now, d.ref(), []fieldwork.Marking{{N: x.N, Letter: t.Letter, Mark: fieldwork.Mark(f.Get("mark")), Note: &note, Evidence: &evidence, Base: f.Base()}})
		if err != nil {
			return err
		}
		if len(got.Stale) > 0 {
			s := got.Stale[0]
			f.Stale(s.Version, map[string]string{"mark": s.Mark.Title(), "note": s.Note, "evidence": s.Evidence})
			return p.showCell(r, a, f)
		}
		if n := d.next(x, t); f.Get("next") != "" && n != "" {
			if r.Target() == "" {
				return r.Redirect(paperURL(r, d.ref())+"/cells/"+n, "Kept. Next cell.")
			}
			return r.Redirect(tabURL(r, d.ref(), "testing")+"&cell="+n, "Kept.")
		}
		return r.Redirect(tabURL(r, d.ref(), "testing")+"&cell="+itoa(x.N)+t.Letter, "Kept.")
	}, func(f *page.Form, a access.AuditScope) error { return p.showCell(r, a, f) })
}

// mark is a cell as the script keeps it.
type mark struct {
	Cell string `json:"cell"`
	Mark string `json:"mark"`
	Base int    `json:"base"`
	By   string `json:"by,omitempty"`
}

// marks keeps what the keyboard made, a batch at a time: "7:B:t:0" is the mark t on attribute B of item 7, over version 0.
func (p *pages) marks(r *page.Request) error {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return err
	}
	f, err := r.Form()
	if err != nil {
		return err
	}
	var list []fieldwork.Marking
	for _, s := range f.Values["m"] {
		part := strings.Split(s, ":")
		if len(part) != 4 {
			return errs.New(errs.Invalid, "a mark is item:attribute:mark:version, not %q", s)
		}
		n, err1 := strconv.Atoi(part[0])
		b, err2 := strconv.Atoi(part[3])
		if cmp.Or(err1, err2) != nil {
			return errs.New(errs.Invalid, "a mark is item:attribute:mark:version, not %q", s)
		}
		list = append(list, fieldwork.Marking{N: n, Letter: part[1], Mark: fieldwork.Mark(part[2]), Base: b})
	}
	got, err := p.Work.Mark(r.Context(), a, r.Now, r.Arg("wp"), list)
	if r.Target() != "marks" {
		if err != nil {
			return err
		}
		return r.Redirect(tabURL(r, r.Arg("wp"), "testing"), page.Plural(len(got.Kept), "mark is", "marks are")+" kept.")
	}
	answer := struct {
		Kept    []mark `json:"kept"`
		Stale   []mark `json:"stale"`
		Problem string `json:"problem"`
	}{Kept: []mark{}, Stale: []mark{}}
	status := http.StatusOK
	if err != nil {
		if !page.NewForm().Take(err) {
			return err
		}
		status, answer.Problem = http.StatusConflict, page.Sentence(err)+" "+errs.HintOf(err)
	}
	n, err := p.names(r, a)
	if err != nil {
		return err
	}
	for _, c := range got.Kept {
		answer.Kept = append(answer.Kept, mark{itoa(c.N) + c.Letter, string(c.Mark), c.Version, ""})
	}
	for _, c := range got.Stale {
		answer.Stale = append(answer.Stale, mark{itoa(c.N) + c.Letter, string(c.Mark), c.Version, n.of(c.By)})
	}
	r.Header().Set("Content-Type", "application/json")
	r.Header().Set("Cache-Control", "no-store")
	r.Writer().WriteHeader(status)
	return json.NewEncoder(r.Writer()).Encode(answer)
}

func (p *pages) accept(r *page.Request) error {
	return p.act(r, func(f *page.Form, a access.AuditScope) error {
		got, err := p.Work.Accept(r.Context(), a, r.Now, r.Arg("wp"), f.Values["letter"])
		if err != nil {
			return err
		}
		return r.Redirect(tabURL(r, r.Arg("wp"), "testing"), page.Plural(len(got.Kept), "result of the machine is yours", "results of the machine are yours")+" now.")
	}, func(f *page.Form, a access.AuditScope) error { return p.showSheet(r, a, "testing", f) })
}

func (p *pages) reperform(r *page.Request) error {
	return p.act(r, func(_ *page.Form, a access.AuditScope) error {
		got, err := p.Work.Reperform(r.Context(), a, r.Now, r.Arg("wp"))
		if err != nil {
			return err
		}
		if !got.Same() {
			return errs.New(errs.Conflict, "performed again, %d frozen items have another verdict: %s", len(got.Differ), joined(got.Differ)).WithHint("Recorded rows %s, now %s.", page.ShortHash(got.Recorded), page.ShortHash(got.Now))
		}
		return r.Redirect(tabURL(r, r.Arg("wp"), "testing"), "Performed again: "+page.Plural(got.Rows, "row", "rows")+", the same verdicts, the same hash "+page.ShortHash(got.Now)+".")
	}, func(f *page.Form, a access.AuditScope) error { return p.showSheet(r, a, "testing", f) })
}
