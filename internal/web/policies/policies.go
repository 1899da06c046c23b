// Package policies holds the pages of policies: the list, a policy with its text and versions, the editor, the reading view,
// and the ways in and out as a folder of files.
package policies

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/policy"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Services is what these pages stand on.
type Services struct {
	Policies  *policy.Service
	Campaigns *campaign.Service // who was asked to acknowledge; nil where nobody is
	Access    *access.Service
	View      *view.Reader
}

type pages struct{ Services }

const list = "/policies"

// importBody bounds the upload of a folder, in bytes.
const importBody = policy.MaxFolder + 1<<20

// textBody bounds a form with a text: every character may be sent as nine bytes.
const textBody = 9*policy.MaxBody + 1<<20

// Routes are the pages of policies.
func Routes(s Services) []page.Route {
	p := &pages{s}
	get := func(path, title string, action access.Action, handle func(*page.Request) error) page.Route {
		return page.Route{Method: http.MethodGet, Pattern: list + path, Action: action, Title: title, Nav: list, Styles: "policies", Handle: handle}
	}
	post := func(path, title string, action access.Action, handle func(*page.Request) error) page.Route {
		x := get(path, title, action, handle)
		x.Method = http.MethodPost
		return x
	}
	add := get("/new", "New policy", access.EditPolicies, p.newPolicy)
	add.Command = "Write a policy"
	starters := get("/starters", "Starter policies", access.EditPolicies, p.starters)
	starters.Command = "Adopt starter policies"
	upload := post("/import", "Import policies", access.EditPolicies, p.importFolder)
	upload.Body = importBody
	all := []page.Route{
		get("", "Policies", access.ReadPolicies, p.list), add, starters, upload,
		post("/new", "New policy", access.EditPolicies, p.create),
		post("/preview", "Preview", access.EditPolicies, p.preview),
		get("/starter", "Starter policy", access.EditPolicies, p.starter),
		post("/adopt", "Adopt starter policies", access.EditPolicies, p.adopt),
		get("/import", "Import policies", access.EditPolicies, p.importForm),
		get("/export.zip", "Policies as a folder", access.ReadPolicies, p.export),
		post("/send", "Send for review", access.EditPolicies, p.sendMany),
		get("/{ref}", "Policy", access.ReadPolicies, p.policy),
		get("/{ref}/read", "Policy", access.ReadPolicies, p.read),
		get("/{ref}/policy.pdf", "Policy", access.ReadPolicies, p.pdf),
		get("/{ref}/policy.md", "Policy", access.ReadPolicies, p.markdown),
		get("/{ref}/edit", "Change a policy", access.EditPolicies, p.edit),
		post("/{ref}/edit", "Change a policy", access.EditPolicies, p.write),
		get("/{ref}/compare", "Versions of a policy", access.ReadPolicies, p.compare),
	}
	for _, a := range acts {
		all = append(all, get("/{ref}/"+a.path, a.title, a.action, p.actForm(a)), post("/{ref}/"+a.path, a.title, a.action, p.act(a)))
	}
	for i := range all {
		if strings.HasSuffix(all[i].Pattern, "/edit") || strings.HasSuffix(all[i].Pattern, "/new") || strings.HasSuffix(all[i].Pattern, "/preview") {
			all[i].Body = textBody
		}
	}
	return all
}

func policyURL(ref string) string { return list + "/" + ref }

