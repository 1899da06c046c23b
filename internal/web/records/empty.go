package records

import (
	"slices"

	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// emptyFilter says what a list does with readings of logs that found nothing new: they are sealed like all others, and there is one every
// few minutes.
var emptyFilter = page.Filter{Key: "empty", Title: "Empty readings of logs", Kind: page.Select, All: "Empty readings: left out", Options: []page.Option{{Value: "show", Label: "Empty readings: shown"}, {Value: "only", Label: "Empty readings alone"}}}

// logs are the kinds of systems that are read for their logs alone.
func (s Services) logs() []string {
	var logs []string
	for kind, c := range s.Collect.Connectors {
		if c.Describe().Log {
			logs = append(logs, kind)
		}
	}
	slices.Sort(logs)
	return logs
}

// withEmpty is a list with the filter, where the organisation reads logs.
func (s Services) withEmpty(r *page.Request, spec page.TableSpec) (page.TableSpec, error) {
	reads, err := s.View.ReadsLogs(r.Context(), r.Read(), s.logs())
	if reads || r.Query(spec.Prefix+emptyFilter.Key) != "" {
		spec.Filters = append(slices.Clone(spec.Filters), emptyFilter)
	}
	return spec, err
}

// empty is what the filter says.
func (s Services) empty(t *page.Table) view.Empty {
	if t.Filter(emptyFilter.Key) == "show" {
		return view.Empty{}
	}
	return view.Empty{Logs: s.logs(), Only: t.Filter(emptyFilter.Key) == "only"}
}

// leftOut tells how many rows the list leaves out, with the way to them.
func leftOut(t *page.Table, n int, one, many string) {
	if n == 0 {
		return
	}
	t.Left = &page.Left{Words: page.Plural(n, one+" in which a log had nothing new is left out.", many+" in which a log had nothing new are left out."), Show: "Show all", Href: t.URL(emptyFilter.Key, "show")}
}
