package request

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/intake"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// columns of the list as a file: those that an import reads, and those that it leaves alone.
var (
	asked    = []string{"Request", "Type", "Control", "Criterion", "Title", "Description", "From", "To", "Due", "Owner"}
	answered = []string{"State", "Reason", "Answer", "Evidence", "Asked", "Provided", "Decided"}
	needed   = []string{"Type", "Title", "Due"}
)

// Columns are the headings of the list as a file.
func Columns() []string { return slices.Concat(asked, answered) }

// Cells is a request as a row under Columns. owner is the address of its owner, evidence what was handed over.
func Cells(r Request, owner, evidence string) []any {
	return []any{
		r.Ref, string(r.Kind), r.Control, r.Criterion, r.Title, r.Text.Text, r.Period.From.String(), r.Period.Last().String(), day(r.Due), owner,
		r.State.Title(), r.Reason, r.Answer, evidence, r.Asked, instant(r.Provided), instant(r.Decided),
	}
}

func instant(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// Line is a row of a file that asks, or changes what was asked.
type Line struct {
	Row int // in the file, from 1
	Ref string
	New
}

// maxProblems bounds how many rows a refusal names.
const maxProblems = 12

// problems collects what is wrong with rows.
type problems []string

func (p *problems) add(row int, format string, args ...any) {
	*p = append(*p, fmt.Sprintf("row %d: ", row)+fmt.Sprintf(format, args...))
}

func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	more := ""
	if n := len(p) - maxProblems; n > 0 {
		more, p = fmt.Sprintf("; and %d more", n), p[:maxProblems]
	}
	return errs.New(errs.Invalid, "%s%s", strings.Join(p, "; "), more).At("file").WithHint("Nothing was changed. Correct the file and send it again.")
}

// Lines reads the first sheet of a file. The first row names the columns; what is wrong with rows is said of all of them at once.
func Lines(b intake.Book) ([]Line, error) {
	if len(b.Sheets) == 0 || len(b.Sheets[0].Rows) < 2 {
		return nil, errs.New(errs.Invalid, "there is no row below the headings").At("file").WithHint("Export the list to see how it looks.")
	}
	rows := b.Sheets[0].Rows
	at, err := headings(rows[0])
	if err != nil {
		return nil, err
	}
	var out []Line
	var wrong problems
	for _, row := range rows[1:] {
		l := line(row, at, &wrong)
		for i, other := range out {
			if l.Ref != "" && other.Ref == l.Ref {
				wrong.add(row.N, "%s is in row %d already", clip(l.Ref), out[i].Row)
				break
			}
		}
		out = append(out, l)
	}
	if len(out) > MaxAsked {
		return nil, errs.New(errs.Exhausted, "%d rows; at most %d are taken", len(out), MaxAsked).At("file")
	}
	return out, wrong.err()
}

// headings finds the columns by their names.
func headings(row intake.Line) (map[string]int, error) {
	at := map[string]int{}
	var strange []string
	for i, c := range row.Cells {
		c = strings.TrimSpace(c)
		j := slices.IndexFunc(Columns(), func(x string) bool { return strings.EqualFold(x, c) })
		switch {
		case c == "":
		case j < 0:
			strange = append(strange, fmt.Sprintf("%s (%s)", clip(c), intake.Place(i, row.N)))
		default:
			if _, twice := at[Columns()[j]]; twice {
				return nil, errs.New(errs.Invalid, "the column %s is there twice", c).At("file")
			}
			at[Columns()[j]] = i
		}
	}
	if len(strange) > 0 {
		return nil, errs.New(errs.Invalid, "these columns are not known: %s", strings.Join(strange[:min(len(strange), maxProblems)], ", ")).At("file").
			WithHint("The columns are %s. Take the others out, or name them so.", strings.Join(asked, ", "))
	}
	var missing []string
	for _, c := range needed {
		if _, ok := at[c]; !ok {
			missing = append(missing, c)
		}
	}
	if len(missing) > 0 {
		return nil, errs.New(errs.Invalid, "these columns are missing: %s", strings.Join(missing, ", ")).At("file").WithHint("The first row names the columns: %s.", strings.Join(asked, ", "))
	}
	return at, nil
}

