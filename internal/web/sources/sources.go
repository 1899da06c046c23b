// Package sources shows what sends events: each source with what arrived day by day, its token, files to take in by hand, and the
// records that could not be read.
package sources

import (
	"bytes"
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Services is what these pages need.
type Services struct {
	Sources *event.Sources
	Intake  *event.Intake // nil where no events are taken: the server does that
	View    *view.Reader
	Address string // where programs reach the server
}

type pages struct{ Services }

const (
	place      = "/sources"
	quarantine = "/quarantine"
)

func sourceURL(ref string) string { return place + "/" + url.PathEscape(ref) }

// Routes are the pages of this package.
func Routes(s Services) []page.Route {
	p := &pages{s}
	var all []page.Route
	show := func(pattern, title string, do func(*page.Request) error) {
		all = append(all, page.Route{Method: http.MethodGet, Pattern: pattern, Action: access.ReadDetections, Title: title, Nav: place, Handle: do})
	}
	post := func(pattern, title string, do func(*page.Request) error) {
		all = append(all, page.Route{Method: http.MethodPost, Pattern: pattern, Action: access.ManageDetection, Title: title, Nav: place, Handle: do})
	}
	form := func(pattern, title string, get, do func(*page.Request) error) {
		all = append(all, page.Route{Method: http.MethodGet, Pattern: pattern, Action: access.ManageDetection, Title: title, Nav: place, Handle: get})
		post(pattern, title, do)
	}
	show(place, "Sources of events", p.list)
	form(place+"/new", "New source of events", p.addForm, p.add)
	all[len(all)-2].Command = "Add a source of events"
	show(place+"/{ref}", "Source of events", p.source)
	form(place+"/{ref}/edit", "Change a source", p.editForm, p.edit)
	form(place+"/{ref}/pause", "Pause a source", p.pauseForm, p.pause)
	form(place+"/{ref}/token", "New token of a source", p.tokenForm, p.token)
	form(place+"/{ref}/revoke", "Revoke the token of a source", p.revokeForm, p.revoke)
	form(place+"/{ref}/import", "Import events", p.importForm, p.take)
	all[len(all)-1].Body = maxImport + 1<<20
	show(quarantine, "Quarantine", p.refused)
	show(quarantine+"/{id}", "Record put aside", p.record)
	post(quarantine+"/retry", "Read records again", p.retry)
	post(quarantine+"/discard", "Discard records", p.discard)
	return all
}

func tabs(current string) []page.Tab {
	return []page.Tab{{Title: "Sources", Href: place, Current: current == place}, {Title: "Quarantine", Href: quarantine, Current: current == quarantine}}
}

// week is over how many days, today apart, events a day are counted.
const week = 7

// row is a source as the list shows it.
type row struct {
	event.Source
	Silent time.Time // since when; zero if it is not
	PerDay float64   // events a day over the last week, or as long as it is there
}

// state is the sign of a source. What nobody heard of yet is not called good.
func (x *row) state() (key, words string) {
	switch {
	case x.State == event.Paused:
		return "na", "Paused"
	case x.TokenHint == "":
		return "risk", "No token"
	case !x.Silent.IsZero():
		return "fail", "Silent"
	case x.LastArrival.IsZero():
		return "none", "Waits for events"
	}
	return "pass", "Sends"
}

// signs are the words of states, in the order of the filter.
var signs = [][2]string{{"fail", "Silent"}, {"risk", "No token"}, {"none", "Waits for events"}, {"na", "Paused"}, {"pass", "Sends"}}

func stateOptions() []page.Option {
	var out []page.Option
	for _, s := range signs {
		out = append(out, page.Option{Value: s[0], Label: s[1], Status: s[0]})
	}
	return out
}

func logOptions() []page.Option {
	var out []page.Option
	for _, l := range event.Logs() {
		out = append(out, page.Option{Value: l.Name, Label: l.Title})
	}
	return out
}

func logTitle(name string) string {
	for _, l := range event.Logs() {
		if l.Name == name {
			return l.Title
		}
	}
	return name
}

var listSpec = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Source", Sort: true}, {Key: "name", Title: "Name", Sort: true, Wide: true}, {Key: "log", Title: "Events of", Sort: true, Opt: true}, {Key: "state", Title: "State", Sort: true},
		{Key: "last", Title: "Last arrival", Sort: true, Num: true}, {Key: "day", Title: "Events a day", Sort: true, Num: true}, {Key: "refused", Title: "Put aside", Sort: true, Num: true, Opt: true},
		{Key: "late", Title: "Late", Sort: true, Num: true, Opt: true}, {Key: "known", Title: "Duplicates", Sort: true, Num: true, Opt: true}, {Key: "ahead", Title: "Clock ahead", Sort: true, Num: true, Opt: true},
	},
	Filters: []page.Filter{{Key: "state", Title: "State", Kind: page.Select, Options: stateOptions()}, {Key: "log", Title: "Events of", Kind: page.Select, Options: logOptions()}},
	Search:  "Find by reference or name", Sort: "state", One: "source", Many: "sources",
}

