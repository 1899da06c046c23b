package readiness

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/web/page"
	"github.com/tickmark/tickmark/internal/work"
)

var dutiesList = page.TableSpec{
	Columns: []page.Column{
		{Key: "kind", Title: "What", Sort: true, Opt: true},
		{Key: "title", Title: "What is to be done", Sort: true, Wide: true},
		{Key: "hint", Title: "About", Opt: true},
		{Key: "due", Title: "Due", Sort: true, Num: true},
	},
	Filters: []page.Filter{
		{Key: "when", Title: "Due", Kind: page.Segments, Options: []page.Option{
			{Value: "overdue", Label: "Overdue", Status: "fail"}, {Value: "week", Label: "Within a week", Status: "risk"}, {Value: "later", Label: "Later"}, {Value: "undated", Label: "No date"}}},
		{Key: "kind", Title: "What", Kind: page.Select, Options: dutyOptions()},
	},
	Search: "Find by reference or words", Sort: "due", One: "thing to do", Many: "things to do",
}

func dutyOptions() []page.Option {
	var out []page.Option
	for _, k := range work.DutyKinds() {
		out = append(out, page.Option{Value: string(k), Label: k.Title()})
	}
	return out
}

// dutyWhen is the segment a duty is in.
func dutyWhen(d work.Duty, today period.Date) string {
	switch {
	case d.Due == 0:
		return "undated"
	case d.Due < today:
		return "overdue"
	case d.Due <= today+7:
		return "week"
	}
	return "later"
}

// myWork is everything that waits for the reader, of every room.
func (p *pages) myWork(r *page.Request) error {
	t, err := r.Table(&dutiesList)
	if err != nil {
		return err
	}
	all, err := p.Duties(r.Context(), r.Read(), r.Now)
	if err != nil {
		return err
	}
	today := period.Of(r.Now)
	read := func(q paging.Query) ([]work.Duty, int) {
		q = q.Norm()
		list := dutiesOf(t, all, q, today)
		return list[min(q.Offset(), len(list)):min(q.Offset()+q.Size, len(list))], len(list)
	}
	if t.Exporting() {
		return r.Export(t, "my-work", []string{"What", "Reference", "Title", "About", "Due", "Overdue", "Address"}, func(q paging.Query) ([][]any, int, error) {
			list, total := read(q)
			var out [][]any
			for _, d := range list {
				out = append(out, []any{d.Kind.Title(), d.Ref, d.Title, d.Hint, dateField(d.Due), d.Overdue(today), d.Link})
			}
			return out, total, nil
		})
	}
	list, total := read(t.Query)
	t.Total = total
	when, kinds := map[string]int{}, map[string]int{}
	for _, d := range all {
		when[dutyWhen(d, today)]++
		kinds[string(d.Kind)]++
	}
	t.SetCounts("when", when)
	t.SetCounts("kind", kinds)
	rows := dutyRows(t, list, r.Now)
	return r.Render(http.StatusOK, myWorkPage(r, t, rows, when["overdue"]), page.Part(t.ID(), rows))
}

// dutiesOf filters, searches and sorts.
func dutiesOf(t *page.Table, all []work.Duty, q paging.Query, today period.Date) []work.Duty {
	search := strings.ToLower(q.Search)
	out := slices.DeleteFunc(slices.Clone(all), func(d work.Duty) bool {
		return t.Filter("kind") != "" && t.Filter("kind") != string(d.Kind) || t.Filter("when") != "" && t.Filter("when") != dutyWhen(d, today) ||
			search != "" && !strings.Contains(strings.ToLower(d.Ref+" "+d.Title+" "+d.Hint), search)
	})
	by := map[string]func(a, b work.Duty) int{
		"kind":  func(a, b work.Duty) int { return strings.Compare(a.Kind.Title(), b.Kind.Title()) },
		"title": func(a, b work.Duty) int { return strings.Compare(strings.ToLower(a.Title), strings.ToLower(b.Title)) },
	}[q.Sort]
	switch {
	case by != nil && q.Desc:
		slices.SortStableFunc(out, func(a, b work.Duty) int { return by(b, a) })
	case by != nil:
		slices.SortStableFunc(out, by)
	case q.Desc: // by day, those without one still last
		slices.SortStableFunc(out, func(a, b work.Duty) int {
			return cmp.Or(cmp.Compare(undated(a), undated(b)), cmp.Compare(b.Due, a.Due))
		})
	}
	return out
}

func undated(d work.Duty) int {
	if d.Due == 0 {
		return 1
	}
	return 0
}

// dutyKey is the sign of a duty.
func dutyKey(d work.Duty, now time.Time) string {
	switch today := period.Of(now); {
	case d.Overdue(today) || d.Kind == work.DutyFailing:
		return "fail"
	case d.Due != 0 && d.Due <= today+7:
		return "risk"
	}
	return "prog"
}

func dutyIcon(k work.DutyKind) string {
	switch k {
	case work.DutyTask:
		return "note"
	case work.DutySign:
		return "policy"
	case work.DutyTrain:
		return "play"
	case work.DutyDecide:
		return "access"
	case work.DutyPerform:
		return "clock"
	case work.DutyCheck:
		return "eye"
	case work.DutyApprove:
		return "control"
	case work.DutyReview:
		return "search"
	case work.DutyEvidence:
		return "evidence"
	case work.DutyFailing:
		return "alert"
	case work.DutyException:
		return "lock"
	case work.DutyRequest:
		return "audit"
	case work.DutyAlert:
		return "alert"
	case work.DutyIncident:
		return "graph"
	}
	return "note"
}

func (p *pages) digestForm(r *page.Request) error {
	return r.RenderPanel(http.StatusOK, digestPanel(r, page.NewForm("digest", r.Likes.Get("digest"))))
}

func (p *pages) setDigest(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	if err := p.Access.SetOwnPreferences(r.Context(), r.Grant, map[string]string{"digest": f.Get("digest")}); err != nil {
		if !f.Take(err) {
			return err
		}
		return r.RenderPanel(f.Status(), digestPanel(r, f))
	}
	return r.Redirect("/my-work", "Your digest is "+map[string]string{"weekly": "sent on Mondays.", "daily": "sent on working days.", "off": "off."}[f.Get("digest")])
}

// digestOptions are how often somebody can be written to.
func digestOptions() []page.Option {
	return []page.Option{{Value: "weekly", Label: "On Mondays"}, {Value: "daily", Label: "On working days"}, {Value: "off", Label: "Never"}}
}
