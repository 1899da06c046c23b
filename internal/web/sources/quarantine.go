package sources

import (
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/web/page"
)

func recordURL(id string) string { return quarantine + "/" + url.PathEscape(id) }

var refusedSpec = page.TableSpec{
	Columns: []page.Column{
		{Key: "reason", Title: "Why it could not be read", Sort: true, Wide: true}, {Key: "source", Title: "Source"}, {Key: "times", Title: "Times", Sort: true, Num: true},
		{Key: "bytes", Title: "Size", Sort: true, Num: true, Opt: true}, {Key: "first", Title: "First", Sort: true, Num: true, Opt: true}, {Key: "last", Title: "Last", Sort: true, Num: true}, {Key: "state", Title: "State", Sort: true},
	},
	Filters: []page.Filter{
		{Key: "state", Title: "State", Kind: page.Segments, Options: []page.Option{{Value: event.Waiting, Label: "Waiting", Status: "risk"}, {Value: event.Taken, Label: "Taken later", Status: "pass"}, {Value: event.Dismissed, Label: "Discarded", Status: "na"}}},
		{Key: "source", Title: "Source", Kind: page.Select, Open: true},
	},
	Search: "Find by reason", Sort: "-last", One: "record", Many: "records",
	Bulk: []page.BulkAction{{Label: "Read again", Action: quarantine + "/retry"}, {Label: "Discard", Action: quarantine + "/discard", Danger: true}},
}

var readSpec = func() page.TableSpec {
	s := refusedSpec
	s.Bulk = nil
	return s
}()

func refusedSign(state string) (key, words string) {
	switch state {
	case event.Taken:
		return "pass", "Taken later"
	case event.Dismissed:
		return "na", "Discarded"
	}
	return "risk", "Waiting"
}

func (p *pages) refused(r *page.Request) error {
	spec := &readSpec
	if r.Can(access.ManageDetection) {
		spec = &refusedSpec
	}
	t, err := r.Table(spec)
	if err != nil {
		return err
	}
	all, err := p.Sources.List(r.Context(), r.Read())
	if err != nil {
		return err
	}
	names := map[event.SourceID]event.Source{}
	var choices []page.Option
	f := event.RefusedFilter{State: t.Filter("state")}
	for _, x := range all {
		names[x.ID] = x
		choices = append(choices, page.Option{Value: x.Ref, Label: x.Ref + " " + x.Name})
		if x.Ref == t.Filter("source") {
			f.Source = x.ID
		}
	}
	if t.Filter("source") != "" && f.Source == "" {
		return errs.New(errs.NotFound, "no source of events %q", t.Filter("source")).At("source")
	}
	t.SetOptions("source", choices)
	if t.Exporting() {
		head := []string{"Record", "Source", "State", "Why it could not be read", "Times", "Bytes", "First", "Last", "Content"}
		return r.Export(t, "quarantine", head, func(q paging.Query) ([][]any, int, error) {
			res, err := p.Sources.Refused(r.Context(), r.Read(), f, q)
			var out [][]any
			for _, x := range res.Rows {
				_, words := refusedSign(x.State)
				out = append(out, []any{x.ID, names[x.Source].Ref, words, x.Reason, x.Times, len(x.Record), x.First, x.Last, plain(x.Record, exportedBytes)})
			}
			return out, res.Total, err
		})
	}
	res, err := p.Sources.Refused(r.Context(), r.Read(), f, t.Query)
	if err != nil {
		return err
	}
	t.Total = res.Total
	waiting, err := p.Sources.Refused(r.Context(), r.Read(), event.RefusedFilter{State: event.Waiting}, paging.Query{Size: 1})
	if err != nil {
		return err
	}
	part := refusedRows(r, t, res.Rows, names)
	return r.Render(http.StatusOK, refusedPage(r, t, part, waiting.Total), page.Part(t.ID(), part))
}

// How much of a record is shown and exported. The whole stays in the store, and tickmark event quarantine list --json gives it.
const (
	shownBytes    = 64 << 10
	exportedBytes = 4 << 10
)

