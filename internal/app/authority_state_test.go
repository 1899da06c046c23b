package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/authority"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collectsql"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/simco"
)

// TestInfrastructureAllows: what the pipeline changes while runs of workspaces apply is allowed by them, and what people change by hand
// of what code manages is told as that.
func TestInfrastructureAllows(t *testing.T) {
	t.Parallel()
	a, scope, company, now := collectedOf(t, simco.GitHub, simco.Terraform)
	from, to := now.AddDate(0, 0, -13), now.AddDate(0, 0, -1)
	if _, err := a.Authority.AddPipeline(t.Context(), scope, from, authority.Pipeline{Identity: "ci-deploy", Project: "*"}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Authority.Propose(t.Context(), scope, from, authority.PermitText{Kind: authority.Window, Title: "x", Reason: "x", Targets: []string{"none"}, From: from, To: to}); err != nil {
		t.Fatal(err)
	}
	var events []event.Event
	people := map[string]bool{}
	for r := range company.Events(from, to) {
		if r.Log != "aws.cloudtrail" {
			continue
		}
		e, err := event.Normalise(r.Log, r.Raw, r.At)
		if err != nil {
			t.Fatal(err)
		}
		e.ID = r.ID
		events = append(events, e)
		people[e.ID] = e.Actor.Kind == event.Person
	}
	all, err := a.Authority.Judge(t.Context(), a.Access.System(scope.Org(), "detect"), now, events)
	if err != nil {
		t.Fatal(err)
	}
	found, err := a.Authority.Records.Records(t.Context(), scope.ReadScope, from, to)
	if err != nil {
		t.Fatal(err)
	}
	byRun, byHand := 0, 0
	for _, j := range all {
		switch {
		case j.Actor == "ci-deploy":
			lacks := slices.ContainsFunc(found.Records, func(r authority.Record) bool {
				return r.Lacks != "" && r.Project == j.Target && !j.At.Before(r.From) && j.At.Before(r.To)
			})
			if j.Verdict != authority.Authorised || (j.Kind == authority.Infrastructure) == lacks { // one whose code nobody approved is allowed by its deployment alone
				t.Errorf("%s of %s at %s is %s: %s", j.Action, j.Target, j.At, j.Verdict, j.Why)
			}
			if !lacks {
				byRun++
			}
		case people[j.Event] && strings.Contains(j.Why, "It is "):
			if j.Verdict != authority.Unauthorised || !strings.Contains(j.Why, ", and no run applied then.") {
				t.Errorf("%s by %s: %s %s", j.Action, j.Actor, j.Verdict, j.Why)
			}
			byHand++
		}
	}
	if byRun < 4 || byHand < 4 {
		t.Errorf("%d by runs, %d by hand, of %d", byRun, byHand, len(all))
	}
}

// TestNoSecretOfState: the states that are read are full of secrets, and none is in anything that is stored.
func TestNoSecretOfState(t *testing.T) {
	t.Parallel()
	a, scope, company, now := collectedOf(t, simco.Terraform)
	rows := 0
	for _, resource := range []string{infrastructureRun, infrastructureResource} {
		items, err := a.Evidence.Store.Stream(t.Context(), scope.ReadScope, "", resource, now.AddDate(0, 0, -100), now.AddDate(0, 0, 1))
		if err != nil || len(items) != 14 {
			t.Fatalf("%d readings of %s: %v", len(items), resource, err)
		}
		for _, it := range items {
			if err := (collectsql.Facts{Lake: a.Lake}).Read(t.Context(), it.Resource, it.Path, func(f collect.Fact) error {
				rows++
				text, err := json.Marshal(f) // with the record as it is kept
				if err != nil || bytes.Contains(text, []byte(simco.TerraformSecret)) || !bytes.Contains(text, []byte(`"Raw":"{`)) {
					t.Errorf("%s: %s, %v", f.Key(), text, err)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	files := 0
	if err := filepath.WalkDir(a.Config.Data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte(simco.TerraformSecret)) {
			t.Errorf("%s holds a secret of a state", path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if rows < 100 || files < 10 {
		t.Errorf("%d rows and %d files were looked through", rows, files)
	}
	if seen := sent(company); seen < 10 {
		t.Errorf("the states that were read hold %d secrets", seen)
	}
}

// sent is how many secrets the company's service sends with the state of its first workspace and its runs.
func sent(c *simco.Company) int {
	n := 0
	ask := func(path string) string {
		req := httptest.NewRequest(http.MethodGet, "http://terraform.example"+path, nil)
		req.Header.Set("Authorization", "Bearer "+c.Tokens().TerraformToken)
		w := httptest.NewRecorder()
		c.Handler(simco.Terraform).ServeHTTP(w, req)
		n += strings.Count(w.Body.String(), simco.TerraformSecret)
		if to := w.Header().Get("Location"); to != "" {
			return to
		}
		return w.Body.String()
	}
	id := regexp.MustCompile(`ws-\w+`).FindString(ask("/api/v2/organizations/" + c.Tokens().TerraformOrg + "/workspaces"))
	ask("/api/v2/workspaces/" + id + "/runs")
	version := regexp.MustCompile(`sv-\w+`).FindString(ask("/api/v2/workspaces/" + id + "/current-state-version"))
	ask(ask("/api/state-versions/" + version + "/hosted_state"))
	return n
}

// TestPictures: what a run's state held before and after is found among the readings, and it is told where something may have come
// between them.
func TestPictures(t *testing.T) {
	t.Parallel()
	at := func(h int) time.Time { return time.Date(2026, 3, 2, h, 0, 0, 0, time.UTC) }
	resource := func(run string, written int, names string) *collect.InfrastructureResource {
		r := &collect.InfrastructureResource{ID: "ws-1/aws_x.a", WorkspaceID: "ws-1", Workspace: "network", Address: "aws_x.a", Mode: "managed", Type: "aws_x", RunID: &run, WrittenAt: collect.Ptr(at(written))}
		if names != "" {
			r.Identifiers = &names
		}
		return r
	}
	p := pictureOf(at(6), true, []collect.Fact{resource("run-1", 4, `{"id":"x-1"}`), &collect.InfrastructureResource{ID: "ws-1/data.aws_y.b", WorkspaceID: "ws-1", Mode: "data"}})
	if x := p.workspace("ws-1"); x == nil || x.run != "run-1" || !x.written.Equal(at(4)) || x.holds == nil {
		t.Errorf("%+v", x)
	}
	if x := p.workspace("ws-2"); x == nil || x.holds == nil {
		t.Error("a workspace that was read and holds nothing is not known")
	}
	for kind, want := range map[string]string{"aws_s3_bucket": "[arn:b b] []", "aws_s3_bucket_policy": "[arn:b] [b]", "aws_lambda_function": "[arn:b] [b]"} {
		m := managedAs(&collect.InfrastructureResource{Type: kind}, map[string]string{"bucket": "b", "arn": "arn:b"})
		if got := fmt.Sprint(m.Names, m.Of); got != strings.TrimSpace(want) {
			t.Errorf("%s: %s, want %s", kind, got, want)
		}
	}
	if p := pictureOf(at(6), false, []collect.Fact{resource("run-1", 4, "")}); p.workspace("ws-1") != nil || p.workspace("ws-2") != nil {
		t.Error("what could not be read is known")
	}
	for name, c := range map[string]struct {
		known []authority.Known
		want  bool
	}{
		"all":      {[]authority.Known{{From: at(0), To: at(9)}}, true},
		"in parts": {[]authority.Known{{From: at(4), To: at(9)}, {From: at(0), To: at(4)}}, true},
		"a gap":    {[]authority.Known{{From: at(0), To: at(4)}, {From: at(5), To: at(9)}}, false},
		"too late": {[]authority.Known{{From: at(2), To: at(9)}}, false},
		"not yet":  {[]authority.Known{{From: at(0), To: at(7)}}, false},
		"nothing":  {nil, false},
	} {
		if got := spanned(c.known, at(1), at(8)); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestAbout: which readings tell what a run's state held before and after it.
func TestAbout(t *testing.T) {
	t.Parallel()
	at := func(h int) time.Time { return time.Date(2026, 3, 2, h, 0, 0, 0, time.UTC) }
	// reading is a picture at an hour: by which run the state was written, and when; not whole where a workspace was refused.
	type reading struct {
		hour, written int
		run           string
		part, dark    bool
	}
	run := func(id string, began, ended int) codeRun {
		r := codeRun{&collect.InfrastructureRun{ID: id, WorkspaceID: "ws-1", Workspace: "network", ApplyBeganAt: collect.Ptr(at(began))}, "terraform/main", at(20)}
		if ended > 0 {
			r.EndedAt = collect.Ptr(at(ended))
		}
		return r
	}
	for name, c := range map[string]struct {
		readings []reading
		others   []codeRun
		ended    int    // of the run that began at 10; 0 if it has not
		want     string // what is known: before, and after; in capitals where nothing else can have come between
	}{
		"before and after":             {[]reading{{hour: 6, written: 4, run: "run-0"}, {hour: 12, written: 11, run: "run-1"}}, nil, 11, "Before After"},
		"only after":                   {[]reading{{hour: 12, written: 11, run: "run-1"}}, nil, 11, "After"},
		"only before":                  {[]reading{{hour: 6, written: 4, run: "run-0"}}, nil, 11, "Before"},
		"nothing":                      {nil, nil, 11, ""},
		"another run before it":        {[]reading{{hour: 6, written: 4, run: "run-0"}, {hour: 12, written: 11, run: "run-1"}}, []codeRun{run("run-x", 7, 8)}, 11, "before After"},
		"the run that wrote before it": {[]reading{{hour: 6, written: 4, run: "run-0"}, {hour: 12, written: 11, run: "run-1"}}, []codeRun{run("run-0", 3, 5)}, 11, "Before After"},
		"another run after it":         {[]reading{{hour: 6, written: 4, run: "run-0"}, {hour: 14, written: 13, run: "run-2"}}, []codeRun{run("run-2", 12, 13)}, 11, "Before after"},
		"it wrote nothing":             {[]reading{{hour: 12, written: 4, run: "run-0"}}, nil, 11, "Before After"},
		"it has not ended":             {[]reading{{hour: 6, written: 4, run: "run-0"}, {hour: 20, written: 4, run: "run-0"}}, nil, 0, "Before"},
		"a part was refused":           {[]reading{{hour: 6, written: 4, run: "run-0", part: true}, {hour: 12, written: 11, run: "run-1", part: true}}, nil, 11, "before after"},
		"its state was refused":        {[]reading{{hour: 6, part: true, dark: true}, {hour: 12, part: true, dark: true}}, nil, 11, ""},
		"it is new":                    {[]reading{{hour: 6, dark: true}, {hour: 12, written: 11, run: "run-1"}}, nil, 11, "Before After"},
	} {
		a := changeRecords{App: &App{}, read: &factsRead{}, states: &statesRead{items: map[evidence.ItemID]*picture{}}}
		var items []evidence.Item
		for _, x := range c.readings {
			it := evidence.Item{ID: evidence.ItemID(rune('a' + x.hour)), From: at(x.hour)}
			p := &picture{at: it.From, whole: !x.part, of: map[string]*stateRead{}}
			if !x.dark {
				p.of["ws-1"] = &stateRead{name: "network", run: x.run, written: at(x.written), holds: authority.NewHoldings(nil)}
			}
			items, a.states.items[it.ID] = append(items, it), p
		}
		r := run("run-1", 10, c.ended)
		s, err := a.about(t.Context(), items, r, append(c.others, r))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, side := range []struct {
			holds *authority.Holdings
			next  bool
			name  string
		}{{s.Before, s.BeforeNext, "Before"}, {s.After, s.AfterNext, "After"}} {
			switch {
			case side.holds != nil && side.next:
				got = append(got, side.name)
			case side.holds != nil:
				got = append(got, strings.ToLower(side.name))
			case side.next:
				t.Errorf("%s: %s is not known, but nothing came between", name, side.name)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v is known, want %s", name, got, c.want)
		}
	}
}

// TestRunRecords: who is told to have approved a run, and why nobody is.
func TestRunRecords(t *testing.T) {
	t.Parallel()
	made := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	pull := func(number int64) *collect.PullRequest {
		return &collect.PullRequest{Repository: "northwind/net", Number: number}
	}
	known := []authority.Known{{From: made.AddDate(0, 0, -90), To: made.Add(time.Hour)}}
	x := approved{merges: map[string]merge{"aaa": {pull(4), "kim"}, "bbb": {pull(5), ""}}, known: known}
	for name, c := range map[string]struct {
		change func(*collect.InfrastructureRun)
		known  bool
		want   string // approver, or part of what is lacking or not known
	}{
		"somebody else": {func(r *collect.InfrastructureRun) { r.ConfirmedBy = collect.Ptr("ole") }, true, "ole"},
		"who made it":   {func(r *collect.InfrastructureRun) { r.ConfirmedBy = collect.Ptr("ADA") }, true, "who made it confirmed it, and it names no commit"},
		"a program": {func(r *collect.InfrastructureRun) {
			r.ConfirmedBy, r.ConfirmedByService = collect.Ptr("bot"), collect.Ptr(true)
		}, true, "a program confirmed it"},
		"nobody":                    {func(*collect.InfrastructureRun) {}, true, "nobody else confirmed it, and it names no commit"},
		"nobody knows who made it":  {func(r *collect.InfrastructureRun) { r.CreatedBy, r.ConfirmedBy = nil, collect.Ptr("ole") }, true, "who made it is not told"},
		"its commit":                {func(r *collect.InfrastructureRun) { r.Commit = collect.Ptr("aaa") }, true, "kim"},
		"nobody approved it":        {func(r *collect.InfrastructureRun) { r.Commit = collect.Ptr("bbb") }, true, "nobody but its authors approved northwind/net#5"},
		"a loose commit":            {func(r *collect.InfrastructureRun) { r.Commit = collect.Ptr("ccc") }, true, "its commit ccc is of no pull request that was merged"},
		"pull requests are unknown": {func(r *collect.InfrastructureRun) { r.Commit = collect.Ptr("ccc") }, false, "no source tells of the pull request of its commit"},
	} {
		r := &collect.InfrastructureRun{ID: "run-1", Workspace: "network", CreatedAt: made, ApplyBeganAt: collect.Ptr(made.Add(time.Minute)), EndedAt: collect.Ptr(made.Add(2 * time.Minute)), CreatedBy: collect.Ptr("ada")}
		c.change(r)
		y := x
		if !c.known {
			y.known = nil
		}
		got := y.record(codeRun{r, "terraform/main", made}, nil)
		if said := got.Approver + got.Lacks + got.Unsure; !strings.Contains(said, c.want) || (got.Approver == "") != (got.Lacks+got.Unsure != "") || (got.Unsure != "") == c.known || got.Ref != "network/run-1" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