var table = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Policy", Sort: true},
		{Key: "title", Title: "Title", Sort: true, Wide: true},
		{Key: "standing", Title: "State", Sort: true},
		{Key: "version", Title: "Version", Sort: true, Num: true, Opt: true},
		{Key: "owner", Title: "Owner", Opt: true},
		{Key: "approved", Title: "Approved", Sort: true, Num: true, Opt: true},
		{Key: "due", Title: "Next review", Sort: true, Num: true},
		{Key: "signed", Title: "Acknowledged", Num: true, Opt: true},
	},
	Filters: []page.Filter{
		{Key: "state", Title: "State", Kind: page.Segments, Options: []page.Option{
			{Value: "in_force", Label: "In force", Status: "pass"}, {Value: "waiting", Label: "Waiting", Status: "prog"}, {Value: "draft", Label: "Drafts", Status: "na"}, {Value: "overdue", Label: "Review overdue", Status: "fail"}, {Value: "retired", Label: "Retired", Status: "na"}}},
		{Key: "owner", Title: "Owner", Kind: page.Select, Open: true, All: "All owners"},
		{Key: "control", Title: "Control", Kind: page.Select, Open: true, All: "All controls"},
	},
	Search: "Find in policies", Sort: "ref", One: "policy", Many: "policies",
}

// ticked is the list with what can be done to several at once.
var ticked = func() page.TableSpec {
	t := table
	t.Bulk = []page.BulkAction{{Label: "Send for review", Action: list + "/send", Confirm: "The drafts of the ticked policies go to a second person, who approves each or gives it back. Policies without a draft are left as they are."}}
	return t
}()

// followed is the list of those who only follow policies: they see neither drafts nor who acknowledged.
var followed = func() page.TableSpec {
	t := table
	t.Columns = slices.DeleteFunc(slices.Clone(t.Columns), func(c page.Column) bool { return c.Key == "signed" })
	t.Filters = slices.Clone(t.Filters)
	t.Filters[0].Options = slices.DeleteFunc(slices.Clone(t.Filters[0].Options), func(o page.Option) bool { return o.Value != "in_force" && o.Value != "overdue" })
	return t
}()

// row is a policy with the names around it.
type row struct {
	policy.Policy
	OwnerName string
	Signed    *campaign.Counts // of the newest campaign about the version in force; nil without one
}

func filterOf(t *page.Table, today period.Date) policy.Filter {
	f := policy.Filter{Owner: access.UserID(t.Filter("owner")), Control: t.Filter("control")}
	switch s := t.Filter("state"); s {
	case "waiting":
		f.Waiting = true
	case "overdue":
		f.Overdue = today
	default:
		f.Standing = policy.Standing(s)
	}
	return f
}

func (p *pages) list(r *page.Request) error {
	spec := &table
	switch {
	case r.Can(access.EditPolicies):
		spec = &ticked
	case !r.Can(access.ReadPeople):
		spec = &followed
	}
	t, err := r.Table(spec)
	if err != nil {
		return err
	}
	today := period.Of(r.Now)
	read := func(q paging.Query) ([]row, int, error) {
		res, err := p.Policies.List(r.Context(), r.Read(), filterOf(t, today), q)
		if err != nil {
			return nil, 0, err
		}
		rows, err := p.rows(r, res.Rows)
		return rows, res.Total, err
	}
	if t.Exporting() {
		return r.Export(t, "policies", []string{"Policy", "Title", "State", "Version", "Owner", "Approved", "Next review", "Months between reviews", "Controls", "Criteria", "Audience", "SHA-256"}, func(q paging.Query) ([][]any, int, error) {
			rows, total, err := read(q)
			var out [][]any
			for _, x := range rows {
				out = append(out, []any{x.Ref, x.Shown.Title, stateWords(x.Policy), x.Shown.N, x.OwnerName, page.OrBlank(x.Shown.Decided), dueText(x.Policy), x.Months, strings.Join(x.Shown.Controls, " "),
					strings.Join(x.Shown.Criteria, " "), audienceText(x.Shown.Audience), x.Shown.SHA256})
			}
			return out, total, err
		})
	}
	rows, total, err := read(t.Query)
	if err != nil {
		return err
	}
	t.Total = total
	counts, err := p.choices(r, t, today)
	if err != nil {
		return err
	}
	part := rowsPart(r, t, rows, today)
	return r.Render(http.StatusOK, listPage(r, t, part, folderURL(r, counts, false)), page.Part(t.ID(), part))
}