// line reads one row.
func line(row intake.Line, at map[string]int, wrong *problems) Line {
	l := Line{Row: row.N}
	cell := func(name string) string {
		i, ok := at[name]
		if !ok {
			return ""
		}
		if slices.Contains(row.Formulas, i) && slices.Contains(asked, name) {
			wrong.add(row.N, "%s is a formula, or begins like one", name)
			return ""
		}
		return strings.TrimSpace(row.Cell(i))
	}
	date := func(name string) period.Date {
		s := cell(name)
		if s == "" {
			return 0
		}
		d, err := period.ParseDate(strings.TrimSuffix(s, "T00:00:00Z"))
		if err != nil {
			wrong.add(row.N, "%s %q is no date such as 2026-12-31", name, clip(s))
		}
		return d
	}
	l.Ref = strings.ToUpper(cell("Request"))
	l.Kind, l.Control, l.Criterion = kindNamed(cell("Type")), cell("Control"), cell("Criterion")
	l.Title, l.Text.Text, l.Owner = cell("Title"), cell("Description"), access.UserID(cell("Owner"))
	l.Due = date("Due")
	if from, to := date("From"), date("To"); from != 0 && to != 0 {
		l.Period = period.Closed(from, to)
	} else if from != 0 || to != 0 {
		wrong.add(row.N, "give both From and To, or neither")
	}
	if !known(Kinds(), l.Kind) {
		wrong.add(row.N, "Type %q is none of %s", clip(string(l.Kind)), kindNames())
	}
	return l
}

// kindNamed reads a kind by name or title.
func kindNamed(s string) Kind {
	for _, k := range Kinds() {
		if strings.EqualFold(s, string(k)) || strings.EqualFold(s, k.Title()) {
			return k
		}
	}
	return Kind(s)
}

func kindNames() string {
	var out []string
	for _, k := range Kinds() {
		out = append(out, string(k))
	}
	return strings.Join(out, ", ")
}

// Brought is what an import did, or would do.
type Brought struct{ Added, Changed, Same int }

// errOnlyTried takes an import back that was only a trial.
var errOnlyTried = errors.New("only tried")

// Import asks for the rows without a reference and changes those with one, all or none. draft keeps new ones with the firm; try
// changes nothing, and says what would be done.
func (s *Service) Import(ctx context.Context, a access.AuditScope, now time.Time, lines []Line, draft, try bool) (Brought, error) {
	if _, err := asks(a); err != nil {
		return Brought{}, err
	}
	var out Brought
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		out = Brought{}
		var wrong problems
		var fresh []Line
		for _, l := range lines {
			if l.Ref == "" {
				fresh = append(fresh, l)
				continue
			}
			changed, err := s.bring(ctx, a, now, l)
			switch {
			case mendable(err):
				wrong.add(l.Row, "%v", err)
			case err != nil:
				return err
			case changed:
				out.Changed++
			default:
				out.Same++
			}
		}
		if err := s.bringNew(ctx, a, now, fresh, draft, &wrong); err != nil {
			return err
		}
		out.Added = len(fresh)
		if err := wrong.err(); err != nil {
			return err
		}
		if try {
			return errOnlyTried
		}
		return nil
	})
	if errors.Is(err, errOnlyTried) {
		err = nil
	}
	return out, err
}

func mendable(err error) bool {
	return errs.Is(err, errs.Invalid) || errs.Is(err, errs.Conflict) || errs.Is(err, errs.NotFound)
}

// bring changes the request that a line names.
func (s *Service) bring(ctx context.Context, a access.AuditScope, now time.Time, l Line) (bool, error) {
	was, err := s.either(ctx, a, l.Ref)
	if err != nil {
		return false, err
	}
	if was.State.Closed() { // an export holds them too, and they stay as they are
		return false, nil
	}
	var r Request
	if was.State == Draft {
		r, err = s.EditDraft(ctx, a, now, l.Ref, 0, l.Text)
	} else {
		r, err = s.Edit(ctx, a, now, l.Ref, 0, l.Text)
	}
	return r.Version != was.Version, err
}

// bringNew asks for what is new; what is wrong is said of each row.
func (s *Service) bringNew(ctx context.Context, a access.AuditScope, now time.Time, fresh []Line, draft bool, wrong *problems) error {
	if len(fresh) == 0 {
		return nil
	}
	ex, err := s.running(ctx, a.Client, a.Engagement)
	if err != nil {
		return err
	}
	c, err := s.checker(ctx, a.Client, now, ex)
	if err != nil {
		return err
	}
	asked, err := s.all(ctx, a.Client, a.Engagement)
	if err != nil {
		return err
	}
	all := make([]New, len(fresh))
	for i, l := range fresh {
		all[i] = l.New
		if err := c.check(&all[i].Text, 0); err != nil {
			wrong.add(l.Row, "%v", err)
		} else if same := alike(asked, all[i].Text); len(same) > 0 && strings.EqualFold(same[0].Title, all[i].Title) {
			wrong.add(l.Row, "was asked before in %s: name that in the column Request", same[0].Ref)
		}
		all[i].Again = true // a file may ask twice about one control, in other words
	}
	if len(*wrong) > 0 {
		return nil
	}
	if draft {
		_, err = s.Draft(ctx, a, now, all...)
	} else {
		_, err = s.Ask(ctx, a, now, all...)
	}
	return err
}
