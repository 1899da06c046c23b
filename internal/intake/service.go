package intake

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// ImportID identifies an import.
type ImportID string

// Stage is where an import is.
type Stage string

// The stages.
const (
	Begun   Stage = "begun"   // the file is here, the columns are being chosen
	Tried   Stage = "tried"   // it is known what would become of each row
	Applied Stage = "applied" // it was done
	Dropped Stage = "dropped"
)

// Import is one file on its way into the records.
type Import struct {
	ID        ImportID
	Ref       string // "IM-0012"
	Kind      string
	File      string // its name
	SHA256    string
	Bytes     int64
	Sheet     string
	Header    int // number of the row with the headings, in the file
	Mapping   Mapping
	Stage     Stage
	Counts    map[State]int // as of the last try, or when it was applied
	Evidence  string        // reference of the file, kept as evidence, once it was applied
	Version   int
	Created   time.Time
	CreatedBy string
	Checked   *time.Time
	Ended     *time.Time
}

// Over reports whether nothing can change any more.
func (i Import) Over() bool { return i.Stage == Applied || i.Stage == Dropped }

// Rows is how many rows were looked at.
func (i Import) Rows() int {
	n := 0
	for _, x := range i.Counts {
		n += x
	}
	return n
}

// Filter narrows the rows of an import. Zero values do not narrow.
type Filter struct{ State State }

// Store keeps imports. Laws: a reference is unique and numbers are given in order; Save does nothing but report a Conflict when the
// version is not the base; SetRows replaces all rows of an import.
type Store interface {
	Add(ctx context.Context, s access.Scope, i Import) (Import, error)
	Save(ctx context.Context, s access.Scope, i Import, base int) error
	Import(ctx context.Context, s access.ReadScope, ref string) (Import, error)
	Imports(ctx context.Context, s access.ReadScope, q paging.Query) (paging.Result[Import], error)
	SetRows(ctx context.Context, s access.Scope, id ImportID, rows []Outcome) error
	Rows(ctx context.Context, s access.ReadScope, id ImportID, f Filter, q paging.Query) (paging.Result[Outcome], error)
	// Habit is the mapping that was used for such headings last; nil for none.
	Habit(ctx context.Context, s access.ReadScope, kind, headings string) (Mapping, error)
	SetHabit(ctx context.Context, s access.Scope, kind, headings string, m Mapping) error
}

// Target takes the rows of one kind into the records.
type Target interface {
	Kind() Kind
	Action() access.Action
	// Import does what the rows say, in the transaction that is open, and says what became of each, in their order. With dry
	// nothing is kept.
	Import(ctx context.Context, s access.Scope, now time.Time, rows []Row, dry bool) ([]Outcome, error)
}

// Blobs keeps the files until they are applied.
type Blobs interface {
	Store(content []byte) (sha256 string, err error)
	Content(sha256 string) ([]byte, error)
}

// Service is the use cases of imports.
type Service struct {
	Store    Store
	Blobs    Blobs
	Targets  []Target
	Evidence *evidence.Service
	Tx       access.Tx
	Ledger   access.Recorder
}

// Target finds what takes rows of a kind.
func (s *Service) Target(kind string) (Target, error) {
	for _, t := range s.Targets {
		if t.Kind().ID == kind {
			return t, nil
		}
	}
	return nil, errs.New(errs.Invalid, "nothing of the kind %q is imported", clip(kind, 40)).At("kind")
}

// may finds a target and requires its right, and that to import.
func (s *Service) may(scope access.ReadScope, kind string) (Target, error) {
	if err := scope.Require(access.ImportRecords); err != nil {
		return nil, err
	}
	t, err := s.Target(kind)
	if err != nil {
		return nil, err
	}
	return t, scope.Require(t.Action())
}

// Begin takes a file in, and chooses sheet, header and columns as well as can be told.
func (s *Service) Begin(ctx context.Context, scope access.Scope, now time.Time, kind, name string, content []byte) (Import, error) {
	t, err := s.may(scope.ReadScope, kind)
	if err != nil {
		return Import{}, err
	}
	book, err := Read(name, content)
	if err != nil {
		return Import{}, err
	}
	i := Import{ID: ImportID(id.New("imp", now)), Kind: kind, File: name, Bytes: int64(len(content)), Stage: Begun, Counts: map[State]int{}, Version: 1, Created: now, CreatedBy: scope.Actor()}
	best := 0
	for n, sheet := range book.Sheets {
		if k := t.Kind(); len(k.Guess(sheet.Rows[k.Header(sheet)].Cells)) > len(k.Guess(book.Sheets[best].Rows[k.Header(book.Sheets[best])].Cells)) {
			best = n
		}
	}
	if err := s.choose(ctx, scope.ReadScope, t.Kind(), book.Sheets[best], t.Kind().Header(book.Sheets[best]), &i); err != nil {
		return Import{}, err
	}
	if i.SHA256, err = s.Blobs.Store(content); err != nil {
		return Import{}, err
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if i, err = s.Store.Add(ctx, scope, i); err != nil {
			return err
		}
		_, err := s.Ledger.Append(ctx, scope, now, "import.begun", string(i.ID), map[string]any{"ref": i.Ref, "kind": kind, "file": name, "sha256": i.SHA256, "bytes": i.Bytes})
		return err
	})
	return i, err
}

