package app_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/app"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/jobs"
	"github.com/tickmark/tickmark/internal/platform/lake"
)

func TestMain(m *testing.M) {
	lake.ServeSandbox()
	os.Exit(m.Run())
}

func open(t *testing.T, values map[string]string) *app.App {
	t.Helper()
	cfg, _, err := app.LoadConfig("", values, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return a
}

// patience bounds the waiting for what happens within a second or two on a quiet machine.
const patience = 2 * time.Minute

func until(t *testing.T, what string, ready func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ready(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s did not happen", what)
		}
	}
}

// The server reads what is due without being asked, tests what came, and answers meanwhile.
func TestServe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	list := filepath.Join(dir, "people.csv")
	if err := os.WriteFile(list, []byte("id,email,status\n1,ona@northwind.example,active\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := open(t, map[string]string{"data": filepath.Join(dir, "data"), "listen": "127.0.0.1:0"})
	_, scope, err := a.CreateOrg(t.Context(), "test", access.NewOrg{Slug: "northwind", Name: "Northwind"}, access.NewUser{Email: "ona@northwind.example", Name: "Ona", Password: "a long enough password"}, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Collect.Connect(t.Context(), scope, a.Clock(), collect.NewConnection{Kind: "file", Name: "people", Settings: map[string]string{"path": list, "resource": "worker"}}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	address, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- a.Serve(ctx, func(at string) { address <- at }) }()
	at := <-address
	resp, err := http.Get(at + "/sign-in")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.Body.Close() != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(body), "Sign in") {
		t.Errorf("%d %s %v", resp.StatusCode, body, err)
	}
	until(t, "the collection and the tests after it", func() bool {
		done := map[string]bool{}
		recent, err := a.Jobs.Recent(t.Context(), string(scope.Org()), 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range recent {
			if j.Status == jobs.Failed {
				t.Fatalf("%s failed: %s", j.Title, j.Error)
			}
			done[j.Title] = j.Status == jobs.Done
		}
		return done["Collect people"] && done["Run the tests"]
	})
	c, err := a.Collect.Store.Connection(t.Context(), scope.ReadScope, "people")
	if err != nil {
		t.Fatal(err)
	}
	runs, err := a.Collect.Store.Runs(t.Context(), scope.ReadScope, c.ID, paging.Query{Page: 1, Size: 10})
	if err != nil || runs.Total != 1 || runs.Rows[0].Status != collect.Complete || runs.Rows[0].Trigger != "scheduler" {
		t.Errorf("runs are %+v, %v", runs, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

// A wrong interval or range is named before anything is served.
func TestServeRefuses(t *testing.T) {
	t.Parallel()
	for name, values := range map[string]map[string]string{
		"every":   {"every": "daily"},
		"proxies": {"proxies": "10.0.0.0"},
		"listen":  {"listen": "256.0.0.1:1"},
	} {
		values["data"] = filepath.Join(t.TempDir(), "data")
		if values["listen"] == "" {
			values["listen"] = "127.0.0.1:0"
		}
		a := open(t, values)
		err := a.Serve(t.Context(), func(string) { t.Errorf("%s: it served", name) })
		if !errs.Is(err, errs.Invalid) && !errs.Is(err, errs.Unavailable) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