// folderURL is where the policies are taken as a folder: those in force, and the drafts too where asked or where nothing is in
// force yet. It is empty while there is nothing to take.
func folderURL(r *page.Request, counts map[string]int, drafts bool) string {
	const all = list + "/export.zip"
	switch inForce := counts[string(policy.StandsInForce)]; {
	case !r.Can(access.EditPolicies) && inForce == 0, inForce+counts[string(policy.StandsInReview)]+counts[string(policy.StandsDraft)] == 0:
		return ""
	case drafts || inForce == 0:
		return all + "?drafts=yes"
	}
	return all
}

// choices fills the filters, and counts what there is by standing.
func (p *pages) choices(r *page.Request, t *page.Table, today period.Date) (map[string]int, error) {
	counts, err := p.Policies.Counts(r.Context(), r.Read(), today)
	if err != nil {
		return nil, err
	}
	t.SetCounts("state", counts)
	all, err := p.Policies.List(r.Context(), r.Read(), policy.Filter{}, paging.Query{Size: paging.MaxSize})
	if err != nil {
		return nil, err
	}
	names, err := p.names(r, owners(all.Rows)...)
	if err != nil {
		return nil, err
	}
	var who, controls []page.Option
	seen := map[string]bool{}
	for _, x := range all.Rows {
		if o := string(x.Owner); o != "" && !seen[o] {
			seen[o] = true
			who = append(who, page.Option{Value: o, Label: names[o]})
		}
		for _, c := range x.Shown.Controls {
			if !seen[c] {
				seen[c] = true
				controls = append(controls, page.Option{Value: c, Label: c})
			}
		}
	}
	sortOptions(who)
	sortOptions(controls)
	t.SetOptions("owner", who)
	t.SetOptions("control", controls)
	return counts, nil
}

func owners(list []policy.Policy) []string {
	var out []string
	for _, x := range list {
		if x.Owner != "" {
			out = append(out, string(x.Owner))
		}
	}
	return out
}

// names are those of actors and owners.
func (p *pages) names(r *page.Request, who ...string) (map[string]string, error) {
	return p.View.Actors(r.Context(), r.Read(), who...)
}

func (p *pages) rows(r *page.Request, list []policy.Policy) ([]row, error) {
	names, err := p.names(r, owners(list)...)
	if err != nil {
		return nil, err
	}
	signed, err := p.signed(r, list)
	if err != nil {
		return nil, err
	}
	out := make([]row, len(list))
	for i, x := range list {
		out[i] = row{Policy: x, OwnerName: names[string(x.Owner)], Signed: signed[x.Ref]}
	}
	return out, nil
}

// sendMany sends the drafts of ticked policies.
func (p *pages) sendMany(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	refs, err := f.Ticks()
	if err != nil {
		return err
	}
	sent, err := p.Policies.SendAll(r.Context(), scope, r.Now, refs)
	if err != nil {
		return err
	}
	if len(sent) == 0 {
		return r.Redirect(f.Back(), "None of them has a draft that could be sent.")
	}
	return r.Redirect(f.Back(), page.Plural(len(sent), "policy waits", "policies wait")+" for a second person.")
}

func dueText(p policy.Policy) string {
	if p.Due == 0 {
		return ""
	}
	return p.Due.String()
}

func audienceText(list []string) string {
	if len(list) == 0 {
		return "Everybody"
	}
	return strings.Join(list, ", ")
}

// stateWords is where a policy stands, with what is going on beside it.
func stateWords(p policy.Policy) string {
	s := p.Standing.Title()
	if p.InForce > 0 && p.Open > 0 {
		s += ", version " + strconv.Itoa(p.Open) + " " + strings.ToLower(p.OpenState.Title())
	}
	return s
}

// statusKey is the look of a state.
func statusKey(s policy.State) string {
	switch s {
	case policy.InForce:
		return "pass"
	case policy.InReview:
		return "prog"
	case policy.Draft, policy.Replaced, policy.Withdrawn:
	}
	return "na"
}
