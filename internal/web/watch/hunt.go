package watch

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/web/page"
)

const (
	huntPlace  = "/hunt"
	savedPlace = huntPlace + "/saved"
)

// lastHours bounds the time of a saved hunt: ten years.
const lastHours = 10 * 366 * 24

// huntRows is how many rows a page shows at most.
const huntRows = 500

func (p *pages) huntRoutes(t *table) {
	t.show(huntPlace, "Hunt", huntPlace, p.hunt)
	t.form(savedPlace+"/{id}/remove", "Remove a saved hunt", huntPlace, access.ReadDetections, p.removeHuntForm, p.removeHunt)
	t.form(huntPlace+"/keep", "Keep what a hunt found", huntPlace, access.AddEvidence, p.keepForm, p.keep)
}

// hunt is what is asked, and what came of it.
type hunt struct {
	event.Query
	Found *event.Table // nil while nothing was asked
	Shut  bool         // no events can be read here
}

// minute is a time as a field of type datetime-local shows it, in UTC.
const minute = "2006-01-02T15:04"

// beginnings are questions to begin with. They are shown as they are and asked by a click.
var beginnings = []struct{ Title, SQL string }{
	{"Who did what most often", "SELECT actor_name, action, count(*) AS times FROM events GROUP BY ALL ORDER BY times DESC LIMIT 50"},
	{"Refused attempts by address", "SELECT ip, country, count(*) AS refused, count(DISTINCT actor) AS actors FROM events WHERE status = 'failure' GROUP BY ALL ORDER BY refused DESC LIMIT 50"},
	{"What weakens defences", "SELECT time, actor_name, action, ip, id FROM events WHERE weight = 'defence' ORDER BY time DESC LIMIT 100"},
	{"Credentials that came into being", "SELECT time, actor_name, action, issued, id FROM events WHERE issued <> '' AND issued <> '[]' ORDER BY time DESC LIMIT 100"},
}

// again is the address that asks the same of as much time, up to whenever it is opened: what a saved hunt leads to.
func (h *hunt) again() string {
	hours := max(1, int((h.To.Sub(h.From) + time.Hour - 1).Hours()))
	return huntPlace + "?" + url.Values{"sql": {h.SQL}, "last": {strconv.Itoa(hours)}}.Encode()
}

// saved are the hunts that the reader or the organisation saved.
func saved(r *page.Request) []access.View {
	var out []access.View
	for _, v := range r.Views {
		if strings.HasPrefix(v.Path, huntPlace+"?") {
			out = append(out, v)
		}
	}
	return out
}

// asks is the question of a saved hunt.
func asks(v access.View) string {
	u, err := url.Parse(v.Path)
	if err != nil {
		return ""
	}
	return u.Query().Get("sql")
}

func (p *pages) savedHunt(r *page.Request) (access.View, error) {
	v, err := p.Access.View(r.Context(), r.Grant, r.Arg("id"))
	if err == nil && (!strings.HasPrefix(v.Path, huntPlace+"?") || !v.MayChange(r.Grant)) {
		err = errs.New(errs.NotFound, "no saved hunt %s that you may remove", r.Arg("id"))
	}
	return v, err
}

func (p *pages) removeHuntForm(r *page.Request) error {
	v, err := p.savedHunt(r)
	if err != nil {
		return err
	}
	f := page.NewForm()
	return r.RenderPanel(f.Status(), removeHuntPanel(r, f, v))
}

func (p *pages) removeHunt(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	v, err := p.savedHunt(r)
	if err != nil {
		return err
	}
	if _, err := p.Access.RemoveView(r.Context(), r.Grant, r.Now, v.ID); err != nil {
		return r.PanelAgain(f, err, removeHuntPanel(r, f, v))
	}
	return r.Redirect(huntPlace, "“"+v.Name+"” is removed.")
}

