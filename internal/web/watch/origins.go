package watch

import (
	"strings"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/web/page"
)

// origins are the sources of an organisation's events, by their identifiers and by their references: an event names the first, an alert
// may name either.
type origins map[string]event.Source

func (p *pages) origins(r *page.Request) (origins, error) {
	out := origins{}
	if p.Sources == nil {
		return out, nil
	}
	all, err := p.Sources.List(r.Context(), r.Read())
	for _, x := range all {
		out[string(x.ID)], out[x.Ref] = x, x
	}
	return out, err
}

// words names a source as people know it; one that is not there any more keeps the name that the record has.
func (o origins) words(key string) string {
	if x, ok := o[key]; ok {
		return x.Ref + " " + x.Name
	}
	return key
}

func (o origins) all(keys []string) string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = o.words(k)
	}
	return strings.Join(out, ", ")
}
