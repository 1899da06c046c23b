package training

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/text"
	"github.com/tickmark/tickmark/internal/people"
)

// Bounds of an import.
const (
	MaxImport   = 16 << 20 // bytes
	MaxRows     = 50_000
	maxRejected = 500 // named one by one; the rest is counted
)

// Mapping says which columns of a file hold what, by their headings, and which course of ours another system's name stands for.
// An empty heading is found by itself.
type Mapping struct {
	Person, Course, On, Score string
	Names                     map[string]string // "Security 101" -> "TRN-01"; compared without case
}

// headings that are known, for columns that nobody named.
var headings = map[string][]string{
	"person": {"email", "e-mail", "email address", "user email", "login", "username", "employee number", "employee id", "employee", "person", "user"},
	"course": {"course", "course title", "course name", "course code", "training", "module", "learning item", "title"},
	"on":     {"completed at", "completed", "completed on", "completion date", "date completed", "completion", "date", "finished"},
	"score":  {"score", "result", "grade", "mark"},
}

// Line is one completion in a file.
type Line struct {
	N                       int // line of the file, from 1
	Person, Course, On, How string
}

// Reject is a line that cannot be taken, and why.
type Reject struct {
	Line int
	Text string
	Why  string
}

// Intake is what an import does, or would do.
type Intake struct {
	Rows     int
	Signed   int // duties that become done
	Kept     int // completions that nobody had asked for
	Already  int // known before
	Rejected []Reject
	More     int             // rejected and not listed
	Names    map[string]int  // course names of the file that no course of ours has
	Columns  []string        // headings of the file
	Found    Mapping         // columns that were used
	seen     map[string]bool // person, course and instant
}

func (i *Intake) reject(line int, what, why string, args ...any) {
	if len(i.Rejected) >= maxRejected {
		i.More++
		return
	}
	if r := []rune(what); len(r) > 80 {
		what = string(r[:80]) + "…"
	}
	i.Rejected = append(i.Rejected, Reject{line, what, fmt.Sprintf(why, args...)})
}

// Import takes completions of a learning system from a CSV file. An open duty about the course becomes done; otherwise the completion
// is kept by itself. With dry nothing is changed, and the answer says what would be. Lines that cannot be taken are named and left
// out; the file is known by its hash in the ledger.
func (s *Service) Import(ctx context.Context, scope access.Scope, now time.Time, name string, file []byte, m Mapping, dry bool) (Intake, error) {
	in := Intake{Names: map[string]int{}, seen: map[string]bool{}}
	if err := scope.Require(access.ManageCampaigns); err != nil {
		return in, err
	}
	rows, err := in.read(file, m)
	if err != nil {
		return in, err
	}
	if name = text.Line(name); name == "" {
		name = "completions.csv"
	}
	l, err := s.lookup(ctx, scope.ReadScope, m)
	if err != nil {
		return in, err
	}
	var signed []campaign.Signed
	var kept []Completion
	for _, row := range rows {
		l.take(&in, now, name, scope.Actor(), row, &signed, &kept)
	}
	in.Signed, in.Kept = len(signed), len(kept)
	if dry || in.Signed+in.Kept == 0 {
		return in, nil
	}
	sum := sha256.Sum256(file)
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if len(signed) > 0 {
			if in.Signed, err = s.Duties.SignMany(ctx, scope, now, signed); err != nil {
				return err
			}
		}
		if in.Kept, err = s.Store.AddCompletions(ctx, scope, kept); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "training.imported", name, map[string]any{
			"file": name, "sha256": hex.EncodeToString(sum[:]), "rows": in.Rows, "signed": in.Signed, "kept": in.Kept, "already": in.Already, "rejected": len(in.Rejected) + in.More,
		})
		return err
	})
	return in, err
}

