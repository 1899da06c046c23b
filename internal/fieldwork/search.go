package fieldwork

import (
	"context"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// Found is a record of the firm that a search found.
type Found struct {
	Population bool // or a workpaper
	Engagement string
	Ref, Title string
}

// mostFound is how many records of a kind and an engagement a search gives.
const mostFound = 20

// Search finds populations and workpapers of the engagements that are open to the reader.
func (s *Service) Search(ctx context.Context, scope access.ReadScope, engagements []string, words string) ([]Found, error) {
	if err := scope.Require(access.ReadAudits); err != nil {
		return nil, err
	}
	q := paging.Query{Page: 1, Size: mostFound, Sort: "ref", Search: words}
	var out []Found
	for _, e := range engagements {
		papers, err := s.Papers.Papers(ctx, scope, PaperFilter{Engagement: e}, q)
		if err != nil {
			return nil, err
		}
		for _, p := range papers.Rows {
			out = append(out, Found{false, e, p.Ref, p.Title})
		}
		populations, err := s.Populations.Populations(ctx, scope, e, q)
		if err != nil {
			return nil, err
		}
		for _, p := range populations.Rows {
			out = append(out, Found{true, e, p.Ref, p.Title})
		}
	}
	return out, nil
}