// rows are the sources with their figures.
func (p *pages) rows(r *page.Request) ([]row, error) {
	all, err := p.Sources.List(r.Context(), r.Read())
	if err != nil {
		return nil, err
	}
	today := period.Of(r.Now)
	days, err := p.Sources.ByDay(r.Context(), r.Read(), "", today-week)
	if err != nil {
		return nil, err
	}
	sent := map[event.SourceID]int64{}
	for _, d := range days {
		if d.Day < today { // today is not over
			sent[d.Source] += d.Events
		}
	}
	out := make([]row, len(all))
	for i, x := range all {
		there := min(week, max(1, int(today-period.Of(x.Made))))
		out[i] = row{Source: x, Silent: x.SilentSince(r.Now), PerDay: float64(sent[x.ID]) / float64(there)}
	}
	return out, nil
}

// orders are the orders of the list.
var orders = map[string]func(x, y *row) int{
	"ref":     func(x, y *row) int { return cmp.Or(cmp.Compare(len(x.Ref), len(y.Ref)), strings.Compare(x.Ref, y.Ref)) },
	"name":    func(x, y *row) int { return strings.Compare(strings.ToLower(x.Name), strings.ToLower(y.Name)) },
	"log":     func(x, y *row) int { return strings.Compare(logTitle(x.Log), logTitle(y.Log)) },
	"state":   func(x, y *row) int { return cmp.Compare(rank(x), rank(y)) },
	"last":    func(x, y *row) int { return x.LastArrival.Compare(y.LastArrival) },
	"day":     func(x, y *row) int { return cmp.Compare(x.PerDay, y.PerDay) },
	"refused": func(x, y *row) int { return cmp.Compare(x.Tally.Refused, y.Tally.Refused) },
	"late":    func(x, y *row) int { return cmp.Compare(x.Late, y.Late) },
	"known":   func(x, y *row) int { return cmp.Compare(x.Duplicates, y.Duplicates) },
	"ahead":   func(x, y *row) int { return cmp.Compare(x.Ahead, y.Ahead) },
}

func rank(x *row) int {
	key, _ := x.state()
	return slices.IndexFunc(signs, func(s [2]string) bool { return s[0] == key })
}

// narrowed are the rows that the list asks for, in its order.
func narrowed(t *page.Table, all []row) []row {
	search := strings.ToLower(t.Query.Search)
	out := slices.DeleteFunc(slices.Clone(all), func(x row) bool {
		key, _ := x.state()
		return t.Filter("state") != "" && key != t.Filter("state") || t.Filter("log") != "" && x.Log != t.Filter("log") ||
			search != "" && !strings.Contains(strings.ToLower(x.Ref+" "+x.Name), search)
	})
	slices.SortStableFunc(out, func(x, y row) int {
		c := orders[t.Query.Sort](&x, &y)
		if t.Query.Desc {
			c = -c
		}
		return cmp.Or(c, orders["ref"](&x, &y))
	})
	return out
}

