package policies

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/markdown"
	"github.com/tickmark/tickmark/internal/policy"
	"github.com/tickmark/tickmark/internal/web/page"
)

var starterList = page.TableSpec{
	Columns: []page.Column{
		{Key: "title", Title: "Policy", Wide: true},
		{Key: "have", Title: "State"},
		{Key: "words", Title: "Words", Num: true, Opt: true},
		{Key: "controls", Title: "Controls", Opt: true},
	},
	Filters: []page.Filter{{Key: "have", Title: "State", Kind: page.Segments, Options: []page.Option{{Value: "no", Label: "Not adopted"}, {Value: "yes", Label: "Adopted"}}}},
	Search:  "Find a starter", One: "starter policy", Many: "starter policies",
	Bulk: []page.BulkAction{{Label: "Adopt as drafts", Action: list + "/adopt"}},
}

// starter is a starter policy with the policy that was made of it.
type starter struct {
	policy.File
	Ref   string
	Words int
}

// readStarters lists the starters with what became of them.
func (p *pages) readStarters(r *page.Request) ([]starter, error) {
	all, err := policy.Starters()
	if err != nil {
		return nil, err
	}
	have, err := p.Policies.List(r.Context(), r.Read(), policy.Filter{}, paging.Query{Size: paging.MaxSize})
	if err != nil {
		return nil, err
	}
	refs := map[string]string{}
	for _, x := range have.Rows {
		refs[x.Slug] = x.Ref
	}
	out := make([]starter, len(all))
	for i, f := range all {
		fill := strings.NewReplacer("{{organisation}}", r.Grant.Org.Name)
		f.Text.Title, f.Text.Summary, f.Text.Body = fill.Replace(f.Text.Title), fill.Replace(f.Text.Summary), fill.Replace(f.Text.Body)
		out[i] = starter{f, refs[f.Slug], markdown.Parse(f.Text.Body).Words()}
	}
	return out, nil
}

func (p *pages) starters(r *page.Request) error {
	t, err := r.Table(&starterList)
	if err != nil {
		return err
	}
	all, err := p.readStarters(r)
	if err != nil {
		return err
	}
	n := map[string]int{}
	var rows []starter
	left := 0
	for _, x := range all {
		if x.Ref == "" {
			left++
		}
		if !strings.Contains(strings.ToLower(x.Text.Title+"\n"+x.Text.Summary+"\n"+x.Text.Body+"\n"+strings.Join(x.Text.Controls, " ")), strings.ToLower(t.Query.Search)) {
			continue
		}
		have := "no"
		if x.Ref != "" {
			have = "yes"
		}
		n[have]++
		if s := t.Filter("have"); s == "" || s == have {
			rows = append(rows, x)
		}
	}
	t.SetCounts("have", n)
	if t.Exporting() {
		return r.Export(t, "starter-policies", []string{"Policy", "Summary", "Words", "Controls", "Criteria", "Adopted as"}, func(q paging.Query) ([][]any, int, error) {
			var out [][]any
			for _, x := range rows[min(q.Offset(), len(rows)):min(q.Offset()+q.Size, len(rows))] {
				out = append(out, []any{x.Text.Title, x.Text.Summary, x.Words, strings.Join(x.Text.Controls, " "), strings.Join(x.Text.Criteria, " "), x.Ref})
			}
			return out, len(rows), nil
		})
	}
	t.Total = len(rows)
	rows = rows[min(t.Query.Offset(), len(rows)):min(t.Query.Offset()+t.Query.Size, len(rows))]
	r.Crumbs = []page.Crumb{{Text: "Policies", Href: list}, {Text: "Starters"}}
	part := starterRows(t, rows)
	return r.Render(http.StatusOK, startersPage(r, t, part, left, len(all)), page.Part(t.ID(), part))
}

func (p *pages) starter(r *page.Request) error {
	all, err := p.readStarters(r)
	if err != nil {
		return err
	}
	for _, x := range all {
		if x.Slug == r.Query("name") {
			r.Title = x.Text.Title
			r.Crumbs = []page.Crumb{{Text: "Policies", Href: list}, {Text: "Starters", Href: list + "/starters"}, {Text: x.Text.Title}}
			return r.Render(http.StatusOK, starterPage(r, x, markdown.Parse(x.Text.Body)))
		}
	}
	return errs.New(errs.NotFound, "there is no starter policy %q", clipped(r.Query("name")))
}