// read finds the columns of a file and its rows. Too many rows and columns that are not there are errors; odd lines are rejected.
func (i *Intake) read(file []byte, m Mapping) ([]Line, error) {
	if len(file) > MaxImport {
		return nil, errs.New(errs.Exhausted, "the file has %d bytes; at most %d are read", len(file), MaxImport).At("file")
	}
	file = bytes.TrimPrefix(file, []byte("\xef\xbb\xbf"))
	r := csv.NewReader(bytes.NewReader(file))
	r.FieldsPerRecord, r.LazyQuotes, r.TrimLeadingSpace = -1, true, true
	if first, _, _ := bytes.Cut(file, []byte("\n")); bytes.Count(first, []byte(";")) > bytes.Count(first, []byte(",")) {
		r.Comma = ';'
	}
	head, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, errs.New(errs.Invalid, "the file is empty").At("file")
	}
	if err != nil {
		return nil, errs.New(errs.Invalid, "the file is no CSV: %s", err).At("file")
	}
	for _, h := range head {
		i.Columns = append(i.Columns, text.Line(h))
	}
	person, course, on, score, err := i.columns(m)
	if err != nil {
		return nil, err
	}
	cell := func(rec []string, at int) string {
		if at < 0 || at >= len(rec) {
			return ""
		}
		return text.Line(rec[at])
	}
	var out []Line
	for {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		line, _ := r.FieldPos(0)
		if err != nil {
			return nil, errs.New(errs.Invalid, "the file cannot be read: %s", err).At("file")
		}
		if i.Rows++; i.Rows > MaxRows {
			return nil, errs.New(errs.Exhausted, "the file has more than %d rows", MaxRows).At("file").WithHint("Cut it into several files.")
		}
		out = append(out, Line{line, cell(rec, person), cell(rec, course), cell(rec, on), cell(rec, score)})
	}
}

// columns finds where everything stands.
func (i *Intake) columns(m Mapping) (person, course, on, score int, err error) {
	find := func(key, asked string, needed bool) int {
		if asked = strings.TrimSpace(asked); asked != "" {
			for n, c := range i.Columns {
				if strings.EqualFold(c, asked) {
					return n
				}
			}
			err = errors.Join(err, errs.New(errs.Invalid, "the file has no column “%s”", asked).At("column_"+key).WithHint("It has: %s.", strings.Join(i.Columns, ", ")))
			return -1
		}
		for _, h := range headings[key] {
			for n, c := range i.Columns {
				if strings.EqualFold(c, h) {
					return n
				}
			}
		}
		if needed {
			err = errors.Join(err, errs.New(errs.Invalid, "no column is known to hold the %s", map[string]string{"person": "person", "course": "course", "on": "day"}[key]).At("column_"+key).
				WithHint("Name it. The file has: %s.", strings.Join(i.Columns, ", ")))
		}
		return -1
	}
	person, course, on, score = find("person", m.Person, true), find("course", m.Course, true), find("on", m.On, true), find("score", m.Score, false)
	if err != nil {
		return
	}
	i.Found = Mapping{Person: i.Columns[person], Course: i.Columns[course], On: i.Columns[on]}
	if score >= 0 {
		i.Found.Score = i.Columns[score]
	}
	return
}

// lookup is what an import compares with.
type lookup struct {
	people  map[string][]people.Person // by address and employee number, in lower case
	courses map[string]string          // by reference, title and mapped name
	open    map[pair]campaign.Duty
	known   map[string]bool
}

// know keeps that a completion is known: at its instant, and on its day for files that tell the day alone.
func (l lookup) know(p people.ID, course string, at time.Time) {
	l.known[completion(p, course, at)] = true
	l.known[completion(p, course, at.Truncate(24*time.Hour))] = true
}