// choose takes a sheet and a header, with the columns that were used for such headings before, else those that can be guessed.
func (s *Service) choose(ctx context.Context, scope access.ReadScope, k Kind, sheet Sheet, header int, i *Import) error {
	if n := len(sheet.Rows) - header - 1; k.Most > 0 && n > k.Most {
		return errs.New(errs.Exhausted, "%s has %d rows; at most %d %s come in at once", i.File, n, k.Most, strings.ToLower(k.Title)).At("file").WithHint("Split it into several files.")
	}
	cells := sheet.Rows[header].Cells
	m, err := s.Store.Habit(ctx, scope, k.ID, headings(cells))
	if err != nil {
		return err
	}
	if m == nil || k.Check(m, len(cells)) != nil {
		m = k.Guess(cells)
	}
	i.Sheet, i.Header, i.Mapping = sheet.Name, sheet.Rows[header].N, m
	return nil
}

// headings is what a row of headings is remembered by.
func headings(cells []string) string {
	folded := make([]string, len(cells))
	for i, c := range cells {
		folded[i] = fold(c)
	}
	return canon.Sum([]byte(strings.Join(folded, "\x00")))
}

// Source is the file of an import as far as its page needs it.
type Source struct {
	Book   Book
	Sheet  Sheet
	Header int // index of Sheet.Rows
}

// Headings are the cells of the header.
func (s Source) Headings() []string { return s.Sheet.Rows[s.Header].Cells }

// Source reads the file of an import again.
func (s *Service) Source(ctx context.Context, scope access.ReadScope, i Import) (Source, error) {
	if _, err := s.may(scope, i.Kind); err != nil {
		return Source{}, err
	}
	content, err := s.Blobs.Content(i.SHA256)
	if err != nil {
		return Source{}, err
	}
	book, err := Read(i.File, content)
	if err != nil {
		return Source{}, err
	}
	n := max(0, slices.IndexFunc(book.Sheets, func(x Sheet) bool { return x.Name == i.Sheet }))
	at := slices.IndexFunc(book.Sheets[n].Rows, func(l Line) bool { return l.N == i.Header })
	return Source{book, book.Sheets[n], max(0, at)}, nil
}

// Import reads an import. Whoever may import its kind may see it.
func (s *Service) Import(ctx context.Context, scope access.ReadScope, ref string) (Import, error) {
	i, err := s.Store.Import(ctx, scope, strings.ToUpper(ref))
	if err != nil {
		return i, err
	}
	_, err = s.may(scope, i.Kind)
	return i, err
}

// Imports lists imports, the newest first.
func (s *Service) Imports(ctx context.Context, scope access.ReadScope, q paging.Query) (paging.Result[Import], error) {
	if err := scope.Require(access.ImportRecords); err != nil {
		return paging.Result[Import]{}, err
	}
	return s.Store.Imports(ctx, scope, q)
}

// Rows lists what becomes of the rows. Sort names: row, name, state.
func (s *Service) Rows(ctx context.Context, scope access.ReadScope, i Import, f Filter, q paging.Query) (paging.Result[Outcome], error) {
	if _, err := s.may(scope, i.Kind); err != nil {
		return paging.Result[Outcome]{}, err
	}
	return s.Store.Rows(ctx, scope, i.ID, f, q)
}

// Arrange chooses another sheet or header, which guesses the columns anew when mapping is nil, or other columns.
func (s *Service) Arrange(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, sheet string, header int, m Mapping) (Import, error) {
	i, err := s.open(ctx, scope, ref)
	if err != nil {
		return i, err
	}
	t, err := s.Target(i.Kind)
	if err != nil {
		return i, err
	}
	i.Sheet, i.Header = sheet, header
	src, err := s.Source(ctx, scope.ReadScope, i)
	switch {
	case err != nil:
		return i, err
	case src.Sheet.Name != sheet:
		return i, errs.New(errs.Invalid, "%s has no sheet of that name", i.File).At("sheet")
	case src.Sheet.Rows[src.Header].N != header && m != nil:
		return i, errs.New(errs.Invalid, "row %d is empty, or there is none", header).At("header").WithHint("Give the number of the row with the headings.")
	}
	if m == nil {
		at := src.Header
		if src.Sheet.Rows[at].N != header {
			at = t.Kind().Header(src.Sheet)
		}
		if err := s.choose(ctx, scope.ReadScope, t.Kind(), src.Sheet, at, &i); err != nil {
			return i, err
		}
	} else {
		widest := 0
		for _, l := range src.Sheet.Rows {
			widest = max(widest, len(l.Cells))
		}
		if err := t.Kind().Check(m, widest); err != nil {
			return i, err
		}
		i.Mapping = m
	}
	i.Stage, i.Counts, i.Checked = Begun, map[State]int{}, nil
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.SetRows(ctx, scope, i.ID, nil); err != nil {
			return err
		}
		return s.save(ctx, scope, now, &i, base, "import.arranged", map[string]any{"sheet": i.Sheet, "header": i.Header, "mapping": i.Mapping})
	})
	return i, err
}

