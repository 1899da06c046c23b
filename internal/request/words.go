package request

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/policy"
)

// common are words of requests that say nothing about what would answer them.
var common = []string{"about", "audit", "copy", "current", "during", "evidence", "examination", "from", "list", "newest", "period", "please", "policies", "policy", "procedure", "provide", "report", "show", "system", "that", "their", "which", "with", "your"}

// tellingWords are the words of a text that tell what it is about, without endings of the plural.
func tellingWords(text string) []string {
	var out []string
	for w := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if slices.Contains(common, w) {
			continue
		}
		if len(w) > 4 && !strings.HasSuffix(w, "ss") {
			w = strings.TrimSuffix(w, "s")
		}
		if len([]rune(w)) > 3 && !slices.Contains(common, w) && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// alikeWords are the telling words that two texts share, in the order of the first.
func alikeWords(asked []string, text string) []string {
	has := tellingWords(text)
	return slices.DeleteFunc(slices.Clone(asked), func(w string) bool { return !slices.Contains(has, w) })
}

// fromWords is what a request that names no control may be answered with: policies in force and evidence of the period whose names share
// words with what is asked, the most first. They are proposals: a person looks at them.
func (s *Service) fromWords(ctx context.Context, scope access.ReadScope, r Request) ([]Candidate, error) {
	asked := tellingWords(r.Title + " " + r.Text.Text)
	if len(asked) == 0 {
		return nil, nil
	}
	type scored struct {
		c Candidate
		n int
	}
	var found []scored
	add := func(p Piece, text string) {
		if w := alikeWords(asked, text); len(w) > 0 {
			found = append(found, scored{Candidate{Piece: p, Why: "its name has “" + strings.Join(w, "”, “") + "”"}, len(w)})
		}
	}
	if scope.Can(access.ReadPolicies) {
		res, err := s.Policies.List(ctx, scope, policy.Filter{Published: true}, paging.Query{Size: paging.MaxSize})
		if err != nil {
			return nil, err
		}
		for _, p := range res.Rows {
			add(policyPiece(p.Ref, p.Shown, r.Period), p.Shown.Title)
		}
	}
	res, err := s.Shelf.Items(ctx, scope, evidence.Filter{From: r.Period.From.Time(), To: r.Period.To.Time()}, paging.Query{Size: paging.MaxSize, Sort: "received", Desc: true})
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, it := range res.Rows {
		text := it.Title
		if it.Kind == evidence.Snapshot {
			key := it.System + "/" + it.Source + "/" + it.Resource
			if seen[key] || !it.Completeness.Usable() {
				continue
			}
			seen[key], text = true, strings.ReplaceAll(it.Resource, "_", " ")+" "+it.Source
		}
		if it.Status == evidence.Active {
			add(itemPiece(it, r.Period), text)
		}
	}
	slices.SortStableFunc(found, func(a, b scored) int { return cmp.Compare(b.n, a.n) })
	out := make([]Candidate, 0, len(found))
	for _, f := range found {
		out = append(out, f.c)
	}
	return out, nil
}
