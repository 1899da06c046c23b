package evaluatesql_test

import (
	"context"
	"os"
	"testing"

	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/evaluate/evaluatesql"
	"github.com/tickmark/tickmark/internal/platform/lake"
)

func TestMain(m *testing.M) {
	lake.ServeSandbox()
	os.Exit(m.Run())
}

type evaluatesqlEngine = evaluatesql.Engine

func newEngine(t testing.TB) *evaluatesql.Engine {
	t.Helper()
	e := &evaluatesql.Engine{Lake: lake.Dir{Root: t.TempDir()}, Sandbox: &lake.Engine{Workers: 2}}
	t.Cleanup(e.Sandbox.Close)
	return e
}

// TestLibrary holds every shipped test to the rules and runs its fixtures.
func TestLibrary(t *testing.T) {
	t.Parallel()
	all, err := evaluate.Library()
	if err != nil {
		t.Fatal(err)
	}
	e := newEngine(t)
	for _, d := range all {
		t.Run(d.ID, func(t *testing.T) {
			t.Parallel()
			if err := evaluate.Lint(context.Background(), e, d); err != nil {
				t.Error(err)
			}
		})
	}
}