func slice(all []row, q paging.Query) []row {
	return all[min(len(all), q.Offset()):min(len(all), q.Offset()+q.Size)]
}

func orNil(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

func (p *pages) list(r *page.Request) error {
	t, err := r.Table(&listSpec)
	if err != nil {
		return err
	}
	all, err := p.rows(r)
	if err != nil {
		return err
	}
	rows := narrowed(t, all)
	if t.Exporting() {
		head := []string{"Source", "Name", "Log", "State", "Silent since", "Last arrival", "Newest event", "Events a day", "Events", "Put aside", "Late", "Out of order", "Duplicates", "Clock ahead", "Undated", "Made"}
		return r.Export(t, "sources-of-events", head, func(q paging.Query) ([][]any, int, error) {
			var out [][]any
			for _, x := range slice(rows, q) {
				_, words := x.state()
				out = append(out, []any{x.Ref, x.Name, x.Log, words, orNil(x.Silent), orNil(x.LastArrival), orNil(x.LastEvent), x.PerDay, x.Events, x.Tally.Refused, x.Late, x.Disordered, x.Duplicates, x.Ahead, x.Undated, x.Made})
			}
			return out, len(rows), nil
		})
	}
	t.Total = len(rows)
	part := sourceRows(r, t, slice(rows, t.Query), p.curl("tmki_…"))
	return r.Render(http.StatusOK, listPage(r, t, part), page.Part(t.ID(), part))
}

// curl is a command that sends a file with a token.
func (p *pages) curl(token string) string {
	return "curl -H 'Authorization: Bearer " + token + "' --data-binary @events.ndjson " + strings.TrimRight(p.Address, "/") + "/intake/v1/events"
}

// shown is over how many days the page of a source goes.
const shown = 90

// sourceView is the page of a source.
type sourceView struct {
	row
	Days    chart.DaysData
	Waiting int64 // records that wait to be looked at
	MadeBy  string
	Curl    string
}

func (p *pages) found(r *page.Request) (event.Source, error) {
	x, err := p.Sources.Source(r.Context(), r.Read(), r.Arg("ref"))
	r.Crumbs = []page.Crumb{{Text: "Sources of events", Href: place}, {Text: x.Ref, Href: sourceURL(x.Ref)}}
	return x, err
}

func (p *pages) source(r *page.Request) error {
	x, err := p.found(r)
	if err != nil {
		return err
	}
	r.Title, r.Crumbs[1].Href = x.Ref+" "+x.Name, ""
	today := period.Of(r.Now)
	v := sourceView{row: row{Source: x, Silent: x.SilentSince(r.Now)}, Curl: p.curl("tmki_…" + x.TokenHint)}
	v.Days = chart.DaysData{Period: period.Period{From: today + 1 - shown, To: today + 1}, Since: period.Of(x.Made), One: "event", Noun: "events", Wrong: "put aside"}
	days, err := p.Sources.ByDay(r.Context(), r.Read(), x.ID, v.Days.Period.From)
	if err != nil {
		return err
	}
	for _, d := range days {
		v.Days.Days = append(v.Days.Days, chart.DayCount{Date: d.Day, Count: d.Events, Wrong: d.Refused})
	}
	waiting, err := p.Sources.Refused(r.Context(), r.Read(), event.RefusedFilter{Source: x.ID, State: event.Waiting}, paging.Query{Size: 1})
	if err != nil {
		return err
	}
	v.Waiting = int64(waiting.Total)
	names, err := p.View.Actors(r.Context(), r.Read(), x.MadeBy)
	if err != nil {
		return err
	}
	v.MadeBy = names[x.MadeBy]
	return r.Render(http.StatusOK, sourcePage(r, v))
}

func (p *pages) addForm(r *page.Request) error {
	f := page.NewForm("log", r.Query("log"))
	return r.RenderPanel(f.Status(), addPanel(r, f))
}

// settings reads what a form says of silence and rate.
func settings(f *page.Form) (silent time.Duration, rate int) {
	if s := f.Get("silent"); s != "" {
		hours, err := strconv.ParseFloat(s, 64)
		if err != nil || !(hours >= 1.0/60) || hours > 24*90 {
			f.Wrong("silent", "Give hours such as 6 or 0.5, between a minute and 2160 hours, or nothing for what is usual.")
		} else {
			silent = time.Duration(hours * float64(time.Hour)).Round(time.Minute)
		}
	}
	if s := f.Get("rate"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			f.Wrong("rate", "Give a whole number of events a second, or nothing for "+page.Count(event.DefaultRate)+".")
		}
		rate = n
	}
	return silent, rate
}