// plain is bytes as text that can be read and does nothing: what is no letter is written as its number.
func plain(b []byte, most int) string {
	cut := len(b) > most
	b = b[:min(len(b), most)]
	var s strings.Builder
	for len(b) > 0 {
		c, n := utf8.DecodeRune(b)
		switch {
		case c == utf8.RuneError && n <= 1:
			s.WriteString(`\x` + hexDigits(b[0]))
		case c == '\n' || c == '\t' || unicode.IsPrint(c):
			s.WriteRune(c)
		default:
			for _, x := range b[:n] {
				s.WriteString(`\x` + hexDigits(x))
			}
		}
		b = b[n:]
	}
	if cut {
		s.WriteString(" …")
	}
	return s.String()
}

func hexDigits(b byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[b>>4], digits[b&15]})
}

func (p *pages) record(r *page.Request) error {
	x, err := p.Sources.RefusedRecord(r.Context(), r.Read(), r.Arg("id"))
	if err != nil {
		return err
	}
	s, err := p.Sources.Source(r.Context(), r.Read(), string(x.Source))
	if err != nil {
		return err
	}
	r.Title = "Record put aside"
	r.Crumbs = []page.Crumb{{Text: "Sources of events", Href: place}, {Text: "Quarantine", Href: quarantine}, {Text: x.ID}}
	return r.Render(http.StatusOK, recordPage(r, x, s))
}

// waiting are the ticked records, or with none the ones that wait longest.
func (p *pages) waiting(r *page.Request, ids []string) (rows []event.Refused, total int, err error) {
	res, err := p.Sources.Refused(r.Context(), r.Read(), event.RefusedFilter{State: event.Waiting, IDs: ids}, paging.Query{Size: paging.MaxSize, Sort: "first"})
	if err != nil {
		return nil, 0, err
	}
	rows = res.Rows
	for page := 2; page <= res.Pages() && len(rows) < retryAtOnce; page++ {
		more, err := p.Sources.Refused(r.Context(), r.Read(), event.RefusedFilter{State: event.Waiting, IDs: ids}, paging.Query{Page: page, Size: paging.MaxSize, Sort: "first"})
		if err != nil {
			return nil, 0, err
		}
		rows = append(rows, more.Rows...)
	}
	return rows[:min(len(rows), retryAtOnce)], res.Total, nil
}

// retry reads records again, after a mapping was mended.
func (p *pages) retry(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	ids, err := p.ticks(f)
	if err != nil {
		return err
	}
	if p.Intake == nil {
		return errs.New(errs.Conflict, importNotHere).WithHint(importHintHere)
	}
	rows, total, err := p.waiting(r, ids)
	if err != nil {
		return err
	}
	taken, err := p.Intake.Retry(r.Context(), scope, r.Now, rows)
	if err != nil {
		return err
	}
	said := page.Count(taken) + " of " + page.Plural(len(rows), "record", "records") + " can be read now and are events."
	if total > len(rows) {
		said += " " + page.Count(total-len(rows)) + " more wait; press it again."
	}
	return r.Redirect(backTo(f), said)
}

// ticks are the ticked records; none means all that wait, where a form says so.
func (p *pages) ticks(f *page.Form) ([]string, error) {
	if f.Get("all") == "yes" {
		return nil, nil
	}
	return f.Ticks()
}

func backTo(f *page.Form) string {
	if b := f.Back(); b == quarantine || strings.HasPrefix(b, quarantine+"?") || strings.HasPrefix(b, quarantine+"/") {
		return b
	}
	return quarantine
}

// discard asks why nothing is to be done, and then says it of the records. They stay.
func (p *pages) discard(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	ids, err := f.Ticks()
	if err != nil {
		return err
	}
	if f.Get("step") == "" {
		return r.RenderPanel(http.StatusOK, discardPanel(r, f, ids))
	}
	n, err := p.Sources.Dismiss(r.Context(), scope, r.Now, ids, f.Raw("why"))
	if err != nil {
		return r.PanelAgain(f, err, discardPanel(r, f, ids))
	}
	said := page.Plural(n, "record is", "records are") + " discarded."
	if int(n) < len(ids) {
		said += " The others did not wait any more."
	}
	return r.Redirect(backTo(f), said)
}