// open reads an import that can still change.
func (s *Service) open(ctx context.Context, scope access.Scope, ref string) (Import, error) {
	i, err := s.Import(ctx, scope.ReadScope, ref)
	if err == nil && i.Over() {
		err = errs.New(errs.Conflict, "%s is over: it was %s", i.Ref, i.Stage).WithHint("Begin another import.")
	}
	return i, err
}

func (s *Service) save(ctx context.Context, scope access.Scope, now time.Time, i *Import, base int, kind string, says map[string]any) error {
	i.Version = base + 1
	if err := s.Store.Save(ctx, scope, *i, base); err != nil {
		return err
	}
	says["ref"], says["kind"], says["file"], says["sha256"] = i.Ref, i.Kind, i.File, i.SHA256
	_, err := s.Ledger.Append(ctx, scope, now, kind, string(i.ID), says)
	return err
}

// Try finds out what would become of each row, and keeps nothing of it but that.
func (s *Service) Try(ctx context.Context, scope access.Scope, now time.Time, ref string) (Import, error) {
	i, err := s.open(ctx, scope, ref)
	if err != nil {
		return i, err
	}
	rows, err := s.judge(ctx, scope, now, i, true)
	if err != nil {
		return i, err
	}
	base := i.Version
	i.Stage, i.Counts, i.Checked = Tried, count(rows), &now
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.SetRows(ctx, scope, i.ID, rows); err != nil {
			return err
		}
		return s.save(ctx, scope, now, &i, base, "import.tried", map[string]any{"rows": i.Counts})
	})
	return i, err
}

// Apply does what the rows say: all that are not wrong, in one transaction, with the file kept as evidence. When rows are wrong,
// leave must say that they shall be left out.
func (s *Service) Apply(ctx context.Context, scope access.Scope, now time.Time, ref string, leave bool) (Import, error) {
	i, err := s.open(ctx, scope, ref)
	if err != nil {
		return i, err
	}
	if i.Stage != Tried {
		return i, errs.New(errs.Conflict, "%s was not tried with these columns yet", i.Ref).WithHint("Try it first, and look at what would become of the rows.")
	}
	before, base := i.Counts, i.Version
	if before[Wrong] > 0 && !leave {
		said := strconv.Itoa(before[Wrong]) + " rows are wrong"
		if before[Wrong] == 1 {
			said = "1 row is wrong"
		}
		return i, errs.New(errs.Invalid, "%s", said).At("leave").WithHint("Mend the file and begin again, or say that they shall be left out.")
	}
	content, err := s.Blobs.Content(i.SHA256)
	if err != nil {
		return i, err
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		rows, err := s.judge(ctx, scope, now, i, false)
		if err != nil {
			return err
		}
		i.Stage, i.Counts, i.Ended = Applied, count(rows), &now
		if i.Counts[Wrong] > before[Wrong] {
			return errs.New(errs.Conflict, "the records changed since it was tried: %d rows are wrong now", i.Counts[Wrong]).WithHint("Try it again.")
		}
		if i.Evidence, err = s.keep(ctx, scope, now, i, content); err != nil {
			return err
		}
		if err := s.Store.SetRows(ctx, scope, i.ID, rows); err != nil {
			return err
		}
		if err := s.remember(ctx, scope, i); err != nil {
			return err
		}
		return s.save(ctx, scope, now, &i, base, "import.applied", map[string]any{"rows": i.Counts, "evidence": i.Evidence})
	})
	return i, err
}

// Drop says that an import will not be done. Its file goes with the next tidying of what nothing refers to.
func (s *Service) Drop(ctx context.Context, scope access.Scope, now time.Time, ref string, base int) (Import, error) {
	i, err := s.open(ctx, scope, ref)
	if err != nil {
		return i, err
	}
	i.Stage, i.Ended = Dropped, &now
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		return s.save(ctx, scope, now, &i, base, "import.dropped", map[string]any{})
	})
	return i, err
}

