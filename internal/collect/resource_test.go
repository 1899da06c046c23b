package collect_test

import (
	"slices"
	"testing"

	"github.com/tickmark/tickmark/internal/collect"
)

// TestResources: each type of fact names itself, and no column stands twice: one of its own would hide one that the run fills.
func TestResources(t *testing.T) {
	t.Parallel()
	for _, r := range collect.Resources() {
		if r.Row.Resource() != r.Name || r.Title == "" {
			t.Errorf("%s is called %s, %q", r.Name, r.Row.Resource(), r.Title)
		}
		var names []string
		for _, c := range r.Columns() {
			if c.Name == "" || slices.Contains(names, c.Name) {
				t.Errorf("%s has the column %q twice, or one without a name", r.Name, c.Name)
			}
			names = append(names, c.Name)
		}
		if !slices.Contains(names, "id") || !slices.Contains(names, "collected_at") {
			t.Errorf("%s has the columns %v", r.Name, names)
		}
	}
	for name, stream := range map[string]bool{"infrastructure_run": true, "infrastructure_resource": false} {
		r, ok := collect.ResourceNamed(name)
		if !ok || r.Stream != stream {
			t.Errorf("%s: %v %+v", name, ok, r)
		}
		for _, must := range []string{"id", "workspace"} {
			if slices.Contains(r.Optional(), must) {
				t.Errorf("%s may lack %s", name, must)
			}
		}
	}
}