func (p *pages) add(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	n := event.NewSource{Name: f.Get("name"), Log: f.Get("log")}
	if n.Silent, n.Rate = settings(f); !f.OK() {
		return r.RenderPanel(f.Status(), addPanel(r, f))
	}
	x, token, err := p.Sources.Add(r.Context(), scope, r.Now, n)
	if err != nil {
		return r.PanelAgain(f, err, addPanel(r, f))
	}
	r.Shown(sourceURL(x.Ref))
	return r.RenderPanel(http.StatusOK, secretPanel(r, x, token, p.curl(token)))
}

// ask shows a panel about a source.
func (p *pages) ask(r *page.Request, f *page.Form, draw func(*page.Request, *page.Form, event.Source) templ.Component) error {
	x, err := p.found(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), draw(r, f, x))
}

func (p *pages) editForm(r *page.Request) error {
	x, err := p.found(r)
	if err != nil {
		return err
	}
	f := page.NewForm("name", x.Name)
	if x.Silent > 0 {
		f.Values.Set("silent", strconv.FormatFloat(x.Silent.Hours(), 'f', -1, 64))
	}
	if x.PerSecond > 0 {
		f.Values.Set("rate", strconv.Itoa(x.PerSecond))
	}
	return r.RenderPanel(f.Status(), editPanel(r, f, x))
}

// changed does what a form about a source asks for. A form that was made from an older state of it is shown again.
func (p *pages) changed(r *page.Request, draw func(*page.Request, *page.Form, event.Source) templ.Component, change func(f *page.Form, x *event.Source) string) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, err := p.found(r)
	if err != nil {
		return err
	}
	next, edit := x, f.Base()
	said := change(f, &next)
	if !f.OK() {
		return r.RenderPanel(f.Status(), draw(r, f, x))
	}
	if edit == 0 {
		edit = x.Edit
	}
	if err := p.Sources.Change(r.Context(), scope, r.Now, next, edit); err != nil {
		if errs.Is(err, errs.Conflict) && errs.FieldOf(err) == "" { // somebody else changed it meanwhile
			f.Stale(x.Edit, map[string]string{"name": x.Name})
			return r.RenderPanel(f.Status(), draw(r, f, x))
		}
		return r.PanelAgain(f, err, draw(r, f, x))
	}
	return r.Redirect(sourceURL(x.Ref), said)
}

func (p *pages) edit(r *page.Request) error {
	return p.changed(r, editPanel, func(f *page.Form, x *event.Source) string {
		x.Name = f.Get("name")
		x.Silent, x.PerSecond = settings(f)
		return x.Ref + " is changed."
	})
}

func (p *pages) pauseForm(r *page.Request) error { return p.ask(r, page.NewForm(), pausePanel) }

func (p *pages) pause(r *page.Request) error {
	return p.changed(r, pausePanel, func(f *page.Form, x *event.Source) string {
		if f.Get("state") == event.Active {
			x.State = event.Active
			return x.Ref + " may send again."
		}
		x.State = event.Paused
		return x.Ref + " is paused: what it sends is refused."
	})
}