func (s *Service) lookup(ctx context.Context, scope access.ReadScope, m Mapping) (lookup, error) {
	l := lookup{map[string][]people.Person{}, map[string]string{}, map[pair]campaign.Duty{}, map[string]bool{}}
	all, err := s.People.Everyone(ctx, scope, people.Filter{})
	if err != nil {
		return l, err
	}
	for _, p := range all {
		for _, k := range []string{p.Email, p.Number, p.Ref} {
			if k = strings.ToLower(k); k != "" {
				l.people[k] = append(l.people[k], p)
			}
		}
	}
	courses, err := s.Store.Courses(ctx, scope, Filter{}, paging.Query{Size: paging.MaxSize})
	if err != nil {
		return l, err
	}
	for _, c := range courses.Rows {
		l.courses[strings.ToLower(c.Ref)], l.courses[strings.ToLower(c.Title)] = c.Ref, c.Ref
	}
	for name, ref := range m.Names {
		got, ok := l.courses[strings.ToLower(strings.TrimSpace(ref))]
		if !ok {
			return l, errs.New(errs.Invalid, "there is no course %s", text.Line(ref)).At("names")
		}
		l.courses[strings.ToLower(text.Line(name))] = got
	}
	if err := s.Asked.Each(ctx, scope, campaign.DutyFilter{Kind: campaign.Train}, func(d campaign.Duty) error {
		if d.Live() {
			if have, ok := l.open[pair{d.Person, d.Subject}]; !ok || d.Due < have.Due {
				l.open[pair{d.Person, d.Subject}] = d
			}
		}
		if d.State == campaign.Done {
			l.know(d.Person, d.Subject, *d.DoneAt)
		}
		return nil
	}); err != nil {
		return l, err
	}
	done, err := s.Store.Completions(ctx, scope)
	for _, c := range done {
		l.know(c.Person, c.Course, c.On)
	}
	return l, err
}

func completion(p people.ID, course string, at time.Time) string {
	return string(p) + " " + course + " " + at.UTC().Format(time.RFC3339)
}

// take judges one line.
func (l lookup) take(in *Intake, now time.Time, name, actor string, row Line, signed *[]campaign.Signed, kept *[]Completion) {
	shown := strings.Join([]string{row.Person, row.Course, row.On}, ", ")
	who := l.people[strings.ToLower(row.Person)]
	course, known := l.courses[strings.ToLower(row.Course)]
	on, dated := instant(row.On)
	switch {
	case row.Person == "":
		in.reject(row.N, shown, "no person is named")
	case len(who) == 0:
		in.reject(row.N, shown, "nobody in the directory has this address or number")
	case len(who) > 1:
		in.reject(row.N, shown, "%d people in the directory have this address or number", len(who))
	case !known:
		in.Names[row.Course]++
		in.reject(row.N, shown, "no course here is called “%s”", row.Course)
	case row.On == "":
		in.reject(row.N, shown, "it says no day, so it is not completed")
	case !dated:
		in.reject(row.N, shown, "“%s” is no day such as 2026-03-31", row.On)
	case on.After(now):
		in.reject(row.N, shown, "the day lies in the future")
	default:
		score, told := points(row.How)
		if !told {
			in.reject(row.N, shown, "“%s” is no score", row.How)
			return
		}
		key := completion(who[0].ID, course, on)
		if l.known[key] || in.seen[key] {
			in.Already++
			return
		}
		in.seen[key] = true
		// A duty is done by what was completed after it was asked; what is older is kept by itself.
		if d, ok := l.open[pair{who[0].ID, course}]; ok && !on.Before(d.Opened.Truncate(24*time.Hour)) {
			delete(l.open, pair{who[0].ID, course})
			at := on
			if at.Before(d.Opened) {
				at = d.Opened // the file tells the day alone
			}
			*signed = append(*signed, campaign.Signed{Duty: d.ID, At: at, How: campaign.Imported, Note: name, Score: max(score, 0), Tries: 1})
			return
		}
		*kept = append(*kept, Completion{ID: id.New("cpl", now), Person: who[0].ID, Course: course, On: on, Score: score, Source: name, At: now, By: actor})
	}
}

// layouts in which learning systems write a day. Days written with the month first are not guessed at.
var layouts = []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", time.DateOnly, "2 Jan 2006", "02.01.2006"}

func instant(s string) (time.Time, bool) {
	for _, l := range layouts {
		if t, err := time.Parse(l, s); err == nil && t.Year() > 1990 {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// points reads a score: a number, perhaps with a per cent sign. Nothing is -1: not told.
func points(s string) (int, bool) {
	if s = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(s), "%")); s == "" {
		return -1, true
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f < 0 || f > 1000 {
		return 0, false
	}
	return int(f), true
}
