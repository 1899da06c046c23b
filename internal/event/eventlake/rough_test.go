package eventlake_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

// endless gives one byte as often as it is asked to, and counts how often.
type endless struct {
	b    byte
	left int64
	read int64
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), e.left))
	for i := range p[:n] {
		p[i] = e.b
	}
	e.left, e.read = e.left-int64(n), e.read+int64(n)
	return n, nil
}

func gzipped(t *testing.T, in io.Reader) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err := io.Copy(z, in)
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstded(t *testing.T, in io.Reader) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := zstd.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(z, in)
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestHuge: a line of a gigabyte and what unpacks to one are refused long before they are read, however they are packed, and nothing of
// them is kept; a line that is only too long is put aside, and its neighbours are taken.
func TestHuge(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	const gigabyte = 1 << 30
	plain := &endless{b: 'x', left: gigabyte}
	_, err := w.intake.Accept(t.Context(), w.token, "", plain, w.now)
	if errs.FieldOf(err) != event.TooMuch || errs.HintOf(err) == "" || plain.read > 2*event.MaxBody {
		t.Errorf("a line of a gigabyte: %d bytes were read: %v", plain.read, err)
	}
	line := gzipped(t, &endless{b: 'x', left: gigabyte / 4})
	blanks := zstded(t, &endless{b: '\n', left: gigabyte / 4})
	record := zstded(t, io.MultiReader(strings.NewReader(`{"a":"`), &endless{b: 'x', left: gigabyte / 4}, strings.NewReader(`"}`)))
	list := gzipped(t, io.MultiReader(strings.NewReader(`[`), &endless{b: ' ', left: gigabyte / 4}, strings.NewReader(`]`)))
	for name, body := range map[string][]byte{"a line": line, "blank lines": blanks, "a record": record, "a list": list} {
		if _, err := w.intake.Accept(t.Context(), w.token, "", bytes.NewReader(body), w.now); !errs.Is(err, errs.Invalid) || errs.HintOf(err) == "" {
			t.Errorf("%s that unpacks to much, of %d bytes: %v", name, len(body), err)
		}
	}
	// What is packed twice is no record, and is not unpacked again.
	for name, body := range map[string][]byte{"gzip": gzipped(t, bytes.NewReader(line)), "zstd": zstded(t, bytes.NewReader(line))} {
		r, err := w.intake.Accept(t.Context(), w.token, "", bytes.NewReader(body), w.now)
		if err != nil && !errs.Is(err, errs.Invalid) || r.Accepted != 0 {
			t.Errorf("packed twice, %s: %+v %v", name, r, err)
		}
	}
	if n := w.intake.Live(w.source).Events; n != 0 {
		t.Errorf("%d events were kept", n)
	}
	r, err := w.send("", records(0, 1, w.now)+strings.Repeat("x", 3<<20)+"\n"+records(1, 2, w.now))
	w.want(r, err, 2, 0, 1)
}

// TestClocks: events of 1970 (which is no time: they count by their arrival), of 1971, 2100 and of clocks that are wrong, in any order, are kept as they tell, found by their time, and counted.
func TestClocks(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		times := []time.Time{
			w.now, time.Date(1971, 1, 1, 0, 0, 1, 0, time.UTC), time.Date(2100, 12, 31, 23, 59, 59, 0, time.UTC), w.now.Add(-time.Minute), w.now.Add(2 * time.Hour), w.now.Add(-40 * 24 * time.Hour),
		}
		body := ""
		for n, at := range times {
			body += record(n, at) + "\n"
		}
		for n, at := range []time.Time{time.Unix(0, 0).UTC(), time.Date(1970, 12, 31, 0, 0, 0, 0, time.UTC), time.Date(2250, 1, 1, 0, 0, 0, 0, time.UTC)} {
			body += record(len(times)+n, at) + "\n" // what clocks say that were never set, or numbers of another unit: that is no time
		}
		r, err := w.send("", body)
		w.want(r, err, int64(len(times))+3, 0, 0)
		l := w.lake()
		for range 2 { // from the intake log, and filed
			for n, at := range times {
				found, _, err := l.Find(t.Context(), w.Owner.ReadScope, event.Filter{From: at, To: at.Add(time.Second), Text: fmt.Sprintf(`"uuid":"u%d"`, n)})
				if err != nil || upstream(found) != fmt.Sprintf("u%d", n) || !found[0].When().Equal(at) {
					t.Errorf("%s: %q %v", at, upstream(found), err)
				}
			}
			_, err := w.sealer.Seal(t.Context(), w.now, true)
			w.ok(err)
		}
		x, err := w.sources.Source(t.Context(), w.Owner.ReadScope, w.source.Ref)
		w.ok(err)
		if x.Ahead != 2 || x.Late != 2 || x.Disordered != 4 || x.Undated != 3 {
			t.Errorf("%d ahead, %d late, %d out of order, %d undated", x.Ahead, x.Late, x.Disordered, x.Undated)
		}
		// A clock that ran ahead once does not make the source silent until 2100, or never.
		if since := x.SilentSince(w.now.AddDate(0, 2, 0)); x.SilentAfter() > 0 && since.IsZero() {
			t.Error("a source that stopped is not silent")
		}
	})
}

