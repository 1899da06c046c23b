package risk

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Row is a line of somebody's register as it was read from a sheet, in words. What is empty is not known.
type Row struct {
	Title, Description, Kind, Threat, Process, Response, Owner string
	Controls, Concerns                                         []string
	Inherent, Residual                                         Rating
	Review                                                     period.Date
}

// Outcome is what became of a row, or would.
type Outcome struct {
	Ref  string // of the risk: new, or the one with the same title
	Kind string // "added", "same" or "refused"
	Err  error  // why a row was refused
}

// maxRows bounds an import.
const maxRows = 50_000

// errDry undoes what was tried.
var errDry = errors.New("tried only")

// Import puts rows into the register: all that can be taken, with a reason for each that cannot. A risk with the same title is
// there already and is left as it is. With dry everything is checked and nothing is kept.
func (s *Service) Import(ctx context.Context, scope access.Scope, now time.Time, rows []Row, dry bool) ([]Outcome, error) {
	if err := scope.Require(access.ManageRisks); err != nil {
		return nil, err
	}
	if len(rows) > maxRows {
		return nil, errs.New(errs.Exhausted, "%d rows; at most %d are taken at once", len(rows), maxRows).WithHint("Split the file.")
	}
	out := make([]Outcome, len(rows))
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		have, err := s.titles(ctx, scope.ReadScope)
		if err != nil {
			return err
		}
		for i, row := range rows {
			t, err := row.text()
			key := strings.ToLower(text.Line(t.Title))
			switch ref, there := have[key]; {
			case err != nil:
				out[i] = Outcome{Kind: "refused", Err: err}
			case there:
				out[i] = Outcome{Ref: ref, Kind: "same"}
			default:
				r, err := s.Add(ctx, scope, now, t)
				if errs.Is(err, errs.Internal) || errs.Is(err, errs.Unavailable) {
					return err
				}
				if err != nil {
					out[i] = Outcome{Kind: "refused", Err: err}
					continue
				}
				if dry {
					r.Ref = "" // it will not be kept
				}
				have[key] = r.Ref
				out[i] = Outcome{Ref: r.Ref, Kind: "added"}
			}
		}
		if dry {
			return errDry
		}
		return nil
	})
	if err != nil && !errors.Is(err, errDry) {
		return nil, err
	}
	return out, nil
}

// titles are the references of the risks there are, by title in lower case.
func (s *Service) titles(ctx context.Context, scope access.ReadScope) (map[string]string, error) {
	out := map[string]string{}
	for n := 1; ; n++ {
		got, err := s.Store.Risks(ctx, scope, Filter{}, paging.Query{Page: n, Size: paging.MaxSize, Sort: "ref"})
		if err != nil {
			return nil, err
		}
		for _, r := range got.Rows {
			out[strings.ToLower(r.Title)] = r.Ref
		}
		if n >= got.Pages() {
			return out, nil
		}
	}
}

// text reads the words of a row.
func (row Row) text() (Text, error) {
	t := Text{Title: row.Title, Description: row.Description, Process: row.Process, Owner: row.Owner, Controls: row.Controls, Concerns: row.Concerns,
		Inherent: row.Inherent, Residual: row.Residual, Review: row.Review}
	ok := row.Kind == ""
	t.Kind = Operations
	for _, k := range Kinds() {
		if same(row.Kind, string(k)) || same(row.Kind, k.Title()) {
			t.Kind, ok = k, true
		}
	}
	if !ok {
		return t, errs.New(errs.Invalid, "%q is no kind of risk", row.Kind).At("kind").WithHint("Kinds: security, operations, people, environment, third party, law and contracts, change, fraud.")
	}
	ok = row.Response == ""
	for _, x := range Responses() {
		if same(row.Response, string(x)) || same(row.Response, x.Title()) {
			t.Response, ok = x, true
		}
	}
	for word, x := range map[string]Response{"mitigate": Reduce, "treat": Reduce, "share": Transfer, "tolerate": Accept, "terminate": Avoid} {
		if same(row.Response, word) {
			t.Response, ok = x, true
		}
	}
	if !ok {
		return t, errs.New(errs.Invalid, "%q is no response", row.Response).At("response").WithHint("Responses: accept, reduce, transfer, avoid.")
	}
	if row.Threat != "" {
		for _, x := range Threats() {
			if same(row.Threat, x.ID) || same(row.Threat, x.Title) {
				t.Threat = x.ID
			}
		}
	}
	return t, nil
}

func same(a, b string) bool {
	fold := func(s string) string {
		return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return r == ' ' || r == '_' || r == '-' }), " ")
	}
	return fold(a) == fold(b)
}
