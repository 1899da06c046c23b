package eventlake_test

import (
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

const audit = `{"level":"Metadata","auditID":"a%","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/default/secrets","verb":"list","user":{"username":"dana@northwind.example"},"sourceIPs":["192.0.2.7"],"objectRef":{"resource":"secrets","namespace":"default"},"responseStatus":{"code":200},"requestReceivedTimestamp":"2026-03-01T08:00:00.000000Z"}`

// TestEventList: what the API server of Kubernetes posts is taken apart into its events, and known when it is posted again.
func TestEventList(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	x, token, err := w.sources.Add(t.Context(), w.Owner, w.now, event.NewSource{Name: "Cluster", Log: "kubernetes.audit"})
	w.ok(err)
	post := func(body string) (event.Receipt, error) {
		return w.intake.Accept(t.Context(), token, "", strings.NewReader(body), w.now)
	}
	one, two := strings.ReplaceAll(audit, "%", "1"), strings.ReplaceAll(audit, "%", "2")
	for _, form := range []string{
		`{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[` + one + "," + two + "]}\n",
		`{"apiVersion":"audit.k8s.io/v1", "kind": "EventList", "items": [` + one + "," + two + `], "metadata": {"items":[1]}}`,
		`{"kind":"EventList","items":null,"metadata":{"x":[]},"items":[` + one + `]}`,
	} {
		if _, err := post(form); err != nil {
			t.Errorf("%s: %v", form, err)
		}
	}
	if got := w.intake.Live(x); got.Events != 2 || got.Duplicates != 3 || got.Tally.Refused != 0 {
		t.Errorf("%+v", got.Tally)
	}
	found, _, err := w.lake().Find(t.Context(), w.Owner.ReadScope, event.Filter{Actors: []string{"dana@northwind.example"}, Ascending: true})
	if err != nil || len(found) != 2 || string(found[0].Raw) != one || found[0].Action != "list:secrets" {
		t.Errorf("%v %v", found, err)
	}
	for body, words := range map[string]string{
		`{"kind":"EventList","items":[`:                          "cut off",
		`{"kind":"EventList","items":{}}`:                        "no list",
		`{"kind":"EventList","metadata":{}`:                      "cut off",
		`{"kind":"EventList","items":[]}`:                        "no record",
		`{"kind":"EventList","items":[{]}`:                       "no JSON",
		`{"kind":"EventList","x":"` + strings.Repeat("x", 3<<20): "longer than 1024 KiB",
	} {
		_, err := post(body)
		w.fails(err, errs.Invalid, words)
	}
	r, err := post(`{"kind":"Event","auditID":"a3","stage":"ResponseComplete"}` + "\n" + `{"a":"EventList","kind":"EventList"}`)
	w.want(r, err, 2, 0, 0)
}
