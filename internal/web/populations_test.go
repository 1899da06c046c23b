package web_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// TestPopulationSources: several snapshots as one population, a statement of the auditor's own over evidence, and what comes from the
// same source after a population was frozen.
func TestPopulationSources(t *testing.T) {
	t.Parallel()
	in := installed(t)
	ctx, staff := t.Context(), in.firm(access.Staff)
	base := "/audits/" + in.engagement + "/populations"
	firm, err := in.app.Access.OrgBySlug(ctx, "marlowe-pike")
	if err != nil {
		t.Fatal(err)
	}
	op, err := in.app.Access.Operator(ctx, firm.ID, "test")
	if err != nil {
		t.Fatal(err)
	}
	a, err := in.app.AuditOf(ctx, op, in.now, in.engagement, "staff@marlowe-pike.example")
	if err != nil {
		t.Fatal(err)
	}
	items, err := in.app.Evidence.Store.Items(ctx, a.Client, evidence.Filter{Kind: evidence.Snapshot, Resource: "user_account", Usable: true}, paging.Query{Sort: "received", Size: paging.MaxSize})
	if err != nil {
		t.Fatal(err)
	}
	bySource := map[string][]evidence.Item{}
	for _, it := range items.Rows {
		bySource[it.Source] = append(bySource[it.Source], it)
	}
	okta, github := bySource["okta-main"], bySource["github-main"]
	if len(okta) < 2 || len(github) == 0 {
		t.Fatalf("%d snapshots, of %d sources", len(items.Rows), len(bySource))
	}
	post := func(want int, pairs ...string) (*http.Response, string) {
		t.Helper()
		form := url.Values{"csrf": {in.token(t, staff)}, "title": {"Accounts"}}
		for i := 0; i+1 < len(pairs); i += 2 {
			form.Set(pairs[i], pairs[i+1])
		}
		res := in.do("POST", base+"/new", staff, form)
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != want {
			t.Fatalf("%v: %d, expected %d", pairs, res.StatusCode, want)
		}
		return res, string(body)
	}
	population := func(res *http.Response) fieldwork.Population {
		t.Helper()
		to := res.Header.Get("Location")
		p, err := in.app.Fieldwork.Population(ctx, a, to[strings.LastIndex(to, "/")+1:])
		if err != nil {
			t.Fatal(err)
		}
		in.get(t, to, staff, 200)
		return p
	}

	// Accounts of two systems are one population; the same account in both is two items.
	res, _ := post(303, "source", "several", "of_several", okta[0].Ref+", "+github[0].Ref)
	both := population(res)
	if both.Read != int(okta[0].Rows+github[0].Rows) || both.Of != okta[0].Ref+", "+github[0].Ref || both.Columns[0] != "item_id" && both.Columns[0] != "source" {
		t.Errorf("%+v", both)
	}
	for field, c := range map[string][2]string{"of_several": {"several", "EV-1999-00001"}, "of_sql": {"sql", ""}} {
		if _, doc := post(422, "source", c[0], field, c[1], "sql", "SELECT 1 AS item_id"); !strings.Contains(doc, `id="`+field+`-error"`) && !strings.Contains(doc, `aria-invalid="true"`) {
			t.Errorf("%s: nothing is said at the field", field)
		}
	}

	// A statement reads what it was given and nothing else; a mistake in it keeps it.
	table := okta[0].System + "." + okta[0].Resource
	sql := "SELECT id AS item_id, display_name AS item_label FROM " + table
	for _, bad := range []string{"SELECT nothing AS item_id FROM " + table, "SELECT * FROM read_csv('/etc/passwd')", "DROP TABLE " + table} {
		if _, doc := post(422, "source", "sql", "of_sql", okta[0].Ref, "sql", bad); !strings.Contains(doc, strings.Fields(bad)[0]) {
			t.Errorf("the statement is lost: %s", bad)
		}
	}
	res, _ = post(303, "source", "sql", "of_sql", okta[0].Ref, "sql", sql)
	if p := population(res); p.Read != int(okta[0].Rows) || p.Query != sql || p.Columns[0] != "item_id" || !strings.Contains(p.Detail, okta[0].SHA256) {
		t.Errorf("%+v", p)
	}

	// Frozen before the source was read again: the population stays, and its page says what came since.
	then := okta[0].ReceivedAt.Add(time.Minute)
	p, err := in.app.Fieldwork.Take(ctx, a, then, fieldwork.Take{Title: "Accounts of the first day", Source: fieldwork.FromEvidence, Of: okta[0].Ref})
	if err != nil {
		t.Fatal(err)
	}
	counted := int64(p.Read)
	c := fieldwork.Complete{Title: p.Title, Shape: p.Shape, Second: &counted, SecondOf: "The directory's own count", Tracing: "Traced five both ways."}
	c.Shape.InPeriod = false
	if p, err = in.app.Fieldwork.Freeze(ctx, a, then, p.Ref, p.Version, c); err != nil {
		t.Fatal(err)
	}
	doc := text(all(in.get(t, base+"/"+p.Ref, staff, 200), "main")[0])
	if newest := okta[len(okta)-1].Ref; !strings.Contains(doc, newest) || p.Read != int(okta[0].Rows) {
		t.Errorf("%s came after the freeze and is not named: %.400s", newest, doc)
	}
}