func (p *pages) tokenForm(r *page.Request) error { return p.ask(r, page.NewForm(), tokenPanel) }

func (p *pages) token(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, token, err := p.Sources.Rotate(r.Context(), scope, r.Now, r.Arg("ref"))
	if err != nil {
		return r.PanelAgain(f, err, tokenPanel(r, f, x))
	}
	r.Shown(sourceURL(x.Ref))
	return r.RenderPanel(http.StatusOK, secretPanel(r, x, token, p.curl(token)))
}

func (p *pages) revokeForm(r *page.Request) error { return p.ask(r, page.NewForm(), revokePanel) }

func (p *pages) revoke(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, err := p.Sources.Revoke(r.Context(), scope, r.Now, r.Arg("ref"))
	if err != nil {
		return r.PanelAgain(f, err, revokePanel(r, f, x))
	}
	return r.Redirect(sourceURL(x.Ref), "The token of "+x.Ref+" is revoked: what is sent with it is refused.")
}

// Bounds of a file that people send.
const (
	maxImport      = 64 << 20
	importRecords  = 2_000_000
	leftOutShown   = 3
	retryAtOnce    = 1000
	importNotHere  = "no events are taken here"
	importHintHere = "The server takes them: tickmark serve."
)

func (p *pages) importForm(r *page.Request) error { return p.ask(r, page.NewForm(), importPanel) }

// take takes a file of events in. The same file again adds nothing.
func (p *pages) take(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, err := p.found(r)
	if err != nil {
		return err
	}
	if p.Intake == nil {
		return errs.New(errs.Conflict, importNotHere).WithHint(importHintHere)
	}
	file, err := r.Upload(f, "file", maxImport)
	if err != nil {
		return err
	}
	if file == nil && f.Errors["file"] == "" {
		f.Wrong("file", "Choose a file.")
	}
	if !f.OK() {
		return r.RenderPanel(f.Status(), importPanel(r, f, x))
	}
	total, left, err := p.cut(r, scope, x, file)
	if err != nil {
		var busy *event.Busy
		if errors.As(err, &busy) {
			err = errs.Hinted(err, "Send the same file again in a while: what was taken of it is known.")
		}
		return r.PanelAgain(f, err, importPanel(r, f, x))
	}
	said := page.Plural(total.Accepted, "event", "events") + " taken, " + page.Count(total.Duplicates) + " known already, " + page.Count(total.Refused) + " not read."
	if len(left) > 0 {
		said += " Left out: " + strings.Join(left, "; ") + "."
	}
	return r.Redirect(sourceURL(x.Ref), said)
}

// cut takes the file in batches, and says of the first records that are none why.
func (p *pages) cut(r *page.Request, scope access.Scope, x event.Source, file *page.File) (total event.Receipt, left []string, err error) {
	body, err := file.Open()
	if err != nil {
		return total, nil, err
	}
	defer body.Close()
	var taken int64
	total, err = event.Cut(body, func(batch []byte) (event.Receipt, error) {
		if taken >= importRecords {
			return event.Receipt{}, errs.New(errs.Invalid, "the file holds more than %s records", page.Count(importRecords)).At("file").WithHint("The first are taken. Split the file: what is known already is not taken twice.")
		}
		got, err := p.Intake.AcceptAs(r.Context(), scope, string(x.ID), event.FileKey(batch), bytes.NewReader(batch), r.Now)
		if got.Again { // the batch is known as a whole
			got.Accepted, got.Duplicates = 0, got.Duplicates+got.Accepted
		}
		taken += got.Accepted + got.Duplicates + got.Refused
		return got, err
	}, func(number int64, fault string) error {
		if len(left) < leftOutShown {
			left = append(left, "record "+page.Count(number)+", "+fault)
		}
		return nil
	})
	return total, left, err
}
