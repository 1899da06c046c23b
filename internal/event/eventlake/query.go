package eventlake

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/lake"
)

// Bounds of a hunt.
const (
	usualRows     = 1000
	maxRows       = 10_000
	maxStatement  = 20_000
	usualDeadline = 30 * time.Second
	maxDeadline   = 2 * time.Minute
	maxEvents     = 200_000_000 // of the time asked about
	queryMemoryMB = 2048
	mostTries     = 20
)

// Query runs a SELECT over the organisation's events between two instants, in a process that can reach nothing else.
func (l *Lake) Query(ctx context.Context, scope access.ReadScope, q event.Query) (event.Table, error) {
	q.SQL = strings.TrimRight(strings.TrimSpace(q.SQL), "; \n\t")
	if q.SQL == "" || len(q.SQL) > maxStatement {
		return event.Table{}, errs.New(errs.Invalid, "a statement must have between 1 and %d characters", maxStatement).At("sql").WithHint("SELECT action, count(*) FROM events GROUP BY action")
	}
	if q.From.IsZero() || !q.From.Before(q.To) {
		return event.Table{}, errs.New(errs.Invalid, "say which time the statement is about, the earlier instant first").At("from")
	}
	found, err := l.Engine.Inspect(ctx, q.SQL)
	if err != nil {
		return event.Table{}, err
	}
	if found.Error != "" {
		return event.Table{}, errs.New(errs.Invalid, "%s", found.Error).At("sql")
	}
	if err := ofEvents(found); err != nil {
		return event.Table{}, err
	}
	rows := min(cmpInt(q.Rows, usualRows), maxRows)
	deadline := min(max(q.Deadline, 0), maxDeadline)
	if deadline == 0 {
		deadline = usualDeadline
	}
	for tries := 0; ; tries++ {
		out, again, err := l.ask(ctx, scope, q, rows, deadline)
		if !again || tries == mostTries { // a segment was written once more meanwhile, under another name
			return out, err
		}
	}
}

// ask runs a statement that was looked at. again says that it failed while a segment was written once more.
func (l *Lake) ask(ctx context.Context, scope access.ReadScope, q event.Query, rows int, deadline time.Duration) (out event.Table, again bool, err error) {
	before, err := l.state(ctx, scope, q)
	if err != nil {
		return out, false, err
	}
	table, n, clean, err := l.table(ctx, scope, q)
	if err != nil {
		return out, false, err
	}
	defer clean()
	answers, err := l.Engine.Run(ctx, lake.Job{Tables: []lake.Table{table}, MemoryMB: queryMemoryMB, DeadlineMS: deadline.Milliseconds(), Queries: []lake.Query{{
		Ref: "hunt", SQL: wrapped(q.SQL, rows+1), Population: "SELECT ''::VARCHAR AS item_id WHERE false", Outcomes: []string{"row"}, Params: map[string]lake.Param{},
	}}})
	if err == nil {
		err = answers[0].Err()
		err = errs.AtField(errs.As(errs.KindOf(err), err, "the statement"), "sql")
	}
	if err != nil {
		now, other := l.state(ctx, scope, q)
		return out, other == nil && now != before, err
	}
	out, err = tableOf(answers[0], rows, n)
	return out, false, err
}

// state tells the segments of a time apart from what they were before an event was erased from one.
func (l *Lake) state(ctx context.Context, scope access.ReadScope, q event.Query) (string, error) {
	segments, err := l.Segments.Segments(ctx, scope, q.From, q.To, "")
	var out strings.Builder
	for _, s := range segments {
		out.WriteString(s.SHA256)
	}
	return out.String(), err
}

// ofEvents refuses a statement that names anything but the table events. The sandbox lets it read the segments it is about, also by
// their names, and these hold more than the table does.
func ofEvents(found lake.Inspection) error {
	for _, t := range found.Tables {
		if !strings.EqualFold(t, "events") && !strings.EqualFold(t, "main.events") {
			return errs.New(errs.Invalid, "there is no table %q", t).At("sql").WithHint("The only table is events. WITH makes others from it.")
		}
	}
	return nil
}

// during is the condition that an event is of a time, on the columns of a segment. What does not tell when it happened counts by when it
// arrived.
func during(from, to time.Time) string {
	at := func(t time.Time) string { return "make_timestamptz(" + strconv.FormatInt(t.UnixMicro(), 10) + ")" }
	return `("time" >= ` + at(from) + ` AND "time" < ` + at(to) + `) OR ("time" IS NULL AND received >= ` + at(from) + ` AND received < ` + at(to) + `)`
}

