package web_test

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/authority"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// TestStoredEvents: what is kept is listed, narrowed, paged and exported; another organisation sees none of it.
func TestStoredEvents(t *testing.T) {
	t.Parallel()
	in := own(t)
	e, _ := in.reads(t)
	reader := in.cookie[access.Auditor]
	body := vaultRecord("more-1", "secret/one") + "\n" + vaultRecord("more-2", "secret/two") + "\n"
	if _, err := in.app.Intake.AcceptAs(t.Context(), in.operator(t), e.Source, "", strings.NewReader(body), in.now); err != nil {
		t.Fatal(err)
	}
	rows := func(query url.Values, cookie string) []string {
		t.Helper()
		return texts(in.get(t, "/events?"+query.Encode(), cookie, http.StatusOK), "#rows tbody tr")
	}
	every := rows(nil, reader)
	if len(every) < 3 {
		t.Fatalf("%d events", len(every))
	}
	day := e.When().UTC().Format("2006-01-02")
	for name, q := range map[string]url.Values{
		"log": {"log": {e.Log}}, "actor": {"actor": {e.Actor.ID}}, "action": {"action": {e.Action}}, "day": {"from": {day}, "to": {day}}, "oldest first": {"sort": {"at"}},
	} {
		if got := rows(q, reader); len(got) == 0 || strings.Contains(got[0], "No event matches") {
			t.Errorf("%s finds nothing", name)
		}
	}
	for name, q := range map[string]url.Values{
		"word": {"q": {"no record says this"}}, "log": {"log": {"none.such"}}, "actor": {"actor": {"nobody"}}, "action": {"action": {"' OR 1=1 --"}}, "key": {"key": {"198.51.100.250"}}, "day": {"to": {"1990-01-01"}},
	} {
		if got := rows(q, reader); len(got) != 0 {
			t.Errorf("%s finds %v", name, got)
		}
	}
	own := hrefs(in.get(t, "/events", reader, http.StatusOK), "#rows tbody a")
	for _, x := range hrefs(in.get(t, "/events", in.other, http.StatusOK), "#rows tbody a") {
		if slices.Contains(own, x) {
			t.Errorf("another organisation reads %s", x)
		}
	}
	// From page to page, each event once.
	seen, at := map[string]bool{}, "/events?size=1"
	for range every {
		doc := in.get(t, at, reader, http.StatusOK)
		links := hrefs(doc, "#rows tbody td:first-child a")
		if len(links) != 1 || seen[links[0]] {
			t.Fatalf("%s: %v", at, links)
		}
		seen[links[0]] = true
		next := hrefs(doc, "#rows .pager a[rel=next]")
		if len(next) == 0 {
			break
		}
		at = next[0]
	}
	if len(seen) != len(every) {
		t.Errorf("%d of %d events", len(seen), len(every))
	}
	res := in.do(http.MethodGet, "/events?as=csv", reader, nil)
	lines, err := csv.NewReader(res.Body).ReadAll()
	if err != nil || len(lines) != len(every)+1 || lines[0][0] != "Event" {
		t.Errorf("%d lines: %v", len(lines), err)
	}
	in.get(t, "/events?source=SRC-999", reader, http.StatusNotFound)
	in.get(t, "/events/"+e.ID, in.other, http.StatusNotFound)
	in.get(t, "/events/"+strings.Repeat("f", 17), reader, http.StatusNotFound)
	in.get(t, "/events/"+url.PathEscape("../x"), reader, http.StatusNotFound)
}

// TestStoredEvent: the page of an event says which alerts name it, and whether it was allowed.
func TestStoredEvent(t *testing.T) {
	t.Parallel()
	in := own(t)
	e, _ := in.reads(t)
	e.At = in.now.Add(time.Hour)                                                 // there are permits by then
	e.Class, e.Effect, e.Status = event.UserAccess, event.Creates, event.Success // as if it had given access
	e.Targets = []event.Target{{Kind: "user", ID: "nobody-known", Effect: event.Changes}}
	if _, err := in.app.Authority.Judge(t.Context(), in.app.Access.System(in.operator(t).Org(), "detect"), in.now, []event.Event{e}); err != nil {
		t.Fatal(err)
	}
	j, err := in.app.Authority.Judgements(t.Context(), in.operator(t).ReadScope, authority.Filter{Event: e.ID}, paging.Query{Size: 1})
	if err != nil || len(j.Rows) != 1 {
		t.Fatalf("%+v %v", j, err)
	}
	s := one(t, in.get(t, "/events/"+e.ID, in.cookie[access.ComplianceLead], http.StatusOK), "main")
	for _, want := range []string{"The record as it came", "Was it allowed?", j.Rows[0].Why, "No access review that began after it", "1 alert", "A secret was read", "SRC-"} {
		if !strings.Contains(s, want) {
			t.Errorf("the page does not say %q: %s", want, s)
		}
	}
}

func hrefs(doc *html.Node, selector string) (out []string) {
	for _, n := range all(doc, selector) {
		for _, a := range n.Attr {
			if a.Key == "href" {
				out = append(out, a.Val)
			}
		}
	}
	return out
}
