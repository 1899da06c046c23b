package directory

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/web/page"
)

// leaverDays is how far back the list of leavers reaches unless asked otherwise.
const leaverDays = 365

var leaverList = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Person", Sort: true}, {Key: "name", Title: "Name", Sort: true}, {Key: "department", Title: "Department", Sort: true, Opt: true},
		{Key: "ended", Title: "Last day", Sort: true, Num: true, Opt: true}, {Key: "access", Title: "Access", Wide: true}, {Key: "hours", Title: "Slowest", Sort: true, Num: true, Opt: true},
		{Key: "devices", Title: "Devices out", Sort: true, Num: true, Opt: true},
	},
	Filters: []page.Filter{
		{Key: "access", Title: "Access", Kind: page.Segments, Options: []page.Option{
			{Value: "open", Label: "Still open", Status: "fail"}, {Value: "late", Label: "Removed late", Status: "fail"}, {Value: "unknown", Label: "Not known", Status: "err"},
			{Value: "fine", Label: "In time", Status: "pass"}, {Value: "device", Label: "Device out", Status: "risk"}}},
		{Key: "from", Title: "Left since", Kind: page.Date},
	},
	Search: "Name, address, department", Sort: "-ended", One: "leaver", Many: "leavers", Size: 50,
}

// sorts a leaver into the segments of the list.
func segments(l people.Leaver) []string {
	var out []string
	switch l.Worst() {
	case people.StillOn:
		out = append(out, "open")
	case people.Slow:
		out = append(out, "late")
	case people.AtMost, people.NotKnown:
		out = append(out, "unknown")
	case people.Removed, people.InTime:
		out = append(out, "fine")
	}
	if len(l.Out) > 0 {
		out = append(out, "device")
	}
	return out
}

func (p *pages) leavers(r *page.Request) error {
	t, err := r.Table(&leaverList)
	if err != nil {
		return err
	}
	from := period.Of(r.Now) - leaverDays
	if s := t.Filter("from"); s != "" {
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			return err
		}
		from = period.Of(d)
	}
	all, err := p.People.Leavers(r.Context(), r.Read(), from)
	if err != nil {
		return err
	}
	counts := map[string]int{}
	shown := slices.DeleteFunc(all, func(l people.Leaver) bool { return !finds(l, t.Query.Search) })
	for _, l := range shown {
		for _, s := range segments(l) {
			counts[s]++
		}
	}
	if want := t.Filter("access"); want != "" {
		shown = slices.DeleteFunc(shown, func(l people.Leaver) bool { return !slices.Contains(segments(l), want) })
	}
	order(shown, t.Query)
	t.Total = len(shown)
	t.SetCounts("access", counts)
	if t.Exporting() {
		return r.Export(t, "leavers", []string{"Person", "Name", "Address", "Department", "Last day", "System", "Account", "Status", "Closed", "Hours", "Removal", "Devices out"}, func(q paging.Query) ([][]any, int, error) {
			return leaverCells(piece(shown, q)), len(shown), nil
		})
	}
	rows := leaverRows(r, t, piece(shown, t.Query))
	sides, err := p.sides(r, "/people/leavers")
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, leaversPage(r, t, rows, sides, counts), page.Part(t.ID(), rows))
}

// leaverCells are the rows of the export: one for each account, and one for a leaver without any.
func leaverCells(all []people.Leaver) [][]any {
	var out [][]any
	for _, l := range all {
		var serials []string
		for _, d := range l.Out {
			serials = append(serials, d.Serial)
		}
		head := []any{l.Ref, l.Name, l.Email, l.Department, dayField(l.Ended)}
		devices := strings.Join(serials, ", ")
		if len(l.Removals) == 0 {
			out = append(out, append(slices.Clone(head), "", "", "", nil, nil, "no account", devices))
		}
		for _, x := range l.Removals {
			var closed any
			if at, _ := x.Account.ClosedAt(); at != nil {
				closed = *at
			}
			out = append(out, append(slices.Clone(head), systemTitle(x.Account.System), x.Account.Login, accountWord(x.Account), closed, x.Hours, removalWord(x), devices))
		}
	}
	return out
}

func finds(l people.Leaver, search string) bool {
	all := strings.ToLower(strings.Join([]string{l.Ref, l.Name, l.Email, l.Number, l.Department, l.Title}, "\n"))
	return search == "" || strings.Contains(all, strings.ToLower(search))
}

func order(all []people.Leaver, q paging.Query) {
	by := map[string]func(a, b people.Leaver) int{
		"ref": func(a, b people.Leaver) int { return strings.Compare(a.Ref, b.Ref) },
		"name": func(a, b people.Leaver) int {
			return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
		},
		"department": func(a, b people.Leaver) int { return strings.Compare(a.Department, b.Department) },
		"ended":      func(a, b people.Leaver) int { return int(a.Ended) - int(b.Ended) },
		"hours":      func(a, b people.Leaver) int { return cmp.Compare(a.Slowest(), b.Slowest()) },
		"devices":    func(a, b people.Leaver) int { return len(a.Out) - len(b.Out) },
	}[q.Sort]
	if by == nil {
		return
	}
	slices.SortStableFunc(all, func(a, b people.Leaver) int {
		if q.Desc {
			a, b = b, a
		}
		return by(a, b)
	})
}

// piece is one page of a list that is in memory.
func piece[T any](all []T, q paging.Query) []T {
	q = q.Norm()
	return all[min(q.Offset(), len(all)):min(q.Offset()+q.Size, len(all))]
}

// accountWord is the state of an account in words.
func accountWord(a people.Account) string {
	switch {
	case a.Gone != nil:
		return "removed"
	case a.Status == "deprovisioned":
		return "deactivated"
	case a.Status == "staged":
		return "not activated yet"
	}
	return a.Status
}

// accountKey is its status key.
func accountKey(a people.Account, left bool) string {
	switch {
	case a.Closed():
		return "na"
	case left:
		return "fail"
	case a.Status == "active":
		return "pass"
	}
	return "risk"
}