// fullDisk is what writing segments meets when the disk is full.
type fullDisk struct {
	event.Files
	at string
}

func (f *fullDisk) Create(path string) (event.File, error) {
	if f.at == "create" {
		return nil, errs.As(errs.Exhausted, syscall.ENOSPC, "create %s", path)
	}
	file, err := f.Files.Create(path)
	return &fullFile{file, f.at}, err
}

type fullFile struct {
	event.File
	at string
}

func (f *fullFile) Write(e *event.Event, salt []byte) error {
	if f.at == "write" {
		return errs.As(errs.Exhausted, syscall.ENOSPC, "write")
	}
	return f.File.Write(e, salt)
}

func (f *fullFile) Commit() (string, int64, error) {
	if f.at == "commit" {
		return "", 0, errs.As(errs.Exhausted, syscall.ENOSPC, "commit")
	}
	return f.File.Commit()
}

// TestFull: with a full disk nothing can be filed, and with a full database nothing can be told; what was taken stays, is found, more is
// taken as long as the intake log has room, and everything is filed once when there is room again.
func TestFull(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	ctx, l, sent := t.Context(), w.lake(), 0
	more := func() {
		t.Helper()
		r, err := w.send("", records(sent, sent+20, w.now))
		w.want(r, err, 20, 0, 0)
		sent += 20
	}
	there := func(when string) {
		t.Helper()
		found, _, err := l.Find(ctx, w.Owner.ReadScope, event.Filter{Limit: event.MaxFind})
		seen := map[string]bool{}
		for _, e := range found {
			seen[e.Upstream] = true
		}
		if err != nil || len(found) != sent || len(seen) != sent {
			t.Errorf("%s: %d events, %d of them different, of %d: %v", when, len(found), len(seen), sent, err)
		}
	}
	files := w.sealer.Files
	for _, at := range []string{"create", "write", "commit"} {
		more()
		w.sealer.Files = &fullDisk{files, at}
		if _, err := w.sealer.Seal(ctx, w.now, true); !errs.Is(err, errs.Exhausted) {
			t.Errorf("%s: %v", at, err)
		}
		there("the disk is full at " + at)
	}
	w.sealer.Files = files
	pages, err := sqldb.One(ctx, w.DB, sqldb.Int, `PRAGMA page_count`)
	w.ok(err)
	_, err = w.DB.Exec(ctx, fmt.Sprintf(`PRAGMA max_page_count = %d`, pages))
	w.ok(err)
	more()
	for n := 0; ; n++ { // what is free within the database is used up first
		if _, err = w.sealer.Seal(ctx, w.now, true); err != nil || n == 200 {
			break
		}
		more()
	}
	if !errs.Is(err, errs.Exhausted) || errs.HintOf(err) == "" {
		t.Errorf("the database is full: %v", err)
	}
	// Records that cannot be read are kept in the database: the batch is refused as a whole, so that the sender has it still.
	if _, err := w.send("", records(9000, 9001, w.now)+strings.Repeat("no JSON ", 4000)); err == nil {
		t.Error("a record was put aside where there is no room for it")
	}
	more()
	there("the database is full")
	_, err = w.DB.Exec(ctx, `PRAGMA max_page_count = 1000000`)
	w.ok(err)
	_, err = w.sealer.Seal(ctx, w.now, true)
	w.ok(err)
	there("there is room again")
	rows := int64(0)
	for _, s := range w.segments() {
		rows += s.Rows
	}
	x, err := w.sources.Source(ctx, w.Owner.ReadScope, w.source.Ref)
	w.ok(err)
	if rows != int64(sent) || x.Events != int64(sent) {
		t.Errorf("%d events in segments, %d counted, of %d", rows, x.Events, sent)
	}
	list, err := w.sources.Refused(ctx, w.Owner.ReadScope, event.RefusedFilter{}, paging.Query{})
	if err != nil || list.Total != 0 {
		t.Errorf("%d records were put aside: %v", list.Total, err)
	}
}