func count(rows []Outcome) map[State]int {
	out := map[State]int{}
	for _, r := range rows {
		out[r.State]++
	}
	return out
}

// judge has the target take the rows. Rows that repeat the key of one above are wrong, whatever the target would do with them, and
// so are rows that lack what is required.
func (s *Service) judge(ctx context.Context, scope access.Scope, now time.Time, i Import, dry bool) ([]Outcome, error) {
	t, err := s.may(scope.ReadScope, i.Kind)
	if err != nil {
		return nil, err
	}
	src, err := s.Source(ctx, scope.ReadScope, i)
	if err != nil {
		return nil, err
	}
	k := t.Kind()
	if err := k.Check(i.Mapping, MaxColumns+1); err != nil {
		return nil, err
	}
	rows := k.Rows(src.Sheet, src.Header, i.Mapping)
	if len(rows) == 0 {
		return nil, errs.New(errs.Invalid, "there is no row below the header").At("header").WithHint("Choose another sheet or another row with headings.")
	}
	return Judge(ctx, t, scope, now, rows, dry)
}

// Judge has a target take rows, after what can be told without it: repeated keys and missing values.
func Judge(ctx context.Context, t Target, scope access.Scope, now time.Time, rows []Row, dry bool) ([]Outcome, error) {
	k := t.Kind()
	repeated := k.Repeated(rows)
	out := make([]Outcome, len(rows))
	var good []Row
	var at []int
	for n, r := range rows {
		out[n] = Outcome{N: r.N, Key: clip(r.Values[k.Key], 120), State: Wrong}
		if why, cell := k.lacks(r, repeated); why != "" {
			out[n].Why, out[n].Cell = why, cell
			continue
		}
		good, at = append(good, r), append(at, n)
	}
	if len(good) == 0 {
		return out, nil
	}
	done, err := t.Import(ctx, scope, now, good, dry)
	if err != nil {
		return nil, err
	}
	if len(done) != len(good) {
		return nil, errs.New(errs.Internal, "%d rows came back of %d", len(done), len(good))
	}
	for n, x := range done {
		o := &out[at[n]]
		o.State, o.Why, o.Cell = x.State, clip(x.Why, 500), x.Cell
		if x.Key != "" {
			o.Key = clip(x.Key, 120)
		}
		if len(good[n].Formulas) > 0 {
			o.Why = strings.TrimSpace(o.Why + " " + formulaNote(good[n]))
		}
	}
	return out, nil
}

// lacks says what is wrong with a row by itself.
func (k Kind) lacks(r Row, repeated map[int]int) (why, cell string) {
	for _, f := range k.Fields {
		if f.Required && r.Values[f.Name] == "" {
			return f.Title + " is missing.", r.Place[f.Name]
		}
	}
	if first, twice := repeated[r.N]; twice {
		return "It stands in row " + strconv.Itoa(first) + " already.", r.Place[k.Key]
	}
	return "", ""
}

// formulaNote says that cells hold formulas, and what was done with them.
func formulaNote(r Row) string {
	var places []string
	for _, f := range r.Formulas {
		places = append(places, r.Place[f])
	}
	return "A formula in " + strings.Join(places, ", ") + " is taken as the text that was kept for it."
}

func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// keep files the imported file as evidence. The same file may be there already.
func (s *Service) keep(ctx context.Context, scope access.Scope, now time.Time, i Import, content []byte) (string, error) {
	if !scope.Can(access.AddEvidence) {
		return "", nil
	}
	t, err := s.Target(i.Kind)
	if err != nil {
		return "", err
	}
	day := now.UTC().Truncate(24 * time.Hour)
	added, err := s.Evidence.Add(ctx, scope, now, func(t time.Time) evidence.ItemID { return evidence.ItemID(id.New("evd", t)) }, evidence.Upload{
		Title: "Imported " + strings.ToLower(t.Kind().Title) + ", " + clip(i.File, 120), Kind: evidence.Document, Class: evidence.Internal, Files: []evidence.File{evidence.Bytes(i.File, content)},
		Shows: "What " + i.Ref + " brought into the records.", Obtained: "Uploaded for import " + i.Ref + " and applied from it, row by row.", From: day, To: day.AddDate(0, 0, 1), Again: true,
	})
	if err != nil {
		return "", err
	}
	return added[0].Ref, nil
}

// remember keeps the columns for the next file with such headings.
func (s *Service) remember(ctx context.Context, scope access.Scope, i Import) error {
	src, err := s.Source(ctx, scope.ReadScope, i)
	if err != nil {
		return err
	}
	return s.Store.SetHabit(ctx, scope, i.Kind, headings(src.Headings()), i.Mapping)
}

// Text is a mapping as it is kept.
func (m Mapping) Text() (string, error) {
	b, err := json.Marshal(m)
	return string(b), err
}
