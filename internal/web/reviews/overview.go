package reviews

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/review"
	"github.com/tickmark/tickmark/internal/web/page"
)

// everything is the address of all rows of a review, whatever the system.
const everything = "all"

// seat is a reviewer's part of a review.
type seat struct {
	user access.UserID
	name string
	gone bool // cannot decide any more
	review.Tally
}

// overviewData is what the page of a review shows.
type overviewData struct {
	review.Review
	names
	systems []review.System
	seats   []seat
	flags   map[string]review.Tally
	since   map[string]review.Tally
	mine    int // rows that wait for the reader
}

func (p *pages) overview(r *page.Request) error {
	v, err := p.find(r)
	if err != nil {
		return err
	}
	if r.Query("tab") == "follow" {
		return p.follow(r, v)
	}
	d, err := p.overviewData(r, v)
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, overviewPage(r, d))
}

func (p *pages) overviewData(r *page.Request, v review.Review) (overviewData, error) {
	d := overviewData{Review: v}
	var err error
	if d.names, err = p.names(r); err != nil {
		return d, err
	}
	if d.systems, err = p.Reviews.Systems(r.Context(), r.Read(), v.ID, r.Now); err != nil {
		return d, err
	}
	all := review.RowFilter{Review: v.ID}
	by, err := p.Reviews.Tallies(r.Context(), r.Read(), all, "reviewer", r.Now)
	if err != nil {
		return d, err
	}
	for u, t := range by {
		s := seat{user: access.UserID(u), name: d.name(access.UserID(u)), Tally: t}
		s.gone = !slices.ContainsFunc(d.may, func(o page.Option) bool { return o.Value == u })
		d.seats = append(d.seats, s)
		if s.user == r.Read().User() {
			d.mine = t.Undecided()
		}
	}
	slices.SortFunc(d.seats, func(a, b seat) int {
		return cmp.Or(cmp.Compare(b.Undecided(), a.Undecided()), cmp.Compare(a.name, b.name), cmp.Compare(a.user, b.user))
	})
	if d.flags, err = p.Reviews.Tallies(r.Context(), r.Read(), all, "flag", r.Now); err != nil {
		return d, err
	}
	d.since, err = p.Reviews.Tallies(r.Context(), r.Read(), all, "since", r.Now)
	return d, err
}

var followSpec = page.TableSpec{
	Columns: []page.Column{
		{Key: "login", Title: "Account", Sort: true, Wide: true},
		{Key: "what", Title: "Decision"},
		{Key: "by", Title: "Decided by", Opt: true},
		{Key: "decided", Title: "On", Sort: true, Num: true, Opt: true},
		{Key: "until", Title: "Until", Sort: true, Num: true, Opt: true},
		{Key: "state", Title: "State"},
		{Key: "done", Title: "Done", Num: true, Opt: true},
	},
	Filters: []page.Filter{{Key: "state", Title: "State", Kind: page.Segments, Options: []page.Option{
		{Value: string(review.Overdue), Label: "Overdue", Status: "fail"}, {Value: string(review.Waiting), Label: "To be done", Status: "prog"},
		{Value: string(review.Done), Label: "Done", Status: "pass"}, {Value: string(review.Late), Label: "Done late", Status: "fail"}}}},
	Search: "Find an account", Sort: "until", One: "change or removal", Many: "changes and removals",
}

// follow is what became of what was decided.
func (p *pages) follow(r *page.Request, v review.Review) error {
	t, err := r.Table(&followSpec)
	if err != nil {
		return err
	}
	f := review.RowFilter{Review: v.ID, Follows: true, Follow: review.Follow(t.Filter("state")), At: r.Now}
	n, err := p.names(r)
	if err != nil {
		return err
	}
	if t.Exporting() {
		return p.export(r, t, v, f, n)
	}
	res, err := p.Reviews.Rows(r.Context(), r.Read(), f, t.Query)
	if err != nil {
		return err
	}
	t.Total = res.Total
	t.SetCounts("state", map[string]int{string(review.Waiting): v.Open, string(review.Overdue): v.Overdue, string(review.Done): v.Done, string(review.Late): v.Late})
	rows := followRows(r, t, v, res.Rows, n)
	return r.Render(http.StatusOK, followPage(r, t, v, rows), page.Part(t.ID(), rows))
}

// export answers with rows as a file.
func (p *pages) export(r *page.Request, t *page.Table, v review.Review, f review.RowFilter, n names) error {
	head := []string{"Row", "System", "Account", "Name", "Email", "Grant", "Status", "Administrator", "Roles", "Groups", "Last sign-in", "Person", "Person name", "Person state", "Department", "Flags", "Since last review", "Difference",
		"Reviewer", "Why this reviewer", "Decision", "Reason", "To be dropped", "Decided by", "Decided at", "To be done by", "Done at", "How"}
	return r.Export(t, v.Ref, head, func(q paging.Query) ([][]any, int, error) {
		res, err := p.Reviews.Rows(r.Context(), r.Read(), f, q)
		var out [][]any
		for _, x := range res.Rows {
			var flags []string
			for _, f := range x.Flags {
				flags = append(flags, f.Title())
			}
			var admin any = "unknown"
			if x.Admin != nil {
				admin = *x.Admin
			}
			out = append(out, []any{x.N, x.System, x.Login, x.Name, x.Email, x.Grant, x.Status, admin, joinedBy(x.Roles), joinedBy(x.Groups), page.OrBlank(x.SignIn), x.PersonRef, x.PersonName, string(x.State), x.Department,
				joinedBy(flags), x.Since.Title(), x.Diff, n.name(x.Reviewer), x.Moved, x.Decision.Title(), x.Reason, x.Drop, n.name(x.By), page.OrBlank(x.At), page.OrBlank(x.Until), page.OrBlank(x.DoneAt), x.How})
		}
		return out, res.Total, err
	})
}