// adopt makes drafts of ticked starters, or of all.
func (p *pages) adopt(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	var slugs []string
	if f.Get("all") == "" {
		if slugs, err = f.Ticks(); err != nil {
			return err
		}
	}
	made, err := p.Policies.Adopt(r.Context(), scope, r.Now, r.Grant.Org.Name, "", slugs...)
	if err != nil {
		return err
	}
	switch len(made) {
	case 0:
		return r.Redirect(list+"/starters", "They are adopted already.")
	case 1:
		return r.Redirect(policyURL(made[0].Ref), made[0].Ref+" is a draft now. Make it yours, then send it for review.")
	}
	return r.Redirect(list+"?state=draft", strconv.Itoa(len(made))+" policies are drafts now. Make them yours, then send them for review.")
}

// export sends the policies as a folder.
func (p *pages) export(r *page.Request) error {
	files, err := p.Policies.Export(r.Context(), r.Read(), r.Query("drafts") != "")
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return errs.New(errs.NotFound, "no policy is in force").WithHint("Approve one first, or export the drafts too.")
	}
	// The oldest day a zip knows, so that the same policies are the same bytes.
	b, err := policy.Zip(files, time.Unix(315532800, 0))
	if err != nil {
		return err
	}
	return r.Attach("policies.zip", "application/zip", int64(len(b)), r.Now, bytes.NewReader(b))
}

// upload is what the import page shows.
type upload struct {
	Plan   []policy.Planned
	Counts map[policy.Change]int
	Name   string
	Folder string // address of what is here as a folder; empty while nothing is
	Sealed string // the archive, so that the second step imports what the first one showed
}

// Ready reports whether the plan can be carried out.
func (u upload) Ready() bool {
	return u.Counts[policy.Wrong] == 0 && u.Counts[policy.Added]+u.Counts[policy.Changed] > 0
}

func (p *pages) importForm(r *page.Request) error {
	r.Crumbs = []page.Crumb{{Text: "Policies", Href: list}, {Text: "Import"}}
	return p.showImport(r, page.NewForm(), upload{})
}

func (p *pages) showImport(r *page.Request, f *page.Form, u upload) error {
	counts, err := p.Policies.Counts(r.Context(), r.Read(), period.Of(r.Now))
	if err != nil {
		return err
	}
	u.Folder = folderURL(r, counts, true)
	return r.Render(f.Status(), importPage(r, f, u))
}

// keep bounds an archive that the page carries to the second step, in bytes; a larger one is chosen again.
const keep = 2 << 20

// keepPurpose names what is sealed.
const keepPurpose = "import of policies"

// sent is the archive of a form: chosen now, or carried over from the step that showed what it would change.
func sent(r *page.Request, f *page.Form) (name string, raw []byte, err error) {
	file, err := r.Upload(f, "file", policy.MaxFolder)
	if err != nil || !f.OK() {
		return "", nil, err
	}
	if file != nil {
		raw, err = file.Content()
		return file.Name, raw, err
	}
	if raw, ok := r.Open(keepPurpose, f.Raw("kept")); ok && f.Get("kept") != "" {
		return page.CleanName(f.Get("name")), raw, nil
	}
	f.Wrong("file", "Choose a zip of Markdown files.")
	return "", nil, nil
}

// importFolder shows what a folder would change, and changes it when it was shown before.
func (p *pages) importFolder(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	r.Crumbs = []page.Crumb{{Text: "Policies", Href: list}, {Text: "Import"}}
	u := upload{Counts: map[policy.Change]int{}}
	var raw []byte
	if u.Name, raw, err = sent(r, f); err != nil {
		return err
	}
	if !f.OK() {
		return p.showImport(r, f, u)
	}
	files := []policy.Raw{{Name: u.Name, Body: raw}} // one policy
	if !strings.HasSuffix(strings.ToLower(u.Name), ".md") {
		files, err = policy.ReadZip(bytes.NewReader(raw), int64(len(raw)))
	}
	if err == nil && len(files) == 0 {
		err = errs.New(errs.Invalid, "there is no Markdown file in %s", u.Name).WithHint("Files end in .md; README.md is left out.").At("file")
	}
	if err == nil {
		u.Plan, err = p.Policies.Plan(r.Context(), scope, files)
	}
	if err == nil && f.Get("step") == "import" {
		var n int
		if n, err = p.Policies.Import(r.Context(), scope, r.Now, u.Plan, "Imported from "+u.Name); err == nil {
			return r.Redirect(list, page.Plural(n, "policy", "policies")+" imported. New texts are drafts that a second person approves.")
		}
	}
	for _, x := range u.Plan {
		u.Counts[x.Change]++
	}
	if len(raw) <= keep {
		u.Sealed = r.Seal(keepPurpose, raw)
	}
	if err != nil && !f.Take(err) {
		return err
	}
	return p.showImport(r, f, u)
}