func (h *hunt) href(path string) string {
	return path + "?" + url.Values{"sql": {h.SQL}, "from": {h.From.Format(minute)}, "to": {h.To.Format(minute)}}.Encode()
}

// asked reads the question. Without one the last week is offered.
func (p *pages) asked(r *page.Request, f *page.Form) hunt {
	var h hunt
	h.SQL, h.Rows, h.Shut = strings.TrimSpace(f.Raw("sql")), huntRows, p.Query == nil
	for field, at := range map[string]*time.Time{"from": &h.From, "to": &h.To} {
		t, err := time.Parse(minute, f.Get(field))
		if err != nil && f.Get(field) != "" {
			f.Wrong(field, "Give day and time such as 2026-12-31T09:30, in UTC.")
		}
		*at = t
	}
	if h.To.IsZero() {
		h.To = r.Now.UTC().Truncate(time.Minute).Add(time.Minute)
	}
	if n, err := strconv.Atoi(r.Query("last")); err == nil && n > 0 && n <= lastHours && h.From.IsZero() {
		h.From = h.To.Add(-time.Duration(n) * time.Hour)
	}
	if h.From.IsZero() {
		h.From = h.To.AddDate(0, 0, -7)
	}
	return h
}

func (p *pages) ask(r *page.Request, h *hunt) error {
	if p.Query == nil {
		return errs.New(errs.Conflict, "events cannot be read here").WithHint("The server reads them: tickmark serve.")
	}
	t, err := p.Query(r.Context(), r.Read(), h.Query)
	if err == nil {
		h.Found = &t
	}
	return err
}

func (p *pages) hunt(r *page.Request) error {
	f := page.NewForm("sql", r.Query("sql"), "from", r.Query("from"), "to", r.Query("to"))
	h := p.asked(r, f)
	f.Values.Set("from", h.From.Format(minute))
	f.Values.Set("to", h.To.Format(minute))
	if h.SQL != "" && f.OK() {
		if err := p.ask(r, &h); err != nil && !f.Take(err) {
			return err
		}
	}
	from, err := p.origins(r)
	if err != nil {
		return err
	}
	return r.Render(f.Status(), huntPage(r, f, h, from))
}

func (p *pages) keepForm(r *page.Request) error {
	f := page.NewForm("sql", r.Query("sql"), "from", r.Query("from"), "to", r.Query("to"))
	h := p.asked(r, f)
	return r.RenderPanel(f.Status(), keepPanel(r, f, h))
}

// keep asks again and files what is found, with the question, as evidence.
func (p *pages) keep(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	if err := r.Require(access.ReadDetections); err != nil {
		return err
	}
	h := p.asked(r, f)
	if f.OK() {
		err = p.ask(r, &h)
	}
	if err == nil && f.OK() {
		var ref string
		body, merr := json.MarshalIndent(map[string]any{"sql": h.SQL, "from": h.From, "to": h.To, "asked": r.Now.UTC(), "events_looked_at": h.Found.Events, "columns": h.Found.Columns, "rows": h.Found.Rows, "more": h.Found.More}, "", " ")
		if merr != nil {
			return merr
		}
		if ref, err = p.File(r.Context(), scope, r.Now, f.Get("title"), f.Raw("shows"), h.From, h.To, body); err == nil {
			return r.Redirect("/e/"+ref, ref+" is filed.")
		}
	}
	return r.PanelAgain(f, err, keepPanel(r, f, h))
}

// cell is a value as people read it: a text without its quotes, nothing for null.
func cell(raw json.RawMessage) string {
	var s string
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return ""
	case raw[0] == '"' && json.Unmarshal(raw, &s) == nil:
		return s
	}
	return string(raw)
}

func begun(h hunt, sql string) string {
	h.SQL = sql
	return h.href(huntPlace)
}

func foundWords(t *event.Table) string {
	words := page.Plural(len(t.Rows), "row", "rows") + " of " + page.Plural(t.Events, "event", "events")
	if t.More {
		words = "the first " + words
	}
	return words
}