func cmpInt(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}

// wrapped makes a statement one whose rows the sandbox tells: numbered, in their order.
func wrapped(stmt string, most int) string {
	return "SELECT printf('%08d', row_number() OVER ()) AS item_id, 'row' AS outcome, to_json(q)::VARCHAR AS line FROM (\nSELECT * FROM (\n" + stmt + "\n) LIMIT " + strconv.Itoa(most) + ") q"
}

// table is the organisation's events of a time as a table of the sandbox. What is not filed yet is written to a file first, which
// clean removes.
func (l *Lake) table(ctx context.Context, scope access.ReadScope, q event.Query) (lake.Table, int64, func(), error) {
	t := lake.Table{Name: "events", Stays: true, Where: during(q.From, q.To)}
	segments, tail, err := l.parts(ctx, scope, q.From, q.To, "", maxEvents+1, func(*event.Event) bool { return true })
	if err != nil {
		return t, 0, nil, err
	}
	n := int64(0)
	for _, s := range segments {
		abs, err := l.Dir.Abs(s.File)
		if err == nil {
			abs, err = filepath.Abs(abs)
		}
		if err != nil {
			return t, 0, nil, err
		}
		t.Files, n = append(t.Files, abs), n+s.Rows
	}
	if n+int64(len(tail)) > maxEvents {
		return t, 0, nil, errs.New(errs.Exhausted, "there are %d events in this time; a statement can be about %d", n+int64(len(tail)), maxEvents).At("from").WithHint("Choose a shorter time.")
	}
	clean := func() {}
	if len(tail) > 0 || len(t.Files) == 0 {
		path := "tmp/" + string(scope.Org()) + "-" + rand.Text() + ".parquet"
		if err := l.write(path, tail); err != nil {
			return t, 0, nil, err
		}
		abs, err := l.Dir.Abs(path)
		if err == nil {
			abs, err = filepath.Abs(abs)
		}
		if err != nil {
			return t, 0, nil, err
		}
		t.Files, n = append(t.Files, abs), n+int64(len(tail))
		clean = func() { _ = l.Dir.Remove(path) } // a start sweeps what stays
	}
	for _, c := range event.View {
		if !names(q.SQL, c.Name) {
			continue
		}
		t.Columns = append(t.Columns, lake.Column{Name: c.Name, Type: c.Type})
	}
	return t, n, clean, nil
}

// names says whether a statement may need a column: it stands in its text, or something that may stand for all columns does. The
// records alone are most of the bytes, and few statements are about them.
func names(stmt, column string) bool {
	lower := strings.ToLower(stmt)
	all := strings.ReplaceAll(strings.Join(strings.Fields(lower), ""), "count(*)", "")
	return column == "id" || strings.Contains(lower, column) || strings.ContainsAny(all, "*") || strings.Contains(all, "columns(") || strings.Contains(all, "natural") ||
		strings.HasPrefix(all, "fromevents") || !strings.Contains(all, "select")
}

func (l *Lake) write(path string, events []event.Event) error {
	f, err := Files{Dir: l.Dir}.Create(path)
	if err != nil {
		return err
	}
	defer f.Abort()
	for i := range events {
		if err := f.Write(&events[i], nil); err != nil {
			return err
		}
	}
	_, _, err = f.Commit()
	return err
}

func tableOf(a lake.Answer, most int, events int64) (event.Table, error) {
	out := event.Table{Events: events, More: len(a.Returned) > most}
	for _, raw := range a.Returned[:min(len(a.Returned), most)] {
		var x struct {
			Line string `json:"line"`
		}
		if err := json.Unmarshal(raw, &x); err != nil {
			return out, errs.As(errs.Internal, err, "an answer of the sandbox")
		}
		names, values, err := members(x.Line)
		if err != nil {
			return out, errs.As(errs.Internal, err, "an answer of the sandbox")
		}
		out.Columns, out.Rows = names, append(out.Rows, values)
	}
	return out, nil
}

// members are the names and values of a JSON object in their order.
func members(text string) (names []string, values []json.RawMessage, err error) {
	dec := json.NewDecoder(strings.NewReader(text))
	if _, err := dec.Token(); err != nil {
		return nil, nil, err
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, nil, err
		}
		var v json.RawMessage
		if err := dec.Decode(&v); err != nil {
			return nil, nil, err
		}
		text, _ := name.(string)
		names, values = append(names, text), append(values, v)
	}
	return names, values, nil
}
